import type { ContainerId } from './container';
import type { LogCursor, LogLine } from './log';

/**
 * Follows the place a reader has reached in a container's log, and finds it again after the log was opened anew at
 * {@link LogPosition.cursor}: the engine then repeats every line that carries the cursor's timestamp, because `since`
 * is inclusive, and the lines already delivered are dropped here.
 *
 * The place is exact while timestamps do not run backwards.
 */
export class LogPosition {
  private timestamp = '';
  private ordinal = 0;
  private linesToSkip = 0;

  constructor(private readonly containerId: ContainerId) {}

  /** After the last line delivered; `undefined` as long as none was. */
  get cursor(): LogCursor | undefined {
    if (this.timestamp === '') return undefined;
    return { containerId: this.containerId, timestamp: this.timestamp, ordinal: this.ordinal };
  }

  /** The log is being read again from {@link cursor} on. */
  reopen(): void {
    this.linesToSkip = this.ordinal;
  }

  /** Whether the line is new; to be called once for every line, in order. */
  accept(line: LogLine): boolean {
    if (this.linesToSkip > 0) {
      if (line.timestamp === this.timestamp) {
        this.linesToSkip--;
        return false;
      }
      this.linesToSkip = 0;
    }
    if (line.timestamp === this.timestamp) {
      this.ordinal++;
    } else {
      this.timestamp = line.timestamp;
      this.ordinal = 1;
    }
    return true;
  }
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * A timestamp as the `since` of a log request takes it: seconds since the Unix epoch and nanoseconds,
 * `sec.nnnnnnnnn`. `undefined` for what is no RFC 3339 timestamp.
 */
export function sinceParameter(timestamp: string): string | undefined {
  const match = RFC3339.exec(timestamp);
  if (!match) return undefined;
  const [, wholeSeconds = '', fraction = '', offset = ''] = match;
  const seconds = Date.parse(wholeSeconds + offset) / 1000;
  return Number.isFinite(seconds) ? `${seconds}.${fraction.padEnd(9, '0')}` : undefined;
}
