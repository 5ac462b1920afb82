import assert from 'node:assert/strict';
import { parseSince, startOfToday } from '../../src/model/logSince';

const NOW_MS = new Date(2026, 10, 21, 9, 30, 0).getTime();
const MINUTE_MS = 60_000;

function at(typed: string): number {
  const since = parseSince(typed, NOW_MS);
  if (since.kind !== 'at') assert.fail(`${typed}: ${since.kind}`);
  return since.atMs;
}

describe('the moment since when a log is read', () => {
  it('is a span before now', () => {
    assert.equal(at('90m'), NOW_MS - 90 * MINUTE_MS);
    assert.equal(at(' 1h 30m '), NOW_MS - 90 * MINUTE_MS);
    assert.equal(at('1h30m'), NOW_MS - 90 * MINUTE_MS);
    assert.equal(at('45s'), NOW_MS - 45_000);
    assert.equal(at('2d'), NOW_MS - 2 * 24 * 60 * MINUTE_MS);
    assert.equal(at('1w'), NOW_MS - 7 * 24 * 60 * MINUTE_MS);
    assert.equal(at('999999999w'), 0, 'not before the epoch');
  });

  it('is a local date, with or without time', () => {
    assert.equal(at('2026-11-20'), new Date(2026, 10, 20).getTime());
    assert.equal(at('2026-11-20T08:15'), new Date(2026, 10, 20, 8, 15).getTime());
    assert.equal(at('2026-11-20 08:15:30,250'), new Date(2026, 10, 20, 8, 15, 30, 250).getTime());
    assert.equal(at('9:05'), new Date(2026, 10, 21, 9, 5).getTime());
    assert.equal(startOfToday(NOW_MS), new Date(2026, 10, 21).getTime());
  });

  it('keeps to an offset', () => {
    assert.equal(at('2026-11-20T08:15:30.123456789Z'), Date.UTC(2026, 10, 20, 8, 15, 30, 123));
    assert.equal(at('2026-11-20T08:15:30+02:00'), Date.UTC(2026, 10, 20, 6, 15, 30));
    assert.equal(at('2026-11-20 08:15-0130'), Date.UTC(2026, 10, 20, 9, 45));
  });

  it('tells of the future apart', () => {
    assert.equal(parseSince('2999-01-01', NOW_MS).kind, 'future');
    assert.equal(parseSince('9:31', NOW_MS).kind, 'future');
  });

  it('reads nothing else', () => {
    const texts = [
      '',
      'yesterday',
      '90',
      '1.5h',
      '-5m',
      '2026-02-30',
      '2026-13-01',
      '24:00',
      '2026-11-20T25:00',
      '9:60',
    ];
    for (const text of texts) assert.equal(parseSince(text, NOW_MS).kind, 'unreadable', text);
  });
});
