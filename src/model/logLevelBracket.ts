import type { LogLevel } from './logLevel';
import { isBlank, isDigit, isUpperCase, isWordCharacter, wordEnd } from './logLevelCharacters';
import { levelOfLetter, levelWordAt } from './logLevelWords';

const COLON = 0x3a;
const SPACE = 0x20;

/**
 * The level that a bracket in the head of a line names, its content from `start` up to `end`: alone (`[error]`,
 * `[ info]`), last after a module (`[core:error]`), or among a time and other things (`[12:00:00 INF]`,
 * `[2026-11-21 07:38:14,123: WARNING/MainProcess]`).
 */
export function bracketLevel(text: string, start: number, end: number): LogLevel | undefined {
  let first = start;
  while (first < end && isBlank(text.charCodeAt(first))) first++;
  let last = end;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  const alone = levelWordAt(text, first, last);
  return alone ? alone.level : (letterBeforeTime(text, first) ?? levelAmong(text, first, last));
}

/** Tornado and Jupyter begin with a letter: `[I 07:38:14.123 ServerApp]`. */
function letterBeforeTime(text: string, start: number): LogLevel | undefined {
  if (text.charCodeAt(start + 1) !== SPACE || !isDigit(text.charCodeAt(start + 2))) return undefined;
  return isUpperCase(text.charCodeAt(start)) ? levelOfLetter(text.charCodeAt(start)) : undefined;
}

function levelAmong(text: string, start: number, end: number): LogLevel | undefined {
  const beginsWithTime = isDigit(text.charCodeAt(start));
  let at = start;
  while (at < end) {
    if (!isWordCharacter(text.charCodeAt(at))) {
      at++;
      continue;
    }
    const after = wordEnd(text, at);
    const word = separatesWords(text.charCodeAt(at - 1))
      ? levelWordAt(text, at, Math.min(after, end))
      : undefined;
    const isLastOfModule = after >= end && text.charCodeAt(at - 1) === COLON;
    if (word && !word.isWeak && (word.isUpperCase || beginsWithTime || isLastOfModule)) return word.level;
    at = after;
  }
  return undefined;
}

function separatesWords(code: number): boolean {
  return code === SPACE || code === COLON || code === 0x7c || code === 0x5b || code === 0x2e;
}
