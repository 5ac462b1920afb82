const SECOND_MS = 1000;
const UNITS_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3_600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
  w: 7 * 86_400 * SECOND_MS,
};

const RELATIVE = /^(?:\d{1,9}[smhdw])(?:\s?\d{1,9}[smhdw]){0,4}$/;
const TIME = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** What somebody typed as the moment from which on to read a log. */
export type Since =
  | { readonly kind: 'at'; readonly atMs: number }
  /** A moment, but one that is yet to come. */
  | { readonly kind: 'future'; readonly atMs: number }
  | { readonly kind: 'unreadable' };

/**
 * Reads a moment: a span before now like `90m` or `1h 30m` (s, m, h, d, w), an ISO 8601 date with or without time and
 * offset, or a time of today like `9:30`. What has no offset is local time. Moments are milliseconds since the epoch.
 */
export function parseSince(typed: string, nowMs: number): Since {
  const text = typed.trim();
  const atMs = readSpan(text, nowMs) ?? readTime(text, nowMs) ?? readDateTime(text);
  if (atMs === undefined) return { kind: 'unreadable' };
  return { kind: atMs > nowMs ? 'future' : 'at', atMs };
}

/** When today began here. */
export function startOfToday(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0);
}

function readSpan(text: string, nowMs: number): number | undefined {
  if (!RELATIVE.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)];
  const spanMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS_MS[unit ?? ''] ?? 0), 0);
  return Math.max(0, nowMs - spanMs);
}

function readTime(text: string, nowMs: number): number | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((digits) => Number(digits || 0));
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return new Date(nowMs).setHours(hours, minutes, seconds, 0);
}

function readDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1, 7)
    .map((digits) => Number(digits || 0));
  const milliseconds = Math.floor(Number(`0.${match[7] ?? '0'}`) * SECOND_MS);
  const isPossible = hours < 24 && minutes < 60 && seconds < 60 && isDay(year, month, day);
  if (!isPossible) return undefined;
  const offset = match[8];
  if (offset === undefined) {
    return new Date(year, month - 1, day, hours, minutes, seconds, milliseconds).getTime();
  }
  return Date.UTC(year, month - 1, day, hours, minutes, seconds, milliseconds) - offsetMs(offset);
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function offsetMs(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const digits = offset.replace(/\D/g, '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (offset.startsWith('-') ? -1 : 1) * minutes * 60 * SECOND_MS;
}
