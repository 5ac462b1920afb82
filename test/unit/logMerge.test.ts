import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import { MERGE_WINDOW_MS, MergeWindow, type MergedLine } from '../../src/model/logMerge';
import { timeKey } from '../../src/model/logRecordTime';
import { FakeClock } from '../doubles/fakeClock';
import { seededRandom } from '../support/random';

/** A line stamped so many milliseconds after some second. */
function at(ms: number, text = ''): LogLine {
  const second = 14 + Math.floor(ms / 1000);
  const fraction = String(Math.round((ms % 1000) * 1e6)).padStart(9, '0');
  return { timestamp: `2026-11-21T07:38:${second}.${fraction}Z`, stream: 'stdout', text };
}

function setUp(options: { maxLines?: number } = {}) {
  const clock = new FakeClock(1_000_000);
  const batches: (readonly MergedLine<string>[])[] = [];
  const window = new MergeWindow<string>({ clock, deliver: (batch) => batches.push(batch), ...options });
  const texts = (): string[] => batches.flat().map(({ source, line }) => `${source}${line.text}`);
  const add = (source: string, ...lines: [number, string][]): void =>
    window.add(
      source,
      lines.map(([ms, text]) => at(ms, text)),
    );
  return { clock, batches, window, texts, add };
}

describe('MergeWindow', () => {
  it('hands a single source on at once', () => {
    const { add, texts, clock } = setUp();
    add('a', [1, '1'], [2, '2']);
    assert.deepEqual(texts(), ['a1', 'a2']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('orders the lines of several sources by time as soon as all have some', () => {
    const { window, add, texts } = setUp();
    for (const source of ['a', 'b', 'c']) window.open(source);
    add('a', [10, '1'], [40, '2']);
    add('b', [20, '1']);
    assert.deepEqual(texts(), []);
    add('c', [5, '1'], [30, '2']);
    assert.deepEqual(texts(), ['c1', 'a1', 'b1']);
  });

  it('waits for a silent source no longer than the window', () => {
    const { window, add, texts, clock } = setUp();
    window.open('silent');
    add('a', [10, '1']);
    clock.advance(100);
    add('b', [5, '1']);
    clock.advance(MERGE_WINDOW_MS - 101);
    assert.deepEqual(texts(), []);
    clock.advance(1);
    assert.deepEqual(texts(), ['b1', 'a1'], 'what is earlier goes first, though it came later');
    assert.equal(clock.pendingTimers, 0);
  });

  it('does not wait for a source that is closed', () => {
    const { window, add, texts } = setUp();
    window.open('dead');
    add('a', [10, '1']);
    assert.deepEqual(texts(), []);
    window.close('dead');
    assert.deepEqual(texts(), ['a1']);
  });

  it('keeps what waits of a source that is closed', () => {
    const { window, add, texts } = setUp();
    window.open('b');
    add('a', [10, '1'], [20, '2']);
    window.close('a');
    add('b', [15, '1']);
    assert.deepEqual(texts(), ['a1', 'b1']);
    add('b', [30, '2']);
    assert.deepEqual(texts(), ['a1', 'b1', 'a2', 'b2']);
    add('b', [40, '3']);
    assert.deepEqual(texts().at(-1), 'b3', 'nobody waits for what is closed');
    add('a', [60, '3']);
    assert.deepEqual(texts().at(-1), 'b3', 'it is open again');
    add('b', [50, '4'], [70, '5']);
    assert.deepEqual(texts().slice(-2), ['b4', 'a3']);
  });

  it('keeps the order within a source, also where its timestamps run backwards', () => {
    const { window, add, texts } = setUp();
    window.open('b');
    add('a', [30, '1'], [10, '2'], [40, '3']);
    add('b', [20, '1'], [35, '2'], [50, '3']);
    assert.deepEqual(texts(), ['b1', 'a1', 'a2', 'b2', 'a3']);
  });

  it('keeps equal times in the order in which they came', () => {
    const { window, add, texts } = setUp();
    window.open('c');
    add('b', [10, '1']);
    add('a', [10, '1']);
    add('c', [10, '1']);
    window.flush();
    assert.deepEqual(texts(), ['b1', 'a1', 'c1']);
  });

  it('hands a late line on at once', () => {
    const { window, add, texts, clock } = setUp();
    window.open('b');
    window.open('c');
    add('a', [100, '1']);
    clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(texts(), ['a1']);
    add('b', [50, 'late'], [60, 'late2'], [200, '2']);
    assert.deepEqual(texts(), ['a1', 'blate', 'blate2']);
    clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(texts().at(-1), 'b2');
  });

  it('still orders the others when the clock of one runs ahead', () => {
    const { window, texts, clock } = setUp();
    for (const source of ['ahead', 'b', 'c']) window.open(source);
    window.add('ahead', [{ ...at(0, '1'), timestamp: '2026-11-21T09:00:00.000000000Z' }]);
    clock.advance(MERGE_WINDOW_MS);
    window.add('c', [at(20, '1')]);
    window.add('b', [at(10, '1')]);
    assert.deepEqual(texts(), ['ahead1']);
    clock.advance(MERGE_WINDOW_MS);
    assert.deepEqual(texts(), ['ahead1', 'b1', 'c1']);
  });

  it('lets no more lines wait than it may', () => {
    const { window, add, texts } = setUp({ maxLines: 3 });
    window.open('silent');
    add('a', [10, '1'], [20, '2'], [30, '3']);
    assert.deepEqual(texts(), []);
    add('a', [40, '4'], [50, '5']);
    assert.deepEqual(texts(), ['a1', 'a2']);
  });

  it('compares times of different offsets and digits', () => {
    const { window, texts } = setUp();
    window.open('docker');
    window.open('podman');
    const podman = (timestamp: string, text: string): LogLine => ({ timestamp, stream: 'stdout', text });
    window.add('podman', [
      podman('2026-11-21T08:38:14.000000005+01:00', '1'),
      podman('2026-11-21T08:38:14.5+01:00', '2'),
    ]);
    window.add('docker', [at(0, '0'), at(0.000006, '1'), at(900, '2')]);
    assert.deepEqual(texts(), ['docker0', 'podman1', 'docker1', 'podman2']);
  });

  it('takes a line without a time as of the moment', () => {
    const { window, texts } = setUp();
    window.open('b');
    window.add('a', [at(10, '1'), { timestamp: '', stream: 'stdout', text: '2' }, at(20, '3')]);
    window.add('b', [at(15, '1'), at(30, '2')]);
    assert.deepEqual(texts(), ['a1', 'a2', 'b1', 'a3']);
  });

  it('hands all on when flushed, and nothing after it was disposed', () => {
    const { window, add, texts, clock } = setUp();
    window.open('b');
    add('a', [20, '1']);
    window.flush();
    assert.deepEqual(texts(), ['a1']);
    assert.equal(clock.pendingTimers, 0);
    add('a', [30, '2']);
    window.dispose();
    clock.advance(10_000);
    assert.deepEqual(texts(), ['a1']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('hands on in batches, not line by line', () => {
    const { window, add, batches } = setUp();
    window.open('b');
    add('a', [1, '1'], [2, '2'], [3, '3']);
    add('b', [9, '1']);
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [3],
    );
  });
});

describe('MergeWindow with random sources', () => {
  it('loses nothing, keeps each source in order, and orders all that comes within the window (300 runs)', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(seed);
      const { clock, window, batches } = setUp();
      const sources = ['a', 'b', 'c', 'd'].slice(0, 1 + Math.floor(random() * 4));
      for (const source of [...sources, 'silent']) window.open(source);
      const sent = new Map(sources.map((source) => [source, [] as LogLine[]]));
      const write = (source: string, line: LogLine): void => {
        const lines = sent.get(source);
        const last = lines?.at(-1);
        if (last && line.timestamp < last.timestamp) return;
        lines?.push(line);
        window.add(source, [line]);
      };
      for (let nowMs = 0; nowMs < 3_000; nowMs += 20) {
        // Stamped up to 200 ms before it arrives, less than the window, but never before the line before.
        const writing = sources.filter(() => random() < 0.5);
        for (const source of writing) write(source, at(Math.max(0, nowMs - Math.floor(random() * 200))));
        clock.advance(20);
      }
      clock.advance(MERGE_WINDOW_MS);
      const merged = batches.flat();
      for (const [source, lines] of sent) {
        assert.deepEqual(
          merged.flatMap((each) => (each.source === source ? [each.line] : [])),
          lines,
        );
      }
      const times = merged.map(({ line }) => line.timestamp);
      assert.deepEqual(times, [...times].sort(), `seed ${seed}`);
    }
  });

  it('keeps each source in order and loses nothing, whatever the times, the window and the bound (300 runs)', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seededRandom(1_000 + seed);
      const { clock, window, batches } = setUp({ maxLines: 1 + Math.floor(random() * 20) });
      const sent = new Map(['a', 'b', 'c'].map((source) => [source, [] as LogLine[]]));
      for (let step = 0; step < 300; step++) {
        const source = ['a', 'b', 'c'][Math.floor(random() * 3)] ?? 'a';
        if (random() < 0.05) window.close(source);
        const lines = Array.from({ length: Math.floor(random() * 4) }, () => at(random() * 20_000));
        sent.get(source)?.push(...lines);
        window.add(source, lines);
        if (random() < 0.3) clock.advance(random() * 300);
      }
      window.flush();
      for (const [source, lines] of sent) {
        assert.deepEqual(
          batches.flat().flatMap((each) => (each.source === source ? [each.line] : [])),
          lines,
        );
      }
    }
  });
});

describe('timeKey', () => {
  it('orders as the times do', () => {
    const times = [
      '2026-11-21T00:38:14+01:00',
      '2026-11-20T23:38:14.000000001Z',
      '2026-11-20T18:38:14.1-05:00',
      '2026-11-21T05:08:15+05:30',
    ];
    const keys = times.map(timeKey);
    assert.deepEqual(keys, [...keys].sort());
    assert.equal(timeKey('2026-11-21T08:38:14.5+01:00'), '2026-11-21T07:38:14.500000000Z');
  });

  it('is there for times only', () => {
    for (const text of ['', 'yesterday', '2026-11-21', '2026-13-41T99:00:00Z'])
      assert.equal(timeKey(text), undefined);
  });
});
