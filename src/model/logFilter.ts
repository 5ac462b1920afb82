import { rankOf, type LogLevel } from './logLevel';
import { compilePattern, type LineMatcher, type Pattern } from './logPattern';
import { eitherOf, type LineTest } from './logPatternNative';
import type { PatternProblemCode } from './logPatternSyntax';

/** What of a log is wanted; plain data, so that it can be saved and sent. */
export interface LogFilter {
  /**
   * The least level wanted. A record that states no level passes: a filter hides what it knows to be less, not what it
   * can't judge, such as the last words of a crashing program.
   */
  readonly minimumLevel?: LogLevel;
  /** Also hides the records that state no level; of effect only with a `minimumLevel`. */
  readonly hideUnknownLevel?: boolean;
  /** If there are any, a record passes only when one of its lines contains one of them. */
  readonly include: readonly Pattern[];
  /** A line that contains one of these never shows, nor does what follows it of its record. They win over all else. */
  readonly exclude: readonly Pattern[];
  /** How many lines to show before and after each record that passes, 0 to {@link MAX_CONTEXT_LINES}. */
  readonly contextLines: number;
}

export const EVERYTHING: LogFilter = { include: [], exclude: [], contextLines: 0 };

export const MAX_PATTERNS = 50;
export const MAX_CONTEXT_LINES = 100;

/** A filter made ready; it may serve any number of logs at once. */
export interface CompiledFilter {
  readonly kind: 'filter';
  readonly filter: LogFilter;
  /** It lets every line pass. */
  readonly passesEverything: boolean;
  readonly hasIncludes: boolean;
  readonly contextLines: number;
  readonly passesLevel: (level: LogLevel | undefined) => boolean;
  /** Whether a line contains one of the wanted patterns. */
  readonly includes: LineTest;
  readonly excludes: LineTest;
}

/** Why a filter can't be used. */
export type FilterError = {
  readonly kind: 'filterError';
  /** What is wrong, in English; `code` is what to branch on and to translate by. */
  readonly message: string;
} & (
  | { readonly code: 'tooManyPatterns' | 'badContextLines' }
  | {
      readonly code: PatternProblemCode;
      readonly list: 'include' | 'exclude';
      /** Which pattern of the list, from 0. */
      readonly index: number;
      /** Where in the pattern, in UTF-16 units from 0. */
      readonly position: number;
    }
);

export function compileFilter(filter: LogFilter): CompiledFilter | FilterError {
  const bounds = boundsError(filter);
  if (bounds) return bounds;
  const include = compileList('include', filter.include);
  if (!Array.isArray(include)) return include;
  const exclude = compileList('exclude', filter.exclude);
  if (!Array.isArray(exclude)) return exclude;
  return {
    kind: 'filter',
    filter,
    passesEverything: filter.minimumLevel === undefined && include.length + exclude.length === 0,
    hasIncludes: include.length > 0,
    contextLines: filter.contextLines,
    passesLevel: levelTest(filter),
    includes: anyOf(include),
    excludes: anyOf(exclude),
  };
}

function boundsError(filter: LogFilter): FilterError | undefined {
  if (filter.include.length + filter.exclude.length > MAX_PATTERNS) {
    const message = `A filter has at most ${MAX_PATTERNS} patterns.`;
    return { kind: 'filterError', code: 'tooManyPatterns', message };
  }
  const { contextLines } = filter;
  if (Number.isInteger(contextLines) && contextLines >= 0 && contextLines <= MAX_CONTEXT_LINES)
    return undefined;
  const message = `The lines of context are a whole number from 0 to ${MAX_CONTEXT_LINES}.`;
  return { kind: 'filterError', code: 'badContextLines', message };
}

function compileList(list: 'include' | 'exclude', patterns: readonly Pattern[]): LineMatcher[] | FilterError {
  const matchers: LineMatcher[] = [];
  for (const [index, pattern] of patterns.entries()) {
    const compiled = compilePattern(pattern);
    if (compiled.kind === 'patternError') {
      const { code, position, message } = compiled;
      return { kind: 'filterError', code, list, index, position, message };
    }
    matchers.push(compiled);
  }
  return matchers;
}

function levelTest({ minimumLevel, hideUnknownLevel }: LogFilter): (level: LogLevel | undefined) => boolean {
  if (minimumLevel === undefined) return () => true;
  const leastRank = rankOf(minimumLevel);
  const hidesUnknown = hideUnknownLevel === true;
  return (level) => (level === undefined ? !hidesUnknown : rankOf(level) >= leastRank);
}

/** Every call counts here: a line goes through these once for each list. */
function anyOf(matchers: readonly LineMatcher[]): LineTest {
  return matchers.map(({ test }) => test).reduce<LineTest | undefined>(eitherOf, undefined) ?? nothing;
}

function nothing(): boolean {
  return false;
}
