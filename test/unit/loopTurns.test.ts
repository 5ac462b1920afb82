import assert from 'node:assert/strict';
import { systemTurns } from '../../src/base/turns';
import { FakeTurns } from '../doubles/fakeTurns';

describe('LoopTurns', () => {
  it('has time until its budget of a turn is spent, and again in the next', () => {
    const turns = new FakeTurns();
    assert.equal(turns.hasTime, true);
    turns.spend(4);
    assert.equal(turns.hasTime, true);
    turns.spend(1);
    assert.equal(turns.hasTime, false);
    turns.go();
    assert.equal(turns.hasTime, true);
    assert.equal(turns.scheduled, 1);
  });

  it('serves those who wait in order, as many as a turn has time for, before anybody else', () => {
    const turns = new FakeTurns();
    const served: string[] = [];
    const wait = (name: string): void => {
      turns.later(() => {
        served.push(name);
        turns.spend(3);
      });
    };
    ['a', 'b', 'c', 'd', 'e'].forEach(wait);
    assert.equal(turns.hasTime, false);
    turns.go();
    assert.deepEqual(served, ['a', 'b']);
    // Whoever comes back has to wait for those who wait already.
    wait('a');
    assert.equal(turns.hasTime, false);
    turns.go();
    turns.go();
    assert.deepEqual(served, ['a', 'b', 'c', 'd', 'e', 'a']);
  });

  it('gives time to the one it serves, also while others wait', () => {
    const turns = new FakeTurns();
    const had: boolean[] = [];
    for (let each = 0; each < 2; each++)
      turns.later(() => {
        had.push(turns.hasTime);
        turns.spend();
        had.push(turns.hasTime);
      });
    turns.go();
    turns.go();
    assert.deepEqual(had, [true, false, true, false]);
  });

  it('forgets whoever no longer waits, and rests when there is nothing to do', () => {
    const turns = new FakeTurns();
    turns.later(() => assert.fail('it was called off')).dispose();
    turns.go();
    turns.go();
    assert.equal(turns.scheduled, 0);
  });

  it('goes on after work that failed', () => {
    const turns = new FakeTurns();
    let isServed = false;
    turns.later(() => {
      throw new Error('failed');
    });
    turns.later(() => (isServed = true));
    assert.throws(() => turns.go(), /failed/);
    turns.go();
    assert.equal(isServed, true);
  });

  it('is served by the loop of the process', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      systemTurns.later(() => {
        order.push('first');
        // What the first sets going at once comes before the second.
        process.nextTick(() => order.push('of the first'));
      });
      systemTurns.later(() => {
        order.push('second');
        resolve();
      });
    });
    assert.deepEqual(order, ['first', 'of the first', 'second']);
  });
});
