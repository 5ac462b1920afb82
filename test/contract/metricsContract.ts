import assert from 'node:assert/strict';
import type { HistoryRange, MetricsRequest, MetricsWatch } from '../../src/engine/metrics';
import type { ContainerId } from '../../src/model/container';
import type { MachineSample, MachineUpdate } from '../../src/model/machineMetrics';
import type { MetricUpdate } from '../../src/model/metrics';
import { eventually } from '../support/eventually';
import { gapsIn, samplesIn } from '../support/metricUpdates';
import type { ContractFixture } from './contractFixture';

/** What one watcher was told. */
interface Watched {
  readonly watch: MetricsWatch;
  readonly machine: MachineUpdate[];
  of(id: ContainerId): readonly MetricUpdate[];
}

/** What every engine promises about figures. */
export function metricsContract(fixture: ContractFixture): void {
  function metrics(): NonNullable<ContractFixture['engine']['metrics']> {
    const { metrics: told } = fixture.engine;
    assert.ok(told, 'the engine tells figures');
    return told;
  }

  function watch(request: Partial<MetricsRequest>): Watched {
    const updates = new Map<ContainerId, MetricUpdate[]>();
    const machine: MachineUpdate[] = [];
    const of = (id: ContainerId): MetricUpdate[] => {
      const known = updates.get(id) ?? [];
      updates.set(id, known);
      return known;
    };
    const told = metrics().watch(
      { containers: [], machine: false, ...request },
      { container: (id, update) => of(id).push(update), machine: (update) => machine.push(update) },
    );
    return { watch: fixture.store.add(told), machine, of };
  }

  /** So little that its points are seconds. */
  const recent = (): HistoryRange => {
    const nowMs = Date.now();
    return { fromMs: nowMs - 400_000, toMs: nowMs + 100_000, maxPoints: 1_000 };
  };

  async function comes(watched: Watched, id: ContainerId, what: string): Promise<void> {
    const before = samplesIn(watched.of(id)).length;
    await eventually(
      () => `${what}, but ${JSON.stringify(watched.of(id))}`,
      () => samplesIn(watched.of(id)).length > before,
    );
  }

  async function gapComes(watched: Watched, id: ContainerId, reason: string): Promise<void> {
    await eventually(
      () => `a gap ${reason}, but ${JSON.stringify(watched.of(id).slice(-3))}`,
      () => gapsIn(watched.of(id)).at(-1) === reason,
    );
  }

  it('tells what a container uses, and nothing before the call that asked returned', async () => {
    const id = await fixture.world.run({ name: 'busy' });
    await fixture.connect();
    await fixture.becomes(id, 'running', ({ state }) => state === 'running');
    const watched = watch({ containers: [id] });
    assert.equal(watched.of(id).length, 0);
    await eventually('a sample with processor use', () =>
      samplesIn(watched.of(id)).some(({ cpuPercent }) => cpuPercent !== undefined),
    );
    const sample = samplesIn(watched.of(id)).at(-1);
    assert.ok(sample?.cpuPercent !== undefined && sample.cpuPercent >= 0 && sample.cpuPercent < 1_000);
    assert.ok(sample.memoryBytes !== undefined && sample.memoryBytes > 0);
    assert.ok(Math.abs(sample.timeMs - Date.now()) < 600_000);
    const late = watch({ containers: [id] });
    assert.equal(late.of(id).length, 0);
    await eventually('what is known is told at once', () => late.of(id).length > 0, 1_000);
  });

  it('goes on with what was watched already when something else is asked for', async () => {
    const first = await fixture.world.run({ name: 'first' });
    const second = await fixture.world.run({ name: 'second' });
    await fixture.connect();
    await fixture.becomes(second, 'running', ({ state }) => state === 'running');
    const watched = watch({ containers: [first] });
    await comes(watched, first, 'a sample of the first');
    watched.watch.change({ containers: [first, second], machine: false });
    await comes(watched, second, 'a sample of the second');
    watched.watch.change({ containers: [second], machine: false });
    const count = watched.of(first).length;
    await comes(watched, second, 'another sample of the second');
    assert.equal(watched.of(first).length, count);
    assert.deepEqual(
      gapsIn(watched.of(second)).filter((reason) => reason !== 'disconnected'),
      [],
    );
  });

  it('says why there are no values, and goes on by itself', async () => {
    const id = await fixture.world.run({ name: 'mortal' });
    await fixture.connect();
    await fixture.becomes(id, 'running', ({ state }) => state === 'running');
    const watched = watch({ containers: [id] });
    await comes(watched, id, 'a sample');
    await fixture.world.stop(id);
    await gapComes(watched, id, 'notRunning');
    await fixture.world.start(id);
    await comes(watched, id, 'a sample of the second run');
    await fixture.world.remove(id);
    await gapComes(watched, id, 'removed');
    const unknown = 'f'.repeat(64);
    watched.watch.change({ containers: [unknown], machine: false });
    await gapComes(watched, unknown, 'removed');
  });

  it('remembers what was watched, with a gap where nobody did, until the container is removed', async () => {
    const id = await fixture.world.run({ name: 'remembered' });
    await fixture.connect();
    await fixture.becomes(id, 'running', ({ state }) => state === 'running');
    const unknown = 'f'.repeat(64);
    const watched = watch({ containers: [id] });
    await comes(watched, id, 'a sample');
    fixture.store.delete(watched.watch);
    // What is in the same second is drawn together.
    const second = (timeMs: number): number => Math.floor(timeMs / 1000);
    const lastMs = samplesIn(watched.of(id)).at(-1)?.timeMs ?? assert.fail();
    await eventually('a later second', () => second(Date.now()) > second(lastMs) + 1);
    const again = watch({ containers: [id] });
    await comes(again, id, 'a sample of later');
    const charts = await metrics().readHistory([id, unknown], recent());
    assert.deepEqual([...charts.keys()], [id]);
    const memory = [...(charts.get(id)?.lines.memoryBytes.mean ?? [])];
    const samples = samplesIn([...watched.of(id), ...again.of(id)]);
    assert.ok(memory.filter((value) => value > 0).length >= Math.min(2, samples.length - 1), memory.join());
    assert.equal(memory.filter(Number.isNaN).length, 1, 'one gap');
    fixture.store.delete(again.watch);
    await fixture.world.remove(id);
    await eventually('gone', () => fixture.shown(id) === undefined);
    assert.equal((await metrics().readHistory([id], recent())).size, 0);
  });

  it('tells of the machine, and what the engine has', async () => {
    await fixture.world.run({ name: 'one' });
    const two = await fixture.world.create({ name: 'two' });
    await fixture.connect();
    await fixture.becomes(two, 'listed', () => true);
    const watched = watch({ machine: true });
    assert.equal(watched.machine.length, 0);
    const latest = (): Extract<MachineUpdate, { kind: 'sample' }> | undefined => {
      const update = watched.machine.at(-1);
      return update?.kind === 'sample' ? update : undefined;
    };
    await eventually(
      () => `figures and counts, but ${JSON.stringify(watched.machine.at(-1))}`,
      () => latest()?.sample.cpuPercent !== undefined && latest()?.counts.images !== undefined,
    );
    const { sample, counts } = latest() ?? assert.fail();
    assertPossible(sample);
    assert.ok(counts.containersRunning >= 1 && counts.containersTotal > counts.containersRunning);
    assert.ok((counts.images ?? 0) >= 1);
    const history = await metrics().readMachineHistory(recent());
    assert.ok(history.timesMs.length >= 1 && (history.lines.memoryUsedBytes.mean.at(-1) ?? 0) > 0);
    const count = watched.machine.length;
    watched.watch.change({ containers: [two], machine: false });
    await gapComes(watched, two, 'notRunning');
    assert.ok(watched.machine.length <= count + 1);
  });

  it('says that the engine is away, and goes on when it is back', async () => {
    const id = await fixture.world.run({ name: 'survivor' });
    await fixture.connect();
    await fixture.becomes(id, 'running', ({ state }) => state === 'running');
    const watched = watch({ containers: [id], machine: true });
    await comes(watched, id, 'a sample');
    await fixture.world.stopEngine('killed');
    await gapComes(watched, id, 'disconnected');
    await eventually('the machine, too', () => watched.machine.at(-1)?.kind === 'gap');
    await fixture.world.startEngine();
    await eventually('connected again', () => fixture.engine.connection.kind === 'ready', 60_000);
    if (fixture.shown(id)?.state !== 'running') await fixture.world.start(id);
    await comes(watched, id, 'samples again');
    await eventually('of the machine, too', () => watched.machine.at(-1)?.kind === 'sample');
  });
}

function assertPossible(sample: MachineSample): void {
  const { cpuPercent = -1, memoryUsedBytes = 0, diskUsedBytes = 0 } = sample;
  assert.ok(cpuPercent >= 0 && cpuPercent <= 100);
  assert.equal(sample.processorPercents.length, sample.processors);
  assert.ok(memoryUsedBytes > 0 && memoryUsedBytes < (sample.memoryTotalBytes ?? 0));
  assert.ok(diskUsedBytes > 0 && diskUsedBytes <= (sample.diskTotalBytes ?? 0));
}
