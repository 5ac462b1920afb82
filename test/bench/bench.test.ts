import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { testEngineOrSkip } from '../support/testEngine';
import { accountOf } from './account';
import { pageWork, type TraceEvent } from './chromiumTrace';
import { alternate, median, percentile, slope } from './statistics';

const root = path.resolve(__dirname, '../..');

/** Runs the command as people do, with little work: what it measures is not looked at, only that it measures. */
function bench(...words: string[]): Record<string, unknown> {
  const args = ['--import', 'tsx', 'test/bench/main.ts', ...words, '--json'];
  const env = {
    ...process.env,
    QUAYWATCH_BENCH_LINES: '20000',
    QUAYWATCH_BENCH_ROUNDS: '1',
    QUAYWATCH_BENCH_IDLE_MS: '500',
    QUAYWATCH_BENCH_SECONDS: '2',
    QUAYWATCH_BENCH_METRICS_MS: '1000',
    QUAYWATCH_BENCH_CONTAINERS: '20',
    QUAYWATCH_BENCH_DEPLOYMENTS: '300',
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

describe('the benchmarks', function () {
  this.timeout(300_000);
  before(function () {
    testEngineOrSkip(this);
  });

  it('read every line of a log, beside the docker CLI', () => {
    const figures = bench('logs');
    assert.equal(figures['logs.lines'], 20_000);
    assert.match(String(figures['logs.cli.version']), /Docker/);
    assert.ok(Number(figures['logs.local.vsCli']) > 0);
  });

  it('filter a log beside the same unfiltered, and are not held up by hostile patterns', () => {
    const figures = bench('filter');
    assert.equal(figures['filter.lines'], 20_000);
    assert.ok(Number(figures['filter.linesShown']) > 0);
    assert.ok(Number(figures['filter.vsUnfiltered']) > 0);
    assert.ok(Number(figures['filter.hostile.longLineMs']) > 0);
  });

  it('measure an agent beside the docker CLI, from memory, with nobody there and with many clients', () => {
    const figures = bench('agent');
    for (const name of [
      'logs.agent.vsCli',
      'agent.memory.linesPerSecond',
      'agent.idle.rssMegabytes',
      'agent.load.takenPerSecond',
      'agent.stalled.p99Ms',
    ])
      assert.ok(Number(figures[name]) > 0, `${name}: ${String(figures[name])}`);
  });

  it('deploy beside what the docker CLI does by hand', () => {
    const figures = bench('deploy');
    assert.equal(figures['deploy.rounds'], 1);
    assert.ok(Number(figures['deploy.vsByHand']) > 0);
    assert.ok(Number(figures['deploy.windowMs']) > 0);
  });

  it('open a list of past deployments, here and through an agent, beside reading its index', () => {
    const figures = bench('deployments');
    assert.equal(figures['deployments.count'], 300);
    for (const name of ['local.openMs', 'agent.openMs', 'local.vsIndexRead', 'withoutIndexMs'])
      assert.ok(Number(figures[`deployments.${name}`]) > 0, name);
    assert.ok(Number(figures['deployments.sentKilobytes']) < 200, 'a page is sent, not all');
  });

  it('measure the activation beside that of a built-in extension', () => {
    const figures = bench('activation');
    assert.ok(Number(figures['activation.activateMs']) > 0);
    assert.ok(Number(figures['activation.vsNotebooks']) > 0);
  });

  it('measure what figures cost an agent with ten clients beside one, and a reader', () => {
    const figures = bench('metrics');
    assert.equal(figures['metrics.containers'], 20);
    assert.ok(Number(figures['metrics.agent.samplesPerClientPerSecond']) > 0);
    assert.ok(Number(figures['metrics.agent.oneClientCorePercent']) >= 0);
    assert.ok(Number(figures['metrics.reader.corePercent']) >= 0);
    assert.equal(figures['metrics.engine.openStreams'], 0);
  });

  it('measure the metrics page in VS Code beside the same window without it', () => {
    const figures = bench('panel', '--minutes', '0.05');
    assert.equal(figures['panel.containers'], 20);
    for (const name of [
      'panel.samplesPerSecond',
      'panel.table.scriptPercent',
      'panel.table.layoutPercent',
      'panel.table.longestTaskMs',
      'panel.table.frames',
      'panel.table.hostCorePercent',
      'panel.charts.scriptPercent',
      'panel.heap.lastMegabytes',
      'panel.nodes.last',
    ])
      assert.ok(Number(figures[name]) > 0, `${name}: ${String(figures[name])}`);
    assert.equal(figures['panel.closed.scriptPercent'], 0);
    for (const name of ['panel.closed.windowBusyPercent', 'panel.closed.hostCorePercent'])
      assert.ok(Number(figures[name]) >= 0, `${name}: ${String(figures[name])}`);
  });

  it('account for every line of a channel in VS Code, and of fifty', () => {
    const figures = bench('memory');
    assert.deepEqual(
      ['one', 'fifty'].map((name) => [
        figures[`memory.${name}.linesAccountedFor`],
        figures[`memory.${name}.faults`],
      ]),
      [
        [20_000, 0],
        [20_000, 0],
      ],
    );
    assert.ok(Number(figures['memory.one.loopDelayP99Ms']) > 0);
  });

  it('count what is asked of an engine while nothing happens', () => {
    const figures = bench('idle');
    assert.equal(figures['idle.requests'], 0);
    assert.ok(Number(figures['idle.shownCpuMs']) > 0);
  });

  it('ask for minutes that are a number', () => {
    const args = ['--import', 'tsx', 'test/bench/main.ts', 'panel', '--minutes', 'many'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /--minutes is a number/);
  });

  it('name the benchmarks there are when asked for another', () => {
    const args = ['--import', 'tsx', 'test/bench/main.ts', 'speed'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /No benchmark speed\. There are: logs, latency, .*, all\./);
  });
});

describe('the account of a channel', () => {
  const line = (number: number): string => `${String(number).padStart(8, '0')} xxx`;

  it('adds up what is shown and what markers say is left out', () => {
    const text = `── 1,000 earlier lines are no longer shown ──\n${line(1_001)}\n── 3 lines skipped: too fast ──\n${line(1_005)}\n── stopped, exit 0 ──\n`;
    assert.deepEqual(accountOf(text), { shown: 2, leftOut: 1_003, faults: 0 });
  });

  it('finds lines that lack, come twice or are mangled', () => {
    assert.equal(accountOf([line(1), line(3)].join('\n')).faults, 1);
    assert.equal(accountOf([line(1), line(1), line(2)].join('\n')).faults, 2);
    assert.equal(accountOf([line(1), '0000 xxx', line(2)].join('\n')).faults, 1);
    assert.equal(accountOf(`── 2 lines skipped ──\n${line(4)}`).faults, 1);
  });
});

describe('the work of a page in a trace', () => {
  const MAIN = { pid: 1, tid: 1 };
  const complete = (name: string, ts: number, dur: number, frame?: string, thread = MAIN): TraceEvent => ({
    name,
    ph: 'X',
    ts: ts * 1_000,
    dur: dur * 1_000,
    ...thread,
    ...(frame !== undefined && { args: { data: { frame } } }),
  });
  const main: TraceEvent = {
    name: 'thread_name',
    ph: 'M',
    ts: 0,
    ...MAIN,
    args: { name: 'CrRendererMain' },
  };
  const reported = (id: string, beginMs: number, endMs: number, state: string): TraceEvent[] => [
    {
      name: 'PipelineReporter',
      ph: 'b',
      pid: 1,
      tid: 2,
      ts: beginMs * 1_000,
      id2: { local: id },
      args: { frame_reporter: { state } },
    },
    { name: 'PipelineReporter', ph: 'e', pid: 1, tid: 2, ts: endMs * 1_000, id2: { local: id } },
  ];

  it("counts a document's script once, however it is nested, and apart from others'", () => {
    const work = pageWork(
      [
        main,
        complete('RunTask', 0, 50),
        complete('FunctionCall', 1, 5, 'root'),
        complete('HandlePostMessage', 10, 20),
        complete('FunctionCall', 12, 15, 'page'),
        complete('FunctionCall', 13, 5, 'page'),
        complete('Layout', 40, 7, 'page'),
        complete('RunTask', 60, 90),
        complete('FunctionCall', 61, 80, 'root'),
        complete('FunctionCall', 61, 1_000, 'page', { pid: 2, tid: 2 }),
      ],
      'root',
      'page',
    );
    assert.deepEqual([work.scriptMs, work.layoutMs, work.busyMs, work.longestTaskMs], [20, 7, 140, 50]);
  });

  it('takes the time that the thread ran where the trace tells it', () => {
    const slowed = { ...complete('FunctionCall', 1, 500, 'page'), tdur: 30_000 };
    const work = pageWork([main, complete('FunctionCall', 0, 1, 'root'), slowed], 'root', 'page');
    assert.equal(work.scriptMs, 30);
  });

  it('measures the frames that had something to show, also those that were dropped', () => {
    const work = pageWork(
      [
        main,
        complete('FunctionCall', 0, 1, 'root'),
        ...reported('a', 0, 16, 'STATE_PRESENTED_ALL'),
        ...reported('b', 0, 400, 'STATE_NO_UPDATE_DESIRED'),
        ...reported('a', 20, 140, 'STATE_DROPPED'),
      ],
      'root',
      undefined,
    );
    assert.deepEqual(work.framesMs, [16, 120]);
    assert.equal(work.scriptMs, 0);
  });
});

describe('the statistics of benchmarks', () => {
  it('takes the middle value', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it('finds by how much values grow', () => {
    assert.equal(
      slope([
        [0, 10],
        [1, 12],
        [2, 14],
      ]),
      2,
    );
    assert.equal(slope([[5, 7]]), 0);
    assert.equal(slope([]), 0);
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    assert.deepEqual(
      [percentile(values, 99), percentile(values, 50), percentile(values, 100)],
      [198, 100, 200],
    );
    assert.ok(Number.isNaN(percentile([], 99)));
  });

  it('runs both in turn and does not count the first round', async () => {
    const order: string[] = [];
    const run = (name: string) => () => Promise.resolve(order.push(name));
    const { ours, peer } = await alternate(2, run('ours'), run('peer'));
    assert.deepEqual(order, ['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    assert.deepEqual([ours.length, peer.length], [2, 2]);
  });
});
