import assert from 'node:assert/strict';
import { readStats } from '../../src/engine/docker/statsJson';
import type { MetricSample } from '../../src/model/metrics';
import type { StatsReading } from '../../src/model/metricsReading';
import { SampleMaker } from '../../src/model/metricsSamples';
import { readingOf } from '../support/statsFixtures';

const RECORDED = 'docker-20.10-cgroup-v1.json';
const NOW_MS = 1_795_000_000_000;

interface Look {
  readonly second: number;
  readonly usedNs?: number;
  readonly received?: number;
  readonly sent?: number;
  readonly read?: number;
  readonly written?: number;
}

/** Two processors; `previous` is what the engine sends along. */
function look(now: Look, previous?: Look): StatsReading {
  const cpu = ({ second, usedNs = 0 }: Look): object => ({
    cpu_usage: { total_usage: usedNs },
    system_cpu_usage: 5e12 + second * 2e9,
    online_cpus: 2,
  });
  const reading = readStats(
    {
      read: timeText(now),
      preread: previous ? timeText(previous) : '0001-01-01T00:00:00Z',
      cpu_stats: cpu(now),
      precpu_stats: previous ? cpu(previous) : { cpu_usage: { total_usage: 0 } },
      memory_stats: { usage: 1000, limit: 4000 },
      networks: { eth0: { rx_bytes: now.received ?? 0, tx_bytes: now.sent ?? 0 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'Read', value: now.read ?? 0 },
          { op: 'Write', value: now.written ?? 0 },
        ],
      },
      pids_stats: { current: 3 },
    },
    'linux',
  );
  assert.ok(reading);
  return reading;
}

function timeText({ second }: Look): string {
  return new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
}

function ratesOf(sample: MetricSample): readonly (number | undefined)[] {
  return [
    sample.networkReceivedBytesPerSecond,
    sample.networkSentBytesPerSecond,
    sample.blockReadBytesPerSecond,
    sample.blockWrittenBytesPerSecond,
  ];
}

const UNKNOWN = [undefined, undefined, undefined, undefined];

describe('samples of statistics', () => {
  let maker: SampleMaker;
  beforeEach(() => (maker = new SampleMaker()));

  it('have memory at once, and processor use and rates from the second reading on', () => {
    const first = maker.next(readingOf(RECORDED, 0), NOW_MS);
    assert.equal(first.cpuPercent, undefined);
    assert.deepEqual(ratesOf(first), UNKNOWN);
    assert.ok((first.memoryBytes ?? 0) > 0);
    const second = maker.next(readingOf(RECORDED, 1), NOW_MS);
    assert.equal(second.cpuPercent?.toFixed(2), '27.42');
    assert.deepEqual(ratesOf(second), [0, 0, 0, 0]);
    assert.equal(second.memoryPercent?.toFixed(2), '0.01');
    assert.equal(second.processes, 1);
    assert.ok(second.timeMs > first.timeMs);
  });

  it('have rates by the time between the readings', () => {
    const begun = { second: 0, received: 100, sent: 200, read: 1000, written: 0 };
    maker.next(look(begun), NOW_MS);
    const later = { second: 2.5, received: 5100, sent: 200, read: 1000, written: 25 };
    assert.deepEqual(ratesOf(maker.next(look(later, begun), NOW_MS)), [2000, 0, 0, 10]);
  });

  it('have no rates where a counter went backwards, and no processor use where that did', () => {
    const before = { second: 0, usedNs: 9e9, received: 5000, sent: 5000 };
    maker.next(look(before), NOW_MS);
    const restarted = { second: 1, usedNs: 1e8, received: 6000, sent: 10 };
    const sample = maker.next(look(restarted, before), NOW_MS);
    assert.equal(sample.cpuPercent, undefined);
    assert.deepEqual(ratesOf(sample), UNKNOWN);
    const next = { second: 2, usedNs: 6e8, received: 7000, sent: 20 };
    const after = maker.next(look(next, restarted), NOW_MS);
    assert.equal(after.cpuPercent, 50);
    assert.deepEqual(ratesOf(after), [1000, 10, 0, 0]);
  });

  it('lack only the rate of a single counter that went backwards, as when a network is disconnected', () => {
    maker.next(look({ second: 0, received: 5000, sent: 5000 }), NOW_MS);
    const sample = maker.next(look({ second: 1, received: 10, sent: 6000 }), NOW_MS);
    assert.deepEqual(ratesOf(sample), [undefined, 1000, 0, 0]);
  });

  it('are compared with nothing from before a reset', () => {
    maker.next(look({ second: 0, received: 5000 }), NOW_MS);
    maker.reset();
    assert.deepEqual(ratesOf(maker.next(look({ second: 1, received: 9000 }), NOW_MS)), UNKNOWN);
  });

  it('have no rates over no time, nor when the clock was set back', () => {
    maker.next(look({ second: 10, received: 0 }), NOW_MS);
    assert.deepEqual(ratesOf(maker.next(look({ second: 10, received: 500 }), NOW_MS)), UNKNOWN);
    assert.deepEqual(ratesOf(maker.next(look({ second: 10.05, received: 600 }), NOW_MS)), UNKNOWN);
    assert.equal(ratesOf(maker.next(look({ second: 11, received: 1000 }), NOW_MS))[0], 1000);
    assert.deepEqual(ratesOf(maker.next(look({ second: 5, received: 2000 }), NOW_MS)), UNKNOWN);
    assert.equal(ratesOf(maker.next(look({ second: 6, received: 2500 }), NOW_MS))[0], 500);
  });

  it('do not take for processor use what Podman counted in its first millisecond', () => {
    const sample = maker.next(readingOf('podman-4.3-cgroup-v1.json', 0), NOW_MS);
    assert.equal(sample.cpuPercent, undefined);
    assert.equal(
      maker.next(readingOf('podman-4.3-cgroup-v1.json', 1), NOW_MS).cpuPercent?.toFixed(2),
      '28.80',
    );
  });

  it('have no processor use of a moment, in which counters move by a step or not at all', () => {
    const before = { second: 0, usedNs: 0 };
    assert.equal(maker.next(look({ second: 0.05, usedNs: 5e7 }, before), NOW_MS).cpuPercent, undefined);
    assert.equal(maker.next(look({ second: 0.1, usedNs: 5e7 }, before), NOW_MS).cpuPercent, 50);
  });

  it('have no limit where the engine names the largest number there is, or none', () => {
    const sample = maker.next(readingOf('podman-cgroup-v2.json', 0), NOW_MS);
    assert.deepEqual([sample.memoryLimitBytes, sample.memoryPercent], [undefined, undefined]);
    assert.equal(sample.memoryBytes, 12_587_008);
    assert.equal(sample.timeMs, Date.UTC(2026, 2, 1, 10, 0, 7, 250) + 1e-6);
    const none = readStats({ memory_stats: { usage: 5, limit: 0 } }, 'linux');
    assert.ok(none);
    assert.equal(maker.next(none, NOW_MS).memoryPercent, undefined);
  });

  it('do not know what a cgroup is missing for', () => {
    const sample = maker.next(readingOf('docker-cgroup-v2.json', 5), NOW_MS);
    assert.deepEqual(
      [sample.memoryBytes, sample.memoryPercent, sample.processes],
      [undefined, undefined, undefined],
    );
  });

  it('know of Windows the private working set, and neither limit nor processes', () => {
    const sample = maker.next(readingOf('docker-windows.json', 0), NOW_MS);
    assert.equal(sample.cpuPercent?.toFixed(2), '12.50');
    assert.deepEqual(
      [sample.memoryBytes, sample.memoryLimitBytes, sample.processes, sample.processors],
      [61_865_984, undefined, undefined, 4],
    );
    assert.equal(maker.next(readingOf('docker-windows.json', 1), NOW_MS).cpuPercent, undefined);
    assert.equal(maker.next(readingOf('docker-windows.json', 2), NOW_MS).cpuPercent, 0);
  });

  it('are exact with counters beyond 2^53', () => {
    const before = { second: 0, received: 2 ** 54 };
    maker.next(look(before), NOW_MS);
    assert.equal(ratesOf(maker.next(look({ second: 1, received: 2 ** 54 + 4096 }), NOW_MS))[0], 4096);
    assert.equal(
      maker.next(readingOf('docker-cgroup-v2.json', 2), NOW_MS).cpuPercent?.toFixed(2),
      '12800.00',
    );
  });

  it('never show more than all processors can do', () => {
    const before = { second: 0, usedNs: 0 };
    assert.equal(maker.next(look({ second: 1, usedNs: 2e12 }, before), NOW_MS).cpuPercent, undefined);
    assert.equal(maker.next(look({ second: 1, usedNs: 2e9 }, before), NOW_MS).cpuPercent, 200);
  });

  it('take the time of the receiver where the engine says none', () => {
    const reading = readStats({ memory_stats: { usage: 5 }, read: 'yesterday' }, 'linux');
    assert.ok(reading);
    assert.equal(maker.next(reading, NOW_MS).timeMs, NOW_MS);
  });
});
