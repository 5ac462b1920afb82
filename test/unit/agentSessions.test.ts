import assert from 'node:assert/strict';
import { principalOf } from '../../src/agent/server/principal';
import type { Session, SessionConnection } from '../../src/agent/server/session';
import type { SessionStream } from '../../src/agent/server/sessionStream';
import { Sessions } from '../../src/agent/server/sessions';
import { AgentError } from '../../src/agent/server/wireErrors';
import { toDisposable } from '../../src/base/lifecycle';
import { LIMITS } from '../../src/protocol/limits';
import { FakeClock } from '../doubles/fakeClock';
import { MemoryEngine } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';

const nothing = (): void => undefined;

class IdleStream implements SessionStream {
  readonly kind = 'log';
  readonly receivedSequence = 0;
  readonly isOver = false;
  readonly acknowledge = nothing;
  readonly proceed = nothing;
  readonly receive = nothing;
  readonly dispose = nothing;

  constructor(readonly stream: number) {}

  resume(): undefined {
    return undefined;
  }
}

/** Keeps why its session ended. */
class Connection implements SessionConnection {
  readonly ends: string[] = [];
  readonly sendControl = nothing;
  readonly sendBulk = nothing;
  readonly dropBulk = nothing;
  readonly takenOver = nothing;
  readonly waitingControlBytes = 0;

  sessionEnded(reason: string): void {
    this.ends.push(reason);
  }
}

describe('agent: the sessions of a token', () => {
  checkForLeaks();
  describe('together', () => cases());
});

function cases(): void {
  let engine: MemoryEngine;
  let sessions: Sessions;

  beforeEach(() => {
    engine = new MemoryEngine();
    sessions = new Sessions({
      lease: { acquire: () => ({ engine, dispose: nothing }) },
      tokenWatch: { hold: () => toDisposable(nothing) },
      clock: new FakeClock(),
      onLeased: nothing,
    });
  });
  afterEach(() => {
    sessions.dispose();
    engine.dispose();
  });

  function open(id = 'one'): Session {
    const token = { version: 1, id, name: id, role: 'viewer', key: '', createdAt: '' } as const;
    const session = sessions.make(principalOf(token, '127.0.0.1'));
    session.attach(new Connection());
    return session;
  }

  function start(session: Session, from: number, to: number): void {
    for (let stream = from; stream <= to; stream++) {
      session.reserve(stream, 'log', `c-${stream}`);
      session.add(new IdleStream(stream));
    }
  }

  const isRefused = (error: unknown): boolean =>
    error instanceof AgentError && error.code === 'tooManyStreams';

  it('have so many streams, of which those without a client give way', () => {
    const [first, second, third] = [open(), open(), open()];
    start(first, 1, LIMITS.maxStreams);
    start(second, 1, LIMITS.maxStreamsPerToken - LIMITS.maxStreams);
    assert.throws(() => start(third, 1, 1), isRefused);
    start(open('other'), 1, 1);
    sessions.leave(first);
    start(third, 1, 1);
    assert.deepEqual([first.isDisposed, second.isDisposed], [true, false]);
    second.stop(1, 'log');
    start(third, 2, 2);
  });

  it('keep so much for sending again', () => {
    const [first, second, other] = [open(), open(), open('other')];
    assert.equal(first.ofToken, second.ofToken);
    assert.notEqual(first.ofToken, other.ofToken);
    const output = first.output(1, LIMITS.maxCreditBytes);
    assert.equal(output.canSend, true);
    second.ofToken.retained.change(LIMITS.tokenRetainedBytes);
    assert.equal(first.ofToken.retained.isFull, true);
    second.ofToken.retained.change(-LIMITS.tokenRetainedBytes);
    output.dispose();
  });
}
