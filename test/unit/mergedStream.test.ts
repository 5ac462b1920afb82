import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import { MERGE_WINDOW_MS } from '../../src/model/logMerge';
import { BEGIN_DEADLINE_MS, BEGIN_QUIET_MS, MergedStream } from '../../src/model/mergedStream';
import { FakeClock } from '../doubles/fakeClock';
import { seededRandom } from '../support/random';

/** A line stamped so many milliseconds after some moment. */
function at(ms: number, text: string): LogLine {
  const timestamp = new Date(Date.UTC(2026, 10, 21) + ms).toISOString();
  return { timestamp, stream: 'stdout', text };
}

function setUp(newestLines: number, ...sources: string[]) {
  const clock = new FakeClock(1_000_000);
  const shown: string[] = [];
  const stream = new MergedStream<string>({
    clock,
    sources,
    newestLines,
    deliver: (merged) => shown.push(...merged.map(({ source, line }) => `${source}${line.text}`)),
  });
  return { clock, shown, stream };
}

describe('MergedStream, as it begins', () => {
  it('orders by time what the logs already have, however late one is', () => {
    const { clock, shown, stream } = setUp(100, 'a', 'b');
    stream.lines('a', [at(10, '1'), at(30, '2')]);
    clock.advance(BEGIN_DEADLINE_MS - 200);
    stream.lines('b', [at(20, '1'), at(40, '2')]);
    assert.deepEqual(shown, ['a1', 'b1', 'a2'], 'nothing earlier can come');
    clock.advance(BEGIN_QUIET_MS);
    assert.deepEqual(shown, ['a1', 'b1', 'a2', 'b2']);
    stream.dispose();
  });

  it('goes on as soon as all have come with as much as they may', () => {
    const { shown, stream } = setUp(2, 'a', 'b');
    stream.lines('a', [at(10, '1'), at(30, '2')]);
    stream.lines('b', [at(20, '1'), at(40, '2')]);
    assert.deepEqual(shown, ['a1', 'b1', 'a2', 'b2']);
    stream.dispose();
  });

  it('waits for one that has nothing no longer than the deadline', () => {
    const { clock, shown, stream } = setUp(100, 'a', 'b', 'silent');
    stream.lines('b', [at(20, '1')]);
    stream.lines('a', [at(10, '1')]);
    clock.advance(BEGIN_DEADLINE_MS - 1);
    assert.deepEqual(shown, []);
    clock.advance(1);
    assert.deepEqual(shown, ['a1', 'b1']);
    stream.dispose();
    assert.equal(clock.pendingTimers, 0);
  });

  it('does not wait for one that said it is silent', () => {
    const { clock, shown, stream } = setUp(100, 'a', 'gone');
    stream.lines('a', [at(10, '1')]);
    stream.note('gone', '-removed', true);
    clock.advance(BEGIN_QUIET_MS + 25);
    assert.deepEqual(shown, ['gone-removed', 'a1']);
    stream.dispose();
  });

  it('waits for nobody when nothing of the past is wanted, or there is one only', () => {
    const none = setUp(0, 'a');
    none.stream.lines('a', [at(10, '1')]);
    assert.deepEqual(none.shown, ['a1']);
    const two = setUp(0, 'a', 'b');
    two.stream.lines('a', [at(10, '1')]);
    two.clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(two.shown, ['a1']);
    for (const { stream, clock } of [none, two]) {
      stream.dispose();
      assert.equal(clock.pendingTimers, 0);
    }
  });

  it('does not wait for ever when the clock is set back', () => {
    const { clock, shown, stream } = setUp(100, 'a', 'silent');
    clock.advance(50);
    stream.lines('a', [at(10, '1')]);
    clock.setBack(3_600_000);
    clock.advance(BEGIN_DEADLINE_MS);
    assert.deepEqual(shown, ['a1']);
    stream.dispose();
  });
});

describe('MergedStream, live', () => {
  function live(...sources: string[]) {
    const set = setUp(0, ...sources);
    after(() => set.stream.dispose());
    return set;
  }

  it('lets one that is silent hold up the others no longer than the window', () => {
    const { clock, shown, stream } = live('a', 'b', 'silent');
    stream.lines('b', [at(20, '1')]);
    clock.advance(10);
    stream.lines('a', [at(10, '1')]);
    clock.advance(MERGE_WINDOW_MS - 11);
    assert.deepEqual(shown, []);
    clock.advance(1);
    assert.deepEqual(shown, ['a1', 'b1']);
  });

  it('lets one that ended hold up nobody, and waits for it again when it is back', () => {
    const { shown, stream } = live('a', 'killed');
    stream.note('killed', '-stopped', true);
    stream.lines('a', [at(10, '1')]);
    assert.deepEqual(shown, ['killed-stopped', 'a1']);
    stream.note('killed', '-started');
    stream.lines('a', [at(20, '2')]);
    assert.deepEqual(shown.slice(2), ['killed-started']);
    stream.lines('killed', [at(15, '1'), at(30, '2')]);
    assert.deepEqual(shown.slice(3), ['killed1', 'a2']);
  });

  it('keeps a note in its place among the lines of its source, and hurries no other', () => {
    const { clock, shown, stream } = live('a', 'b');
    stream.lines('a', [at(10, '1')]);
    stream.note('a', '-gap');
    stream.lines('a', [at(30, '2')]);
    assert.deepEqual(shown, []);
    stream.lines('b', [at(20, '1')]);
    assert.deepEqual(shown, ['a1', 'a-gap', 'b1']);
    clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(shown, ['a1', 'a-gap', 'b1', 'a2']);
  });

  it('hands on all that waits when it is flushed, also at the beginning', () => {
    const { shown, stream, clock } = setUp(100, 'a', 'silent');
    stream.lines('a', [at(10, '1')]);
    stream.flush();
    stream.lines('a', [at(20, '2')]);
    stream.flush();
    assert.deepEqual(shown, ['a1', 'a2']);
    stream.dispose();
    assert.equal(clock.pendingTimers, 0);
  });

  it('takes a source that joins later', () => {
    const { shown, stream, clock } = live('a', 'b');
    stream.note('c', '-new');
    stream.lines('c', [at(10, '1')]);
    clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(shown, ['c-new', 'c1']);
  });

  it('loses nothing and keeps each source in order, whatever comes and goes (200 runs)', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seededRandom(seed);
      const { clock, shown, stream } = setUp(Math.floor(random() * 50), 'a', 'b', 'c');
      const sent = new Map(['a', 'b', 'c'].map((source) => [source, [] as string[]]));
      for (let step = 0; step < 200; step++) {
        const source = ['a', 'b', 'c'][Math.floor(random() * 3)] ?? 'a';
        const text = `:${step}`;
        if (random() < 0.2) stream.note(source, text, random() < 0.5);
        else stream.lines(source, [at(random() * 20_000, text)]);
        sent.get(source)?.push(`${source}${text}`);
        if (random() < 0.3) clock.advance(random() * 300);
      }
      stream.flush();
      stream.dispose();
      for (const [source, expected] of sent) {
        assert.deepEqual(
          shown.filter((text) => text.startsWith(source)),
          expected,
          `seed ${seed}`,
        );
      }
      assert.equal(clock.pendingTimers, 0);
    }
  });
});
