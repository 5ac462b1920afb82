import { parseTimestamp } from './logTime';

/** How long every stamp is: `2026-11-21 09:32:16.123`. */
const STAMP_LENGTH = 23;

/**
 * Shows engine timestamps as local time with milliseconds, all equally long. Remembers the last second it formatted,
 * since most lines share it with the line before.
 */
export class LogStamps {
  private second = '';
  private shownSecond = '';

  /** @param timestamp RFC 3339; anything else is shown as blanks */
  format(timestamp: string): string {
    const fractionAt = timestamp.indexOf('.');
    const end = fractionAt < 0 ? 19 : fractionAt;
    const second = timestamp.slice(0, end);
    if (second !== this.second || second === '') {
      const shown = localSecond(timestamp);
      if (shown === undefined) return ' '.repeat(STAMP_LENGTH);
      this.second = second;
      this.shownSecond = shown;
    }
    const digits =
      fractionAt < 0 ? '' : (/^\d+/.exec(timestamp.slice(fractionAt + 1, fractionAt + 4))?.[0] ?? '');
    return `${this.shownSecond}.${digits.padEnd(3, '0')}`;
  }
}

function localSecond(timestamp: string): string | undefined {
  const parsed = parseTimestamp(timestamp);
  return parsed === undefined ? undefined : formatLocalSecond(parsed.seconds * 1000);
}

/** Local time to the second: `2026-11-21 09:32:16`. */
export function formatLocalSecond(atMs: number): string {
  const date = new Date(atMs);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${day} ${time}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
