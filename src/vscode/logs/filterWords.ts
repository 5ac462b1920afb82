import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import { MAX_CONTEXT_LINES, MAX_PATTERNS, type FilterError, type LogFilter } from '../../model/logFilter';
import { patternInQuotes } from '../../model/logFilterText';
import type { LogLevel } from '../../model/logLevel';
import { MAX_PATTERN_LENGTH, type Pattern } from '../../model/logPattern';
import type { PatternProblemCode } from '../../model/logPatternSyntax';

/** Of each list, so many patterns are named. */
const MOST_NAMED = 5;
const MAX_NAMED_LENGTH = 60;

/** A filter in a few words: `warning and above · "timeout" · not /health/`. */
export function filterInWords(filter: LogFilter): string {
  const { minimumLevel, hideUnknownLevel, include, exclude, contextLines } = filter;
  const parts = [
    minimumLevel && minimumLevelInWords(minimumLevel),
    minimumLevel && hideUnknownLevel === true && vscode.l10n.t('none without a level'),
    include.length > 0 && named(include),
    exclude.length > 0 && vscode.l10n.t('not {0}', named(exclude)),
    contextLines > 0 && contextInWords(contextLines),
  ];
  return parts.filter((part) => typeof part === 'string').join(' · ');
}

export function minimumLevelInWords(level: LogLevel): string {
  return level === 'fatal' ? levelName(level) : vscode.l10n.t('{0} and above', levelName(level));
}

export function contextInWords(lines: number): string {
  return lines === 1 ? vscode.l10n.t('1 line of context') : vscode.l10n.t('{0} lines of context', lines);
}

export function levelName(level: LogLevel): string {
  switch (level) {
    case 'trace':
      return vscode.l10n.t('trace');
    case 'debug':
      return vscode.l10n.t('debug');
    case 'info':
      return vscode.l10n.t('info');
    case 'warn':
      return vscode.l10n.t('warning');
    case 'error':
      return vscode.l10n.t('error');
    case 'fatal':
      return vscode.l10n.t('fatal');
  }
}

/** A pattern for people, cut where it is long. */
export function patternInWords(pattern: Pattern): string {
  return oneLine(patternInQuotes(pattern), MAX_NAMED_LENGTH);
}

function named(patterns: readonly Pattern[]): string {
  const names = patterns.slice(0, MOST_NAMED).map(patternInWords);
  const rest = patterns.length - names.length;
  return [...names, ...(rest > 0 ? [`+${rest}`] : [])].join(', ');
}

/** Why a filter can't be used, for the person who typed it. */
export function filterProblemInWords(problem: FilterError): string {
  switch (problem.code) {
    case 'tooManyPatterns':
      return vscode.l10n.t('A filter has at most {0} patterns.', MAX_PATTERNS);
    case 'badContextLines':
      return vscode.l10n.t('Type a whole number from 0 to {0}.', MAX_CONTEXT_LINES);
    default:
      return patternProblemInWords(problem);
  }
}

/** @param problem its position counts from 0 */
export function patternProblemInWords(problem: {
  readonly code: PatternProblemCode;
  readonly position: number;
}): string {
  const words = PROBLEMS[problem.code]();
  return problem.position === 0 ? words : vscode.l10n.t('At character {0}: {1}', problem.position + 1, words);
}

/** Built when asked, because translations are there only after activation. */
const PROBLEMS: Readonly<Record<PatternProblemCode, () => string>> = {
  empty: () => vscode.l10n.t('The pattern is empty.'),
  tooLong: () => vscode.l10n.t('The pattern is longer than {0} characters.', MAX_PATTERN_LENGTH),
  tooLarge: () => vscode.l10n.t('The repetitions multiply to too many steps. Use smaller counts.'),
  tooDeep: () => vscode.l10n.t('Groups are nested too deep.'),
  unknownFlag: () => vscode.l10n.t('There is no such flag; use i or s.'),
  unclosedGroup: () => neverClosed('('),
  unclosedClass: () => neverClosed('['),
  unopenedGroup: () => vscode.l10n.t('{0} closes nothing. Type {1} to look for the character.', ')', '\\)'),
  rangeOutOfOrder: () => vscode.l10n.t('The ends of this range of characters are the wrong way round.'),
  nothingToRepeat: () => vscode.l10n.t('There is nothing here that can be repeated.'),
  repeatOutOfOrder: () => vscode.l10n.t('These counts are the wrong way round.'),
  repeatTooOften: () => vscode.l10n.t('More repetitions are asked for than are supported.'),
  endsWithBackslash: () =>
    vscode.l10n.t('The pattern ends with {0}. Type {1} to look for the character.', '\\', '\\\\'),
  unknownEscape: () => vscode.l10n.t('There is no character with this number.'),
  backreference: () => vscode.l10n.t('References to groups are not supported: they can take for ever.'),
  lookaround: () => vscode.l10n.t('Lookahead and lookbehind are not supported: they can take for ever.'),
  unsupportedGroup: () => vscode.l10n.t('Groups of this kind are not supported.'),
};

function neverClosed(sign: string): string {
  return vscode.l10n.t('{0} is never closed. Type {1} to look for the character.', sign, `\\${sign}`);
}
