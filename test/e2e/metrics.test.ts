import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { seriousViolations } from '../support/axe';
import { e2eSuite } from '../support/e2eSuite';
import { eventually } from '../support/eventually';
import { metricsRow, panelFrame, panelShows } from '../support/panelFrame';

const HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b> 🐳'.padEnd(300, '=');
const NARROW_PX = 250;
const MOST_TABS = 40;
const composed = (project: string, service: string) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
});

describe('metrics, as a person uses them', function () {
  this.timeout(180_000);
  const suite = e2eSuite({ viewport: { width: 1400, height: 950 } });
  const press = (...keys: readonly string[]): Promise<void> =>
    keys.reduce((before, key) => before.then(() => suite.page.page.keyboard.press(key)), Promise.resolve());
  /** Goes there as somebody without a pointer does. */
  const tabTo = async (frame: Frame, selector: string): Promise<void> => {
    const isThere = `!!document.activeElement?.closest(${JSON.stringify(selector)})`;
    for (let presses = 0; presses < MOST_TABS; presses++) {
      if (await frame.evaluate<boolean>(isThere)) return;
      await press('Tab');
    }
    assert.fail(`${MOST_TABS} times Tab did not lead to ${selector}`);
  };
  const openEditor = async (): Promise<Frame> => {
    await suite.page.runCommand('Quaywatch: Open Metrics in Editor');
    const frame = await panelFrame(suite.page, 'metrics', 'editor');
    await hasFigures(frame);
    return frame;
  };
  const hasFigures = (frame: Frame): Promise<void> =>
    metricsRow(frame, 'busy').locator('.cell.cpu .value', { hasText: /\d%/ }).waitFor();
  const openCharts = async (): Promise<Frame> => {
    const frame = await openEditor();
    await metricsRow(frame, 'busy').focus();
    await press('Enter');
    await hasCharts(frame);
    return frame;
  };
  const hasCharts = async (frame: Frame): Promise<void> => {
    await frame.locator('.detail h2:text-is("busy")').waitFor();
    await frame.locator('[data-chart=cpu] .readouts .readout', { hasText: /\d%/ }).waitFor();
  };
  const openView = async (): Promise<Frame> => {
    await suite.page.openViewContainer('Quaywatch');
    const unfold = async (view: string, isWanted: boolean): Promise<void> => {
      const header = suite.page.page.locator(`.pane-header[aria-label^="${view}"]`);
      if ((await header.getAttribute('aria-expanded')) !== String(isWanted)) await header.click();
    };
    await unfold('Metrics', true);
    await unfold('Containers', false);
    return panelFrame(suite.page, 'metrics', 'view');
  };
  const focusedText = (frame: Frame): Promise<string> =>
    frame.evaluate<string>(`document.activeElement?.textContent ?? ''`);
  const choose = async (frame: Frame, label: string): Promise<void> => {
    await frame.locator('vscode-button', { hasText: 'Options' }).click();
    await frame.locator('vscode-checkbox', { hasText: label }).click();
    await frame.locator('vscode-button', { hasText: 'Options' }).click();
  };

  before(async () => {
    await suite.run('busy', 'while :; do :; done', {
      labels: composed('shop', 'busy'),
      options: { HostConfig: { NanoCpus: 300_000_000 } },
    });
    await suite.run('calm');
    await suite.run('hostile', undefined, { labels: composed(HOSTILE, 'x') });
    await suite.page.openViewContainer('Quaywatch');
    await suite.tree.waitForRow('calm');
  });
  // The next page begins with its table.
  afterEach(() => suite.page.runCommand('View: Close All Editors'));

  it('are a table that keys sort and filter', async () => {
    const frame = await openEditor();
    await frame.locator('.as-columns').waitFor();
    await tabTo(frame, 'vscode-text-field');
    await suite.page.page.keyboard.type('alm');
    await metricsRow(frame, 'busy').waitFor({ state: 'detached' });
    await metricsRow(frame, 'calm').waitFor();
    await press('ControlOrMeta+A', 'Delete');
    await metricsRow(frame, 'busy').waitFor();
    await tabTo(frame, '[data-column=memory]');
    await press('Enter');
    await frame.locator('[data-column=memory][aria-sort=descending]').waitFor();
    await frame.locator('[role=columnheader][data-column=name] button').focus();
    await press('Enter');
    await frame.locator('[data-column=name][aria-sort=ascending]').waitFor();
    await frame.locator('.body .row').first().locator('.name-text:text-is("busy")').waitFor();
    await tabTo(frame, '.body .row');
    await press('Home');
    assert.match(await focusedText(frame), /busy/);
    await press('ArrowDown');
    assert.match(await focusedText(frame), /calm/);
    await press('ArrowUp');
    // Focus goes with its row where that changes its place.
    for (const direction of ['descending', 'ascending']) {
      await frame.evaluate('document.querySelector("[data-column=name] button").click()');
      await frame.locator(`[data-column=name][aria-sort=${direction}]`).waitFor();
      const place =
        direction === 'descending' ? frame.locator('.body .row').last() : frame.locator('.body .row').first();
      await place.locator('.name-text:text-is("busy")').waitFor();
      assert.match(await focusedText(frame), /^busy/);
    }
    await press('Enter');
    await hasCharts(frame);
    await press('Escape');
    await hasFigures(frame);
    assert.match(await focusedText(frame), /busy/);
  });

  it('have charts that keys move through, zoom and read', async () => {
    const frame = await openCharts();
    const cpu = frame.locator('[data-chart=cpu]');
    await tabTo(frame, 'button.range:nth-child(2)');
    await press('Enter');
    await frame.locator('button.range[aria-pressed=true]', { hasText: /^15 min$/ }).waitFor();
    await frame.locator('button.range', { hasText: /^5 min$/ }).focus();
    await press('Enter');
    await frame.locator('button.range[aria-pressed=true]', { hasText: /^5 min$/ }).waitFor();
    await tabTo(frame, '[data-chart=cpu]');
    const moment = cpu.locator('.chart-title .readout');
    await eventually('there are points to move to', async () => {
      await press('ArrowLeft');
      return /\d:\d\d/.test(await moment.innerText());
    });
    await press('+');
    await frame.locator('.zoom-note', { hasText: /\d/ }).waitFor();
    await press('t');
    await frame.locator('.chart-table td', { hasText: '%' }).first().waitFor();
    await suite.page.screenshot('metrics-detail');
    await press('Escape');
    await frame.locator('.chart-table').waitFor({ state: 'detached' });
    // Then the crosshair, if zooming left it, and the zoom.
    await cpu.focus();
    await press('0');
    await frame.locator('.zoom-note:empty').waitFor({ state: 'attached' });
  });

  it('hold the crosshair of all charts at its moment while samples come', async () => {
    const frame = await openCharts();
    const moment = (chart: string): Promise<string> =>
      frame.locator(`[data-chart=${chart}] .chart-title .readout`).innerText();
    const cpuText = (): Promise<string> => frame.locator('.figures [data-column=cpu] dd').innerText();
    const nextSample = async (): Promise<void> => {
      const before = await cpuText();
      await eventually('another sample is shown', async () => (await cpuText()) !== before);
    };
    await nextSample();
    await nextSample();
    await frame.locator('[data-chart=cpu]').focus();
    await press('ArrowLeft', 'ArrowLeft');
    const chosen = await moment('cpu');
    assert.match(chosen, /\d:\d\d/);
    await nextSample();
    await nextSample();
    assert.equal(await moment('cpu'), chosen);
    assert.equal(await moment('memory'), chosen);
    await press('ArrowRight');
    assert.notEqual(await moment('cpu'), chosen);
    await press('ArrowLeft');
    assert.equal(await moment('cpu'), chosen);
    await suite.page.screenshot('metrics-crosshair');
    // A pointer takes it over; Escape lets go of what keys chose.
    await press('Escape');
    assert.equal(await moment('cpu'), '');
    await frame.locator('.detail').waitFor();
    await press('ArrowLeft');
    await frame.locator('[data-chart=memory] .u-over').hover({ position: { x: 20, y: 20 } });
    await frame.locator('[data-chart=memory] .u-over').hover({ position: { x: 24, y: 20 } });
    await eventually('the pointer leads', async () => (await moment('cpu')) !== chosen);
  });

  it('show hostile text as text', async () => {
    const frame = await openEditor();
    await choose(frame, 'Group by project');
    await frame.locator('.group-name', { hasText: '<img src=x' }).waitFor();
    assert.equal(await frame.locator('img, .group-name b').count(), 0);
    assert.equal(await frame.evaluate('document.title'), 'Quaywatch');
    await suite.page.screenshot('metrics-hostile');
    await choose(frame, 'Group by project');
    await frame.locator('.group-name').first().waitFor({ state: 'detached' });
  });

  for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const)
    it(`have no serious violation that axe finds, in the theme ${theme}`, async () => {
      await suite.page.setTheme(theme);
      const frame = await openCharts();
      assert.deepEqual(await seriousViolations(frame), [], 'charts');
      await suite.page.screenshot(`metrics-charts-${theme}`);
      await frame.locator('.back').click();
      await hasFigures(frame);
      assert.deepEqual(await seriousViolations(frame), [], 'table');
      await suite.page.screenshot(`metrics-table-${theme}`);
    });

  it('begin anew with their history when they are shown again', async () => {
    const hidden = await openCharts();
    const hiddenAtMs = Date.now();
    await suite.page.runCommand('File: New Untitled Text File');
    await eventually('the page is gone', () => !suite.page.page.frames().includes(hidden));
    await suite.page.runCommand('Quaywatch: Open Metrics in Editor');
    const shown = await panelFrame(suite.page, 'metrics', 'editor');
    assert.notEqual(shown, hidden);
    await hasCharts(shown);
    await shown.locator('vscode-button', { hasText: 'As table' }).click();
    const oldest = shown.locator('.chart-table tbody tr').last().locator('th, td').first();
    await eventually(
      'the table goes back to before it was hidden',
      async () => Date.parse((await oldest.innerText()).replace(/\s/g, ' ')) < hiddenAtMs,
    );
  });

  it('say of a paused and of a stopped container what it is', async () => {
    const frame = await openEditor();
    const sleeper = await suite.run('sleeper');
    await metricsRow(frame, 'sleeper').waitFor();
    await sleeper.pause();
    await metricsRow(frame, 'sleeper').locator('.status', { hasText: 'paused' }).waitFor();
    await sleeper.unpause();
    await sleeper.stop();
    await metricsRow(frame, 'sleeper').waitFor({ state: 'detached' });
    await choose(frame, 'Show stopped');
    await metricsRow(frame, 'sleeper').locator('.status', { hasText: 'exited' }).waitFor();
    await choose(frame, 'Show stopped');
    await metricsRow(frame, 'sleeper').waitFor({ state: 'detached' });
  });

  it(`are usable at ${NARROW_PX} pixels in the side bar`, async () => {
    const { page } = suite.page;
    const frame = await openView();
    const box = await page.locator('.part.sidebar').boundingBox();
    assert.ok(box);
    const [edge, middle] = [box.x + box.width, box.y + box.height / 2];
    const width = await frame.evaluate<number>('innerWidth');
    await page.mouse.move(edge + 1, middle);
    await page.mouse.down();
    await page.mouse.move(edge - (width - NARROW_PX) / 2, middle);
    await page.mouse.move(edge + 1 - (width - NARROW_PX), middle);
    await page.mouse.up();
    await eventually('it is narrow', async () => (await frame.evaluate<number>('innerWidth')) <= NARROW_PX);
    await frame.locator('.as-cards').waitFor();
    await hasFigures(frame);
    const fits = (): Promise<boolean> =>
      frame.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
    assert.ok(await fits(), 'cards');
    assert.deepEqual(await seriousViolations(frame), []);
    await suite.page.screenshot('metrics-narrow');
    await metricsRow(frame, 'busy').click();
    await hasCharts(frame);
    assert.ok(await fits(), 'charts');
    await suite.page.screenshot('metrics-narrow-detail');
    await frame.locator('.back').click();
  });

  it('are brought back by a reload of the window, in the side bar and as a tab', async () => {
    const view = await openView();
    await hasFigures(view);
    const editor = await openCharts();
    // As a person does it: what is open is saved before.
    await suite.page.runCommand('Developer: Reload Window');
    await eventually('the pages are gone', () => {
      const frames = suite.page.page.frames();
      return !frames.includes(view) && !frames.includes(editor);
    });
    const figure = ':text-matches("\\\\d%")';
    const charts = `.detail:has(h2:text-is("busy")) [data-chart=cpu] .readouts .readout${figure}`;
    await panelShows(suite.page, 'metrics', 'editor', charts);
    const row = `.body .row:has(.name-text:text-is("busy")) .cell.cpu .value${figure}`;
    await panelShows(suite.page, 'metrics', 'view', row);
    await suite.page.screenshot('metrics-reloaded');
  });
});
