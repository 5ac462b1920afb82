import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock';
import { ChangeQueue, type CollectedChange } from '../../src/vscode/tree/changeQueue';
import { idFor, makeContainer } from '../doubles/memoryEngine';

/** Time that passes when the test says so. */
class ManualClock implements Clock {
  private now = 0;
  private timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.now;
  }

  setTimer(run: () => void, delayMs: number): { dispose(): void } {
    const timer = { atMs: this.now + delayMs, run };
    this.timers.push(timer);
    return { dispose: () => (this.timers = this.timers.filter((other) => other !== timer)) };
  }

  advance(byMs: number): void {
    this.now += byMs;
    for (const timer of this.timers.filter(({ atMs }) => atMs <= this.now)) {
      if (this.timers.includes(timer)) timer.run();
    }
  }

  get pending(): number {
    return this.timers.length;
  }
}

function queueWith(clock: Clock): { queue: ChangeQueue; flushed: CollectedChange[] } {
  const flushed: CollectedChange[] = [];
  return { queue: new ChangeQueue((change) => flushed.push(change), clock), flushed };
}

describe('ChangeQueue', () => {
  it('lets a lone change through at once, as people see it', () => {
    const clock = new ManualClock();
    const { queue, flushed } = queueWith(clock);
    queue.push({ kind: 'updated', containers: [makeContainer('a')], removed: [] });
    clock.advance(50);
    assert.equal(flushed.length, 1);
    assert.equal(clock.pending, 0);
    queue.dispose();
  });

  it('turns 10,000 changes in 10 s into some forty, and each shows the newest state', () => {
    const clock = new ManualClock();
    const { queue, flushed } = queueWith(clock);
    for (let step = 0; step < 10_000; step += 1) {
      queue.push({
        kind: 'updated',
        containers: [makeContainer(`c${step % 5}`, { image: `i${step}` })],
        removed: [],
      });
      clock.advance(1);
    }
    clock.advance(1_000);
    assert.ok(flushed.length <= 41, `${flushed.length}`);
    const last = flushed.at(-1);
    assert.ok(last?.kind === 'updated' && last.containers.some(({ image }) => image === 'i9999'));
    queue.dispose();
  });

  it('keeps the last word on a container that came and went', () => {
    const clock = new ManualClock();
    const { queue, flushed } = queueWith(clock);
    queue.push({ kind: 'updated', containers: [makeContainer('a'), makeContainer('b')], removed: [] });
    queue.push({ kind: 'updated', containers: [], removed: [idFor('a')] });
    queue.push({ kind: 'updated', containers: [], removed: [idFor('c')] });
    queue.push({ kind: 'updated', containers: [makeContainer('c')], removed: [] });
    clock.advance(50);
    assert.deepEqual(flushed, [
      { kind: 'updated', containers: [makeContainer('b'), makeContainer('c')], removed: [idFor('a')] },
    ]);
    queue.dispose();
  });

  it('becomes a list when a list came in between, and is silent once disposed', () => {
    const clock = new ManualClock();
    const { queue, flushed } = queueWith(clock);
    queue.push({ kind: 'updated', containers: [makeContainer('a')], removed: [] });
    queue.push({ kind: 'listed' });
    clock.advance(50);
    queue.push({ kind: 'listed' });
    queue.dispose();
    queue.push({ kind: 'listed' });
    clock.advance(1_000);
    assert.deepEqual(flushed, [{ kind: 'listed' }]);
  });
});
