import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import Docker from 'dockerode';
import { systemClock } from '../../src/base/clock';
import { DisposableStore } from '../../src/base/lifecycle';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import { SharedStats } from '../../src/engine/docker/statsShared';
import type { MetricSample, MetricUpdate } from '../../src/model/metrics';
import { binarySize, decimalSize, percentDigits } from '../../src/model/metricsText';
import { cliStats, cliStatsOfPayload, dockerCliVersion, type CliStats } from '../support/dockerStatsCli';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { skipWithReason } from '../support/skip';
import { STATS_FIXTURES } from '../support/statsFixtures';
import { busyboxImage, testEngineOrSkip, testLabel, type TestEngine } from '../support/testEngine';

const MEBIBYTE = 1024 ** 2;
const HELD_BYTES = 200 * MEBIBYTE;
const MEGABYTE = 1e6;
/** Headers and journals come on top of what is sent and written, and a busy machine makes up for pauses. */
const MOST_ON_TOP = 1.5;
const HALF_A_CORE = { NanoCpus: 500_000_000 };

/** Without the names and ids that the fixtures have nothing of. */
function figuresOf({ CPUPerc, MemUsage, MemPerc, NetIO, BlockIO, PIDs }: CliStats): CliStats {
  return { CPUPerc, MemUsage, MemPerc, NetIO, BlockIO, PIDs };
}

/** Where a folder's file system is. */
function blockDeviceOf(folder: string): string | undefined {
  const rows = execFileSync('df', ['--output=source', folder], { encoding: 'utf8' }).trim().split('\n');
  const device = rows.at(-1) ?? '';
  return device.startsWith('/dev/') && statSync(device).isBlockDevice() ? device : undefined;
}

describe('the docker CLI', function () {
  this.timeout(120_000);
  before(async function () {
    if ((await dockerCliVersion()) === undefined) skipWithReason(this, 'no docker CLI');
  });

  for (const [name, { operatingSystem, samples }] of STATS_FIXTURES) {
    it(`prints of ${name} what is written beside it`, async () => {
      for (const { payload, dockerStats, what } of samples)
        assert.deepEqual(figuresOf(await cliStatsOfPayload(payload, operatingSystem)), dockerStats, what);
    });
  }
});

describe('statistics of a real Docker engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('read from it', () => realStatsSuite());
});

function realStatsSuite(): void {
  let testEngine: TestEngine;
  let docker: Docker;
  let engine: DockerEngine;
  let stats: SharedStats;
  let store: DisposableStore;
  let made: string[];

  beforeEach(async function () {
    store = new DisposableStore();
    made = [];
    testEngine = testEngineOrSkip(this);
    docker = new Docker({ socketPath: testEngine.socketPath });
    const log = (): void => undefined;
    const openSession = dockerSessionOpener(() => testEngine.dockerHost, log);
    engine = store.add(new DockerEngine({ openSession, log }));
    stats = store.add(new SharedStats(engine, systemClock));
    engine.connect();
    await eventually('connected', () => engine.connection.kind === 'ready');
  });
  afterEach(async () => {
    store.dispose();
    for (const id of made) await docker.getContainer(id).remove({ force: true, v: true });
  });

  async function run(command: string, hostConfig: Docker.HostConfig = {}): Promise<string> {
    const container = await docker.createContainer({
      Image: busyboxImage,
      Cmd: ['sh', '-c', command],
      Labels: { [testLabel]: '1' },
      StopTimeout: 0,
      HostConfig: hostConfig,
    });
    made.push(container.id);
    await container.start();
    return container.id;
  }

  async function addressOf(id: string): Promise<string> {
    const { NetworkSettings } = await docker.getContainer(id).inspect();
    const [network] = Object.values(NetworkSettings.Networks);
    return network?.IPAddress ?? assert.fail('no network');
  }

  function watch(id: string): MetricUpdate[] {
    const updates: MetricUpdate[] = [];
    store.add(stats.watch(id, (update) => updates.push(update)));
    return updates;
  }

  const samplesIn = (updates: readonly MetricUpdate[]): readonly MetricSample[] =>
    updates.flatMap((update) => (update.kind === 'sample' ? [update.sample] : []));

  /** As the CLI prints it; `undefined` while the sample has no processor use. */
  function printed(sample: MetricSample): string | undefined {
    const { cpuPercent, memoryBytes, memoryLimitBytes, memoryPercent, processes } = sample;
    if (cpuPercent === undefined || memoryBytes === undefined || memoryPercent === undefined)
      return undefined;
    return [
      `${percentDigits(cpuPercent)}%`,
      `${binarySize(memoryBytes)} / ${binarySize(memoryLimitBytes ?? 0)}`,
      `${percentDigits(memoryPercent)}%`,
      `${decimalSize(sample.networkReceivedBytes ?? 0)} / ${decimalSize(sample.networkSentBytes ?? 0)}`,
      `${decimalSize(sample.blockReadBytes ?? 0)} / ${decimalSize(sample.blockWrittenBytes ?? 0)}`,
      String(processes),
    ].join(', ');
  }

  /** The engine samples a container once for all who ask, so the CLI shows exactly one of the samples that come here. */
  async function assertAgrees(ids: readonly string[], watched: readonly MetricUpdate[][]): Promise<void> {
    const rows = await cliStats(testEngine.dockerHost, ids);
    for (const [index, row] of rows.entries()) {
      const line = Object.values(figuresOf(row)).join(', ');
      const own = (): readonly (string | undefined)[] => samplesIn(watched[index] ?? []).map(printed);
      await eventually(
        () => `a sample that is ${line}, but there are ${own().join('; ')}`,
        () => own().includes(line),
        10_000,
      );
    }
  }

  it('equal those of docker stats, for a container on half a core and one that holds 200 MB', async function () {
    if ((await dockerCliVersion()) === undefined) skipWithReason(this, 'no docker CLI');
    const burning = await run('while :; do :; done', HALF_A_CORE);
    const hold = `dd if=/dev/zero of=/dev/shm/held bs=1M count=${HELD_BYTES / MEBIBYTE} 2>/dev/null; exec sleep 1000`;
    const holding = await run(hold, { ShmSize: 2 * HELD_BYTES, Memory: 2 * HELD_BYTES });
    const watched = [watch(burning), watch(holding)];
    await eventually('200 MB are held', () =>
      samplesIn(watched[1] ?? []).some(({ memoryBytes }) => (memoryBytes ?? 0) >= HELD_BYTES),
    );
    await eventually('the processor use is known', () => samplesIn(watched[0] ?? []).length >= 2);
    for (let round = 0; round < 3; round++) await assertAgrees([burning, holding], watched);
    const [burned, held] = watched.map((updates) => samplesIn(updates).at(-1));
    assert.ok(burned && held);
    // A quota is per tenth of a second, so a second has up to one tenth more; a busy machine gives less.
    assert.ok(burned.cpuPercent !== undefined && burned.cpuPercent > 1 && burned.cpuPercent < 60);
    assert.ok(held.memoryBytes !== undefined && held.memoryBytes < HELD_BYTES + 10 * MEBIBYTE);
    assert.equal(held.memoryLimitBytes, 2 * HELD_BYTES);
    assert.equal(held.memoryPercent?.toFixed(0), '50');
  });

  it('equal those of docker stats, for a container that writes 10 MB/s', async function () {
    if ((await dockerCliVersion()) === undefined) skipWithReason(this, 'no docker CLI');
    const { DockerRootDir } = (await docker.info()) as { DockerRootDir: string };
    const disk = blockDeviceOf(DockerRootDir);
    if (disk === undefined) skipWithReason(this, "the engine's data are on no block device");
    // Where a device has no limit, newer kernels do not count for cgroup v1.
    const limit = { BlkioDeviceWriteBps: [{ Path: disk, Rate: 10 * MEGABYTE }] };
    const write = 'dd if=/dev/zero of=/file bs=100000 count=10 conv=fsync 2>/dev/null';
    const id = await run(`while :; do ${write}; done`, limit);
    const watched = watch(id);
    const rates = (): number[] =>
      samplesIn(watched).map(({ blockWrittenBytesPerSecond }) => blockWrittenBytesPerSecond ?? 0);
    await eventually(
      () => `a rate, but ${rates().join()}`,
      () => rates().some((rate) => rate > MEGABYTE),
    );
    for (let round = 0; round < 2; round++) await assertAgrees([id], [watched]);
    await eventually('some seconds', () => rates().filter((rate) => rate > MEGABYTE).length >= 5);
    // The kernel lets whole writes through, so that one second may have what another lacks.
    const written = rates().slice(1);
    const mean = written.reduce((sum, rate) => sum + rate, 0) / written.length;
    assert.ok(mean > MEGABYTE && mean < 10 * MEGABYTE * MOST_ON_TOP, rates().join());
  });

  it('equal those of docker stats, for a container that sends 5 MB/s to another', async function () {
    if ((await dockerCliVersion()) === undefined) skipWithReason(this, 'no docker CLI');
    // It would end with its input.
    const receiving = await run('while :; do tail -f /dev/null | nc -l -p 9000 > /dev/null; done');
    const address = await addressOf(receiving);
    // It pauses after each piece, so that no second has more.
    const send = 'while :; do head -c 500000 /dev/zero; sleep 0.1; done';
    const sending = await run(`while :; do (${send}) | nc ${address} 9000; sleep 0.1; done`);
    const ids = [sending, receiving];
    const watched = ids.map(watch);
    const rates = (index: number, name: 'Sent' | 'Received'): number[] =>
      samplesIn(watched[index] ?? []).map((sample) => sample[`network${name}BytesPerSecond`] ?? 0);
    await eventually(
      () => `both rates, but ${rates(0, 'Sent').join()}; ${rates(1, 'Received').join()}`,
      () => [rates(0, 'Sent'), rates(1, 'Received')].every((all) => all.some((rate) => rate > MEGABYTE)),
    );
    for (let round = 0; round < 2; round++) await assertAgrees(ids, watched);
    for (const all of [rates(0, 'Sent'), rates(1, 'Received')])
      assert.ok(Math.max(...all) < 5 * MEGABYTE * MOST_ON_TOP, all.join());
  });

  it('have no absurd value while a container stops, starts, restarts, is paused and goes', async () => {
    const id = await run('while :; do :; done', HALF_A_CORE);
    const container = docker.getContainer(id);
    const updates = watch(id);
    const more = async (what: string): Promise<void> => {
      const before = samplesIn(updates).length;
      await eventually(what, () => samplesIn(updates).length >= before + 2);
    };
    const reasons = (): readonly string[] =>
      updates.flatMap((update) => (update.kind === 'gap' ? [update.gap.reason] : []));
    await more('samples');
    await container.stop({ t: 0 });
    await eventually('not running', () => reasons().at(-1) === 'notRunning');
    await container.start();
    await more('samples of the second run');
    await container.restart({ t: 0 });
    await more('samples after a restart');
    await container.pause();
    await more('samples while paused');
    await container.unpause();
    await container.remove({ force: true });
    made = [];
    await eventually('removed', () => reasons().at(-1) === 'removed');
    for (const sample of samplesIn(updates)) {
      for (const value of Object.values(sample)) assert.ok(value === undefined || value >= 0);
      assert.ok((sample.cpuPercent ?? 0) < 60);
    }
  });
}
