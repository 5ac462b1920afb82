import type { LogLevel } from './logLevel';
import { AsciiSet, isDigit, isUpperCase, isWordCharacter } from './logLevelCharacters';

/** Which runtime's report of an uncaught error, or of an error's stack, a line begins. */
export type TraceKind = 'python' | 'go' | 'rust' | 'node' | 'uncaught' | 'exception';

const BEGINNINGS: readonly (readonly [text: string, kind: TraceKind])[] = [
  ['Traceback (most recent call last)', 'python'],
  ['panic: ', 'go'],
  ['fatal error: ', 'go'],
  ['goroutine ', 'go'],
  ['SIGSEGV: ', 'go'],
  ['SIGABRT: ', 'go'],
  ['SIGQUIT: ', 'go'],
  ["thread '", 'rust'],
  ['Exception in thread "', 'uncaught'],
  ['Unhandled exception', 'uncaught'],
  ['Unhandled Exception', 'uncaught'],
  ['Uncaught ', 'uncaught'],
];
const FIRST_LETTERS = new AsciiSet(BEGINNINGS.map(([text]) => text.charAt(0)).join(''));
/** A file with a line number, before the source line that threw. */
const NODE_PLACE = /^(?:\/|file:\/\/|node:|[A-Z]:\\)\S{1,300}:\d+$/;
const LONGEST_PLACE = 320;
const LONGEST_NAME = 200;
const COLON = 0x3a;
/** Letters, digits, the dots and dollars of Java and .NET, the backslash of PHP. */
const NAME = new AsciiSet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.$\\');

/** The kind of trace that the line begins, if it does. */
export function traceKind(text: string): TraceKind | undefined {
  const first = text.charCodeAt(0);
  if (FIRST_LETTERS.has(first)) {
    const found = BEGINNINGS.find(([beginning]) => text.startsWith(beginning));
    if (found && isWhole(text, found[1])) return found[1];
  }
  if (text.length < LONGEST_PLACE && isDigit(text.charCodeAt(text.length - 1)) && NODE_PLACE.test(text))
    return 'node';
  return isExceptionLine(text) ? 'exception' : undefined;
}

function isWhole(text: string, kind: TraceKind): boolean {
  if (kind === 'rust') return text.includes(' panicked at ');
  return !text.startsWith('goroutine ') || isDigit(text.charCodeAt('goroutine '.length));
}

export function traceLevel(text: string, kind: TraceKind): LogLevel {
  const endsProcess = kind === 'go' && (text.startsWith('panic') || text.startsWith('fatal'));
  return endsProcess ? 'fatal' : 'error';
}

/** `java.lang.IllegalStateException: message`, `TypeError: message`, or such a name alone. */
export function isExceptionLine(text: string): boolean {
  const end = nameEnd(text);
  if (end < text.length && text.charCodeAt(end) !== COLON) return false;
  return namesException(text, end);
}

/** Where the qualified name at the line's beginning ends. */
export function nameEnd(text: string): number {
  let end = 0;
  const limit = Math.min(text.length, LONGEST_NAME);
  while (end < limit && NAME.has(text.charCodeAt(end))) end++;
  return end;
}

function namesException(text: string, end: number): boolean {
  const isNamed = text.endsWith('Error', end) || text.endsWith('Exception', end);
  if (!isNamed) return false;
  let start = end;
  while (start > 0 && isWordCharacter(text.charCodeAt(start - 1))) start--;
  return isUpperCase(text.charCodeAt(start));
}
