const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const NANOSECONDS = 1_000_000_000;

/** A moment, exact to the nanosecond. */
export interface Timestamp {
  /** Whole seconds since the Unix epoch. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** Reads an RFC 3339 timestamp with up to nine digits of fraction and any offset; `undefined` for anything else. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, wholeSeconds = '', fraction = '', offset = ''] = match;
  const seconds = Date.parse(wholeSeconds + offset) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return { seconds, nanoseconds: Number(fraction.padEnd(9, '0')) };
}

/** Seconds since the Unix epoch as a number, exact to about a quarter of a microsecond. */
export function toSeconds({ seconds, nanoseconds }: Timestamp): number {
  return seconds + nanoseconds / NANOSECONDS;
}

/** Whether a timestamp is before another one; not where one of them is none. */
export function isEarlier(one: string, other: string): boolean {
  const [first, second] = [parseTimestamp(one), parseTimestamp(other)];
  if (!first || !second) return false;
  if (first.seconds !== second.seconds) return first.seconds < second.seconds;
  return first.nanoseconds < second.nanoseconds;
}

/** A timestamp as the `since` of a log request takes it: `sec.nnnnnnnnn`, moved back by whole seconds. */
export function sinceParameter({ seconds, nanoseconds }: Timestamp, earlierBySeconds = 0): string {
  return `${Math.max(0, seconds - earlierBySeconds)}.${String(nanoseconds).padStart(9, '0')}`;
}
