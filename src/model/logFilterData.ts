import { compileFilter, type LogFilter } from './logFilter';
import { LOG_LEVELS, type LogLevel } from './logLevel';
import type { Pattern } from './logPattern';

/** A filter out of data that came from elsewhere, such as stored state; `undefined` for what is no usable filter. */
export function readLogFilter(value: unknown): LogFilter | undefined {
  if (!isObject(value)) return undefined;
  const { minimumLevel, hideUnknownLevel, contextLines = 0 } = value;
  const include = readPatterns(value['include']);
  const exclude = readPatterns(value['exclude']);
  if (!include || !exclude || typeof contextLines !== 'number') return undefined;
  if (minimumLevel !== undefined && !isLevel(minimumLevel)) return undefined;
  const filter: LogFilter = {
    ...(minimumLevel !== undefined && { minimumLevel }),
    ...(hideUnknownLevel === true && { hideUnknownLevel }),
    include,
    exclude,
    contextLines,
  };
  return compileFilter(filter).kind === 'filter' ? filter : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLevel(value: unknown): value is LogLevel {
  return LOG_LEVELS.some((level) => level === value);
}

function readPatterns(value: unknown): Pattern[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const patterns: Pattern[] = [];
  for (const each of value as readonly unknown[]) {
    const pattern = readPattern(each);
    if (!pattern) return undefined;
    patterns.push(pattern);
  }
  return patterns;
}

function readPattern(value: unknown): Pattern | undefined {
  if (!isObject(value)) return undefined;
  const { kind, text, matchCase, source, flags } = value;
  if (kind === 'text' && typeof text === 'string') return { kind, text, matchCase: matchCase === true };
  if (kind === 'regex' && typeof source === 'string' && typeof flags === 'string')
    return { kind, source, flags };
  return undefined;
}
