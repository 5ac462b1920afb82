import { JsonMembers, skipBlanks } from './logJsonMembers';
import { compactValue, shortened, stringValue } from './logJsonValue';
import type { LogLevel } from './logLevel';
import { levelOfMember } from './logLevelJson';
import { formatLocalSecond } from './logStamp';
import { parseTimestamp, toSeconds } from './logTime';

export interface JsonLineOptions {
  /** When the engine received the line; a time in the line that is the same to the second is left out. */
  readonly timestamp?: string;
  /** Leave the line's own time out in any case. */
  readonly dropTime?: boolean;
  /** Begin with the line's own time, in local time where it is a number. */
  readonly leadTime?: boolean;
  /** Of the text, in UTF-16 units. */
  readonly maxLength?: number;
}

/** A line that is a JSON object, made readable. */
export interface JsonLine {
  /** `time LEVEL logger: message key=value …` on one line; what the line lacks is left out. */
  readonly text: string;
  readonly level: LogLevel | undefined;
  /** The lines of a stack trace the object carries, to be shown below; they are not in the text. */
  readonly trace: readonly string[];
}

/** A longer line is left as it is. */
export const MAX_JSON_LINE_LENGTH = 256 * 1024;
const DEFAULT_MAX_LENGTH = 4_000;
const MAX_TRACE_LINES = 200;
const MAX_VALUE_LENGTH = 1_000;

const TIME_KEYS = new Set('time ts timestamp @timestamp t @t T datetime date asctime Timestamp'.split(' '));
const MESSAGE_KEYS = new Set('msg message Message MESSAGE @m M short_message'.split(' '));
/** These are the message only where there is no other. */
const LESSER_MESSAGE_KEYS = new Set(['@mt', 'MessageTemplate', 'event']);
/** Not `name`: in most objects it is somebody's or something else's. */
const LOGGER_KEYS = new Set(
  'logger logger_name loggerName log.logger Category SourceContext channel'.split(' '),
);
const TRACE_KEYS = new Set(
  (
    'stack stacktrace stackTrace stack_trace trace traceback exc_info exception Exception @x error.stack_trace ' +
    'err.stack error.stack'
  ).split(' '),
);
/** Objects in which a trace may be, as pino and others write errors. */
const ERROR_KEYS = new Set(['err', 'error', 'exception', 'log.error']);
/** `2026-11-21T09:32:16` */
const SECOND_LENGTH = 19;
/** Longer than any time with its date, offset and name of the zone. */
const MAX_TIME_LENGTH = 60;
const CLOCK_TIME = /\d:\d\d/;
/** Numbers that are times lie in this century. */
const EARLIEST_TIME_MS = Date.UTC(2000, 0, 1);
const LATEST_TIME_MS = Date.UTC(2100, 0, 1);
const OPEN_BRACE = 0x7b;

/**
 * Makes a line that is one JSON object readable, in a fixed order: level, logger, message, then all other members as they
 * come, nested values as compact JSON. Numbers and nested values are copied, not recomputed, so long ids stay exact.
 * `undefined` for any other line; the caller keeps the raw one.
 */
export function readJsonLine(text: string, options: JsonLineOptions = {}): JsonLine | undefined {
  const brace = skipBlanks(text, 0);
  if (text.charCodeAt(brace) !== OPEN_BRACE || text.length > MAX_JSON_LINE_LENGTH) return undefined;
  if (!isJson(text)) return undefined;
  const line = new JsonLineReader(options);
  const members = new JsonMembers(text, brace);
  while (members.next()) line.take(members, text);
  return line.result();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

class JsonLineReader {
  private time: string | undefined;
  private level: LogLevel | undefined;
  private levelText = '';
  private logger: string | undefined;
  private message: string | undefined;
  private lesserMessage: { readonly text: string; readonly index: number } | undefined;
  private readonly rest: string[] = [];
  private trace: readonly string[] = [];

  constructor(private readonly options: JsonLineOptions) {}

  take(members: JsonMembers, text: string): void {
    const key = members.key.includes('\\') ? stringValue(`"${members.key}"`) : members.key;
    const isTaken =
      this.takeLevel(key, members, text) ||
      this.takeTime(key, members) ||
      this.takeText(key, members) ||
      this.takeTrace(key, members, text);
    if (isTaken) return;
    if (LESSER_MESSAGE_KEYS.has(key) && members.isString) {
      this.lesserMessage ??= { text: oneLine(stringValue(members.value)), index: this.rest.length };
    }
    this.rest.push(`${shownKey(key)}=${compactValue(members.value, MAX_VALUE_LENGTH)}`);
  }

  result(): JsonLine {
    const { level, rest, trace, lesserMessage } = this;
    const message = this.message ?? lesserMessage?.text;
    if (lesserMessage && this.message === undefined) rest.splice(lesserMessage.index, 1);
    const logger =
      this.logger === undefined ? undefined : `${this.logger}${message === undefined ? '' : ':'}`;
    const parts = [this.time, this.levelText, logger, message, ...rest].filter(
      (part) => part !== undefined && part !== '',
    );
    return { text: shortened(parts.join(' '), this.options.maxLength ?? DEFAULT_MAX_LENGTH), level, trace };
  }

  private takeLevel(key: string, members: JsonMembers, text: string): boolean {
    const level = this.level ? undefined : levelOfMember(key, members, text);
    if (!level) return false;
    this.level = level;
    const written = members.isString ? stringValue(members.value) : '';
    // Words are shown as they are written, since they can say more (NOTICE); numbers and letters as what they mean.
    this.levelText = (written.length > 2 ? written : level).toUpperCase();
    return true;
  }

  private takeTime(key: string, members: JsonMembers): boolean {
    if (!TIME_KEYS.has(key)) return false;
    const { timestamp, dropTime, leadTime } = this.options;
    if (dropTime === true) return true;
    if (leadTime === true && this.time === undefined) {
      this.time = shownTime(members);
      return this.time !== undefined;
    }
    if (timestamp !== undefined && members.isString && isSameUtcSecond(members.value.slice(1), timestamp))
      return true;
    const received = timestamp === undefined ? undefined : parseTimestamp(timestamp);
    const own = secondsOf(members);
    return received !== undefined && own === received.seconds;
  }

  private takeText(key: string, members: JsonMembers): boolean {
    if (!members.isString) return false;
    if (MESSAGE_KEYS.has(key) && this.message === undefined) {
      this.message = oneLine(stringValue(members.value));
      return true;
    }
    if (!LOGGER_KEYS.has(key) || this.logger !== undefined) return false;
    this.logger = oneLine(stringValue(members.value));
    return true;
  }

  private takeTrace(key: string, members: JsonMembers, text: string): boolean {
    if (this.trace.length > 0) return false;
    if (TRACE_KEYS.has(key) && members.isString) return this.keepTrace(members.value);
    if (!ERROR_KEYS.has(key) || !members.isObject) return false;
    const nested = new JsonMembers(text, members.valueStart);
    const others: string[] = [];
    let isFound = false;
    while (nested.next()) {
      if (TRACE_KEYS.has(nested.key) && nested.isString && this.keepTrace(nested.value)) isFound = true;
      else others.push(`"${nested.key}":${nested.value}`);
    }
    if (isFound) this.rest.push(`${shownKey(key)}=${compactValue(`{${others.join()}}`, MAX_VALUE_LENGTH)}`);
    return isFound;
  }

  /** Only what spans lines is a trace. */
  private keepTrace(raw: string): boolean {
    const lines = stringValue(raw).split(/\r?\n/);
    if (lines.length < 2 || this.trace.length > 0) return false;
    const kept = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    const left = kept.length - MAX_TRACE_LINES;
    this.trace = left > 0 ? [...kept.slice(0, MAX_TRACE_LINES), `… ${left} more`] : kept;
    return true;
  }
}

/** Keys with blanks or signs are quoted. */
function shownKey(key: string): string {
  return /^[\w.@$/-]+$/.test(key) ? key : JSON.stringify(key);
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- line endings and other control characters, as JSON writes them
  return text.replace(/[\u0000-\u001f]/g, (character) => JSON.stringify(character).slice(1, -1));
}

/** The whole second of a time: RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds. */
function secondsOf(members: JsonMembers): number | undefined {
  if (members.isObject) return undefined;
  if (members.isString) return secondsOfText(stringValue(members.value));
  const value = Number(members.value);
  if (!Number.isFinite(value) || value <= 0) return undefined;
  return Math.floor(value / unitOf(value));
}

/** Whether both are written alike to the second and in UTC; most times that are the same are, and need no parsing. */
function isSameUtcSecond(own: string, timestamp: string): boolean {
  return own.startsWith(timestamp.slice(0, SECOND_LENGTH)) && own.includes('Z') && timestamp.endsWith('Z');
}

/** A time for people; `undefined` for what is none, such as how long something took. */
function shownTime(members: JsonMembers): string | undefined {
  if (members.isString) {
    const text = oneLine(stringValue(members.value));
    return text.length <= MAX_TIME_LENGTH && CLOCK_TIME.test(text) ? text : undefined;
  }
  const value = members.isObject ? NaN : Number(members.value);
  const atMs = Math.floor((value / unitOf(value)) * 1_000);
  if (!(atMs >= EARLIEST_TIME_MS && atMs < LATEST_TIME_MS)) return undefined;
  return `${formatLocalSecond(atMs)}.${String(atMs % 1_000).padStart(3, '0')}`;
}

function secondsOfText(text: string): number | undefined {
  const parsed = parseTimestamp(text);
  return parsed && Math.floor(toSeconds(parsed));
}

/** In our centuries a number of seconds has up to 11 digits, of milliseconds 12 to 14, and so on. */
function unitOf(value: number): number {
  if (value < 1e11) return 1;
  if (value < 1e14) return 1e3;
  return value < 1e17 ? 1e6 : 1e9;
}
