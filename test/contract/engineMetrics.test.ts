import assert from 'node:assert/strict';
import { DisposableStore } from '../../src/base/lifecycle';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { MetricsRequest, MetricsWatch } from '../../src/engine/metrics';
import type { ContainerId } from '../../src/model/container';
import type { MachineUpdate } from '../../src/model/machineMetrics';
import type { MetricUpdate } from '../../src/model/metrics';
import { FakeEngine, type FakeEngineOptions } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { gapsIn, samplesIn } from '../support/metricUpdates';

const INTERVAL_MS = 120;
/** The bound a panel is given for stopping. */
const STOPPING_MS = 2_000;
const WHOLE = { fromMs: 0, toMs: 8e15, maxPoints: 1_000 };

describe('figures of a fake engine', function () {
  this.timeout(60_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('through the port', () => engineMetricsSuite());
});

function engineMetricsSuite(): void {
  let fake: FakeEngine;
  let engine: DockerEngine;
  let store: DisposableStore;

  beforeEach(() => open({}));
  afterEach(close);

  async function open(options: Partial<FakeEngineOptions>): Promise<void> {
    store = new DisposableStore();
    fake = await new FakeEngine({ personality: '29', statsIntervalMs: INTERVAL_MS, ...options }).listen();
    const log = (): void => undefined;
    const openSession = dockerSessionOpener(() => fake.dockerHost, log);
    engine = store.add(new DockerEngine({ openSession, log, random: () => 0 }));
  }

  async function close(): Promise<void> {
    store.dispose();
    await fake.dispose();
  }

  async function connect(): Promise<void> {
    engine.connect();
    await eventually('connected', () => engine.connection.kind === 'ready');
  }

  function watch(request: Partial<MetricsRequest>): {
    readonly watch: MetricsWatch;
    readonly containers: Map<ContainerId, MetricUpdate[]>;
    readonly machine: MachineUpdate[];
  } {
    const containers = new Map<ContainerId, MetricUpdate[]>();
    const machine: MachineUpdate[] = [];
    const told = engine.metrics.watch(
      { containers: [], machine: false, ...request },
      {
        container: (id, update) => containers.set(id, [...(containers.get(id) ?? []), update]),
        machine: (update) => machine.push(update),
      },
    );
    return { watch: store.add(told), containers, machine };
  }

  it('cost nothing while nobody watches', async () => {
    fake.bulkRunning(50);
    await connect();
    for (const route of ['stats', 'info', 'images']) assert.equal(fake.count(route), 0, route);
    assert.equal(fake.count('events'), 1);
  });

  it('take one stream for each of 50 containers however many watch, and none soon after', async () => {
    const ids = fake.bulkRunning(50).map(({ id }) => id);
    await connect();
    const watches = Array.from({ length: 5 }, () => watch({ containers: ids, machine: true }));
    await eventually('everybody has values', () =>
      watches.every(({ containers }) => ids.every((id) => samplesIn(containers.get(id) ?? []).length >= 2)),
    );
    assert.equal(fake.count('stats'), 50);
    assert.equal(fake.openStreams('stats'), 50);
    for (const route of ['info', 'images']) assert.equal(fake.count(route), 1, route);
    assert.equal(fake.count('events'), 2);
    for (const { watch: one } of watches.slice(1))
      one.change({ containers: ids.slice(0, 10), machine: false });
    assert.equal(fake.openStreams('stats'), 50);
    const stoppedAtMs = Date.now();
    for (const { watch: one } of watches) store.delete(one);
    await fake.whenOpenStreams('stats', 0);
    await fake.whenOpenStreams('events', 1);
    assert.ok(Date.now() - stoppedAtMs < STOPPING_MS);
    assert.equal(fake.count('stats'), 50);
  });

  it('tell a watcher that has what it wants about nothing else', async () => {
    const [first, second] = fake.bulkRunning(2);
    assert.ok(first && second);
    await connect();
    const { watch: told, containers } = watch({ containers: [first.id, second.id] });
    told.change({ containers: [second.id], machine: false });
    await eventually('values', () => samplesIn(containers.get(second.id) ?? []).length >= 2);
    assert.deepEqual([...containers.keys()], [second.id]);
    assert.equal(fake.count('stats'), 1);
  });

  it('count images after one list, and list them again only when an event says so', async () => {
    fake.run({ name: 'web' });
    await connect();
    const { machine } = watch({ machine: true });
    const images = (): number | undefined => machine.at(-1)?.counts?.images;
    await eventually('one image', () => images() === 1);
    await eventually('a few samples', () => machine.length >= 3);
    assert.equal(fake.count('images'), 1);
    for (let number = 0; number < 20; number++) fake.addImage(`unused:${number}`);
    await eventually('21 images', () => images() === 21);
    assert.ok(fake.count('images') <= 3, `${fake.count('images')} lists`);
    const counted = fake.count('images');
    fake.emitEvent('image', 'push', 'unused:1');
    fake.create({ name: 'another' });
    await eventually('the container is counted', () => machine.at(-1)?.counts?.containersTotal === 2);
    assert.equal(fake.count('images'), counted);
  });

  it('have no figures of a machine that is another one, but the counts', async () => {
    await close();
    await open({ isElsewhere: true });
    fake.run({ name: 'web' });
    await connect();
    const { machine } = watch({ machine: true });
    const counts = { containersRunning: 1, containersTotal: 1, images: 1 };
    const expected = { kind: 'gap', reason: 'notThisMachine', counts };
    await eventually('told', () => machine.at(-1)?.counts?.images === 1);
    assert.deepEqual(machine.at(-1), expected);
    fake.create({ name: 'idle' });
    await eventually('a new count', () => machine.at(-1)?.counts?.containersTotal === 2);
    assert.equal((await engine.metrics.readMachineHistory(WHOLE)).timesMs.length, 0);
  });

  it('have none of the machine of an engine over TCP', async () => {
    await close();
    await open({ tcpPort: 0 });
    await connect();
    const { machine } = watch({ machine: true });
    await eventually('told', () => machine.length > 0);
    const [update] = machine;
    assert.ok(update?.kind === 'gap');
    assert.equal(update.reason, 'notThisMachine');
  });

  it('ask again when the engine does not describe itself', async () => {
    fake.failRoute('info', 'not now');
    await connect();
    const { machine } = watch({ machine: true });
    await fake.whenRequested('info', 2);
    assert.equal(machine.length, 0);
    fake.failRoute('info', undefined);
    await eventually('a sample', () => machine.at(-1)?.kind === 'sample');
  });

  it('are no numbers where the engine sends what is none', async () => {
    const { id } = fake.run({ name: 'hostile' });
    let count = 0;
    const hostile: readonly ((sample: object) => unknown)[] = [
      (sample) => sample,
      (sample) => ({ ...sample, cpu_stats: { cpu_usage: { total_usage: 'NaN' }, system_cpu_usage: null } }),
      (sample) => ({ ...sample, memory_stats: { usage: 2 ** 53, limit: 0 } }),
      (sample) => ({ ...sample, networks: { eth0: { rx_bytes: -1, tx_bytes: 1e300 } } }),
      (sample) => ({ ...sample, blkio_stats: { io_service_bytes_recursive: [null, { op: 7, value: {} }] } }),
      (sample) => ({ ...sample, read: '9999-99-99', preread: 5, pids_stats: [] }),
      (sample) => ({ ...sample, cpu_stats: { cpu_usage: { total_usage: 2 ** 53 }, online_cpus: 1e9 } }),
      () => ({}),
      () => ({ cpu_stats: null, memory_stats: [], networks: 'none' }),
    ];
    fake.changeStats((sample) => hostile[count++ % hostile.length]?.(sample));
    await connect();
    const { containers } = watch({ containers: [id] });
    await eventually('all of it came twice', () => count > 2 * hostile.length);
    const samples = samplesIn(containers.get(id) ?? []);
    assert.ok(samples.length > 5);
    for (const sample of samples)
      for (const [name, value] of Object.entries(sample))
        assert.ok(value === undefined || (Number.isFinite(value) && value >= 0), `${name} ${value}`);
    const chart = (await engine.metrics.readHistory([id], WHOLE)).get(id);
    assert.ok(chart);
    assert.ok([...chart.lines.cpuPercent.greatest].every((value) => Number.isNaN(value) || value <= 600));
  });

  it('show a container that dies at once as not running', async () => {
    await connect();
    const { id } = fake.create({ name: 'brief' });
    await eventually('known', () => engine.containers?.has(id) === true);
    const { containers } = watch({ containers: [id] });
    for (let run = 0; run < 20; run++) {
      fake.start(id);
      fake.die(id, 1);
    }
    await eventually('not running', () => gapsIn(containers.get(id) ?? []).at(-1) === 'notRunning');
    await fake.whenOpenStreams('stats', 0);
    for (const sample of samplesIn(containers.get(id) ?? []))
      assert.ok((sample.cpuPercent ?? 0) >= 0 && (sample.cpuPercent ?? 0) <= 600);
  });

  it('are forgotten with a container that nobody watched when it was removed', async () => {
    const { id } = fake.run({ name: 'gone' });
    await connect();
    const { watch: told, containers } = watch({ containers: [id] });
    await eventually('a sample', () => samplesIn(containers.get(id) ?? []).length > 0);
    store.delete(told);
    assert.equal((await engine.metrics.readHistory([id], WHOLE)).size, 1);
    fake.stopListening();
    await eventually('away', () => engine.connection.kind !== 'ready');
    fake.remove(id, { force: true });
    assert.equal((await engine.metrics.readHistory([id], WHOLE)).size, 1);
    await fake.listenAgain();
    engine.retryNow();
    await eventually('listed anew', () => engine.containers?.has(id) === false);
    assert.equal((await engine.metrics.readHistory([id], WHOLE)).size, 0);
  });
}
