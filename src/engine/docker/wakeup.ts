import type { Clock } from '../../base/clock';
import { deferred } from '../../base/async';
import type { Disposable } from '../../base/lifecycle';

/** Lets one loop sleep until something happens. What happens while it is awake wakes it from its next sleep at once. */
export class Wakeup {
  private isSignalled = false;
  private wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  signal(): void {
    this.isSignalled = true;
    this.wake?.();
  }

  /** Resolves with true when signalled, with false when `timeoutMs` passed first. */
  async sleep(timeoutMs?: number): Promise<boolean> {
    let timer: Disposable | undefined;
    if (!this.isSignalled) {
      const woken = deferred<undefined>();
      this.wake = () => woken.resolve(undefined);
      if (timeoutMs !== undefined) timer = this.clock.setTimer(this.wake, timeoutMs);
      await woken.promise;
    }
    timer?.dispose();
    this.wake = undefined;
    const wasSignalled = this.isSignalled;
    this.isSignalled = false;
    return wasSignalled;
  }
}
