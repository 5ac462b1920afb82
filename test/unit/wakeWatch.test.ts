import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock';
import { WAKE_CHECK_MS, WAKE_JUMP_MS, WakeWatch } from '../../src/vscode/hosts/wakeWatch';

/** A machine whose timers stand still while it sleeps, and whose clock does not. */
class SleepyClock implements Clock {
  private timers = new Set<{ run: () => void; leftMs: number }>();
  private time = 1_000_000;

  nowMs(): number {
    return this.time;
  }

  setTimer(run: () => void, leftMs: number): { dispose(): void } {
    const timer = { run, leftMs };
    this.timers.add(timer);
    return { dispose: () => void this.timers.delete(timer) };
  }

  get timerCount(): number {
    return this.timers.size;
  }

  work(durationMs: number): void {
    this.time += durationMs;
    for (const timer of [...this.timers]) {
      timer.leftMs -= durationMs;
      if (timer.leftMs > 0) continue;
      this.timers.delete(timer);
      timer.run();
    }
  }

  sleep(durationMs: number): void {
    this.time += durationMs;
  }
}

describe('the watch over sleep', () => {
  let clock: SleepyClock;
  let wokeCount: number;
  let watch: WakeWatch;

  beforeEach(() => {
    clock = new SleepyClock();
    wokeCount = 0;
    watch = new WakeWatch(clock, () => wokeCount++);
  });

  it('says nothing while time passes as it should', () => {
    for (let round = 0; round < 100; round++) clock.work(WAKE_CHECK_MS);
    watch.look();
    assert.equal(wokeCount, 0);
  });

  it('notices a sleep at its next look, once', () => {
    clock.sleep(3_600_000);
    clock.work(WAKE_CHECK_MS);
    assert.equal(wokeCount, 1);
    clock.work(WAKE_CHECK_MS);
    assert.equal(wokeCount, 1);
  });

  it('notices it at once when somebody comes to the window', () => {
    clock.work(WAKE_CHECK_MS / 2);
    clock.sleep(60_000);
    watch.look();
    assert.equal(wokeCount, 1);
    watch.look();
    assert.equal(wokeCount, 1);
  });

  it('takes a busy machine and a short sleep for none', () => {
    clock.sleep(WAKE_JUMP_MS - 1);
    clock.work(WAKE_CHECK_MS);
    assert.equal(wokeCount, 0);
  });

  it('leaves no timer behind', () => {
    watch.dispose();
    assert.equal(clock.timerCount, 0);
  });
});
