import type { Clock } from '../../src/base/clock';
import type { Disposable } from '../../src/base/lifecycle';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  private currentMs: number;
  private readonly timers = new Set<Timer>();

  constructor(startMs = 0) {
    this.currentMs = startMs;
  }

  nowMs(): number {
    return this.currentMs;
  }

  setTimer(run: () => void, delayMs: number): Disposable {
    const timer: Timer = { dueMs: this.currentMs + delayMs, run };
    this.timers.add(timer);
    return { dispose: () => this.timers.delete(timer) };
  }

  get pendingTimers(): number {
    return this.timers.size;
  }

  /** The clock is set back; timers go on, as they do in Node. */
  setBack(byMs: number): void {
    this.currentMs -= byMs;
    const timers = [...this.timers];
    this.timers.clear();
    for (const { dueMs, run } of timers) this.timers.add({ dueMs: dueMs - byMs, run });
  }

  /** Lets time pass and runs what falls due, in order, including what those runs set. */
  advance(byMs: number): void {
    const endMs = this.currentMs + byMs;
    for (;;) {
      const due = [...this.timers]
        .filter((timer) => timer.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.timers.delete(due);
      this.currentMs = Math.max(this.currentMs, due.dueMs);
      due.run();
    }
    this.currentMs = endMs;
  }
}
