import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';

/** How often it is looked whether time has jumped. */
export const WAKE_CHECK_MS = 15_000;
/** A timer that is so late was not merely kept waiting: the machine slept. */
export const WAKE_JUMP_MS = 20_000;

/** Tells when the machine has slept and woke up again: then connections are gone, and may be tried at once. */
export class WakeWatch implements Disposable {
  private readonly store = new DisposableStore();
  private readonly timer = this.store.add(new DisposableStore());
  private lastMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly woke: () => void,
  ) {
    this.lastMs = clock.nowMs();
    this.schedule();
  }

  /** Somebody came back to the window: no need to wait for the next look. */
  look(): void {
    const nowMs = this.clock.nowMs();
    const hasJumped = nowMs - this.lastMs >= WAKE_CHECK_MS + WAKE_JUMP_MS;
    this.lastMs = nowMs;
    if (hasJumped) this.woke();
  }

  dispose(): void {
    this.store.dispose();
  }

  private schedule(): void {
    this.timer.clear();
    const look = (): void => {
      this.look();
      this.schedule();
    };
    this.timer.add(this.clock.setTimer(look, WAKE_CHECK_MS));
  }
}
