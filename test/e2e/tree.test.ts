import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';
import { openWorkbench, type Workbench } from '../support/workbench';

describe('the containers tree, installed and on screen', () => {
  let workbench: Workbench | undefined;
  const created: Docker.Container[] = [];

  const opened = () => {
    assert.ok(workbench, 'the workbench is open');
    return workbench.page;
  };
  const tree = () => opened().tree('Containers');

  before(async function () {
    const engine = testEngineOrSkip(this);
    const docker = new Docker({ socketPath: engine.socketPath });
    const container = await docker.createContainer({
      name: 'e2e-web',
      Image: busyboxImage,
      Cmd: [
        'sh',
        '-c',
        'trap exit TERM; n=0; while :; do n=$((n+1)); echo "request $n"; sleep 1 & wait $!; done',
      ],
      Labels: { [testLabel]: '1' },
    });
    created.push(container);
    await container.start();
    workbench = await openWorkbench({ env: { DOCKER_HOST: engine.dockerHost } });
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await workbench?.page.screenshot(`failed-${this.currentTest.title}`);
  });

  after(async () => {
    await workbench?.dispose();
    for (const container of created) await container.remove({ force: true });
  });

  it('shows a container that runs', async () => {
    await opened().openViewContainer('Quaywatch');
    const row = await tree().waitForRow('e2e-web');
    assert.match(row.description, /quaywatch\/busybox:1/);
    assert.match(row.ariaLabel, /e2e-web, running/);
  });

  it('shows that it stopped, without being asked', async () => {
    await created[0]?.stop({ t: 1 });
    const row = await tree().waitForDescription('e2e-web', /exited/);
    assert.match(row.ariaLabel, /exited/);
  });

  it('is drawn in every theme', async () => {
    for (const theme of ['light', 'dark', 'highContrast', 'highContrastLight'] as const) {
      await opened().setTheme(theme);
      await opened().screenshot(`tree-${theme}`);
    }
    assert.equal((await tree().rows()).length > 0, true);
  });
});
