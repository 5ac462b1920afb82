import assert from 'node:assert/strict';
import { EngineLease } from '../../src/agent/serve/engineLease';
import { Health } from '../../src/agent/serve/health';
import { createLogger } from '../../src/agent/serve/logger';
import { makeToken } from '../../src/agent/security/tokenSecret';
import { formatToken } from '../../src/protocol/pairingLink';
import { FakeClock } from '../doubles/fakeClock';
import { MemoryEngine } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';

describe('agent: engine lease', () => {
  checkForLeaks();
  const LINGER_MS = 1_000;

  function setUp(): { clock: FakeClock; made: MemoryEngine[]; lease: EngineLease } {
    const clock = new FakeClock();
    const made: MemoryEngine[] = [];
    const make = (): MemoryEngine => {
      const engine = new MemoryEngine();
      made.push(engine);
      return engine;
    };
    return { clock, made, lease: new EngineLease(make, clock, LINGER_MS) };
  }

  it('makes no engine before somebody needs one', () => {
    const { made, lease } = setUp();
    assert.deepEqual([made.length, lease.health], [0, 'idle']);
    lease.dispose();
  });

  it('shares one engine, and lets it go a while after the last has left', () => {
    const { clock, made, lease } = setUp();
    const [first, second] = [lease.acquire(), lease.acquire()];
    assert.equal(first.engine, second.engine);
    assert.equal(lease.health, 'away');
    made[0]?.becomeReady([]);
    assert.equal(lease.health, 'ready');
    first.dispose();
    first.dispose();
    clock.advance(2 * LINGER_MS);
    assert.equal(made[0]?.isDisposed, false, 'one is still there');
    second.dispose();
    clock.advance(LINGER_MS - 1);
    assert.equal(made[0].isDisposed, false);
    clock.advance(1);
    assert.deepEqual([made[0].isDisposed, lease.health, made.length], [true, 'idle', 1]);
  });

  it('keeps the engine for who comes back in time, and makes another for who does not', () => {
    const { clock, made, lease } = setUp();
    lease.acquire().dispose();
    clock.advance(LINGER_MS - 1);
    const back = lease.acquire();
    clock.advance(2 * LINGER_MS);
    assert.equal(made.length, 1);
    back.dispose();
    clock.advance(LINGER_MS);
    const late = lease.acquire();
    assert.equal(made.length, 2);
    late.dispose();
    lease.dispose();
    assert.deepEqual([made[1]?.isDisposed, clock.pendingTimers], [true, 0]);
  });
});

describe('agent: health', () => {
  it('tells how it is, and that it ends', () => {
    let nowMs = 10_000;
    const health = new Health({ engine: () => 'ready', connections: () => 2, nowMs: () => nowMs });
    nowMs += 2_500;
    assert.deepEqual(health.report(), { status: 'ok', engine: 'ready', uptimeSeconds: 2, connections: 2 });
    health.stop();
    assert.equal(health.isStopping, true);
    assert.deepEqual(health.report(), { status: 'stopping' });
  });
});

describe('agent: log', () => {
  it('has one JSON object a line and no secret in it, wherever that stands', () => {
    const lines: string[] = [];
    const log = createLogger('info', { write: (line: string) => void lines.push(line) });
    const token = makeToken();
    const text = formatToken(token);
    log.info(
      { token: text, request: { headers: { authorization: 'Bearer x' } }, plain: text },
      `came with ${text}`,
    );
    log.warn({ err: new Error(`bad ${text}`) }, 'failed');
    log.debug('not shown');
    assert.equal(lines.length, 2);
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(lines.join('').includes(token.secret), false);
    assert.equal(lines.join('').includes('Bearer'), false);
    assert.deepEqual([first?.['level'], first?.['msg']], ['info', `came with ${token.id}.[secret]`]);
    assert.equal(second?.['level'], 'warn');
  });
});
