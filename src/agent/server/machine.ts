import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import {
  FIRST_SERVER_STATE,
  reduceServer,
  serverDeadlineMs,
  type ServerEffect,
  type ServerInput,
  type ServerState,
} from '../../protocol/serverState';

/** Runs a connection's state machine: one input at a time, effects in their order, deadlines by a timer. */
export class ServerMachine implements Disposable {
  private current: ServerState = FIRST_SERVER_STATE;
  private readonly inputs: ServerInput[] = [];
  private isRunning = false;
  private timer: { readonly dueMs: number; readonly timer: Disposable } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly carryOut: (effect: ServerEffect) => void,
  ) {}

  get state(): ServerState {
    return this.current;
  }

  /** What comes while an input is dealt with is dealt with after it. */
  input(input: ServerInput): void {
    this.inputs.push(input);
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      for (let next = this.inputs.shift(); next; next = this.inputs.shift()) this.step(next);
    } finally {
      this.isRunning = false;
    }
    this.setTimer();
  }

  dispose(): void {
    this.timer?.timer.dispose();
    this.timer = undefined;
  }

  private step(input: ServerInput): void {
    const { state, effects } = reduceServer(this.current, input, this.clock.nowMs());
    this.current = state;
    for (const effect of effects) this.carryOut(effect);
  }

  /** Every message puts the deadline off; the timer that runs already is early enough to see that. */
  private setTimer(): void {
    const dueMs = serverDeadlineMs(this.current);
    if (dueMs === undefined) {
      this.dispose();
      return;
    }
    if (this.timer !== undefined && this.timer.dueMs <= dueMs) return;
    this.dispose();
    const delayMs = Math.max(0, Math.ceil(dueMs - this.clock.nowMs()));
    const timer = this.clock.setTimer(() => {
      this.timer = undefined;
      this.input({ kind: 'time' });
    }, delayMs);
    this.timer = { dueMs, timer };
  }
}
