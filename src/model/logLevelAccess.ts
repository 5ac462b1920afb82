import type { LogLevel } from './logLevel';
import { blanksEnd, isDigit } from './logLevelCharacters';

/** Hosts and users come before the time in an access log; it is not looked for further than this. */
const MAX_TIME_START = 200;
const MAX_QUOTES = 4;
const QUOTE = 0x22;
const SLASH = 0x2f;
const SPACE = 0x20;

/**
 * The level of a line of an access log by its status: nginx, Apache and those that write the same form
 * (`… [21/Nov/2026:07:38:14 +0000] "GET / HTTP/1.1" 200 …`), Gin, and Morgan's short forms (`GET / 200 …`).
 */
export function accessLogLevel(text: string): LogLevel | undefined {
  const status = commonFormStatus(text) ?? ginStatus(text) ?? shortFormStatus(text);
  if (status === undefined) return undefined;
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}

function commonFormStatus(text: string): number | undefined {
  const bracket = text.indexOf('[');
  if (bracket < 0 || bracket > MAX_TIME_START || !isAccessTime(text, bracket + 1)) return undefined;
  const close = text.indexOf('] ', bracket);
  const open = close < 0 ? -1 : blanksEnd(text, close + 1);
  if (text.charCodeAt(open) !== QUOTE) return undefined;
  let quote = open;
  for (let count = 0; count < MAX_QUOTES; count++) {
    quote = text.indexOf('" ', quote + 1);
    if (quote < 0) return undefined;
    const status = statusAt(text, quote + 2);
    if (status !== undefined) return status;
  }
  return undefined;
}

/** Whether `21/Nov/2026` or its like stands at `at`. */
export function isAccessTime(text: string, at: number): boolean {
  return (
    isDigit(text.charCodeAt(at)) &&
    text.charCodeAt(at + 2) === SLASH &&
    text.charCodeAt(at + 6) === SLASH &&
    isDigit(text.charCodeAt(at + 7))
  );
}

/** `[GIN] 2026/11/21 - 07:38:14 | 200 |    1.2ms | …` */
function ginStatus(text: string): number | undefined {
  if (!text.startsWith('[GIN] ')) return undefined;
  const bar = text.indexOf('|');
  return bar < 0 ? undefined : statusAt(text, blanksEnd(text, bar + 1));
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS']);
const LONGEST_METHOD = 7;

/** `GET /path 200 1.2 ms - 612` */
function shortFormStatus(text: string): number | undefined {
  const methodEnd = text.indexOf(' ');
  if (methodEnd < 3 || methodEnd > LONGEST_METHOD || text.charCodeAt(methodEnd + 1) !== SLASH)
    return undefined;
  if (!METHODS.has(text.slice(0, methodEnd))) return undefined;
  const pathEnd = text.indexOf(' ', methodEnd + 1);
  return pathEnd < 0 ? undefined : statusAt(text, pathEnd + 1);
}

/** A number of three digits that stands alone. */
function statusAt(text: string, at: number): number | undefined {
  for (let index = at; index < at + 3; index++) {
    if (!isDigit(text.charCodeAt(index))) return undefined;
  }
  if (at + 3 < text.length && text.charCodeAt(at + 3) !== SPACE) return undefined;
  const status = Number(text.slice(at, at + 3));
  return status >= 100 && status < 600 ? status : undefined;
}
