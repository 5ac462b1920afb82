import assert from 'node:assert/strict';
import type { MetricsAction } from '../../src/protocol/webview/metrics';
import {
  CHART_POINTS,
  ChartData,
  indexAt,
  steppedMs,
  summaryOf,
  tableLines,
  zoomed,
} from '../../webview/metrics/chartData';
import { DetailData } from '../../webview/metrics/detailData';
import { stateOf, applyChange, nothingChanged } from '../../webview/metrics/state';
import { makeContainerRow, makeFigures, makeSnapshot } from '../support/metricsMessages';

const FIVE_MINUTES_MS = 300_000;
const HOUR_MS = 3_600_000;
const line = (values: readonly (number | null)[]) => ({
  least: [...values],
  mean: [...values],
  greatest: [...values],
});

describe('the data of a chart', () => {
  it('goes on where the history ends, in the same steps', () => {
    const data = new ChartData(['a'], HOUR_MS);
    data.setHistory({ timesMs: [0, 10_000], lines: { a: line([1, 2]) } });
    data.add(12_000, { a: 8 });
    data.add(20_000, { a: 3 });
    assert.deepEqual(data.timesMs, [0, 10_000, 20_000]);
    assert.deepEqual(data.line('a').greatest, [1, 8, 3]);
    assert.deepEqual(data.line('a').least, [1, 2, 3]);
    assert.deepEqual(data.line('a').mean, [1, 5, 3]);
  });

  it('keeps what came while the history was on its way', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    data.add(5_000, { a: 5 });
    data.add(6_000, { a: 6 });
    data.setHistory({ timesMs: [3_000, 4_000, 5_000], lines: { a: line([3, 4, 5]) } });
    assert.deepEqual(data.timesMs, [3_000, 4_000, 5_000, 6_000]);
    assert.deepEqual(data.line('a').mean, [3, 4, 5, 6]);
  });

  it('has a gap where something is not known, and one gap only', () => {
    const data = new ChartData(['a', 'b'], FIVE_MINUTES_MS);
    data.add(1_000, { a: 1 });
    data.addGap();
    data.addGap();
    data.add(5_000, { a: 2, b: 1 });
    assert.deepEqual(data.line('a').mean, [1, Number.NaN, 2]);
    assert.deepEqual(data.line('b').mean, [Number.NaN, Number.NaN, 1]);
  });

  it('forgets what is out of its range, and never grows beyond a bound', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    for (let second = 0; second < 5_000; second++) data.add(second * 1_000, { a: second });
    assert.ok(data.timesMs.length <= CHART_POINTS);
    assert.equal(data.timesMs.at(0), 4_999_000 - FIVE_MINUTES_MS);
    assert.equal(data.line('a').mean.length, data.timesMs.length);
  });

  it('takes nothing that runs backwards', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    data.add(10_000, { a: 1 });
    data.add(3_000, { a: 9 });
    assert.deepEqual(data.timesMs, [10_000]);
  });

  it('sums up what is seen of it', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    for (const [timeMs, a] of [
      [1_000, 1],
      [2_000, 5],
      [3_000, 100],
    ] as const)
      data.add(timeMs, { a });
    assert.deepEqual(summaryOf(data, 'a', { fromMs: 0, toMs: 2_500 }), { least: 1, mean: 3, greatest: 5 });
    assert.equal(summaryOf(data, 'a', { fromMs: 50_000, toMs: 60_000 }), undefined);
  });

  it('is a table of few lines, newest first, that keeps the peaks', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    for (let second = 0; second < 300; second++) data.add(second * 1_000, { a: second === 150 ? 1_000 : 1 });
    const lines = tableLines(data, ['a'], { fromMs: 0, toMs: FIVE_MINUTES_MS });
    assert.equal(lines.length, 60);
    assert.equal(Math.max(...lines.map(({ values }) => values[0]?.greatest ?? 0)), 1_000);
    assert.ok((lines[0]?.timeMs ?? 0) > (lines.at(-1)?.timeMs ?? 0));
  });
});

describe('zooming', () => {
  const whole = { fromMs: 0, toMs: 1_000 };

  it('keeps the moment it is about where it was', () => {
    assert.deepEqual(zoomed(whole, whole, 0.5, 250), { fromMs: 125, toMs: 625 });
  });

  it('stays within the whole, and ends with all of it', () => {
    assert.deepEqual(zoomed({ fromMs: 0, toMs: 100 }, whole, 2, 0), { fromMs: 0, toMs: 200 });
    assert.deepEqual(zoomed({ fromMs: 900, toMs: 1_000 }, whole, 2, 950), { fromMs: 800, toMs: 1_000 });
    assert.equal(zoomed({ fromMs: 0, toMs: 600 }, whole, 2, 300), undefined);
  });
});

describe('the charts of a subject', () => {
  const key = 'local/web';
  type Asked = Extract<MetricsAction, { kind: 'chart' }>;

  function makeDetail(nowMs = 1_000_000) {
    const asked: Asked[] = [];
    const clock = { nowMs };
    const detail = new DetailData(
      { kind: 'container', key },
      FIVE_MINUTES_MS,
      (action) => asked.push(action),
      () => clock.nowMs,
    );
    return { asked, clock, detail };
  }

  it('ask for the history of what they show, and take only its answer', () => {
    const { asked, detail } = makeDetail();
    detail.begin();
    assert.deepEqual(
      asked.map(({ fromMs, toMs, maxPoints }) => [fromMs, toMs, maxPoints]),
      [[700_000, 1_000_000, CHART_POINTS]],
    );
    const chart = { timesMs: [900_000], lines: { cpuPercent: line([4]) } };
    const request = asked[0]?.request ?? 0;
    assert.equal(detail.answer({ kind: 'chart', request: request + 7, chart, reason: null }), false);
    assert.ok(detail.isLoading);
    assert.equal(detail.answer({ kind: 'chart', request, chart, reason: null }), true);
    assert.deepEqual(detail.data.line('cpuPercent').mean, [4]);
  });

  it('say why there is no history, and go on with what comes', () => {
    const { asked, detail, clock } = makeDetail();
    detail.begin();
    detail.answer({ kind: 'chart', request: asked[0]?.request ?? 0, chart: null, reason: 'away' });
    assert.equal(detail.failure, 'away');
    const state = stateOf(makeSnapshot({ rows: [makeContainerRow('web')] }));
    const figures = [makeFigures(key, { timeMs: clock.nowMs, cpuPercent: 3 })];
    applyChange(state, { kind: 'figures', figures }, 0, nothingChanged());
    detail.addFigures(state);
    detail.addFigures(state);
    assert.deepEqual(detail.data.line('cpuPercent').mean, [3]);
  });

  it('ask anew when the engine turns out to have another time', () => {
    const { asked, detail, clock } = makeDetail();
    detail.begin();
    const state = stateOf(makeSnapshot({ rows: [makeContainerRow('web')] }));
    clock.nowMs = 9_000_000;
    const figures = [makeFigures(key, { timeMs: 9_000_000 })];
    applyChange(state, { kind: 'figures', figures }, 0, nothingChanged());
    detail.addFigures(state);
    assert.deepEqual(
      asked.map(({ toMs }) => toMs),
      [1_000_000, 9_000_000],
    );
  });

  it('show a span that was zoomed into in finer steps, standing still', () => {
    const { asked, detail, clock } = makeDetail();
    detail.begin();
    detail.zoomBy(0.5, 850_000);
    const { span } = detail;
    assert.deepEqual(span, { fromMs: 775_000, toMs: 925_000 });
    const chart = { timesMs: [800_000], lines: { cpuPercent: line([9]) } };
    detail.answer({ kind: 'chart', request: asked[1]?.request ?? 0, chart, reason: null });
    clock.nowMs += 60_000;
    assert.deepEqual(detail.span, span);
    assert.deepEqual(detail.data.line('cpuPercent').mean, [9]);
    detail.setZoom(undefined);
    assert.equal(detail.span.toMs, clock.nowMs);
    assert.deepEqual(detail.data.line('cpuPercent').mean, []);
  });
});

describe('the crosshair of charts', () => {
  const timesMs = [1_000, 2_000, 3_000, 4_000];
  const span = { fromMs: 1_500, toMs: 4_500 };

  it('is at the point of a moment, or the nearest to it', () => {
    assert.deepEqual(
      [0, 1_000, 1_400, 1_600, 4_000, 9_000].map((timeMs) => indexAt(timesMs, timeMs)),
      [0, 0, 0, 1, 3, 3],
    );
    assert.equal(indexAt([], 1), undefined);
  });

  it('begins at the end that it comes from, and stays within what is seen', () => {
    assert.equal(steppedMs(timesMs, span, undefined, -1), 4_000);
    assert.equal(steppedMs(timesMs, span, undefined, 1), 2_000);
    assert.equal(steppedMs(timesMs, span, 2_000, -1), 2_000);
    assert.equal(steppedMs(timesMs, span, 3_000, 10), 4_000);
    assert.equal(steppedMs(timesMs, { fromMs: 5_000, toMs: 6_000 }, 2_000, 1), undefined);
    assert.equal(steppedMs([], span, undefined, 1), undefined);
  });

  it('goes on from its moment when samples came and went meanwhile', () => {
    const data = new ChartData(['a'], FIVE_MINUTES_MS);
    for (let timeMs = 1_000; timeMs <= 300_000; timeMs += 1_000) data.add(timeMs, { a: timeMs });
    const before = { fromMs: 0, toMs: 300_000 };
    const heldMs = steppedMs(data.timesMs, before, steppedMs(data.timesMs, before, undefined, -1), -1);
    assert.equal(heldMs, 299_000);
    for (let timeMs = 301_000; timeMs <= 310_000; timeMs += 1_000) data.add(timeMs, { a: timeMs });
    const after = { fromMs: 10_000, toMs: 310_000 };
    assert.equal(data.line('a').mean[indexAt(data.timesMs, heldMs) ?? -1], 299_000);
    assert.equal(steppedMs(data.timesMs, after, heldMs, -1), 298_000);
    assert.equal(steppedMs(data.timesMs, after, 5_000, -1), 10_000, 'out of sight by now');
  });
});
