import assert from 'node:assert/strict';
import { EngineLease } from '../../src/agent/serve/engineLease';
import { Health } from '../../src/agent/serve/health';
import { createLogger } from '../../src/agent/serve/logger';
import { makeToken } from '../../src/agent/security/tokenSecret';
import { formatToken } from '../../src/protocol/pairingLink';
import { MemoryEngine } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';

describe('agent: engine lease', () => {
  checkForLeaks();

  function setUp(): { made: MemoryEngine[]; lease: EngineLease } {
    const made: MemoryEngine[] = [];
    const make = (): MemoryEngine => {
      const engine = new MemoryEngine();
      made.push(engine);
      return engine;
    };
    return { made, lease: new EngineLease(make) };
  }

  it('makes no engine before somebody needs one', () => {
    const { made, lease } = setUp();
    assert.deepEqual([made.length, lease.health], [0, 'idle']);
    lease.dispose();
  });

  it('shares one engine, and lets it go when the last has left', () => {
    const { made, lease } = setUp();
    const [first, second] = [lease.acquire(), lease.acquire()];
    assert.equal(first.engine, second.engine);
    assert.equal(lease.health, 'away');
    made[0]?.becomeReady([]);
    assert.equal(lease.health, 'ready');
    first.dispose();
    first.dispose();
    assert.equal(made[0]?.isDisposed, false, 'one is still there');
    second.dispose();
    assert.deepEqual([made[0].isDisposed, lease.health, made.length], [true, 'idle', 1]);
  });

  it('makes another engine for who comes later', () => {
    const { made, lease } = setUp();
    lease.acquire().dispose();
    const late = lease.acquire();
    assert.deepEqual([made.length, made[0]?.isDisposed, made[1]?.isDisposed], [2, true, false]);
    late.dispose();
    assert.equal(made[1]?.isDisposed, true);
    lease.dispose();
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
