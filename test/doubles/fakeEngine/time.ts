export const NANOSECONDS_PER_SECOND = 1_000_000_000n;
export const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** Where the engine reads the time: nanoseconds since the Unix epoch. */
export interface NanosecondClock {
  nowNs(): bigint;
}

/** The real time, with the resolution of the monotonic clock. */
export function realClock(): NanosecondClock {
  const offsetNs = BigInt(Date.now()) * NANOSECONDS_PER_MILLISECOND - process.hrtime.bigint();
  return { nowNs: () => offsetNs + process.hrtime.bigint() };
}

/** Never gives the same time twice and never goes back, whatever its source does. */
export class IncreasingClock implements NanosecondClock {
  private lastNs = 0n;

  constructor(private readonly source: NanosecondClock) {}

  nowNs(): bigint {
    const now = this.source.nowNs();
    this.lastNs = now > this.lastNs ? now : this.lastNs + 1n;
    return this.lastNs;
  }
}

let cachedSecond = -1;
let cachedOffsetMinutes = 0;
let cachedDate = '';
let cachedZone = 'Z';

/** RFC 3339 with exactly nine fractional digits, as the engine prefixes log lines. */
export function formatNanoseconds(timeNs: bigint, offsetMinutes = 0): string {
  const second = Number(timeNs / NANOSECONDS_PER_SECOND);
  const fraction = Number(timeNs % NANOSECONDS_PER_SECOND);
  if (second !== cachedSecond || offsetMinutes !== cachedOffsetMinutes) {
    cachedSecond = second;
    cachedOffsetMinutes = offsetMinutes;
    cachedDate = new Date((second + offsetMinutes * 60) * 1000).toISOString().slice(0, 19);
    cachedZone = formatZone(offsetMinutes);
  }
  return `${cachedDate}.${fraction.toString().padStart(9, '0')}${cachedZone}`;
}

function formatZone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z';
  const magnitude = Math.abs(offsetMinutes);
  const hours = Math.floor(magnitude / 60)
    .toString()
    .padStart(2, '0');
  const minutes = (magnitude % 60).toString().padStart(2, '0');
  return `${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`;
}

/** The zero time of Go, which the engine shows for what has not happened yet. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Parses the engine's `seconds[.nanoseconds]` exactly; undefined when absent or not of that form. */
export function parseUnixNanoseconds(text: string | null): bigint | undefined {
  if (text === null) return undefined;
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return parseRfc3339(text);
  const [, seconds = '0', fraction = ''] = match;
  return BigInt(seconds) * NANOSECONDS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
}

function parseRfc3339(text: string): bigint | undefined {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * NANOSECONDS_PER_MILLISECOND;
}

/** What is left of a time after Podman has read it through a 64-bit float: the last three digits are noise. */
export function roundThroughFloat(timeNs: bigint): bigint {
  const seconds = Number(
    `${timeNs / NANOSECONDS_PER_SECOND}.${(timeNs % NANOSECONDS_PER_SECOND).toString().padStart(9, '0')}`,
  );
  const whole = Math.trunc(seconds);
  return BigInt(whole) * NANOSECONDS_PER_SECOND + BigInt(Math.trunc((seconds - whole) * 1e9));
}

/** Length of time in words; the rounding of docker/go-units `HumanDuration`. */
export function humanDuration(durationNs: bigint): string {
  const seconds = Math.floor(Number(durationNs) / 1e9);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  return humanHours(Math.floor(seconds / 3600 + 0.5));
}

function humanHours(hours: number): string {
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
