import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock';
import { DisposableStore, type Disposable } from '../../src/base/lifecycle';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import { SharedStats } from '../../src/engine/docker/statsShared';
import type { MetricSample, MetricUpdate } from '../../src/model/metrics';
import { FakeEngine, type PersonalityName } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';

const INTERVAL_MS = 120;
/** The bound a panel is given for stopping. */
const STOPPING_MS = 2_000;

for (const personality of ['20.10', '25', '29', 'podman'] as const) {
  describe(`statistics that several watch, fake engine ${personality}`, function () {
    this.timeout(60_000);
    checkForLeaks();
    // Hooks of an inner suite run before the check.
    describe('from one engine', () => sharedStatsSuite(personality));
  });
}

/** What each window of the editor has of its own. */
interface Window {
  readonly engine: DockerEngine;
  readonly stats: SharedStats;
}

function sharedStatsSuite(personality: PersonalityName): void {
  let fake: FakeEngine;
  let engine: DockerEngine;
  let stats: SharedStats;
  let store: DisposableStore;

  beforeEach(async () => {
    store = new DisposableStore();
    fake = await new FakeEngine({ personality, statsIntervalMs: INTERVAL_MS }).listen();
    const log = (): void => undefined;
    engine = store.add(
      new DockerEngine({
        openSession: dockerSessionOpener(() => fake.dockerHost, log),
        log,
        random: () => 0,
      }),
    );
    stats = store.add(new SharedStats(engine, systemClock));
  });
  afterEach(async () => {
    store.dispose();
    await fake.dispose();
  });

  async function connect(): Promise<void> {
    engine.connect();
    await eventually('connected', () => engine.connection.kind === 'ready');
  }

  function openWindow(): Window {
    const log = (): void => undefined;
    const openSession = dockerSessionOpener(() => fake.dockerHost, log, { sharesStats: true });
    const one = store.add(new DockerEngine({ openSession, log, random: () => 0 }));
    return { engine: one, stats: store.add(new SharedStats(one, systemClock)) };
  }

  function watch(id: string): { readonly updates: MetricUpdate[]; readonly stop: Disposable } {
    const updates: MetricUpdate[] = [];
    const stop = store.add(stats.watch(id, (update) => updates.push(update)));
    return { updates, stop };
  }

  const samplesIn = (updates: readonly MetricUpdate[]): readonly MetricSample[] =>
    updates.flatMap((update) => (update.kind === 'sample' ? [update.sample] : []));
  const reasonsIn = (updates: readonly MetricUpdate[]): readonly string[] =>
    updates.flatMap((update) => (update.kind === 'gap' ? [update.gap.reason] : []));

  it('asks for nothing unless somebody watches', async () => {
    fake.bulkRunning(50);
    await connect();
    const { id } = fake.run({ name: 'web' });
    fake.restart(id);
    await eventually('the container is known', () => engine.containers?.get(id)?.state === 'running');
    assert.equal(fake.count('stats'), 0);
  });

  it('has one stream for each of 50 containers, however many watch, and none soon after the last left', async () => {
    const containers = fake.bulkRunning(50);
    await connect();
    const watchers = Array.from({ length: 4 }, () => containers.map(({ id }) => watch(id))).flat();
    await eventually('each has values', () =>
      watchers.every(({ updates }) => samplesIn(updates).length >= 3),
    );
    assert.equal(fake.count('stats'), 50);
    assert.equal(fake.openStreams('stats'), 50);
    for (const { stop } of watchers.slice(0, 150)) store.delete(stop);
    await eventually('the last goes on', () => samplesIn(watchers.at(-1)?.updates ?? []).length >= 6);
    assert.equal(fake.openStreams('stats'), 50);
    const stoppedAtMs = Date.now();
    for (const { stop } of watchers) store.delete(stop);
    await fake.whenOpenStreams('stats', 0);
    assert.ok(Date.now() - stoppedAtMs < STOPPING_MS);
    assert.equal(fake.count('stats'), 50);
  });

  it('has one stream for each container, too, when two windows watch them, also once the first is closed', async () => {
    const containers = fake.bulkRunning(50);
    const windows = [openWindow(), openWindow()];
    const open = async ({ engine: one, stats: shared }: Window): Promise<readonly MetricUpdate[][]> => {
      one.connect();
      await eventually('connected', () => one.connection.kind === 'ready');
      return containers.map(({ id }) => {
        const updates: MetricUpdate[] = [];
        store.add(shared.watch(id, (update) => updates.push(update)));
        return updates;
      });
    };
    const [first, second] = windows;
    assert.ok(first && second);
    const seen = [...(await open(first)), ...(await open(second))];
    await eventually('each has values', () => seen.every((updates) => samplesIn(updates).length >= 3));
    assert.deepEqual([fake.count('stats'), fake.openStreams('stats')], [50, 50]);
    first.engine.dispose();
    const before = seen.slice(50).map((updates) => samplesIn(updates).length);
    await eventually('the other goes on', () =>
      seen.slice(50).every((updates, index) => samplesIn(updates).length >= (before[index] ?? 0) + 3),
    );
    await fake.whenOpenStreams('stats', 50);
    assert.equal(fake.count('stats'), 100);
    const stoppedAtMs = Date.now();
    second.stats.dispose();
    await fake.whenOpenStreams('stats', 0);
    assert.ok(Date.now() - stoppedAtMs < STOPPING_MS);
  });

  it('has the figures the engine sends', async () => {
    const { id } = fake.run({ name: 'web' });
    await connect();
    const { updates } = watch(id);
    await eventually('two samples', () => samplesIn(updates).length >= 2);
    const [first, second] = samplesIn(updates);
    assert.ok(first && second);
    assert.equal(first.cpuPercent, undefined);
    assert.equal(second.cpuPercent?.toFixed(2), '12.50');
    assert.equal(second.memoryBytes, 28 * 1024 ** 2 + 2 * 4096);
    assert.equal(second.memoryLimitBytes, 8 * 1024 ** 3);
    assert.equal(second.networkReceivedBytes, 2_000);
    assert.ok(Math.abs(second.timeMs - Date.now()) < 60_000);
  });

  it('never shows a negative value or an old one while a container stops, starts, restarts and is paused', async () => {
    const { id } = fake.run({ name: 'web' });
    await connect();
    const { updates } = watch(id);
    const more = async (what: string): Promise<void> => {
      const before = samplesIn(updates).length;
      await eventually(what, () => samplesIn(updates).length >= before + 3);
    };
    await more('samples');
    fake.die(id, 1);
    await eventually('the stream is closed', () => fake.openStreams('stats') === 0);
    await eventually('a gap', () => reasonsIn(updates).includes('notRunning'));
    fake.start(id);
    await more('samples of the next run');
    fake.restart(id);
    await more('samples after a restart');
    fake.pause(id);
    await more('samples of a paused container');
    fake.unpause(id);
    await more('samples of a running container');
    for (const sample of samplesIn(updates)) {
      for (const value of Object.values(sample)) assert.ok(value === undefined || value >= 0);
      assert.ok(sample.cpuPercent === undefined || sample.cpuPercent <= 100);
      assert.ok((sample.networkReceivedBytesPerSecond ?? 0) < (1000 / INTERVAL_MS) * 1000 * 5);
    }
  });

  it('says that a container is gone', async () => {
    const { id } = fake.run({ name: 'web' });
    await connect();
    const { updates } = watch(id);
    await eventually('a sample', () => samplesIn(updates).length > 0);
    fake.remove(id, { force: true });
    await eventually('removed', () => reasonsIn(updates).at(-1) === 'removed');
    assert.equal(fake.openStreams('stats'), 0);
  });

  it('goes on with one stream each when the engine was away', async () => {
    const containers = [fake.run({ name: 'web' }), fake.run({ name: 'database' })];
    await connect();
    const watchers = containers.flatMap(({ id }) => [watch(id), watch(id)]);
    await eventually('values', () => watchers.every(({ updates }) => samplesIn(updates).length > 0));
    fake.stopListening();
    await eventually('all say so', () =>
      watchers.every(({ updates }) => reasonsIn(updates).at(-1) === 'disconnected'),
    );
    assert.equal(fake.openStreams('stats'), 0);
    await fake.listenAgain();
    engine.retryNow();
    await eventually('values again', () =>
      watchers.every(({ updates }) => updates.at(-1)?.kind === 'sample'),
    );
    assert.equal(fake.openStreams('stats'), 2);
    assert.equal(fake.count('stats'), 4);
  });

  it('can be watched before the host is connected', async () => {
    const { id } = fake.run({ name: 'web' });
    const { updates } = watch(id);
    assert.deepEqual(reasonsIn(updates), ['disconnected']);
    await connect();
    await eventually('a sample', () => samplesIn(updates).length > 0);
  });

  it('tells what the engine said when it refuses, and asks again', async () => {
    const { id } = fake.run({ name: 'web' });
    fake.failRoute('stats', 'cgroups: cgroup deleted');
    await connect();
    const { updates } = watch(id);
    await eventually('a gap', () => updates.length > 0);
    const [update] = updates;
    assert.ok(update?.kind === 'gap');
    assert.equal(update.gap.reason, 'interrupted');
    assert.match(update.gap.error?.message ?? '', /cgroup deleted/);
    fake.failRoute('stats', undefined);
    await eventually('a sample', () => samplesIn(updates).length > 0);
  });
}
