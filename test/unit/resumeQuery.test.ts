import assert from 'node:assert/strict';
import { logFidelity, rotates } from '../../src/engine/docker/logFidelity';
import { ResumeQuery } from '../../src/engine/docker/resumeQuery';

describe('ResumeQuery', () => {
  it('asks for the newest lines first, and for the whole log twice before it gives up', () => {
    const query = new ResumeQuery();
    const ways = [query.query('9.0')];
    while (!query.isLast) {
      query.missed();
      ways.push(query.query('9.0'));
    }
    assert.deepEqual(ways, [
      { since: '9.0', tail: 2_000 },
      { tail: 30_000 },
      { since: '9.0' },
      { tail: 'all' },
      { tail: 'all' },
    ]);
    query.missed();
    assert.ok(query.isLast);
  });

  it('begins anew with about as many lines as came the last time', () => {
    const query = new ResumeQuery();
    query.missed();
    query.found(3_000);
    assert.deepEqual(query.query('9.0'), { since: '9.0', tail: 6_000 });
    query.found(0);
    assert.deepEqual(query.query('9.0'), { since: '9.0', tail: 500 });
    query.found(1_000_000);
    assert.deepEqual(query.query('9.0'), { since: '9.0', tail: 20_000 });
  });
});

describe('log drivers', () => {
  it('rotate by themselves, when told to, or never', () => {
    assert.ok(rotates('local', {}));
    assert.ok(!rotates('local', { 'max-size': '-1' }));
    assert.ok(!rotates('json-file', {}));
    assert.ok(!rotates('json-file', { 'max-size': '-1' }));
    assert.ok(rotates('json-file', { 'max-size': '10m' }));
    assert.ok(!rotates('journald', {}));
    assert.ok(rotates('fluentd', {}), "the engine's copy of it does");
    assert.ok(rotates('somebody/plugin', {}));
  });

  it('are exact, read from a copy, or unknown', () => {
    assert.deepEqual(['json-file', 'local', 'journald', 'k8s-file'].map(logFidelity), Array(4).fill('exact'));
    assert.deepEqual([logFidelity('fluentd'), logFidelity('somebody/plugin')], ['cached', 'unknown']);
  });
});
