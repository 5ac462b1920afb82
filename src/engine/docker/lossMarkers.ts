import type { Clock } from '../../base/clock';
import type { LogMarker } from '../../model/log';

/** Being away for less than this is not worth a line: only the restart or reconnect is reported. */
export const GRACE_MS = 2_000;

/** Tells the reader of a log once when it can't be read, and once when reading goes on. */
export class LossMarkers {
  /** Since when, in milliseconds since the Unix epoch. */
  private lostAtMs: number | undefined;
  private isTold = false;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (marker: LogMarker) => void,
  ) {}

  /** From now on the log can't be read. */
  lost(): void {
    this.lostAtMs ??= this.clock.nowMs();
  }

  /** Tells of the loss if it has lasted for a while. */
  stillLost(reason: string): void {
    if (this.lostAtMs !== undefined && this.clock.nowMs() - this.lostAtMs >= GRACE_MS) this.report(reason);
  }

  report(reason: string): void {
    if (this.isTold) return;
    this.isTold = true;
    this.lost();
    this.tell({ kind: 'connectionLost', reason });
  }

  returned(): void {
    if (this.lostAtMs !== undefined) this.tell({ kind: 'reconnected' });
    this.forget();
  }

  /** What was lost is of no interest any more. */
  forget(): void {
    this.lostAtMs = undefined;
    this.isTold = false;
  }

  get isReported(): boolean {
    return this.isTold;
  }
}
