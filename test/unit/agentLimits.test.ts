import assert from 'node:assert/strict';
import { normalizeAddress } from '../../src/agent/security/address';
import { ConnectionLimits, ConnectionRates } from '../../src/agent/security/connectionLimits';
import { LoginThrottle } from '../../src/agent/security/loginThrottle';
import { TokenBucket } from '../../src/agent/security/tokenBucket';
import { LIMITS } from '../../src/protocol/limits';
import { FakeClock } from '../doubles/fakeClock';
import { checkForLeaks } from '../support/leaks';

const MINUTE_MS = 60_000;

describe('agent: addresses as limits count them', () => {
  it('are the same however an IPv4 address is written', () => {
    assert.equal(normalizeAddress('::ffff:10.0.0.7'), '10.0.0.7');
    assert.equal(normalizeAddress('10.0.0.7'), '10.0.0.7');
  });

  it('are the network of an IPv6 address', () => {
    const network = normalizeAddress('2001:db8:0:12::1');
    assert.equal(normalizeAddress('2001:0db8:0000:0012:ffff:ffff:ffff:ffff'), network);
    assert.equal(normalizeAddress('2001:DB8::12:1:2:3:4'), network);
    assert.notEqual(normalizeAddress('2001:db8:0:13::1'), network);
    assert.equal(normalizeAddress('fe80::1%eth0'), normalizeAddress('fe80::2'));
  });
});

describe('agent: login throttle', () => {
  let clock: FakeClock;
  let throttle: LoginThrottle;

  function fail(times: number, address: string, tokenId?: string): void {
    for (let time = 0; time < times; time++) throttle.failed(address, tokenId);
  }

  beforeEach(() => {
    clock = new FakeClock(1_000_000);
    throttle = new LoginThrottle(() => clock.nowMs());
  });

  it('lets a few failures pass', () => {
    fail(LIMITS.failedLoginsBeforeBlock - 1, 'a');
    assert.equal(throttle.blockedForMs('a'), 0);
  });

  it('blocks an address, and no other', () => {
    fail(LIMITS.failedLoginsBeforeBlock, 'a');
    assert.equal(throttle.blockedForMs('a'), LIMITS.firstBlockMs);
    assert.equal(throttle.blockedForMs('b'), 0);
    clock.advance(LIMITS.firstBlockMs);
    assert.equal(throttle.blockedForMs('a'), 0);
  });

  it('counts only failures within the window', () => {
    fail(LIMITS.failedLoginsBeforeBlock - 1, 'a');
    clock.advance(LIMITS.failedLoginWindowMs + 1);
    fail(1, 'a');
    assert.equal(throttle.blockedForMs('a'), 0);
  });

  it('blocks for longer each time, up to a bound', () => {
    const blocks: number[] = [];
    for (let round = 0; round < 7; round++) {
      fail(LIMITS.failedLoginsBeforeBlock, 'a');
      blocks.push(throttle.blockedForMs('a'));
      clock.advance(throttle.blockedForMs('a'));
    }
    assert.deepEqual(
      blocks.map((block) => block / MINUTE_MS),
      [1, 2, 4, 8, 15, 15, 15],
    );
  });

  it('begins anew after a long rest', () => {
    fail(LIMITS.failedLoginsBeforeBlock, 'a');
    clock.advance(LIMITS.firstBlockMs + LIMITS.longestBlockMs + 1);
    fail(LIMITS.failedLoginsBeforeBlock, 'a');
    assert.equal(throttle.blockedForMs('a'), LIMITS.firstBlockMs);
  });

  it('blocks a token that is guessed from many addresses', () => {
    for (let host = 0; host < LIMITS.failedLoginsBeforeBlock; host++)
      throttle.failed(`10.0.0.${host}`, 'token');
    assert.equal(throttle.blockedForMs('new', 'token'), LIMITS.firstBlockMs);
    assert.equal(throttle.blockedForMs('new', 'other'), 0);
  });

  it('lets a token’s owner in from where they signed in before, whoever guesses beside them', () => {
    throttle.succeeded('home', 'token');
    fail(50, 'home', 'other');
    fail(50, 'elsewhere', 'token');
    assert.equal(throttle.blockedForMs('home', 'token'), 0);
    assert.notEqual(throttle.blockedForMs('home', 'unknown'), 0);
    assert.notEqual(throttle.blockedForMs('home'), 0);
  });

  it('no longer does when the guesses claim to be of just this pair', () => {
    throttle.succeeded('home', 'token');
    fail(LIMITS.failedLoginsBeforeBlock, 'home', 'token');
    assert.equal(throttle.blockedForMs('home', 'token'), LIMITS.firstBlockMs);
  });

  it('forgets failures when a login succeeds', () => {
    fail(LIMITS.failedLoginsBeforeBlock - 1, 'a', 'token');
    throttle.succeeded('a', 'token');
    fail(LIMITS.failedLoginsBeforeBlock - 1, 'a');
    assert.equal(throttle.blockedForMs('a'), 0);
  });

  it('remembers a bounded number', () => {
    const options = { ...LIMITS, maxEntries: 10 };
    throttle = new LoginThrottle(() => clock.nowMs(), options);
    for (let host = 0; host < 1_000; host++)
      fail(LIMITS.failedLoginsBeforeBlock, `host ${host}`, `token ${host}`);
    assert.equal(throttle.size, 10);
    assert.notEqual(throttle.blockedForMs('host 999'), 0);
  });
});

describe('agent: token bucket', () => {
  it('gives its capacity at once, and then as fast as it refills', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ capacity: 3, refillPerSecond: 10 }, () => clock.nowMs());
    assert.deepEqual([bucket.take(), bucket.take(), bucket.take(), bucket.take()], [true, true, true, false]);
    assert.equal(bucket.waitMs(), 100);
    clock.advance(100);
    assert.deepEqual([bucket.take(), bucket.take()], [true, false]);
    clock.advance(60_000);
    assert.equal(bucket.take(3), true);
    assert.equal(bucket.take(), false);
  });

  it('never gives more than its capacity, and nothing for a clock that is set back', () => {
    const clock = new FakeClock(10_000);
    const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 }, () => clock.nowMs());
    assert.equal(bucket.waitMs(2), Number.POSITIVE_INFINITY);
    assert.equal(bucket.take(), true);
    clock.setBack(9_000);
    assert.equal(bucket.take(), false);
    clock.advance(1_000);
    assert.equal(bucket.take(), true);
  });
});

describe('agent: connection limits', () => {
  checkForLeaks();
  const options = { maxConnections: 5, maxUnauthenticated: 3, maxUnauthenticatedPerAddress: 2 };

  it('bound what has not authenticated, from one address and altogether', () => {
    const limits = new ConnectionLimits(options);
    const first = limits.admit('a');
    const second = limits.admit('a');
    assert.equal(limits.admit('a'), undefined);
    const third = limits.admit('b');
    assert.equal(limits.admit('c'), undefined);
    first?.authenticated();
    const fourth = limits.admit('a');
    assert.ok(fourth);
    assert.equal(limits.connections, 4);
    for (const connection of [first, second, third, fourth]) connection?.dispose();
    assert.equal(limits.connections, 0);
  });

  it('bound all connections, and count each once', () => {
    const limits = new ConnectionLimits(options);
    const open = ['a', 'b', 'c', 'd', 'e'].map((address) => {
      const connection = limits.admit(address);
      connection?.authenticated();
      connection?.authenticated();
      return connection;
    });
    assert.equal(limits.admit('f'), undefined);
    open[0]?.dispose();
    open[0]?.dispose();
    assert.equal(limits.connections, 4);
    const next = limits.admit('f');
    assert.ok(next);
    for (const connection of [...open, next]) connection?.dispose();
  });

  it('bound how fast one address comes', () => {
    const clock = new FakeClock();
    const rates = new ConnectionRates(() => clock.nowMs());
    for (let count = 0; count < LIMITS.connectionBurstPerAddress; count++) assert.equal(rates.take('a'), 0);
    assert.equal(rates.take('a'), 100);
    assert.equal(rates.take('b'), 0);
    clock.advance(100);
    assert.equal(rates.take('a'), 0);
  });

  it('remember the rates of a bounded number of addresses', () => {
    const rates = new ConnectionRates(() => 0);
    for (let host = 0; host < 10_500; host++) rates.take(`host ${host}`);
    assert.equal(rates.size, 10_000);
  });
});
