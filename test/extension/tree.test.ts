import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { EngineError } from '../../src/engine/engine';
import type { TestApi } from '../../src/vscode/testApi';
import { inProject, makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { eventually } from '../support/eventually';
import {
  allRows,
  extensionApi,
  labelOf,
  outline,
  refreshedBy,
  rowNamed,
  useMemoryEngine,
} from './extensionApi';

const web = makeContainer('shop-web-1', { ...inProject('shop', 'web'), image: 'nginx' });
const db = makeContainer('shop-db-1', { ...inProject('shop', 'db'), image: 'postgres', health: 'unhealthy' });
const single = makeContainer('single');
const done = makeContainer('done', { state: 'exited', exitCode: 0 });
const ALL = [web, db, single, done];

describe('the containers tree', () => {
  let api: TestApi;
  let engine: MemoryEngine;

  beforeEach(async () => {
    api = await extensionApi();
    await vscode.commands.executeCommand('quaywatch.containers.focus');
    engine = await useMemoryEngine(api, ALL);
  });

  it('shows the host, its projects, then single containers, those that run first', () => {
    assert.deepEqual(outline(api.rows()), [
      'Local  Memory 1.0',
      '  shop  2/2 running · 1 unhealthy',
      '    shop-db-1  unhealthy · postgres',
      '    shop-web-1  nginx',
      '  single  busybox:latest',
      '  done  exited (0) · busybox:latest',
    ]);
  });

  it('connects when the view is looked at', async () => {
    await eventually('the view is visible', () => api.view.view.visible);
    const untouched = new MemoryEngine();
    api.useEngine(untouched);
    assert.equal(untouched.connectCalls, 1);
    assert.deepEqual(api.rows(), [], 'a host nothing is known of has no row; the welcome speaks for it');
  });

  it('refreshes one row for one changed container', async () => {
    const refreshed = await refreshedBy(api, () => engine.update({ ...single, health: 'healthy' }));
    assert.deepEqual(
      refreshed.map((node) => node?.id),
      [`local/container/${single.id}`],
    );
  });

  it('refreshes its project too when the aggregate changed', async () => {
    const well = makeContainer('shop-db-1', { ...inProject('shop', 'db'), image: 'postgres' });
    const refreshed = await refreshedBy(api, () => engine.update(well));
    assert.deepEqual(
      refreshed.map((node) => node?.id),
      ['local/project/shop', `local/container/${db.id}`],
    );
    assert.equal(rowNamed(api, 'shop').item.description, '2/2 running');
  });

  it('keeps ids through every state, so that selection stays', async () => {
    const before = rowNamed(api, 'single').item.id;
    await refreshedBy(api, () => engine.update({ ...single, state: 'exited' }));
    assert.equal(rowNamed(api, 'single').item.id, before);
  });

  it('lets VS Code ask for refreshed rows by the same nodes', async () => {
    const { node } = rowNamed(api, 'shop-db-1');
    await api.view.view.reveal(node, { select: true });
    const isSelected = (): boolean =>
      api.view.view.selection.length === 1 && api.view.view.selection[0] === node;
    await eventually('the row is selected', isSelected);
    engine.update({ ...db, state: 'exited' });
    await eventually('the row shows the new state', () =>
      String(rowNamed(api, 'shop-db-1').item.description).includes('exited'),
    );
    // VS Code asks for the project's rows once more; meanwhile it knows of no selection.
    await eventually('the row is still selected', isSelected);
  });

  it('keeps and dims everything when the connection is lost, and brightens when it is back', async () => {
    const names = allRows(api).map(labelOf);
    await refreshedBy(api, () => engine.fail(new EngineError('unreachable', 'ECONNREFUSED')));
    assert.deepEqual(allRows(api).map(labelOf), names);
    assert.equal(rowNamed(api, 'Local').item.description, 'out of date: the engine is not reachable');
    const color = (): unknown => (rowNamed(api, 'single').item.iconPath as vscode.ThemeIcon).color?.id;
    assert.equal(color(), 'disabledForeground');
    await refreshedBy(api, () => engine.becomeReady(ALL));
    assert.equal(color(), 'charts.green');
  });

  it('draws nothing anew for one failed attempt after another', async () => {
    await refreshedBy(api, () => engine.fail());
    const refreshed = await refreshedBy(api, () => {
      engine.retryNow();
      engine.fail();
      engine.update({ ...single, image: 'other' });
    });
    assert.deepEqual(
      refreshed.map((node) => node?.id),
      [`local/container/${single.id}`],
    );
  });

  it('filters by text, says so and highlights', async () => {
    await api.filter.setText('db', { isKept: true });
    assert.deepEqual(allRows(api).map(labelOf), ['Local', 'shop', 'shop-db-1']);
    assert.deepEqual(rowNamed(api, 'shop-db-1').item.label, { label: 'shop-db-1', highlights: [[5, 7]] });
    assert.equal(api.view.view.message, 'Filter: db');
    await api.filter.setText('db !post', { isKept: true });
    assert.equal(api.view.view.message, 'Filter: db !post · nothing matches');
    await vscode.commands.executeCommand('quaywatch.clearFilter');
    assert.equal(allRows(api).length, 6);
    assert.equal(api.view.view.message, '');
  });

  it('hides and shows what is stopped', async () => {
    await vscode.commands.executeCommand('quaywatch.hideStopped');
    assert.ok(!allRows(api).map(labelOf).includes('done'));
    assert.equal(api.view.view.message, 'stopped hidden (1)');
    await vscode.commands.executeCommand('quaywatch.showStopped');
    assert.ok(allRows(api).map(labelOf).includes('done'));
  });

  it('counts the unhealthy in the badge, or else the running', async () => {
    assert.deepEqual(api.view.view.badge, { value: 1, tooltip: '1 unhealthy' });
    await refreshedBy(api, () => engine.update({ ...db, health: 'healthy' }));
    assert.deepEqual(api.view.view.badge, { value: 3, tooltip: '3 running' });
  });

  it('shows hostile names as text', () => {
    const name = '[x](command:evil)<b>$(alert)\n\u202E';
    engine.list([makeContainer('x', { name })]);
    return eventually('the row is there', () => allRows(api).length === 2).then(() => {
      const row = allRows(api)[1];
      assert.ok(row);
      assert.equal(labelOf(row), '[x](command:evil)<b>$(alert)');
      const tooltip = row.item.tooltip as vscode.MarkdownString;
      assert.ok(!tooltip.isTrusted && !tooltip.supportHtml && !tooltip.supportThemeIcons);
      assert.match(tooltip.value, /^\*\*\\\[x\\\]\\\(command\\:evil\\\)&lt;b\\>\\\$\\\(alert\\\)\*\*/);
    });
  });

  it('stays usable with 30,000 stopped containers', async () => {
    const many = Array.from({ length: 30_000 }, (_, index) =>
      makeContainer(`s${index}`, { state: 'exited' }),
    );
    engine.list([single, ...many]);
    await eventually('the page ends with more', () => allRows(api).some(({ node }) => node.kind === 'more'));
    assert.equal(allRows(api).length, 502);
    assert.equal(labelOf(allRows(api)[1] ?? assert.fail()), 'single');
    const more = allRows(api).at(-1);
    assert.ok(more);
    assert.match(labelOf(more), /^… 29.501 more — show 500 more$/);
    await vscode.commands.executeCommand('quaywatch.showMore', more.node);
    assert.equal(allRows(api).length, 1_002);
  });
});
