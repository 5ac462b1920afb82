import assert from 'node:assert/strict';
import type { MachineUpdate } from '../../src/model/machineMetrics';
import { chartOf, type Chart } from '../../src/model/metricsChart';
import { MACHINE_SERIES } from '../../src/model/machineMetrics';
import { METRIC_SERIES, type MetricSample, type MetricSeries } from '../../src/model/metrics';
import { decodeHistoryBody, encodeHistoryBody } from '../../src/protocol/chartFrames';
import { ProtocolError } from '../../src/protocol/errorCodes';
import {
  decodeMetricsBody,
  gapContent,
  machineContent,
  MetricsBody,
  nameContent,
  SAMPLE_FIELDS,
  sampleContent,
  type MetricsEntry,
} from '../../src/protocol/metricsFrames';
import { makeMachineSample, makeSample } from '../doubles/memoryMetrics';
import { seededRandom } from '../support/random';

const FULL: MetricSample = {
  ...makeSample(1_795_250_000_123.456),
  ...Object.fromEntries(SAMPLE_FIELDS.map((field, index) => [field, index + 0.123456789])),
  networkSentBytes: 2 ** 53,
};

const MACHINE: MachineUpdate = {
  kind: 'sample',
  sample: makeMachineSample(5, {
    cpuPercent: 12.5,
    processorPercents: [5, 20],
    processors: 2,
    load: [1, 2, 3],
  }),
  counts: { containersRunning: 1, containersTotal: 2, images: undefined },
};

function encode(...entries: readonly (readonly [number, Parameters<MetricsBody['add']>[1]])[]): Uint8Array {
  const body = new MetricsBody();
  for (const [key, content] of entries) body.add(key, content);
  return body.encode();
}

const onlyOf = (body: Uint8Array): MetricsEntry | undefined => decodeMetricsBody(body)[0];
const isBadFrame = (error: unknown): boolean => error instanceof ProtocolError && error.code === 'badFrame';

describe('figures on the wire', () => {
  it('come back as they went, digit for digit', () => {
    const empty = makeSample(1);
    const away = { kind: 'gap', reason: 'notThisMachine' } as const;
    const gap = { reason: 'interrupted', error: { code: 'timeout', message: 'späť' } } as const;
    const body = encode(
      [7, nameContent('a'.repeat(64))],
      [7, sampleContent(FULL)],
      [7, sampleContent(empty)],
      [7, gapContent(gap)],
      [0, machineContent(MACHINE)],
      [0, machineContent(away)],
    );
    assert.deepEqual(decodeMetricsBody(body), [
      { kind: 'name', key: 7, containerId: 'a'.repeat(64) },
      { kind: 'sample', key: 7, sample: FULL },
      { kind: 'sample', key: 7, sample: empty },
      { kind: 'gap', key: 7, gap },
      { kind: 'machine', update: MACHINE },
      { kind: 'machine', update: away },
    ]);
  });

  it('are not known where they are no numbers that can be', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, -0.5]) {
      const entry = onlyOf(encode([1, sampleContent({ ...FULL, cpuPercent: value })]));
      assert.ok(entry?.kind === 'sample');
      assert.equal(entry.sample.cpuPercent, undefined);
      assert.equal(entry.sample.processes, FULL.processes);
    }
    const machine = { ...MACHINE, sample: { ...MACHINE.sample, cpuPercent: 101, load: [1, -2, 3] as const } };
    const entry = onlyOf(encode([0, machineContent(machine)]));
    assert.ok(entry?.kind === 'machine' && entry.update.kind === 'sample');
    assert.equal(entry.update.sample.cpuPercent, undefined);
    assert.equal(entry.update.sample.load, undefined);
    assert.deepEqual(entry.update.sample.processorPercents, [5, 20]);
  });

  it('of a newer agent are passed over', () => {
    const known = encode([1, sampleContent(FULL)]);
    const unknown = encode([1, nameContent('x')]);
    unknown[0] = 99;
    assert.equal(decodeMetricsBody(new Uint8Array([...unknown, ...known])).length, 1);
    const gap = onlyOf(
      encode([1, { ...gapContent({ reason: 'removed' }), payload: Buffer.from('{"reason":"new"}') }]),
    );
    assert.ok(gap?.kind === 'gap');
    assert.equal(gap.gap.reason, 'interrupted');
  });

  it('are refused where they make no sense', () => {
    const whole = encode([1, sampleContent(FULL)]);
    for (const length of [1, 11, 12, 20, whole.length - 1])
      assert.throws(() => decodeMetricsBody(whole.subarray(0, length)), isBadFrame, String(length));
    for (const timeMs of [Number.NaN, -1, 1e300])
      assert.throws(() => decodeMetricsBody(encode([1, sampleContent({ ...FULL, timeMs })])), isBadFrame);
    assert.throws(() => decodeMetricsBody(encode([1, nameContent('')])), isBadFrame);
    assert.throws(() => decodeMetricsBody(encode([1, nameContent('x'.repeat(129))])), isBadFrame);
    for (const text of ['', 'null', '[]', '{"kind":"sample"}']) {
      const payload = Buffer.from(text);
      assert.throws(
        () => decodeMetricsBody(encode([0, { kind: 'machine', present: 0, payload }])),
        isBadFrame,
      );
    }
  });

  it('say no more of an error than is worth it', () => {
    const message = 'x'.repeat(10_000);
    const { payload } = gapContent({ reason: 'interrupted', error: { code: 'internal', message } });
    assert.ok(payload.length < 1_000);
  });
});

describe('history on the wire', () => {
  const single: Chart<MetricSeries> = chartOf(
    [1_000, 2_000, 3_500].map((timeMs, index) => {
      const values = METRIC_SERIES.map((_name, column) => (column === 2 ? Number.NaN : index + column));
      return { timeMs, least: values, mean: values, greatest: values };
    }),
    METRIC_SERIES,
  );

  it('comes back as it went, with one line or three', () => {
    const entry = { kind: 'container', containerId: 'a'.repeat(64), chart: single } as const;
    const body = encodeHistoryBody(entry);
    assert.equal(body.length, 8 + 64 + 3 * (8 + 7 * 4));
    assert.deepEqual(decodeHistoryBody(body), entry);
    const machine = {
      kind: 'machine',
      chart: chartOf(
        [{ timeMs: 5, least: [1, 1, 1, 1, 1], mean: [2, 2, 2, 2, 2], greatest: [3, 3, 3, 3, 3] }],
        MACHINE_SERIES,
      ),
    } as const;
    const threefold = encodeHistoryBody(machine);
    assert.equal(threefold.length, 8 + 8 + 5 * 3 * 4);
    assert.deepEqual(decodeHistoryBody(threefold), machine);
    const nothing = { kind: 'machine', chart: chartOf([], MACHINE_SERIES) } as const;
    assert.deepEqual(decodeHistoryBody(encodeHistoryBody(nothing)), nothing);
  });

  it('of a newer or older agent has the series that both know', () => {
    const body = encodeHistoryBody({ kind: 'container', containerId: 'x', chart: single });
    const fewer = body.slice(0, 8 + 1 + 3 * (8 + 2 * 4));
    fewer[1] = 2;
    const entry = decodeHistoryBody(fewer);
    assert.ok(entry?.kind === 'container');
    assert.deepEqual(entry.chart.lines.cpuPercent, single.lines.cpuPercent);
    assert.ok([...entry.chart.lines.processes.mean].every(Number.isNaN));
    body[0] = 9;
    assert.equal(decodeHistoryBody(body), undefined);
  });

  it('is refused where it makes no sense, and has no value that can not be', () => {
    const body = encodeHistoryBody({ kind: 'container', containerId: 'x', chart: single });
    assert.throws(() => decodeHistoryBody(body.subarray(0, 7)), isBadFrame);
    assert.throws(() => decodeHistoryBody(body.subarray(0, body.length - 1)), isBadFrame);
    const view = new DataView(body.buffer);
    view.setFloat32(9 + 24, -5);
    view.setFloat32(9 + 28, Number.POSITIVE_INFINITY);
    const entry = decodeHistoryBody(body);
    assert.ok(entry?.kind === 'container');
    assert.deepEqual([...entry.chart.lines.cpuPercent.mean], [Number.NaN, Number.NaN, 2]);
    view.setFloat64(9 + 8, 500);
    assert.throws(() => decodeHistoryBody(body), isBadFrame);
  });

  it('and figures of random bytes are a value or a coded error', () => {
    const random = seededRandom(11);
    const bodies = [
      encodeHistoryBody({ kind: 'container', containerId: 'x', chart: single }),
      encode([7, nameContent('x')], [7, sampleContent(FULL)], [0, machineContent(MACHINE)]),
    ];
    for (let round = 0; round < 5_000; round++) {
      const body = Uint8Array.from(bodies[round % 2] ?? []);
      for (let change = 0; change < 3; change++)
        body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
      for (const decode of [decodeHistoryBody, decodeMetricsBody]) {
        try {
          decode(body);
        } catch (error) {
          assert.ok(isBadFrame(error), String(error));
        }
      }
    }
  });
});
