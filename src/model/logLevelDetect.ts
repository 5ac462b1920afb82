import { skipBlanks } from './logJsonMembers';
import { levelOfSeverity, type LogLevel } from './logLevel';
import { accessLogLevel } from './logLevelAccess';
import { isDigit, isUpperCase } from './logLevelCharacters';
import { readTextHead } from './logLevelHead';
import { jsonLevel } from './logLevelJson';
import type { HeadMark } from './logLevelTemplate';
import { traceKind, traceLevel } from './logLevelTraces';
import { levelOfLetter } from './logLevelWords';

const SPACE = 0x20;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const OPEN_ANGLE = 0x3c;
const OPEN_SQUARE = 0x5b;

/**
 * The level that a line, without control sequences, states in one of the forms that logs have: words in brackets, after
 * a time or at the start, `level=` and its like, JSON, klog, syslog, PostgreSQL, Redis, access logs by their status, and
 * the first lines of uncaught errors. `undefined` when it states none; a level's name within a message does not count.
 */
export function detectLevel(text: string): LogLevel | undefined {
  const mark = readHead(text);
  return mark === 'detail' ? undefined : mark;
}

/** As {@link detectLevel}, and tells the lines by which PostgreSQL adds details to the record before. */
export function readHead(text: string): HeadMark | undefined {
  const first = text.charCodeAt(0);
  if (first === OPEN_BRACE) return jsonLevel(text, 0);
  const special = specialForm(text, first);
  if (special) return special;
  return readTextHead(text) ?? laterForms(text, first);
}

function specialForm(text: string, first: number): LogLevel | undefined {
  if (isUpperCase(first)) return klogLevel(text) ?? rubyLevel(text);
  if (first === OPEN_ANGLE) return syslogLevel(text);
  if (isDigit(first)) return redisLevel(text);
  return first === OPEN_SQUARE ? ginDebugLevel(text) : undefined;
}

function laterForms(text: string, first: number): LogLevel | undefined {
  if (first === SPACE) {
    const start = skipBlanks(text, 0);
    return text.charCodeAt(start) === OPEN_BRACE ? jsonLevel(text, start) : undefined;
  }
  const kind = traceKind(text);
  return kind ? traceLevel(text, kind) : accessLogLevel(text);
}

/** `E1121 07:38:14.123456       1 file.go:12] …`; CockroachDB writes the year before. */
function klogLevel(text: string): LogLevel | undefined {
  if (!isDigit(text.charCodeAt(1)) || !isDigit(text.charCodeAt(4))) return undefined;
  const space = text.charCodeAt(5) === SPACE ? 5 : 7;
  const isTime = text.charCodeAt(space) === SPACE && text.charCodeAt(space + 3) === COLON;
  return isTime && isDigit(text.charCodeAt(space + 1)) ? levelOfLetter(text.charCodeAt(0)) : undefined;
}

/** `E, [2026-11-21T07:38:14.123456 #1] ERROR -- : …` */
function rubyLevel(text: string): LogLevel | undefined {
  const isRuby = text.charCodeAt(1) === COMMA && text.charCodeAt(3) === OPEN_SQUARE;
  return isRuby ? levelOfLetter(text.charCodeAt(0)) : undefined;
}

const HIGHEST_PRIORITY = 191;

/** `<11>…`: facility times eight plus severity. */
function syslogLevel(text: string): LogLevel | undefined {
  const match = /^<(\d{1,3})>/.exec(text.slice(0, 5));
  const priority = Number(match?.[1] ?? NaN);
  return priority <= HIGHEST_PRIORITY ? levelOfSeverity(priority % 8) : undefined;
}

const LONGEST_PROCESS_ID = 7;
const REDIS = /^\d+:[MSCX] \d\d \w{3} (?:\d{4} )?\d\d:\d\d:\d\d\.\d{3} ([.*#-]) /;
const REDIS_LEVELS: Readonly<Record<string, LogLevel>> = {
  '.': 'debug',
  '-': 'debug',
  '*': 'info',
  '#': 'warn',
};

/** `1:M 21 Nov 2026 07:38:14.123 # WARNING …`, the mark being the level. */
function redisLevel(text: string): LogLevel | undefined {
  let colon = 1;
  while (colon < LONGEST_PROCESS_ID && isDigit(text.charCodeAt(colon))) colon++;
  if (text.charCodeAt(colon) !== COLON || !isUpperCase(text.charCodeAt(colon + 1))) return undefined;
  return REDIS_LEVELS[REDIS.exec(text)?.[1] ?? ''];
}

const GIN_DEBUG = '[GIN-debug] ';

function ginDebugLevel(text: string): LogLevel | undefined {
  if (!text.startsWith(GIN_DEBUG)) return undefined;
  return detectLevel(text.slice(GIN_DEBUG.length)) ?? 'debug';
}
