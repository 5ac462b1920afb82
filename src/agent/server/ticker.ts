import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';

/**
 * The beat at which all streams send what has gathered: those that read the same log then send the same lines together,
 * which have to be encoded once only. Nothing beats while nothing is to be sent.
 */
export class Ticker implements Disposable {
  private due = new Set<() => void>();
  private timer: Disposable | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly intervalMs: number = LIMITS.logBatchDelayMs,
  ) {}

  /** Calls back once, at the next beat. */
  next(run: () => void): void {
    this.due.add(run);
    this.timer ??= this.clock.setTimer(() => this.beat(), this.intervalMs);
  }

  cancel(run: () => void): void {
    this.due.delete(run);
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
    this.due.clear();
  }

  private beat(): void {
    const { due } = this;
    this.due = new Set();
    this.timer = undefined;
    for (const run of due) run();
  }
}
