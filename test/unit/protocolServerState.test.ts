import { strict as assert } from 'node:assert';
import { closeCodeOf, CLOSE_REASONS } from '../../src/protocol/closeCodes';
import { LIMITS } from '../../src/protocol/limits';
import {
  FIRST_SERVER_STATE,
  reduceServer,
  serverDeadlineMs,
  type ServerEffect,
  type ServerInput,
  type ServerState,
} from '../../src/protocol/serverState';
import { seededRandom } from '../support/random';

/** A machine with a clock, and what it did. */
class Agent {
  state: ServerState = FIRST_SERVER_STATE;
  nowMs = 1_000;
  effects: ServerEffect[] = [];
  path: string[] = [];

  constructor(...inputs: readonly ServerInput[]) {
    for (const input of inputs) this.take(input);
  }

  /** @returns the effects of this input alone */
  take(input: ServerInput): readonly ServerEffect[] {
    const step = reduceServer(this.state, input, this.nowMs);
    this.state = step.state;
    this.effects.push(...step.effects);
    this.path.push(...step.path);
    return step.effects;
  }

  pass(byMs: number): readonly ServerEffect[] {
    this.nowMs += byMs;
    return this.take({ kind: 'time' });
  }
}

const AUTHENTICATE: ServerInput = { kind: 'message', action: 'authenticate' };
const OPEN_SESSION: ServerInput = { kind: 'message', action: 'open_session' };
const PING: ServerInput = { kind: 'message', action: 'ping' };
const BINARY: ServerInput = { kind: 'message' };
const TO_VERIFYING: readonly ServerInput[] = [{ kind: 'upgradeAccepted' }];
const TO_ESTABLISHED: readonly ServerInput[] = [...TO_VERIFYING, AUTHENTICATE, { kind: 'proofRight' }];
const TO_CONNECTED: readonly ServerInput[] = [...TO_ESTABLISHED, OPEN_SESSION, { kind: 'sessionOpened' }];

function closeEffect(name: keyof typeof CLOSE_REASONS): { kind: 'sendClose'; code: number } {
  return { kind: 'sendClose', code: CLOSE_REASONS[name].code };
}

describe('The connection at the agent', () => {
  it('S1: begins connecting; an accepted upgrade leads to verifying and sends the challenge, once', () => {
    const agent: Agent = new Agent();
    assert.equal(agent.state.kind, 'connecting');
    assert.deepEqual(agent.take({ kind: 'upgradeAccepted' }), [{ kind: 'sendChallenge' }]);
    assert.equal(agent.state.kind, 'verifying');
    assert.deepEqual(agent.take({ kind: 'upgradeAccepted' }), []);
  });

  it('S2: a refused upgrade ends in failed and touches no session', () => {
    const agent: Agent = new Agent({ kind: 'upgradeRefused', reason: 'rateLimited' });
    assert.deepEqual(agent.state, { kind: 'failed', reason: 'rateLimited' });
    assert.deepEqual(agent.effects, []);
    const late = new Agent(...TO_VERIFYING);
    late.take({ kind: 'upgradeRefused', reason: 'notFound' });
    assert.equal(late.state.kind, 'verifying');
  });

  it('S3: whoever is not connected within the deadline of the upgrade is closed', () => {
    for (const inputs of [TO_VERIFYING, TO_ESTABLISHED, [...TO_ESTABLISHED, OPEN_SESSION]]) {
      const agent: Agent = new Agent();
      agent.take({ kind: 'upgradeAccepted' });
      agent.nowMs += LIMITS.authenticationDeadlineMs - 1;
      for (const input of inputs.slice(1)) agent.take(input);
      assert.deepEqual(agent.pass(0), []);
      assert.deepEqual(agent.pass(1), [closeEffect('deadlineExceeded')]);
      assert.equal(agent.state.kind, 'closing');
    }
  });

  it('S4: a wrong proof is answered and rejected with its code', () => {
    for (const reason of ['unauthorized', 'tokenExpired', 'tokenRevoked'] as const) {
      const agent: Agent = new Agent(...TO_VERIFYING, AUTHENTICATE);
      assert.deepEqual(agent.take({ kind: 'proofWrong', reason }), [
        { kind: 'answerRefused', reason },
        closeEffect(reason),
      ]);
      assert.equal(agent.state.kind, 'rejected');
      assert.deepEqual(agent.take(AUTHENTICATE), []);
      assert.deepEqual(agent.take({ kind: 'proofRight' }), []);
      assert.equal(agent.state.kind, 'rejected');
    }
  });

  it('S5: the right proof establishes and is answered', () => {
    const agent: Agent = new Agent(...TO_VERIFYING);
    assert.deepEqual(agent.take({ kind: 'proofRight' }), [], 'nobody asked yet');
    assert.deepEqual(agent.take(AUTHENTICATE), [{ kind: 'checkProof' }]);
    assert.deepEqual(agent.take({ kind: 'proofRight' }), [{ kind: 'answerProof' }]);
    assert.equal(agent.state.kind, 'established');
  });

  it('S6: the session is opened, announced once, and then all is connected', () => {
    const agent: Agent = new Agent(...TO_ESTABLISHED);
    assert.deepEqual(agent.take({ kind: 'sessionOpened' }), [], 'nobody asked yet');
    assert.deepEqual(agent.take(OPEN_SESSION), [{ kind: 'openSession' }]);
    assert.deepEqual(agent.take({ kind: 'sessionOpened' }), [{ kind: 'announce' }]);
    assert.equal(agent.state.kind, 'connected');
    assert.deepEqual(agent.take({ kind: 'sessionOpened' }), []);
    assert.deepEqual(agent.path, ['verifying', 'established', 'connected']);
  });

  it('S7: what comes at the wrong time is a violation', () => {
    const wrong: readonly (readonly ServerInput[])[] = [
      [...TO_VERIFYING, PING],
      [...TO_VERIFYING, BINARY],
      [...TO_VERIFYING, OPEN_SESSION],
      [...TO_VERIFYING, AUTHENTICATE, AUTHENTICATE],
      [...TO_ESTABLISHED, AUTHENTICATE],
      [...TO_ESTABLISHED, PING],
      [...TO_ESTABLISHED, BINARY],
      [...TO_ESTABLISHED, OPEN_SESSION, OPEN_SESSION],
      [...TO_CONNECTED, AUTHENTICATE],
      [...TO_CONNECTED, OPEN_SESSION],
    ];
    for (const inputs of wrong) {
      const agent: Agent = new Agent(...inputs);
      assert.deepEqual(agent.effects.at(-1), closeEffect('violation'));
      assert.equal(agent.state.kind, 'closing');
      assert.ok(!agent.effects.some(({ kind }) => kind === 'handle'));
    }
  });

  it('S8: whatever arrives while connected is handled and a sign of life', () => {
    for (const input of [PING, BINARY]) {
      const agent: Agent = new Agent(...TO_CONNECTED);
      agent.nowMs += LIMITS.heartbeatIdleMs - 1;
      assert.deepEqual(agent.take(input), [{ kind: 'handle' }]);
      assert.deepEqual(agent.pass(LIMITS.heartbeatIdleMs - 1), []);
      assert.equal(agent.state.kind, 'connected');
    }
    const before = new Agent(...TO_VERIFYING);
    before.take({ kind: 'signOfLife' });
    assert.equal(
      serverDeadlineMs(before.state),
      1_000 + LIMITS.authenticationDeadlineMs,
      'a pong buys no time',
    );
  });

  it('S9: silence is asked about, and anything that arrives leads back', () => {
    for (const input of [PING, BINARY, { kind: 'signOfLife' }] satisfies ServerInput[]) {
      const agent: Agent = new Agent(...TO_CONNECTED);
      assert.deepEqual(agent.pass(LIMITS.heartbeatIdleMs), [{ kind: 'ping' }]);
      assert.equal(agent.state.kind, 'heartbeat');
      agent.take(input);
      assert.equal(agent.state.kind, 'connected');
    }
  });

  it('S10: more silence is inactivity, and closes', () => {
    const agent: Agent = new Agent(...TO_CONNECTED);
    agent.pass(LIMITS.heartbeatIdleMs);
    assert.deepEqual(agent.pass(LIMITS.heartbeatDeadlineMs - 1), []);
    assert.deepEqual(agent.pass(1), [
      { kind: 'detachSession', keepsIt: true },
      closeEffect('heartbeatTimeout'),
    ]);
    assert.deepEqual(agent.path.slice(-3), ['heartbeat', 'inactive', 'closing']);
  });

  it('S11: asked to close it closes with that code, and the first one stays', () => {
    for (const inputs of [TO_VERIFYING, TO_ESTABLISHED, TO_CONNECTED]) {
      const agent: Agent = new Agent(...inputs);
      assert.deepEqual(
        agent.take({ kind: 'close', reason: 'tokenRevoked' }).at(-1),
        closeEffect('tokenRevoked'),
      );
      assert.deepEqual(agent.take({ kind: 'close', reason: 'goingAway' }), []);
      assert.deepEqual(agent.take(PING), []);
      agent.take({ kind: 'peerClosed', code: 1000 });
      assert.deepEqual(agent.state, { kind: 'closed', code: closeCodeOf('tokenRevoked') });
    }
    assert.equal(new Agent({ kind: 'close', reason: 'goingAway' }).state.kind, 'failed');
  });

  it('S12: the close frame or its deadline ends it and destroys the socket', () => {
    const endings: readonly ((agent: Agent) => readonly ServerEffect[])[] = [
      (agent) => agent.take({ kind: 'peerClosed', code: 1000 }),
      (agent) => agent.take({ kind: 'socketBroken' }),
      (agent) => agent.pass(LIMITS.closeDeadlineMs),
    ];
    for (const end of endings) {
      const closing: Agent = new Agent(...TO_CONNECTED, { kind: 'close', reason: 'goingAway' });
      assert.deepEqual(end(closing), [{ kind: 'destroySocket' }]);
      assert.deepEqual(closing.state, { kind: 'closed', code: 1001 });
      const rejected: Agent = new Agent(...TO_VERIFYING, AUTHENTICATE, {
        kind: 'proofWrong',
        reason: 'unauthorized',
      });
      assert.deepEqual(end(rejected), [{ kind: 'destroySocket' }]);
      assert.deepEqual(rejected.state, { kind: 'closed', code: 4401 });
    }
  });

  it('S13: nothing leaves closed and failed', () => {
    const inputs: readonly ServerInput[] = [
      ...TO_CONNECTED,
      { kind: 'signOfLife' },
      { kind: 'time' },
      { kind: 'close', reason: 'normal' },
      { kind: 'peerClosed', code: 1000 },
      { kind: 'socketBroken' },
    ];
    for (const start of [
      new Agent({ kind: 'socketBroken' }),
      new Agent(...TO_CONNECTED, { kind: 'socketBroken' }),
    ]) {
      const { state } = start;
      for (const input of inputs) assert.deepEqual(start.take(input), []);
      assert.equal(start.state, state);
    }
  });

  it('S14: a session outlives what is retryable, and nothing else', () => {
    const keeps = (input: ServerInput) =>
      new Agent(...TO_CONNECTED, input).effects.find((effect) => effect.kind === 'detachSession')?.keepsIt;
    assert.equal(keeps({ kind: 'socketBroken' }), true);
    assert.equal(keeps({ kind: 'peerClosed', code: 1001 }), true);
    assert.equal(keeps({ kind: 'peerClosed', code: 1000 }), false);
    assert.equal(keeps({ kind: 'close', reason: 'clientTooSlow' }), true);
    assert.equal(keeps({ kind: 'close', reason: 'tokenRevoked' }), false);
    assert.equal(
      keeps({ kind: 'close', reason: 'permissionsChanged' }),
      true,
      'the runner ends it with the token',
    );
    const early = new Agent(...TO_ESTABLISHED, { kind: 'socketBroken' });
    assert.deepEqual(early.state, { kind: 'failed', reason: 'broken' });
    assert.ok(!early.effects.some(({ kind }) => kind === 'detachSession'));
  });

  it('detaches the session exactly once and destroys the socket at the end, whatever comes', () => {
    const random = seededRandom(3);
    const inputs: readonly ServerInput[] = [
      ...TO_CONNECTED,
      PING,
      BINARY,
      { kind: 'signOfLife' },
      { kind: 'time' },
      { kind: 'close', reason: 'goingAway' },
      { kind: 'peerClosed', code: 1000 },
      { kind: 'proofWrong', reason: 'unauthorized' },
    ];
    for (let round = 0; round < 2_000; round++) {
      const agent: Agent = new Agent(...(round % 2 === 0 ? TO_CONNECTED : []));
      for (let step = 0; step < 12; step++) {
        agent.nowMs += Math.floor(random() * 12_000);
        agent.take(inputs[Math.floor(random() * inputs.length)] ?? PING);
      }
      agent.take({ kind: 'socketBroken' });
      assert.ok(agent.state.kind === 'closed' || agent.state.kind === 'failed');
      const count = (kind: ServerEffect['kind']) =>
        agent.effects.filter((effect) => effect.kind === kind).length;
      assert.equal(count('announce'), count('detachSession'));
      assert.equal(count('destroySocket'), 1);
      assert.ok(count('sendClose') <= 1);
    }
  });
});
