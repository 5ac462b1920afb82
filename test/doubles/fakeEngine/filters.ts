import { EngineFault } from './engineFault';

/** The `filters` parameter: names of filters with the values that are allowed for each. */
export type Filters = ReadonlyMap<string, readonly string[]>;

const NO_FILTERS: Filters = new Map();

/** Reads both forms that clients send: `{"name":["a"]}` and the command line's `{"name":{"a":true}}`. */
export function parseFilters(text: string | null, badStatus: number): Filters {
  if (text === null || text === '') return NO_FILTERS;
  const parsed = parseObject(text, badStatus);
  const filters = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(parsed)) filters.set(name, valuesOf(values, badStatus));
  return filters;
}

function parseObject(text: string, badStatus: number): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new EngineFault(badStatus, 'invalid filter');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new EngineFault(badStatus, 'invalid filter');
  }
  return parsed;
}

function valuesOf(values: unknown, badStatus: number): string[] {
  if (Array.isArray(values)) return values.map(String);
  if (typeof values !== 'object' || values === null) throw new EngineFault(badStatus, 'invalid filter');
  return Object.entries(values).flatMap(([value, isSet]) => (isSet === true ? [value] : []));
}

/** True when the filter is absent or one of its values satisfies `matches`. */
export function anyMatches(filters: Filters, name: string, matches: (value: string) => boolean): boolean {
  const values = filters.get(name);
  return values === undefined || values.length === 0 || values.some(matches);
}

/** True when every `key` or `key=value` of the filter is among the labels. */
export function labelsMatch(
  filters: Filters,
  labels: Readonly<Record<string, string>>,
  name = 'label',
): boolean {
  return (filters.get(name) ?? []).every((wanted) => {
    const separator = wanted.indexOf('=');
    if (separator < 0) return Object.hasOwn(labels, wanted);
    return labels[wanted.slice(0, separator)] === wanted.slice(separator + 1);
  });
}
