import assert from 'node:assert/strict';
import { readStats } from '../../src/engine/docker/statsJson';
import { isEmptyReading } from '../../src/model/metricsReading';
import { binarySize, decimalSize, percentDigits } from '../../src/model/metricsText';
import { asDockerStats, readingOf, STATS_FIXTURES } from '../support/statsFixtures';

describe('statistics as docker stats has them', () => {
  for (const [name, fixture] of STATS_FIXTURES) {
    describe(`${name}${fixture.handWritten ? ' (hand-written)' : ''}`, () => {
      for (const { what, payload, dockerStats } of fixture.samples) {
        it(what, () => {
          const reading = readStats(payload, fixture.operatingSystem);
          assert.ok(reading);
          assert.deepEqual(asDockerStats(reading), dockerStats);
        });
      }
    });
  }

  it('knows an answer without content', () => {
    assert.equal(isEmptyReading(readingOf('docker-20.10-cgroup-v1.json', 6)), true);
    assert.equal(isEmptyReading(readingOf('docker-20.10-cgroup-v1.json', 5)), false);
  });

  it('believes the answer about the system, and else the engine', () => {
    assert.equal(readStats({ os_type: 'windows' }, 'linux')?.isWindows, true);
    assert.equal(readStats({ os_type: 'linux' }, 'windows')?.isWindows, false);
    assert.equal(readStats({}, 'windows')?.isWindows, true);
  });
});

describe('hostile statistics', () => {
  const hostile: readonly unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    1e300,
    '12',
    null,
    [],
    {},
    true,
    '<img src=x onerror=alert(1)>',
  ];
  /** Where a number or an object is expected. */
  const shapes: readonly ((value: unknown) => unknown)[] = [
    (value) => ({ cpu_stats: value, precpu_stats: value, memory_stats: value, networks: value }),
    (value) => ({ blkio_stats: value, storage_stats: value, pids_stats: value, num_procs: value }),
    (value) => ({
      cpu_stats: {
        cpu_usage: { total_usage: value, percpu_usage: value },
        system_cpu_usage: value,
        online_cpus: value,
      },
    }),
    (value) => ({ memory_stats: { usage: value, limit: value, stats: value, privateworkingset: value } }),
    (value) => ({ memory_stats: { stats: { total_inactive_file: value, inactive_file: value } } }),
    (value) => ({ networks: { eth0: { rx_bytes: value, tx_bytes: value }, eth1: value } }),
    (value) => ({
      blkio_stats: { io_service_bytes_recursive: [{ op: 'Read', value }, { op: value }, value] },
    }),
    (value) => ({ read: value, preread: value, pids_stats: { current: value }, os_type: value }),
  ];

  for (const [index, shape] of shapes.entries()) {
    it(`reads only what makes sense, ${index}`, () => {
      for (const value of hostile) {
        const reading = readStats(shape(value), 'linux');
        assert.ok(reading);
        for (const number of numbersIn(reading)) assert.ok(Number.isFinite(number) && number >= 0);
        for (const text of Object.values(asDockerStats(reading)))
          assert.doesNotMatch(String(text), /NaN|Inf|-/);
      }
    });
  }

  it('refuses what is no object', () => {
    for (const value of [null, undefined, 1, 'x', [], true])
      assert.equal(readStats(value, 'linux'), undefined);
  });

  function numbersIn(value: unknown): number[] {
    if (typeof value === 'number') return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
  }
});

describe('sizes and percentages', () => {
  it('are rounded as Go does: what lies exactly between goes to the even digit', () => {
    const percents: readonly (readonly [number, string])[] = [
      [0, '0.00'],
      [0.125, '0.12'],
      [0.375, '0.38'],
      [0.005, '0.01'],
      [1.005, '1.00'],
      [99.995, '100.00'],
      [12_800, '12800.00'],
      [1234.625, '1234.62'],
    ];
    for (const [value, text] of percents) assert.equal(percentDigits(value), text);
  });

  it('have the digits of docker stats', () => {
    const binary: readonly (readonly [number, string])[] = [
      [0, '0B'],
      [1023, '1023B'],
      [1024, '1KiB'],
      [1_114_112, '1.062MiB'],
      [1_245_184, '1.188MiB'],
      [104_857_600, '100MiB'],
      [1_073_741_823, '1024MiB'],
      [2 ** 63, '8EiB'],
    ];
    for (const [bytes, text] of binary) assert.equal(binarySize(bytes), text);
    const decimal: readonly (readonly [number, string])[] = [
      [999, '999B'],
      [1000, '1kB'],
      [12_345, '12.3kB'],
      [12_350, '12.3kB'],
      [123_500, '124kB'],
      [122_500, '122kB'],
      [2 ** 53, '9.01PB'],
    ];
    for (const [bytes, text] of decimal) assert.equal(decimalSize(bytes), text);
  });

  it('never write 1e+03, unlike docker stats', () => {
    assert.equal(decimalSize(999_950), '1000kB');
  });
});
