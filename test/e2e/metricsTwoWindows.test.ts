import assert from 'node:assert/strict';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { panelFrame } from '../support/panelFrame';
import { openWorkbench, type Workbench } from '../support/workbench';

const CONTAINERS = 50;
/** What a panel may take to stop after it was closed. */
const STOPPING_MS = 2_000;

describe('metrics in two windows', function () {
  this.timeout(180_000);
  let fake: FakeEngine;
  let windows: Workbench[];

  before(async () => {
    fake = await new FakeEngine({ personality: '29' }).listen();
    fake.bulkRunning(CONTAINERS);
    const env = { DOCKER_HOST: fake.dockerHost };
    windows = [await openWorkbench({ env }), await openWorkbench({ env })];
  });
  after(async () => {
    for (const window of windows) await window.dispose();
    await fake.dispose();
  });

  const hasFigures = async (index: number): Promise<void> => {
    const page = windows[index]?.page;
    assert.ok(page);
    const frame = await panelFrame(page, 'metrics', 'editor');
    await frame
      .locator('.body .row', { hasText: /\d\.\d+%/ })
      .nth(10)
      .waitFor();
  };

  it('cost the engine one stream for each container', async () => {
    for (const [index, { page }] of windows.entries()) {
      await page.openViewContainer('Quaywatch');
      await page.tree('Containers').waitForRow(/^bulk/);
      assert.equal(fake.openStreams('stats'), index === 0 ? 0 : CONTAINERS);
      await page.runCommand('Quaywatch: Open Metrics in Editor');
      await hasFigures(index);
      await fake.whenOpenStreams('stats', CONTAINERS);
    }
    assert.equal(fake.count('stats'), CONTAINERS);
  });

  it('go on in the other when one is closed', async () => {
    await windows[0]?.page.runCommand('View: Close All Editors');
    await hasFigures(1);
    assert.equal(fake.openStreams('stats'), CONTAINERS);
    await windows[0]?.dispose();
    await hasFigures(1);
    await fake.whenOpenStreams('stats', CONTAINERS);
  });

  it('cost nothing soon after the last is closed', async () => {
    await windows[1]?.page.runCommand('View: Close All Editors');
    const closedAtMs = Date.now();
    await fake.whenOpenStreams('stats', 0);
    assert.ok(Date.now() - closedAtMs < STOPPING_MS);
  });
});
