import assert from 'node:assert/strict';
import {
  DEFAULT_PREFERENCES,
  METRICS_PROTOCOL,
  MOST_WATCHED,
  readPreferences,
  type MetricsChange,
} from '../../src/protocol/webview/metrics';
import { readForHost, readForPage } from '../../src/protocol/webview/envelope';
import { csvOf } from '../../webview/metrics/csv';
import { cellTexts, countText, percentText, rateText, timeText } from '../../webview/metrics/format';
import { readRemembered } from '../../webview/metrics/remembered';
import { isDimmed, overThreshold, rowStatus, STALE_AFTER_MS } from '../../webview/metrics/rowStatus';
import { pathOf, SmallLine, SmallLines, SMALL_STEPS, SMALL_STEP_MS } from '../../webview/metrics/smallLine';
import { applyChange, nothingChanged, stateOf, type MetricsState } from '../../webview/metrics/state';
import { lookOrder, tableOf, type TableView } from '../../webview/metrics/table';
import { fill } from '../../webview/texts';
import {
  makeContainerRow,
  makeFigures,
  makeHostRow,
  makeMachineFigures,
  makeSnapshot,
} from '../support/metricsMessages';

const NOW_MS = 1_000_000;

function apply(state: MetricsState, ...changes: readonly MetricsChange[]) {
  const changed = nothingChanged();
  for (const change of changes) applyChange(state, change, NOW_MS, changed);
  return changed;
}

function stateWith(...names: readonly string[]): MetricsState {
  return stateOf(makeSnapshot({ rows: names.map((name) => makeContainerRow(name)) }));
}

function withCpu(key: string, cpuPercent: number | null): MetricsChange {
  return { kind: 'figures', figures: [makeFigures(key, { cpuPercent, timeMs: NOW_MS })] };
}

const view: TableView = { preferences: DEFAULT_PREFERENCES, filter: '', scope: undefined };

describe('the state of the metrics page', () => {
  it('takes rows, figures, gaps and machines, and says what changed', () => {
    const state = stateWith('web');
    const changed = apply(state, withCpu('local/web', 12), {
      kind: 'machines',
      figures: [makeMachineFigures('local', { cpuPercent: 5 })],
      gaps: [],
      images: [{ hostId: 'local', images: 7 }],
    });
    assert.equal(state.rows.get('local/web')?.figures?.cpuPercent, 12);
    assert.equal(state.hosts.get('local')?.images, 7);
    assert.deepEqual([...changed.rows], ['local/web']);
    assert.equal(changed.isListChanged, false);
    assert.ok(apply(state, { kind: 'rows', upserted: [], removed: ['local/web'] }).isListChanged);
    assert.equal(state.rows.size, 0);
  });

  it('knows nothing of rows and hosts that are gone', () => {
    const state = stateWith('web');
    apply(
      state,
      withCpu('local/gone', 1),
      { kind: 'gaps', gaps: [{ key: 'local/gone', reason: 'removed' }] },
      { kind: 'past', past: [{ key: 'local/gone', chart: { timesMs: [1], lines: {} } }] },
      {
        kind: 'machines',
        figures: [makeMachineFigures('gone')],
        gaps: [{ hostId: 'gone', reason: 'disconnected' }],
        images: [],
      },
    );
    assert.deepEqual([...state.rows.keys()], ['local/web']);
    assert.deepEqual([...state.hosts.keys()], ['local']);
  });

  it('does not show the figures of an earlier run for those of a new one', () => {
    const state = stateWith('web');
    apply(state, withCpu('local/web', 50));
    const stopped = makeContainerRow('web', { state: 'exited', stateText: 'exited (1)', isActive: false });
    apply(state, { kind: 'rows', upserted: [stopped], removed: [] });
    assert.equal(state.rows.get('local/web')?.figures?.cpuPercent, 50);
    apply(state, { kind: 'rows', upserted: [makeContainerRow('web')], removed: [] });
    assert.equal(state.rows.get('local/web')?.figures, undefined);
  });

  it('keeps what is known of a host that stays, and its place', () => {
    const state = stateWith();
    apply(state, {
      kind: 'machines',
      figures: [makeMachineFigures('local', { cpuPercent: 5 })],
      gaps: [],
      images: [],
    });
    apply(state, { kind: 'hosts', hosts: [makeHostRow('other'), makeHostRow('local', { name: 'Renamed' })] });
    assert.deepEqual([...state.hosts.keys()], ['other', 'local']);
    assert.equal(state.hosts.get('local')?.machine?.cpuPercent, 5);
    assert.equal(state.hosts.get('local')?.row.name, 'Renamed');
  });
});

describe('what a row says of its figures', () => {
  const watched = new Set(['local/web']);
  const statusOf = (state: MetricsState, nowMs = NOW_MS, seen: ReadonlySet<string> = watched) => {
    const row = state.rows.get('local/web');
    assert.ok(row);
    return rowStatus(row, state.hosts.get('local'), { watched: seen, nowMs });
  };

  it('tells live, waiting, not measured, stopped, away, interrupted and frozen apart', () => {
    const state = stateWith('web');
    assert.equal(statusOf(state).kind, 'waiting');
    assert.equal(statusOf(state, NOW_MS, new Set()).kind, 'notWatched');
    apply(state, withCpu('local/web', 1));
    assert.equal(statusOf(state).kind, 'live');
    assert.deepEqual(statusOf(state, NOW_MS + STALE_AFTER_MS + 1), { kind: 'stale', reason: 'frozen' });
    apply(state, { kind: 'gaps', gaps: [{ key: 'local/web', reason: 'interrupted' }] });
    assert.deepEqual(statusOf(state), { kind: 'stale', reason: 'interrupted' });
    apply(state, { kind: 'hosts', hosts: [makeHostRow('local', { state: 'away' })] });
    assert.deepEqual(statusOf(state), { kind: 'stale', reason: 'hostAway' });
    apply(state, { kind: 'hosts', hosts: [makeHostRow('local')] });
    const exited = makeContainerRow('web', { state: 'exited', stateText: 'exited (137)', isActive: false });
    apply(state, { kind: 'rows', upserted: [exited], removed: [] });
    assert.deepEqual(statusOf(state), { kind: 'stopped', text: 'exited (137)' });
  });

  it('is dimmed but where the figures are of now', () => {
    assert.deepEqual(
      [
        isDimmed({ kind: 'live' }),
        isDimmed({ kind: 'waiting' }),
        isDimmed({ kind: 'notWatched' }),
        isDimmed({ kind: 'stale', reason: 'frozen' }),
      ],
      [false, false, true, true],
    );
  });

  it('is too much only from the threshold on, only while live, and never where there is none', () => {
    const state = stateWith('web');
    apply(state, withCpu('local/web', 90));
    const row = state.rows.get('local/web');
    assert.ok(row);
    const thresholds = { cpuPercent: 90, memoryPercent: 90 };
    assert.deepEqual(overThreshold(row, { kind: 'live' }, thresholds), { cpu: true, memory: false });
    assert.deepEqual(overThreshold(row, { kind: 'stale', reason: 'frozen' }, thresholds), {
      cpu: false,
      memory: false,
    });
    assert.equal(overThreshold(row, { kind: 'live' }, { ...thresholds, cpuPercent: null }).cpu, false);
  });
});

describe('the table of the metrics page', () => {
  it('sorts by a figure, with what is not known last whichever way, and equals by name', () => {
    const state = stateWith('c', 'a', 'b', 'd');
    apply(state, withCpu('local/a', 1), withCpu('local/b', 5), withCpu('local/d', 1));
    assert.deepEqual(tableOf(state, view).keys, ['local/b', 'local/a', 'local/d', 'local/c']);
    const up = { ...DEFAULT_PREFERENCES, sort: { column: 'cpu' as const, descending: false } };
    assert.deepEqual(tableOf(state, { ...view, preferences: up }).keys, [
      'local/a',
      'local/d',
      'local/b',
      'local/c',
    ]);
    const byName = { ...DEFAULT_PREFERENCES, sort: { column: 'name' as const, descending: true } };
    assert.deepEqual(tableOf(state, { ...view, preferences: byName }).keys, [
      'local/d',
      'local/c',
      'local/b',
      'local/a',
    ]);
  });

  it('sorts what has two directions by their sum', () => {
    const state = stateWith('a', 'b');
    apply(state, {
      kind: 'figures',
      figures: [
        makeFigures('local/a', { networkReceivedBytesPerSecond: 5, networkSentBytesPerSecond: 6 }),
        makeFigures('local/b', { networkReceivedBytesPerSecond: 10, networkSentBytesPerSecond: null }),
      ],
    });
    const preferences = { ...DEFAULT_PREFERENCES, sort: { column: 'network' as const, descending: true } };
    assert.deepEqual(tableOf(state, { ...view, preferences }).keys, ['local/a', 'local/b']);
  });

  it('filters by every word, in name, image and project, and counts what it leaves out', () => {
    const rows = [
      makeContainerRow('web', { image: 'nginx', project: 'Shop' }),
      makeContainerRow('db', { image: 'postgres', project: 'Shop' }),
      makeContainerRow('old', { isActive: false }),
    ];
    const state = stateOf(makeSnapshot({ rows }));
    const table = tableOf(state, { ...view, filter: ' shop POST' });
    assert.deepEqual([table.keys, table.total, table.stopped], [['local/db'], 2, 1]);
  });

  it('shows a project or a host alone', () => {
    const rows = [
      makeContainerRow('a', { project: 'shop' }),
      makeContainerRow('b'),
      makeContainerRow('c', { hostId: 'far', project: 'shop' }),
    ];
    const state = stateOf(makeSnapshot({ hosts: [makeHostRow('local'), makeHostRow('far')], rows }));
    const keysOf = (scope: TableView['scope']) => tableOf(state, { ...view, scope }).keys;
    assert.deepEqual(keysOf({ hostId: 'local', project: 'shop' }), ['local/a']);
    assert.deepEqual(keysOf({ hostId: 'local', project: undefined }), ['local/a', 'local/b']);
    assert.deepEqual(keysOf(undefined).length, 3);
  });

  it('groups by host and project, with those of none last', () => {
    const rows = [
      makeContainerRow('z'),
      makeContainerRow('b', { project: 'shop' }),
      makeContainerRow('a', { project: 'blog' }),
    ];
    const state = stateOf(makeSnapshot({ rows }));
    const preferences = { ...DEFAULT_PREFERENCES, isGrouped: true };
    const { items } = tableOf(state, { ...view, preferences });
    const outline = items.map((item) => (item.kind === 'group' ? `${item.project} ${item.count}` : item.key));
    assert.deepEqual(outline, ['blog 1', 'local/a', 'shop 1', 'local/b', 'null 1', 'local/z']);
  });

  it('has measured what is in sight first, then the rest up to the most there may be', () => {
    const names = Array.from({ length: 250 }, (_nothing, index) => `c${index}`);
    const state = stateWith(...names);
    const keys = names.map((name) => `local/${name}`);
    const inSight = new Set(['local/c240', 'local/c241']);
    const { looked, beyond } = lookOrder(state, keys, inSight, undefined);
    assert.deepEqual(looked.slice(0, 3), ['local/c240', 'local/c241', 'local/c0']);
    assert.deepEqual([looked.length, beyond], [MOST_WATCHED, 50]);
    const opened = lookOrder(state, keys, inSight, 'local/c7');
    assert.deepEqual(opened.looked, ['local/c7', 'local/c240', 'local/c241']);
  });

  it('has nothing measured that has no process, or whose host tells no figures', () => {
    const rows = [
      makeContainerRow('up'),
      makeContainerRow('down', { isActive: false }),
      makeContainerRow('far', { hostId: 'far' }),
    ];
    const hosts = [makeHostRow('local'), makeHostRow('far', { isMeasured: false })];
    const state = stateOf(makeSnapshot({ hosts, rows }));
    const all = rows.map(({ key }) => key);
    assert.deepEqual(lookOrder(state, all, new Set(all), undefined).looked, ['local/up']);
  });
});

describe('the small lines of the metrics page', () => {
  it('keep the greatest of each step, and a gap where nothing is known', () => {
    const line = new SmallLine();
    line.add(0, 1);
    line.add(SMALL_STEP_MS - 1, 9);
    line.add(3, 2);
    line.add(2 * SMALL_STEP_MS, 4);
    assert.deepEqual(line.upTo(2 * SMALL_STEP_MS).slice(-3), [9, Number.NaN, 4]);
  });

  it('move on with the host although nothing comes, and forget what is too old', () => {
    const line = new SmallLine();
    line.add(0, 7);
    assert.deepEqual(line.upTo(SMALL_STEP_MS).slice(-2), [7, Number.NaN]);
    line.add(SMALL_STEPS * SMALL_STEP_MS, 1);
    line.add(0, 99);
    const values = line.upTo(SMALL_STEPS * SMALL_STEP_MS);
    assert.deepEqual(
      values.filter((value) => !Number.isNaN(value)),
      [1],
    );
  });

  it('begin with the past, and add up both directions', () => {
    const lines = new SmallLines();
    const line = { least: [1], mean: [1], greatest: [3] };
    lines.addPast({
      timesMs: [0],
      lines: { networkReceivedBytesPerSecond: line, networkSentBytesPerSecond: line },
    });
    lines.add(makeFigures('x', { timeMs: SMALL_STEP_MS, networkSentBytesPerSecond: 5 }));
    assert.deepEqual(lines.of('network').upTo(0).slice(-2), [6, 5]);
  });

  it('are drawn with their gaps, a lone point as a dot, nothing below 0', () => {
    assert.equal(pathOf([0, 1, Number.NaN, 1], 30, 12, 1), 'M0.0 11.0L10.0 1.0M30.0 1.0h0.1');
    assert.equal(pathOf([Number.NaN], 30, 12, 1), '');
    assert.ok(!pathOf([-5, 3], 30, 12, 1).includes('NaN'));
  });
});

describe('the texts of the metrics page', () => {
  it('are those of docker stats where it shows the same', () => {
    const figures = makeFigures('x', {
      cpuPercent: 12.345,
      memoryBytes: 1_113_588,
      memoryLimitBytes: 2 ** 31,
      networkReceivedBytes: 12_345,
      networkSentBytes: 0,
      networkReceivedBytesPerSecond: 1_500,
    });
    assert.deepEqual(cellTexts('cpu', figures), ['12.35%']);
    assert.deepEqual(cellTexts('memory', figures), ['1.062MiB', '2GiB']);
    assert.deepEqual(cellTexts('networkTotal', figures), ['12.3kB', '0B']);
    assert.deepEqual(cellTexts('network', figures), ['1.5kB/s', '–']);
  });

  it('say that nothing is known, never 0', () => {
    assert.deepEqual([percentText(null), rateText(null), countText(null)], ['–', '–', '–']);
    assert.equal(timeText(Number.NaN, 'en'), '–');
    assert.doesNotThrow(() => timeText(0, 'no language at all'));
  });

  it('put values into their places as text', () => {
    assert.equal(fill('{0} of {1}', 1, '{0}'), '1 of {0}');
    assert.equal(fill('{0} {5}', '$&'), '$& {5}');
  });

  it('are copied so that no spreadsheet takes a name for a formula', () => {
    assert.equal(
      csvOf([
        ['=cmd()', 'a "b", c', null],
        [1.5, Number.NaN, '<b>'],
      ]),
      '\'=cmd(),"a ""b"", c",\r\n1.5,,<b>\r\n',
    );
  });
});

describe('messages of the metrics page', () => {
  it('are refused where they ask for more than there may be', () => {
    const action = (body: unknown) =>
      readForHost(METRICS_PROTOCOL, { kind: 'action', session: 1, action: body });
    const keys = Array.from({ length: MOST_WATCHED + 1 }, (_nothing, index) => `local/${index}`);
    assert.equal(action({ kind: 'look', keys }), undefined);
    assert.notEqual(action({ kind: 'look', keys: keys.slice(1) }), undefined);
    assert.equal(action({ kind: 'savePicture', name: 'x', pngBase64: '<svg>' }), undefined);
    const chart = {
      kind: 'chart',
      request: 1,
      subject: { kind: 'container', key: 'a/b' },
      fromMs: 0,
      toMs: 1,
    };
    assert.notEqual(action({ ...chart, maxPoints: 600 }), undefined);
    assert.equal(action({ ...chart, maxPoints: 1e9 }), undefined);
    assert.equal(action({ ...chart, maxPoints: 600, fromMs: null }), undefined);
  });

  it('carry figures as JSON does, in which nothing is null', () => {
    const delta: unknown = JSON.parse(
      JSON.stringify({
        kind: 'delta',
        session: 1,
        sequence: 1,
        delta: [
          {
            kind: 'figures',
            figures: [makeFigures('a/b', { cpuPercent: Number.NaN, memoryBytes: 2 ** 53 })],
          },
        ],
      }),
    );
    const message = readForPage(METRICS_PROTOCOL, delta);
    assert.ok(message?.kind === 'delta');
    assert.ok(message.delta[0]?.kind === 'figures');
    assert.equal(message.delta[0].figures[0]?.cpuPercent, null);
    assert.equal(message.delta[0].figures[0].memoryBytes, 2 ** 53);
  });

  it('that were stored wrongly count as not stored', () => {
    assert.deepEqual(readPreferences({ columns: ['nonsense'] }), DEFAULT_PREFERENCES);
    assert.deepEqual(readPreferences(undefined), DEFAULT_PREFERENCES);
    const preferences = { ...DEFAULT_PREFERENCES, isGrouped: true };
    assert.deepEqual(readPreferences(preferences), preferences);
    assert.equal(readRemembered({ filter: 5 }).filter, '');
    const remembered = {
      filter: 'x',
      scope: { hostId: 'a', project: 'p' },
      subject: { kind: 'machine', hostId: 'a' },
    };
    assert.deepEqual(readRemembered(remembered), remembered);
  });
});
