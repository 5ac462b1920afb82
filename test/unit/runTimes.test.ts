import assert from 'node:assert/strict';
import type { EngineEvent } from '../../src/engine/docker/engineEvent';
import { RunTimesMemory } from '../../src/engine/docker/runTimes';

const event = (action: string, atSeconds: number, exitCode?: string): EngineEvent => ({
  containerId: 'c',
  action,
  atSeconds,
  attributes: exitCode === undefined ? {} : { exitCode },
});

describe('what events tell of the runs of containers', () => {
  let memory: RunTimesMemory;
  const told = (...events: readonly EngineEvent[]) => {
    for (const one of events) memory.take(one);
    return memory.of('c');
  };
  beforeEach(() => (memory = new RunTimesMemory()));

  it('is when they began and how they ended', () => {
    assert.deepEqual(told(event('start', 1)), { startedAtMs: 1_000 });
    assert.deepEqual(told(event('die', 2, '3')), {
      startedAtMs: 1_000,
      end: { atMs: 2_000, exitCode: 3, outOfMemory: false },
    });
    assert.equal(told(event('start', 2.5))?.end?.atMs, 2_000);
    assert.equal(memory.of('other'), undefined);
  });

  it('says of the run whose memory ran out that it did, and of no other', () => {
    assert.equal(told(event('start', 1), event('oom', 2), event('die', 2, '137'))?.end?.outOfMemory, true);
    assert.equal(told(event('start', 3), event('die', 4, '137'))?.end?.outOfMemory, false);
  });

  it('leaves out what an event does not tell', () => {
    assert.equal(told(event('start', Number.POSITIVE_INFINITY), event('restart', 4)), undefined);
    assert.deepEqual(told(event('die', 5, 'x'))?.end, { atMs: 5_000, outOfMemory: false });
    assert.deepEqual(told(event('die', 6))?.end, { atMs: 6_000, outOfMemory: false });
  });

  it('is forgotten with the container', () => {
    told(event('start', 1), event('oom', 2));
    memory.forget('c');
    assert.equal(memory.of('c'), undefined);
    assert.equal(told(event('die', 3))?.end?.outOfMemory, false);
  });
});
