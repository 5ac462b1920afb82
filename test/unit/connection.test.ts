import assert from 'node:assert/strict';
import { backoffDelayMs, RECONNECT_BACKOFF } from '../../src/base/backoff';
import {
  reduceConnection,
  STABLE_AFTER_MS,
  type ConnectionInput,
  type ConnectionState,
} from '../../src/model/connection';

type State = ConnectionState<string, string>;
type Input = ConnectionInput<string, string>;

function run(inputs: readonly Input[], from: State = { kind: 'idle' }, nowMs = 0, random = 0): State {
  return inputs.reduce((state, input) => reduceConnection(state, input, { nowMs, random }), from);
}

const CONNECT: Input = { kind: 'connect' };
const connected = (serial: number): Input => ({ kind: 'connected', serial, info: 'engine' });
const lost = (serial: number): Input => ({ kind: 'lost', serial, failure: 'gone' });
const retryDue = (serial: number): Input => ({ kind: 'retryDue', serial });

describe('reduceConnection', () => {
  it('1: leaves idle only when asked to connect', () => {
    for (const input of [connected(0), lost(0), retryDue(0), { kind: 'retryNow' } as const]) {
      assert.equal(run([input]).kind, 'idle');
    }
    assert.equal(run([CONNECT]).kind, 'connecting');
  });

  it('2: runs one attempt at a time', () => {
    const connecting = run([CONNECT]);
    assert.equal(run([CONNECT], connecting), connecting);
    const ready = run([connected(1)], connecting);
    assert.equal(run([CONNECT], ready), ready);
  });

  it('3: waits longer after each failure, up to the longest, for ever', () => {
    let state = run([CONNECT]);
    const delaysMs: number[] = [];
    for (let attempt = 0; attempt < 40; attempt++) {
      state = run([lost(attempt + 1)], state);
      assert.ok(state.kind === 'waiting');
      delaysMs.push(state.retryAtMs);
      state = run([retryDue(attempt + 1)], state);
      assert.equal(state.kind, 'connecting');
    }
    assert.deepEqual(delaysMs.slice(0, 7), [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    assert.ok(delaysMs.slice(7).every((delayMs) => delayMs === 15_000));
  });

  it('4: forgets earlier failures only after a connection that held', () => {
    const third = run([CONNECT, lost(1), retryDue(1), lost(2), retryDue(2), connected(3)]);
    const atOnce = run([lost(3)], third, STABLE_AFTER_MS - 1);
    const later = run([lost(3)], third, STABLE_AFTER_MS);
    assert.equal(atOnce.kind === 'waiting' && atOnce.attempt, 2);
    assert.equal(later.kind === 'waiting' && later.attempt, 0);
  });

  it('5: retryNow skips the waiting and starts the growth anew', () => {
    const waiting = run([CONNECT, lost(1), retryDue(1), lost(2)]);
    const state = run([{ kind: 'retryNow' }], waiting);
    assert.deepEqual(state, { kind: 'connecting', attempt: 0, serial: 3, lastFailure: 'gone' });
    const ready = run([connected(3)], state);
    assert.equal(run([{ kind: 'retryNow' }], ready), ready);
  });

  it('6: ignores outcomes of an attempt that is over', () => {
    const second = run([CONNECT, lost(1), retryDue(1)]);
    for (const input of [connected(1), lost(1), retryDue(1)]) assert.equal(run([input], second), second);
  });

  it('7: nothing leaves closed', () => {
    const closed = run([CONNECT, { kind: 'close' }]);
    for (const input of [CONNECT, connected(1), lost(1), { kind: 'retryNow' } as const]) {
      assert.equal(run([input], closed).kind, 'closed');
    }
  });
});

describe('backoffDelayMs', () => {
  it('stays within half and all of the doubled delay', () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const ceilingMs = Math.min(RECONNECT_BACKOFF.longestDelayMs, 1_000 * 2 ** attempt);
      assert.equal(backoffDelayMs(attempt, 0), ceilingMs / 2);
      const almostMs = backoffDelayMs(attempt, 0.999999);
      assert.ok(almostMs > ceilingMs / 2 && almostMs <= ceilingMs);
    }
  });
});
