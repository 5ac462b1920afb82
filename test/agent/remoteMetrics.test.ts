import assert from 'node:assert/strict';
import type { HistoryRange, MetricsRequest, MetricsWatch } from '../../src/engine/metrics';
import type { MachineUpdate } from '../../src/model/machineMetrics';
import { METRIC_SERIES, type MetricUpdate } from '../../src/model/metrics';
import { chartOf } from '../../src/model/metricsChart';
import { encodeHistoryBody } from '../../src/protocol/chartFrames';
import { encodeJsonBody } from '../../src/protocol/dataFrames';
import type { Envelope } from '../../src/protocol/envelope';
import {
  gapContent,
  machineContent,
  MetricsBody,
  nameContent,
  sampleContent,
  type EntryContent,
} from '../../src/protocol/metricsFrames';
import { makeMachineSample, makeSample, NO_COUNTS } from '../doubles/memoryMetrics';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { RemoteFixture } from '../support/remoteFixture';
import type { ScriptedConnection } from '../support/scriptedAgent';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const RANGE: HistoryRange = { fromMs: 0, toMs: 10_000, maxPoints: 100 };

describe('figures behind an agent', function () {
  this.timeout(20_000);
  checkForLeaks();
  describe('that a scripted agent tells', () => figures());
});

interface Told {
  readonly watch: MetricsWatch;
  readonly updates: [id: string, update: MetricUpdate][];
  readonly machine: MachineUpdate[];
}

function figures(): void {
  let fixture: RemoteFixture;
  let connection: ScriptedConnection;
  beforeEach(async () => {
    fixture = await RemoteFixture.start();
    connection = await fixture.connected();
  });
  afterEach(() => fixture.dispose());

  function watch(request: Partial<MetricsRequest>): Told {
    const updates: Told['updates'] = [];
    const machine: MachineUpdate[] = [];
    const told = fixture.engine.metrics.watch(
      { containers: [], machine: false, ...request },
      { container: (id, update) => updates.push([id, update]), machine: (update) => machine.push(update) },
    );
    return { watch: fixture.store.add(told), updates, machine };
  }

  async function opened(on = connection): Promise<Envelope> {
    const command = await on.command('start_metrics_stream');
    on.answer(command, 'done');
    return command;
  }

  function send(
    stream: number,
    sequence: number,
    entries: readonly (readonly [key: number, content: EntryContent])[],
    on = connection,
  ): void {
    const body = new MetricsBody();
    for (const [key, content] of entries) body.add(key, content);
    on.frame('metrics_update', stream, sequence, body.encode());
  }

  const sampleAt = (timeMs: number): EntryContent =>
    sampleContent(makeSample(timeMs, { cpuPercent: timeMs }));

  async function has(what: string, condition: () => boolean): Promise<void> {
    await eventually(what, condition, 5_000);
  }

  it('are asked for once, however many watch, and change one command at a time', async () => {
    const first = watch({ containers: [A] });
    const second = watch({ containers: [A, B], machine: true });
    const command = await connection.command('start_metrics_stream');
    assert.deepEqual(command.data, {
      stream: 1,
      container_ids: [A, B],
      machine: true,
      credit: 262_144,
    });
    second.watch.change({ containers: [B], machine: false });
    first.watch.change({ containers: [], machine: false });
    first.watch.change({ containers: [A], machine: true });
    first.watch.change({ containers: [], machine: true });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(connection.count('change_metrics_stream'), 0);
    connection.answer(command, 'done');
    const change = await connection.command('change_metrics_stream');
    assert.deepEqual(change.data, { stream: 1, container_ids: [B], machine: true });
    connection.answer(change, 'done');
    fixture.store.delete(first.watch);
    fixture.store.delete(second.watch);
    const stop = await connection.command('stop_metrics_stream');
    assert.deepEqual(stop.data, { stream: 1 });
    assert.equal(connection.count('change_metrics_stream'), 1);
  });

  it('are told to those who watch, and at once to those who come later', async () => {
    const first = watch({ containers: [A], machine: true });
    await opened();
    const machine: MachineUpdate = { kind: 'sample', sample: makeMachineSample(1), counts: NO_COUNTS };
    send(1, 1, [
      [0, machineContent(machine)],
      [4, nameContent(A)],
      [4, sampleAt(1)],
      [5, sampleAt(9)],
      [6, nameContent(B)],
      [6, sampleAt(9)],
      [4, gapContent({ reason: 'notRunning' })],
    ]);
    await has('both', () => first.updates.length === 2);
    assert.deepEqual(first.updates, [
      [A, { kind: 'sample', sample: makeSample(1, { cpuPercent: 1 }) }],
      [A, { kind: 'gap', gap: { reason: 'notRunning' } }],
    ]);
    assert.deepEqual(first.machine, [machine]);
    const later = watch({ containers: [A], machine: true });
    assert.equal(later.updates.length, 0);
    await has('what is known', () => later.updates.length === 1 && later.machine.length === 1);
    assert.deepEqual(later.updates, first.updates.slice(1));
    assert.equal(connection.count('change_metrics_stream'), 0);
  });

  it('are acknowledged', async () => {
    watch({ containers: [A] });
    await opened();
    send(1, 1, [[4, nameContent(A)]]);
    await has('received', () => {
      fixture.clock.advance(60);
      return connection.count('ack') === 1;
    });
    const ack = await connection.command('ack');
    const cost = 20 + 12 + 64;
    assert.deepEqual(ack.data['streams'], [{ stream: 1, sequence: 1, credit: 262_144 + cost }]);
  });

  it('survive a cut: a gap, then what the agent goes on with, and gaps said anew', async () => {
    const told = watch({ containers: [A, B], machine: true });
    await opened();
    send(1, 1, [
      [4, nameContent(A)],
      [5, nameContent(B)],
      [4, sampleAt(1)],
      [5, gapContent({ reason: 'notRunning' })],
    ]);
    await has('both', () => told.updates.length === 2);
    connection.cut();
    const next = await fixture.reconnecting();
    const away = { kind: 'gap', gap: { reason: 'disconnected' } };
    assert.deepEqual(told.updates.slice(2), [
      [A, away],
      [B, away],
    ]);
    assert.deepEqual(told.machine, [{ kind: 'gap', reason: 'disconnected' }]);
    const late = watch({ containers: [A] });
    await has('told of the cut', () => late.updates.length === 1);
    const resume = (await next.open({ resumed: true, streams: [{ stream: 1, sequence: 0 }] })) as {
      streams: unknown;
    };
    assert.deepEqual(resume.streams, [{ stream: 1, sequence: 1, credit: 262_144 }]);
    await has('not running', () => told.updates.length === 5);
    assert.deepEqual(told.updates[4], [B, { kind: 'gap', gap: { reason: 'notRunning' } }]);
    send(1, 2, [[4, sampleAt(2)]], next);
    await has('a sample', () => told.updates.length === 6);
    assert.equal(next.count('start_metrics_stream') + next.count('change_metrics_stream'), 0);
  });

  it('say anew what is wanted where nobody knows whether the agent heard it', async () => {
    const told = watch({ containers: [A] });
    await opened();
    told.watch.change({ containers: [B], machine: false });
    await connection.command('change_metrics_stream');
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ resumed: true, streams: [{ stream: 1, sequence: 0 }] });
    const change = await next.command('change_metrics_stream');
    assert.deepEqual(change.data, { stream: 1, container_ids: [B], machine: false });
  });

  it('begin anew where the session is gone', async () => {
    const told = watch({ containers: [A] });
    await opened();
    send(1, 1, [
      [4, nameContent(A)],
      [4, sampleAt(1)],
    ]);
    await has('a sample', () => told.updates.length === 1);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    const { data } = await opened(next);
    assert.equal(data['stream'], 2);
    send(
      2,
      1,
      [
        [1, nameContent(A)],
        [1, sampleAt(5)],
      ],
      next,
    );
    await has('a sample', () => told.updates.at(-1)?.[1].kind === 'sample' && told.updates.length === 3);
  });

  it('are asked for again after a while if the agent is busy', async () => {
    watch({ containers: [A] });
    const command = await connection.command('start_metrics_stream');
    connection.answer(command, 'failed', {}, { code: 'tooManyStreams', message: 'no' });
    await has('asked again', () => {
      fixture.clock.advance(100);
      return connection.count('start_metrics_stream') === 2;
    });
  });

  it('say what an agent without them answers, and leave it in peace', async () => {
    const told = watch({ containers: [A] });
    const command = await connection.command('start_metrics_stream');
    connection.answer(command, 'failed', {}, { code: 'unknownAction', message: 'no such action' });
    await has('told', () => told.updates.length === 1);
    const [, update] = told.updates[0] ?? [];
    assert.ok(update?.kind === 'gap');
    assert.equal(update.gap.reason, 'interrupted');
    assert.match(update.gap.error?.message ?? '', /no such action/);
    const other = watch({ containers: [B] });
    await has('told, too', () => other.updates.length === 1);
    assert.equal(connection.count('start_metrics_stream'), 1);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    await next.command('start_metrics_stream');
  });

  it('of more containers than an agent takes are refused for those beyond', async () => {
    const ids = Array.from({ length: 1_003 }, (_, index) => String(index).padStart(64, '0'));
    const told = watch({ containers: ids });
    const { data } = await opened();
    assert.equal((data['container_ids'] as string[]).length, 1_000);
    await has('told', () => told.updates.length === 3);
    assert.deepEqual(
      told.updates.map(([id]) => id),
      ids.slice(1_000),
    );
  });

  it('of the past are read, one reading after the other', async () => {
    const { metrics } = fixture.engine;
    const reading = metrics.readHistory([A, B, A], RANGE);
    const machine = metrics.readMachineHistory(RANGE);
    const command = await connection.command('read_metrics_history');
    assert.deepEqual(command.data, {
      stream: 1,
      container_ids: [A, B],
      machine: false,
      fromMs: 0,
      toMs: 10_000,
      maxPoints: 100,
      credit: 2_097_152,
    });
    connection.answer(command, 'done');
    const values = METRIC_SERIES.map(() => 1);
    const chart = chartOf([{ timeMs: 5, least: values, mean: values, greatest: values }], METRIC_SERIES);
    connection.frame(
      'metrics_history',
      1,
      1,
      encodeHistoryBody({ kind: 'container', containerId: A, chart }),
    );
    assert.equal(connection.count('read_metrics_history'), 1);
    connection.frame('metrics_history_end', 1, 2, encodeJsonBody({}));
    assert.deepEqual([...(await reading)], [[A, chart]]);
    const second = await connection.command('read_metrics_history');
    connection.answer(second, 'failed', {}, { code: 'tooManyStreams', message: 'no' });
    await assert.rejects(machine, { code: 'agentBusy' });
  });

  it('of the past are not waited for for ever', async () => {
    const { metrics } = fixture.engine;
    const late = metrics.readHistory([A], RANGE);
    late.catch(() => undefined);
    await connection.command('read_metrics_history');
    await fixture.pass(connection, 30_000);
    await assert.rejects(late, { code: 'timeout' });
  });

  it('of the past fail with the connection, and at once where there is none', async () => {
    const { metrics } = fixture.engine;
    const cut = metrics.readHistory([A], RANGE);
    const command = await connection.command('read_metrics_history');
    connection.answer(command, 'done');
    connection.cut();
    await assert.rejects(cut, { code: 'connectionLost' });
    await fixture.becomes('waiting');
    await assert.rejects(metrics.readMachineHistory(RANGE), { code: 'connectionLost' });
  });

  it('that make no sense end the connection', async () => {
    watch({ containers: [A] });
    await opened();
    connection.frame('metrics_update', 1, 1, new Uint8Array(5));
    await has('closed', () => connection.closeCode === 4400);
  });
}
