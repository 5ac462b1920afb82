import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Emitter } from '../../src/base/emitter';
import { EngineError } from '../../src/engine/engine';
import type { ToPage } from '../../src/protocol/webview/envelope';
import type { MetricsAction, MetricsChange, MetricsSnapshot } from '../../src/protocol/webview/metrics';
import { markersIn } from '../../src/vscode/panels/metrics/containerMarkers';
import { ThresholdNotices } from '../../src/vscode/panels/metrics/thresholdNotices';
import { PageController } from '../../src/vscode/panels/pageController';
import type { PanelSession } from '../../src/vscode/panels/panel';
import type { TestApi } from '../../src/vscode/testApi';
import { FakeClock } from '../doubles/fakeClock';
import { inProject, makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { makeMachineSample, makeSample, NO_COUNTS } from '../doubles/memoryMetrics';
import { eventually } from '../support/eventually';
import { extensionApi, rowNamed, useMemoryEngine } from './extensionApi';

interface OpenPage {
  readonly session: PanelSession<MetricsSnapshot, MetricsAction>;
  readonly snapshot: MetricsSnapshot;
  /** All that was sent. */
  readonly changes: MetricsChange[];
}

const web = makeContainer('web', inProject('shop', 'web'));
const db = makeContainer('db');
const done = makeContainer('done', { state: 'exited', exitCode: 3 });
const keyOf = (id: string): string => `local/${id}`;

function openPage(api: TestApi): OpenPage {
  const changes: MetricsChange[] = [];
  const session = api.metrics.open({
    place: 'editor',
    send: (delta) => {
      changes.push(...delta);
      return Promise.resolve();
    },
  });
  return { session, snapshot: session.snapshot(), changes };
}

function changesOf<K extends MetricsChange['kind']>(page: OpenPage, kind: K) {
  return page.changes.filter((change): change is Extract<MetricsChange, { kind: K }> => change.kind === kind);
}

describe('what is behind a metrics page', () => {
  let api: TestApi;
  let engine: MemoryEngine;
  let page: OpenPage;

  beforeEach(async () => {
    api = await extensionApi();
    engine = await useMemoryEngine(api, [web, db, done]);
    page = openPage(api);
  });
  afterEach(() => page.session.dispose());

  it('begins with all hosts and rows, and has only the machine measured', () => {
    const { hosts, rows } = page.snapshot;
    assert.deepEqual(
      hosts.map(({ id, state, running, total }) => [id, state, running, total]),
      [['local', 'ready', 2, 3]],
    );
    assert.deepEqual(rows.map(({ name, project, isActive }) => [name, project, isActive]).sort(), [
      ['db', null, true],
      ['done', null, false],
      ['web', 'shop', true],
    ]);
    assert.deepEqual([...engine.metrics.watched], []);
    assert.ok(engine.metrics.isMachineWatched);
  });

  it('has measured what the page looks at, and nothing any more when it is closed', () => {
    page.session.act({ kind: 'look', keys: [keyOf(web.id), keyOf(db.id), 'nowhere/x', keyOf('gone')] });
    assert.deepEqual([...engine.metrics.watched], [web.id, db.id]);
    page.session.act({ kind: 'look', keys: [keyOf(db.id)] });
    assert.deepEqual([...engine.metrics.watched], [db.id]);
    page.session.dispose();
    assert.deepEqual([[...engine.metrics.watched], engine.metrics.isMachineWatched], [[], false]);
  });

  it('tells figures, gaps and machines together, and of each only the newest', async () => {
    page.session.act({ kind: 'look', keys: [keyOf(web.id), keyOf(db.id)] });
    engine.metrics.tellSample(web.id, makeSample(1, { cpuPercent: 1 }));
    engine.metrics.tellSample(web.id, makeSample(2, { cpuPercent: Number.NaN }));
    engine.metrics.tell(db.id, { kind: 'gap', gap: { reason: 'interrupted' } });
    const counts = { ...NO_COUNTS, images: 4 };
    engine.metrics.tellMachine({ kind: 'sample', sample: makeMachineSample(3, { cpuPercent: 9 }), counts });
    await eventually('it is told', () => page.changes.length > 0);
    assert.deepEqual(
      changesOf(page, 'figures').flatMap(({ figures }) => figures.map((one) => [one.timeMs, one.cpuPercent])),
      [[2, null]],
    );
    assert.deepEqual(changesOf(page, 'gaps')[0]?.gaps, [{ key: keyOf(db.id), reason: 'interrupted' }]);
    const [machines] = changesOf(page, 'machines');
    assert.equal(machines?.figures[0]?.cpuPercent, 9);
    assert.deepEqual(machines.images, [{ hostId: 'local', images: 4 }]);
  });

  it('tells rows that change, come and go, and that the host is away', async () => {
    engine.update({ ...web, state: 'paused' }, makeContainer('new'));
    engine.remove(db.id);
    engine.fail(new EngineError('unreachable', 'gone'));
    await eventually('the host is told to be away', () =>
      changesOf(page, 'hosts').some(({ hosts }) => hosts[0]?.state === 'away'),
    );
    const rows = changesOf(page, 'rows');
    assert.deepEqual(
      rows.flatMap(({ upserted }) => upserted.map(({ name, state }) => [name, state])).sort(),
      [
        ['new', 'running'],
        ['web', 'paused'],
      ],
    );
    assert.deepEqual(
      rows.flatMap(({ removed }) => removed),
      [keyOf(db.id)],
    );
  });

  it('answers a chart with the history, and says why there is none', async () => {
    engine.metrics.remember(web.id, { kind: 'sample', sample: makeSample(5_000, { cpuPercent: 7 }) });
    const subject = { kind: 'container', key: keyOf(web.id) } as const;
    const range = { fromMs: 0, toMs: 300_000, maxPoints: 100 };
    page.session.act({ kind: 'chart', request: 1, subject, ...range });
    await eventually('it is answered', () => changesOf(page, 'chart').length > 0);
    assert.deepEqual(changesOf(page, 'chart')[0]?.chart?.lines['cpuPercent']?.mean, [7]);
    engine.metrics.historyError = new EngineError('connectionLost', 'cut');
    page.session.act({ kind: 'chart', request: 2, subject, ...range });
    await eventually('it is answered again', () => changesOf(page, 'chart').length > 1);
    const { request, chart, reason } = changesOf(page, 'chart')[1] ?? {};
    assert.deepEqual([request, chart], [2, null]);
    assert.match(reason ?? '', /connection/);
  });

  it('reads the past of what is looked at once', async () => {
    engine.metrics.remember(web.id, {
      kind: 'sample',
      sample: makeSample(Date.now() - 60_000, { cpuPercent: 7 }),
    });
    for (const keys of [[keyOf(web.id)], [keyOf(web.id), keyOf(db.id)]])
      page.session.act({ kind: 'look', keys });
    await eventually('the past is told', () => changesOf(page, 'past').length > 0);
    assert.deepEqual(
      engine.metrics.historyReads.map(({ containers }) => containers),
      [[web.id], [db.id]],
    );
  });

  it('finds when a container whose charts are open began and ended', async () => {
    engine.onInspect = () => ({
      State: {
        StartedAt: '2024-01-01T00:00:00Z',
        FinishedAt: '2024-01-01T00:01:00.5Z',
        ExitCode: 137,
        OOMKilled: true,
      },
    });
    page.session.act({ kind: 'open', subject: { kind: 'container', key: keyOf(web.id) } });
    await eventually('the markers are told', () =>
      changesOf(page, 'markers').some(({ markers }) => markers.length === 2),
    );
    assert.deepEqual(
      changesOf(page, 'markers')
        .at(-1)
        ?.markers.map(({ kind, exitCode }) => [kind, exitCode]),
      [
        ['started', null],
        ['outOfMemory', 137],
      ],
    );
    assert.equal(engine.follows.length, 0);
  });

  it('knows when containers began and ended while nobody looked at metrics', async () => {
    page.session.dispose();
    engine.onInspect = () => ({});
    const [startedAtMs, atMs] = [Date.now() - 10_000, Date.now() - 20_000];
    engine.update({ ...db, run: { startedAtMs, end: { atMs, exitCode: 137, outOfMemory: true } } });
    engine.update({ ...db, run: { startedAtMs, end: { atMs: startedAtMs + 5_000, outOfMemory: false } } });
    page = openPage(api);
    page.session.act({ kind: 'open', subject: { kind: 'container', key: keyOf(db.id) } });
    await eventually('the markers are told', () => changesOf(page, 'markers').length > 0);
    assert.deepEqual(
      changesOf(page, 'markers')[0]?.markers.map(({ kind, timeMs, exitCode }) => [kind, timeMs, exitCode]),
      [
        ['outOfMemory', atMs, 137],
        ['started', startedAtMs, null],
        ['stopped', startedAtMs + 5_000, null],
      ],
    );
    engine.update({ ...db, run: { startedAtMs: startedAtMs + 7_000 } });
    await eventually('a start is told at once', () =>
      changesOf(page, 'markers').some(({ markers }) => markers.length === 4),
    );
  });

  it('says in the tree what a container uses, as long as that is known', async () => {
    page.session.act({ kind: 'look', keys: [keyOf(web.id)] });
    engine.metrics.tellSample(web.id, makeSample(Date.now(), { cpuPercent: 12.5, memoryBytes: 1_048_576 }));
    await eventually('the card names it', () => {
      const { tooltip } = rowNamed(api, 'web').item;
      return (
        tooltip instanceof vscode.MarkdownString &&
        /12\\?\.50\\?%/.test(tooltip.value) &&
        /1MiB/.test(tooltip.value)
      );
    });
  });
});

describe('markers in what an engine says of a container', () => {
  it('are not believed to be there', () => {
    for (const description of [
      undefined,
      null,
      5,
      {},
      { State: 'x' },
      { State: { StartedAt: 5, FinishedAt: 'never' } },
    ])
      assert.deepEqual(markersIn(description), []);
  });

  it('leave out what never happened, and an exit code that is forgotten', () => {
    const state = { StartedAt: '2024-01-01T00:02:00Z', FinishedAt: '2024-01-01T00:01:00Z', ExitCode: 0 };
    assert.deepEqual(
      markersIn({ State: state }).map(({ kind, exitCode }) => [kind, exitCode]),
      [
        ['started', null],
        ['stopped', null],
      ],
    );
    assert.equal(markersIn({ State: { ...state, FinishedAt: '0001-01-01T00:00:00Z' } }).length, 1);
  });
});

describe('a page and what is behind it', () => {
  function makePage(api: TestApi) {
    const messages = new Emitter<unknown>();
    const visibility = new Emitter<unknown>();
    const posted: ToPage<string, unknown, unknown>[] = [];
    const warnings: string[] = [];
    const holder = {
      place: 'view' as const,
      visible: true,
      onDidChangeVisibility: visibility.event as vscode.Event<unknown>,
      webview: {
        onDidReceiveMessage: messages.event as vscode.Event<unknown>,
        postMessage: (message: unknown) => {
          posted.push(JSON.parse(JSON.stringify(message)) as ToPage<string, unknown, unknown>);
          return Promise.resolve(true);
        },
      },
    };
    const controller = new PageController(api.metrics, holder, { warn: (text) => warnings.push(text) });
    const show = (visible: boolean): void => {
      holder.visible = visible;
      visibility.fire(undefined);
    };
    return { messages, posted, warnings, controller, show };
  }

  it('begin with a snapshot, end when hidden, and begin anew when shown', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [web]);
    const { messages, posted, controller, show } = makePage(api);
    messages.fire({ kind: 'ready' });
    assert.equal(posted[0]?.kind, 'snapshot');
    messages.fire({
      kind: 'action',
      session: posted[0].session,
      action: { kind: 'look', keys: [keyOf(web.id)] },
    });
    engine.metrics.tellSample(web.id, makeSample(1));
    await eventually('a delta came', () => posted.length > 1);
    assert.deepEqual([posted[1]?.kind, posted[1]?.kind === 'delta' && posted[1].sequence], ['delta', 1]);
    show(false);
    assert.deepEqual([[...engine.metrics.watched], engine.metrics.isMachineWatched], [[], false]);
    messages.fire({ kind: 'ready' });
    assert.ok(!controller.isOpen, 'hidden, nothing begins');
    show(true);
    assert.ok(controller.isOpen);
    const last = posted.at(-1);
    assert.ok(last?.kind === 'snapshot' && last.session !== posted[0].session);
    controller.dispose();
    assert.ok(!engine.metrics.isMachineWatched);
  });

  it('take no action on a session that is over, and nothing that is not of the protocol', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [web]);
    const { messages, posted, warnings, controller } = makePage(api);
    const look = (session: number): void =>
      messages.fire({ kind: 'action', session, action: { kind: 'look', keys: [keyOf(web.id)] } });
    messages.fire({ kind: 'ready' });
    messages.fire({ kind: 'ready' });
    look(posted[0]?.session ?? 0);
    assert.deepEqual([...engine.metrics.watched], []);
    for (const message of [
      undefined,
      { kind: 'action', session: 2, action: { kind: 'evil' } },
      { kind: 'failed', message: 'boom' },
    ])
      messages.fire(message);
    assert.equal(warnings.length, 3);
    assert.match(warnings[2] ?? '', /boom/);
    controller.dispose();
  });
});

describe('notices of too much', () => {
  const host = { id: 'local', name: 'Local', engine: new MemoryEngine() };

  function makeNotices(isWanted = true) {
    const clock = new FakeClock();
    const shown: string[] = [];
    const logs: string[] = [];
    let stopped = 0;
    const notices = new ThresholdNotices({
      thresholds: () => ({ cpuPercent: 90, memoryPercent: 90 }),
      isWanted: () => isWanted,
      stopWanting: () => stopped++,
      clock,
      showLogs: (_host, { name }) => logs.push(name),
      showMetrics: () => undefined,
      show: (message, ...buttons) => {
        shown.push(message);
        return Promise.resolve(buttons[0]);
      },
    });
    return { notices, clock, shown, logs, stopped: () => stopped };
  }

  it('come once, after some seconds, and lead to the logs', async () => {
    const { notices, clock, shown, logs } = makeNotices();
    for (let second = 0; second < 30; second++)
      notices.take(host, web, makeSample(second * 1_000, { cpuPercent: 120 }));
    clock.advance(2_000);
    await eventually('the logs are shown', () => logs.length > 0);
    assert.deepEqual([shown.length, logs], [1, ['web']]);
    assert.match(shown[0] ?? '', /web on Local .*120\.00%/);
    notices.dispose();
  });

  it('come together, and not for a short peak, a stopped container, or whoever did not ask', () => {
    const { notices, clock, shown } = makeNotices();
    for (let second = 0; second < 10; second++) {
      for (const container of [web, db])
        notices.take(host, container, makeSample(second * 1_000, { memoryPercent: 95 }));
      notices.take(host, done, makeSample(second * 1_000, { cpuPercent: 500 }));
      notices.take(
        host,
        makeContainer('peak'),
        makeSample(second * 1_000, { cpuPercent: second % 4 === 0 ? 500 : 1 }),
      );
    }
    clock.advance(2_000);
    assert.equal(shown.length, 1);
    assert.match(shown[0] ?? '', /^2 containers .*web, db/);
    notices.dispose();
    const silent = makeNotices(false);
    for (let second = 0; second < 10; second++)
      silent.notices.take(host, web, makeSample(second * 1_000, { cpuPercent: 500 }));
    silent.clock.advance(5_000);
    assert.deepEqual(silent.shown, []);
    silent.notices.dispose();
  });
});

describe('the metrics page in an editor tab', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('opens with Show Metrics, has the container measured, and nothing any more when it is closed', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [web, db]);
    await vscode.commands.executeCommand('quaywatch.showMetrics', rowNamed(api, 'web').node);
    await eventually('the page looks at it', () => engine.metrics.watched.has(web.id), 20_000);
    assert.equal(vscode.window.tabGroups.activeTabGroup.activeTab?.label, 'Container Metrics');
    await vscode.commands.executeCommand('quaywatch.openMetrics');
    assert.equal(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).length, 1);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await eventually(
      'nothing is measured',
      () => !engine.metrics.isMachineWatched && engine.metrics.watched.size === 0,
    );
  });
});
