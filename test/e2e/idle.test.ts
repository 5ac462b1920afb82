import assert from 'node:assert/strict';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { openWorkbench, type Workbench } from '../support/workbench';

const QUIET_MS = 60_000;

describe('what the tree costs an engine', function () {
  this.timeout(180_000);
  let fake: FakeEngine;
  let workbench: Workbench;

  before(async () => {
    fake = await new FakeEngine({ personality: '29' }).listen();
    fake.bulkStopped(30_000);
    fake.bulkRunning(500);
    fake.run({ name: 'aaa-first' });
    workbench = await openWorkbench({ env: { DOCKER_HOST: fake.dockerHost } });
  });
  after(async () => {
    await workbench.dispose();
    await fake.dispose();
  });

  it('asks nothing before anybody looks', () => {
    assert.deepEqual(fake.requests, []);
  });

  it('lists 30,501 containers once, and shows a page of them with the rest counted', async () => {
    await workbench.page.openViewContainer('Quaywatch');
    const tree = workbench.page.tree('Containers');
    await tree.waitForRow('Local');
    await tree.waitForRow('aaa-first');
    assert.equal(
      fake.requests.filter(({ route, path }) => route === 'list' && !path.includes('filters')).length,
      1,
    );
    await workbench.page.screenshot('thousands');
  });

  it('asks nothing for a minute in which nothing happens, visible or hidden', async () => {
    const before = fake.requests.length;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    assert.deepEqual(fake.requests.slice(before), []);
    assert.deepEqual(
      [fake.openStreams('events'), fake.openStreams('stats'), fake.openStreams('logs')],
      [1, 0, 0],
    );
    await workbench.page.openViewContainer('Explorer');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    assert.deepEqual(fake.requests.slice(before), []);
  });
});
