import { strict as assert } from 'node:assert';
import {
  clientDeadlineMs,
  clientOutcome,
  firstClientState,
  reduceClient,
  type ClientEffect,
  type ClientInput,
  type ClientState,
} from '../../src/protocol/clientState';
import { closeKindOf, closeNameOf, CLOSE_REASONS, httpRefusalKind } from '../../src/protocol/closeCodes';
import { LIMITS } from '../../src/protocol/limits';

/** A machine with a clock, and the states it went through. */
class Client {
  nowMs = 1_000;
  state: ClientState = firstClientState(1_000);
  path: string[] = [];

  constructor(...inputs: readonly ClientInput[]) {
    for (const input of inputs) this.take(input);
  }

  take(input: ClientInput): readonly ClientEffect[] {
    const step = reduceClient(this.state, input, this.nowMs);
    this.state = step.state;
    this.path.push(...step.path);
    return step.effects;
  }

  pass(byMs: number): readonly ClientEffect[] {
    this.nowMs += byMs;
    return this.take({ kind: 'time' });
  }
}

const CLIENT_TO_VERIFYING: readonly ClientInput[] = [{ kind: 'opened' }];
const CLIENT_TO_ESTABLISHED: readonly ClientInput[] = [
  ...CLIENT_TO_VERIFYING,
  { kind: 'challenge' },
  { kind: 'proofRight' },
];
const CLIENT_TO_CONNECTED: readonly ClientInput[] = [...CLIENT_TO_ESTABLISHED, { kind: 'established' }];

function closeEffect(name: keyof typeof CLOSE_REASONS): { kind: 'sendClose'; code: number } {
  return { kind: 'sendClose', code: CLOSE_REASONS[name].code };
}

describe('The connection at the client', () => {
  it('C1: an open socket leads to verifying, and nothing is sent before the challenge', () => {
    const client = new Client();
    assert.equal(client.state.kind, 'connecting');
    assert.deepEqual(client.take({ kind: 'opened' }), []);
    assert.equal(client.state.kind, 'verifying');
  });

  it('C2: what breaks before it is connected ends in failed, with its cause', () => {
    const refused = new Client({ kind: 'upgradeRefused', status: 426 });
    assert.deepEqual(refused.state, { kind: 'failed', cause: { kind: 'http', status: 426 } });
    assert.equal(clientOutcome(refused.state), 'fatal');
    for (const inputs of [[], CLIENT_TO_VERIFYING, CLIENT_TO_ESTABLISHED]) {
      const broken = new Client(...inputs, { kind: 'socketBroken' });
      assert.deepEqual(broken.state, { kind: 'failed', cause: { kind: 'broken' } });
      assert.equal(clientOutcome(broken.state), 'retryable');
      const closed = new Client(...inputs, { kind: 'peerClosed', code: 4408 });
      assert.deepEqual(closed.state, { kind: 'failed', cause: { kind: 'closed', code: 4408 } });
    }
  });

  it('C3: it gives up what is not connected in time', () => {
    for (const inputs of [[], CLIENT_TO_VERIFYING, CLIENT_TO_ESTABLISHED]) {
      const client = new Client(...inputs);
      assert.deepEqual(client.pass(LIMITS.connectDeadlineMs - 1), []);
      const effects = client.pass(1);
      assert.deepEqual(effects, [
        ...(inputs.length > 0 ? [closeEffect('deadlineExceeded')] : []),
        { kind: 'destroySocket' },
      ]);
      assert.deepEqual(client.state, { kind: 'failed', cause: { kind: 'deadline' } });
    }
  });

  it('C4: the challenge is answered once; a second one is a violation', () => {
    const client = new Client(...CLIENT_TO_VERIFYING);
    assert.deepEqual(client.take({ kind: 'challenge' }), [{ kind: 'authenticate' }]);
    assert.deepEqual(client.take({ kind: 'challenge' }), [closeEffect('violation')]);
  });

  it('C5: the agent must prove itself, too', () => {
    const client = new Client(...CLIENT_TO_VERIFYING, { kind: 'challenge' });
    assert.deepEqual(client.take({ kind: 'proofRight' }), [{ kind: 'openSession' }]);
    assert.equal(client.state.kind, 'established');
    const deceived = new Client(...CLIENT_TO_VERIFYING, { kind: 'challenge' });
    assert.deepEqual(deceived.take({ kind: 'proofWrong' }), [closeEffect('agentNotTrusted')]);
    assert.equal(deceived.state.kind, 'rejected');
    deceived.take({ kind: 'proofRight' });
    deceived.take({ kind: 'established' });
    deceived.pass(LIMITS.closeDeadlineMs);
    assert.equal(clientOutcome(deceived.state), 'fatal');
    const unasked = new Client(...CLIENT_TO_VERIFYING);
    assert.deepEqual(unasked.take({ kind: 'proofRight' }), [closeEffect('violation')]);
  });

  it('C6: connection_established connects, and is a violation at any other time', () => {
    const client = new Client(...CLIENT_TO_ESTABLISHED);
    assert.deepEqual(client.take({ kind: 'established' }), [{ kind: 'announce' }]);
    assert.equal(client.state.kind, 'connected');
    assert.deepEqual(client.take({ kind: 'established' }), [closeEffect('violation')]);
    assert.deepEqual(new Client(...CLIENT_TO_VERIFYING).take({ kind: 'established' }), [
      closeEffect('violation'),
    ]);
  });

  it('C7: a fatal close before it is connected is a rejection', () => {
    for (const inputs of [
      CLIENT_TO_VERIFYING,
      [...CLIENT_TO_VERIFYING, { kind: 'challenge' }],
      CLIENT_TO_ESTABLISHED,
    ] satisfies (readonly ClientInput[])[]) {
      const client = new Client(...inputs, { kind: 'peerClosed', code: 4403 });
      assert.deepEqual(client.path.slice(-2), ['rejected', 'closed']);
      assert.deepEqual(client.state, { kind: 'closed', code: 4403 });
      assert.equal(clientOutcome(client.state), 'fatal');
    }
  });

  it('C8, C9: silence is asked about, and anything that arrives leads back', () => {
    const client = new Client(...CLIENT_TO_CONNECTED);
    client.nowMs += LIMITS.heartbeatIdleMs - 1;
    client.take({ kind: 'signOfLife' });
    assert.deepEqual(client.pass(LIMITS.heartbeatIdleMs - 1), []);
    assert.deepEqual(client.pass(1), [{ kind: 'ping' }]);
    assert.equal(client.state.kind, 'heartbeat');
    client.take({ kind: 'signOfLife' });
    assert.equal(client.state.kind, 'connected');
    assert.equal(clientDeadlineMs(client.state), client.nowMs + LIMITS.heartbeatIdleMs);
  });

  it('C10: more silence is inactivity, and closes', () => {
    const client = new Client(...CLIENT_TO_CONNECTED);
    client.pass(LIMITS.heartbeatIdleMs);
    assert.deepEqual(client.pass(LIMITS.heartbeatDeadlineMs), [closeEffect('heartbeatTimeout')]);
    assert.deepEqual(client.path.slice(-3), ['heartbeat', 'inactive', 'closing']);
    client.pass(LIMITS.closeDeadlineMs);
    assert.equal(clientOutcome(client.state), 'retryable');
  });

  it('C11, C12: the first code stays, and the end destroys the socket', () => {
    for (const inputs of [CLIENT_TO_VERIFYING, CLIENT_TO_ESTABLISHED, CLIENT_TO_CONNECTED]) {
      const client = new Client(...inputs);
      assert.deepEqual(client.take({ kind: 'close', reason: 'normal' }), [closeEffect('normal')]);
      assert.deepEqual(client.take({ kind: 'close', reason: 'goingAway' }), []);
      assert.deepEqual(client.take({ kind: 'challenge' }), []);
      assert.deepEqual(client.take({ kind: 'peerClosed', code: 4403 }), [{ kind: 'destroySocket' }]);
      assert.deepEqual(client.state, { kind: 'closed', code: 1000 });
      assert.equal(clientOutcome(client.state), 'intentional');
    }
    const early = new Client({ kind: 'close', reason: 'normal' });
    assert.deepEqual(early.state, { kind: 'closed', code: 1000 });
  });

  it('C13: nothing leaves closed and failed', () => {
    const inputs: readonly ClientInput[] = [
      ...CLIENT_TO_CONNECTED,
      { kind: 'proofWrong' },
      { kind: 'signOfLife' },
      { kind: 'time' },
      { kind: 'close', reason: 'normal' },
      { kind: 'peerClosed', code: 4403 },
      { kind: 'upgradeRefused', status: 401 },
      { kind: 'socketBroken' },
    ];
    for (const client of [
      new Client({ kind: 'socketBroken' }),
      new Client(...CLIENT_TO_CONNECTED, { kind: 'socketBroken' }),
    ]) {
      const { state } = client;
      for (const input of inputs) assert.deepEqual(client.take(input), []);
      assert.equal(client.state, state);
    }
  });

  it('C14: a broken socket is 1006, and retryable', () => {
    const client = new Client(...CLIENT_TO_CONNECTED, { kind: 'socketBroken' });
    assert.deepEqual(client.state, { kind: 'closed', code: 1006 });
    assert.equal(clientOutcome(client.state), 'retryable');
  });

  it('tells no outcome before the end', () => {
    assert.equal(clientOutcome(new Client(...CLIENT_TO_CONNECTED).state), undefined);
  });
});

describe('Close codes', () => {
  it('are unique and have names', () => {
    const codes = Object.values(CLOSE_REASONS).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
    assert.equal(closeNameOf(4403), 'tokenRevoked');
    assert.equal(closeNameOf(4999), undefined);
  });

  it('that nobody knows pass, unless an application sent them', () => {
    assert.deepEqual([1012, 3000, 4999].map(closeKindOf), ['retryable', 'retryable', 'fatal']);
    assert.deepEqual([401, 429, 502].map(httpRefusalKind), ['fatal', 'retryable', 'retryable']);
  });
});
