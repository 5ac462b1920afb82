import assert from 'node:assert/strict';
import { bucketWidthMs, downsample, type ChartRow } from '../../src/model/metricsChart';
import { MetricHistory } from '../../src/model/metricsHistory';
import { METRIC_SERIES } from '../../src/model/metrics';
import { RowRing } from '../../src/model/metricsRing';
import { seededRandom } from '../support/random';

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('a ring of rows', () => {
  it('keeps the newest rows, in order, in memory that does not grow beyond them', () => {
    const ring = new RowRing(100, 2);
    for (let row = 0; row < 100; row++) ring.push(row, [row, -row]);
    const { memoryBytes } = ring;
    for (let row = 100; row < 1050; row++) ring.push(row, [row, -row]);
    assert.equal(ring.memoryBytes, memoryBytes);
    assert.equal(memoryBytes, 100 * (8 + 2 * 4));
    assert.equal(ring.length, 100);
    for (let index = 0; index < 100; index++) {
      assert.equal(ring.timeAt(index), 950 + index);
      assert.deepEqual([ring.valueAt(index, 0), ring.valueAt(index, 1)], [950 + index, -950 - index]);
    }
  });

  it('finds rows by time, and forgets those from a time on, also across its end and while it grows', () => {
    const random = seededRandom(3);
    const ring = new RowRing(200, 1);
    let expected: number[] = [];
    let time = 0;
    for (let step = 0; step < 5_000; step++) {
      time += 1 + Math.floor(random() * 5);
      ring.push(time, [time]);
      expected = [...expected, time].slice(-200);
      if (random() < 0.02) {
        const from = time - Math.floor(random() * 300);
        ring.dropFrom(from);
        expected = expected.filter((known) => known < from);
        time = expected.at(-1) ?? time;
      }
      const wanted = time - Math.floor(random() * 400);
      const index = ring.indexAt(wanted);
      assert.equal(index, expected.filter((known) => known < wanted).length);
    }
    assert.deepEqual(
      expected,
      expected.map((_time, index) => ring.timeAt(index)),
    );
    assert.equal(ring.length, expected.length);
  });

  it('refuses rows out of order or of another width', () => {
    const ring = new RowRing(10, 1);
    ring.push(5, [1]);
    assert.throws(() => ring.push(5, [1]), RangeError);
    assert.throws(() => ring.push(Number.NaN, [1]), RangeError);
    assert.throws(() => ring.push(6, [1, 2]), RangeError);
  });
});

function row(timeMs: number, value: number): ChartRow {
  return { timeMs, least: [value], mean: [value], greatest: [value], weight: 1 };
}

const gap = (timeMs: number): ChartRow => ({ ...row(timeMs, Number.NaN), weight: 0 });

describe('downsampling', () => {
  it('keeps every peak and every trough, wherever they are and however coarse it is', () => {
    const random = seededRandom(5);
    const rows = Array.from({ length: 5_000 }, (_, index) => row(index * 1_008, 10 + random()));
    const peaks = [0, 1, 777, 778, 2_500, 4_999].map((index) => rows[index]?.timeMs);
    const data = rows.map((known) =>
      peaks.includes(known.timeMs) ? row(known.timeMs, 100 + random()) : known,
    );
    for (const widthMs of [1_000, 5_000, 60_000, 3_600_000]) {
      const points = downsample(data, widthMs, 1);
      for (const point of points) {
        const inside = data.filter(
          ({ timeMs }) => Math.floor(timeMs / widthMs) === Math.floor(point.timeMs / widthMs),
        );
        const values = inside.map(({ mean }) => mean[0] ?? 0);
        assert.equal(point.least[0], Math.min(...values));
        assert.equal(point.greatest[0], Math.max(...values));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        assert.ok(Math.abs((point.mean[0] ?? 0) - mean) < 1e-9);
      }
      const spans = new Set(data.map(({ timeMs }) => Math.floor(timeMs / widthMs)));
      assert.equal(points.length, spans.size);
    }
  });

  it('leaves points as they are while time passes', () => {
    const rows = Array.from({ length: 100 }, (_, index) => row(index * 1_000, index % 7));
    const before = downsample(rows, 10_000, 1);
    const after = downsample([...rows, row(100_000, 99)], 10_000, 1);
    assert.deepEqual(after.slice(0, before.length), before);
  });

  it('shows a gap, unless the same span has values after it', () => {
    const rows = [row(0, 1), gap(1), row(500, 2), gap(501), row(5_000, 3), gap(5_001)];
    const points = downsample(rows, 1_000, 1).map(({ timeMs, greatest }) => [timeMs, greatest[0]]);
    assert.deepEqual(points, [
      [0, 2],
      [501, Number.NaN],
      [5_000, 3],
      [5_001, Number.NaN],
    ]);
  });

  it('passes over single values that are not known', () => {
    const values = [row(0, Number.NaN), row(1, 5), row(2, Number.NaN)];
    assert.deepEqual(Array.from(downsample(values, 1_000, 1)[0]?.mean ?? []), [5]);
    assert.deepEqual(Array.from(downsample([row(0, Number.NaN)], 1_000, 1)[0]?.mean ?? []), [Number.NaN]);
  });

  it('has no more points than asked for', () => {
    for (const points of [1, 60, 300, 1_000]) {
      for (const durationMs of [MINUTE_MS, 15 * MINUTE_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS])
        assert.ok(durationMs / bucketWidthMs(durationMs, points) <= points);
    }
  });
});

describe('the history of metrics', () => {
  const SERIES = ['a', 'b'] as const;
  let history: MetricHistory<'a' | 'b'>;
  beforeEach(() => (history = new MetricHistory(SERIES)));

  function add(timeMs: number, a: number | undefined, b?: number): void {
    history.add(timeMs, { a, b });
  }

  function lineOf(
    fromMs: number,
    toMs: number,
    maxPoints = 10_000_000,
  ): readonly (readonly [number, number])[] {
    const { timesMs, lines } = history.read(fromMs, toMs, maxPoints);
    return Array.from(timesMs, (timeMs, index) => [timeMs, lines.a.greatest[index] ?? Number.NaN]);
  }

  it('has the last quarter of an hour sample by sample, though engines are a little slower than once a second', () => {
    for (let index = 0; index < 2_000; index++) add(START_MS + index * 1_008, index);
    const nowMs = START_MS + 1_999 * 1_008;
    const line = lineOf(nowMs - 14 * MINUTE_MS, nowMs);
    assert.equal(line.length, 834);
    assert.deepEqual(line.at(-1), [nowMs, 1_999]);
    assert.ok(line.every(([, value]) => !Number.isNaN(value)));
  });

  it('has a day in minutes, with every peak, joined to the last quarter of an hour without a gap', () => {
    const seconds = 26 * 3600;
    const peaks = new Set([5 * 3600 + 17, 20 * 3600 + 59, seconds - 30]);
    for (let second = 0; second < seconds; second++)
      add(START_MS + second * 1000, peaks.has(second) ? 1_000 : 1, second % 60);
    const nowMs = START_MS + (seconds - 1) * 1000;
    const { timesMs, lines } = history.read(nowMs - 24 * HOUR_MS, nowMs, 400);
    assert.ok(timesMs.length <= 401);
    const { least, mean, greatest } = lines.a;
    assert.equal(greatest.filter((value) => value === 1_000).length, 3);
    assert.ok(least.every((value) => value === 1));
    assert.ok(mean.every((value) => value >= 1 && value < 40));
    assert.ok(timesMs.every((timeMs, index) => index === 0 || timeMs > (timesMs[index - 1] ?? 0)));
    const fine = history.read(nowMs - 30 * MINUTE_MS, nowMs, 10_000_000);
    assert.ok(fine.timesMs.length > 15 + 14 * 60);
    assert.ok(fine.lines.b.greatest.every((value) => !Number.isNaN(value)));
    assert.equal(fine.lines.b.least[0], 0);
    assert.equal(fine.lines.b.greatest[0], 59);
    assert.equal(fine.lines.b.mean[0], 29.5);
  });

  it('takes no more memory however long it goes on', () => {
    const one = new MetricHistory(METRIC_SERIES);
    const sample = Object.fromEntries(METRIC_SERIES.map((name) => [name, 1])) as Record<
      (typeof METRIC_SERIES)[number],
      number
    >;
    for (let second = 0; second < 30; second++) one.add(START_MS + second * 1000, sample);
    assert.ok(one.memoryBytes < 10_000);
    for (let second = 30; second < 27 * 3600; second += 5) one.add(START_MS + second * 1000, sample);
    assert.ok(one.memoryBytes <= 900 * 36 + 1_440 * 92);
    const { memoryBytes } = one;
    for (let second = 27 * 3600; second < 30 * 3600; second += 5) one.add(START_MS + second * 1000, sample);
    assert.equal(one.memoryBytes, memoryBytes);
  });

  it('has a gap where told, and where nothing came for longer than any engine waits', () => {
    add(START_MS, 1);
    history.addGap();
    history.addGap();
    add(START_MS + 3_000, 2);
    add(START_MS + 8_000, 3);
    add(START_MS + 60_000, 4);
    assert.deepEqual(lineOf(START_MS, START_MS + MINUTE_MS), [
      [START_MS, 1],
      [START_MS + 1, Number.NaN],
      [START_MS + 3_000, 2],
      [START_MS + 8_000, 3],
      [START_MS + 8_001, Number.NaN],
      [START_MS + 60_000, 4],
    ]);
  });

  it('has a gap among its minutes too, and between them and the samples', () => {
    const run = (fromSecond: number, seconds: number): void => {
      for (let second = fromSecond; second < fromSecond + seconds; second++) add(START_MS + second * 1000, 1);
    };
    run(0, 600);
    history.addGap();
    run(3_600, 600);
    history.addGap();
    run(7_200, 1_000);
    const nowMs = START_MS + 8_199_000;
    const gaps = lineOf(START_MS, nowMs, 500).filter(([, value]) => Number.isNaN(value));
    assert.equal(gaps.length, 2);
  });

  it('is empty before the first sample, and a gap alone changes nothing', () => {
    history.addGap();
    assert.deepEqual(lineOf(START_MS, START_MS + MINUTE_MS), []);
    assert.equal(history.lastTimeMs, undefined);
  });

  it('knows one figure where it does not know another', () => {
    add(START_MS, undefined, 7);
    add(START_MS + 1_000, 5, 8);
    const { lines } = history.read(START_MS, START_MS + MINUTE_MS, 1_000);
    assert.deepEqual([...lines.a.greatest], [Number.NaN, 5]);
    assert.deepEqual([...lines.b.greatest], [7, 8]);
  });

  it('forgets what lies in the future when the clock is set back', () => {
    for (let second = 0; second < 120; second++) add(START_MS + second * 1000, second);
    add(START_MS + 30_500, 77);
    const line = lineOf(START_MS, START_MS + HOUR_MS);
    assert.deepEqual(line.at(-1), [START_MS + 30_500, 77]);
    assert.ok(Number.isNaN(line.at(-2)?.[1]));
    assert.deepEqual(line.at(-3), [START_MS + 30_000, 30]);
  });

  it('stays whole whatever times it is given', () => {
    const random = seededRandom(9);
    const times = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1,
      0,
      1e300,
      2 ** 53,
      START_MS,
      START_MS + 0.5,
      START_MS + 1,
    ];
    for (let step = 0; step < 5_000; step++) {
      if (random() < 0.2) history.addGap();
      const chosen = times[Math.floor(random() * times.length)] ?? 0;
      add(random() < 0.5 ? chosen : START_MS + Math.floor(random() * 4 * MINUTE_MS) / 2, random());
      const { timesMs } = history.read(0, START_MS + HOUR_MS, 100);
      assert.ok(timesMs.every((timeMs, index) => index === 0 || timeMs > (timesMs[index - 1] ?? 0)));
    }
  });

  it('keeps enough of an engine that sends too fast, and does not miss its peaks', () => {
    for (let index = 0; index < 20_000; index++) add(START_MS + index * 100, index === 1_234 ? 999 : 1);
    const nowMs = START_MS + 2_000_000;
    assert.ok(lineOf(nowMs - 7 * MINUTE_MS, nowMs).length > 700);
    assert.ok(lineOf(START_MS, nowMs).some(([, value]) => value === 999));
  });
});
