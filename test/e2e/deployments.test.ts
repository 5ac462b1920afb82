import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy } from '../rig/proxy/faultProxy';
import { DEPLOY_TIMEOUT_MS, DeploymentsView } from '../support/deploymentsView';
import { DeployWorkspace, dockerfile } from '../support/deployWorkspace';
import { e2eSuite } from '../support/e2eSuite';
import { eventually } from '../support/eventually';
import { seededRandom } from '../support/random';
import { REGISTRY_USER, registryOrSkip, TestRegistry } from '../support/registry';
import { skipWithReason } from '../support/skip';

const HOST = 'Local';
const SLOW = { kind: 'slow', bytesPerSecond: 300_000 } as const;

function makeWorkspace(): DeployWorkspace {
  const workspace = new DeployWorkspace();
  workspace.write('web/Dockerfile', dockerfile('echo built version 1'));
  workspace.write('slow/Dockerfile', dockerfile('for i in $(seq 1 600); do echo line $i; sleep 0.2; done'));
  workspace.write('app/Dockerfile', dockerfile('echo from the repository'));
  workspace.writeCompose('compose/compose.yaml', { front: {} });
  const app = (source: unknown): unknown => workspace.app(source, [HOST]);
  workspace.describeApps({
    web: app({ folder: 'web' }),
    slow: app({ folder: 'slow' }),
    cloned: app({ git: workspace.bareRepository('app'), ref: 'main' }),
    shop: { source: { compose: ['compose.yaml'], folder: 'compose', project: 'e2eshop' } },
  });
  return workspace;
}

describe('deployments, on screen', function () {
  this.timeout(180_000);
  const workspace = makeWorkspace();
  const dockerConfig = join(workspace.folder, 'docker-config');
  const suite = e2eSuite({ folder: workspace.folder, env: { DOCKER_CONFIG: dockerConfig } });
  let view: DeploymentsView;

  before(async () => {
    view = new DeploymentsView(suite.page);
    await view.open();
    await view.root.getByText('Nothing has been deployed yet.').waitFor({ timeout: DEPLOY_TIMEOUT_MS });
  });
  after(() => workspace.remove());

  const deploy = (app: string): Promise<void> => view.deploy(app, HOST);
  const succeeded = async (app: string): Promise<void> => {
    const over = ['success', 'failed', 'rolled_back'].map((one) => `[data-status="${one}"]`).join();
    const newest = view.cards(app).and(view.root.locator(over)).first();
    await newest.waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    assert.equal(await newest.getAttribute('data-status'), 'success', await newest.innerText());
  };
  const isRunning = async (name: string): Promise<boolean> =>
    (await suite.docker.getContainer(name).inspect()).State.Running;
  const pictures = async (name: string): Promise<void> => {
    for (const theme of ['light', 'highContrast', 'dark'] as const) {
      await suite.page.setTheme(theme);
      await suite.page.screenshot(`deployments-${name}-${theme}`);
    }
  };

  it('deploy a folder of the workspace, with stages and log', async () => {
    await suite.page.screenshot('deployments-empty');
    await deploy('web');
    await succeeded('web');
    const web = view.card('web', 'success').first();
    await web.locator('.log-box', { hasText: 'built version 1' }).waitFor();
    const steps = await web.locator('.step-name').allInnerTexts();
    assert.ok(steps.includes('Building image') && steps.includes('Starting new version'), steps.join());
    assert.equal(await isRunning('web'), true);
    await pictures('success');
  });

  it('show the same after they were closed and opened again, nothing doubled', async () => {
    const log = view.card('web', 'success').first().locator('.log-box .line');
    const before = await log.allInnerTexts();
    await suite.page.openViewContainer('Explorer');
    await suite.page.openViewContainer('Quaywatch');
    await log.filter({ hasText: 'built version 1' }).first().waitFor();
    assert.deepEqual(await log.allInnerTexts(), before);
  });

  it('show why a build failed, and leave what runs alone', async () => {
    const { Id: old } = await suite.docker.getContainer('web').inspect();
    workspace.write('web/Dockerfile', dockerfile('echo about to break', 'echo this is why >&2; exit 7'));
    await deploy('web');
    const failed = view.card('web', 'failed').first();
    await failed.waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    await failed.locator('.failed-in', { hasText: 'Building image' }).waitFor();
    await failed.locator('.fate', { hasText: 'The running version was not changed.' }).waitFor();
    await failed.locator('.failure', { hasText: 'this is why' }).waitFor();
    assert.equal((await suite.docker.getContainer('web').inspect()).Id, old);
    await pictures('failed');
  });

  it('go on live, and are cancelled', async () => {
    await deploy('slow');
    const running = view.root.locator('.card[data-status="building"]');
    await running.locator('.log-box', { hasText: 'line 3' }).waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const bar = running.getByRole('progressbar');
    assert.ok(Number(await bar.getAttribute('aria-valuenow')) > 0);
    assert.ok((await suite.page.statusBar()).some((text) => /Quaywatch: slow: Building image/.test(text)));
    await pictures('running');
    await running.getByRole('button', { name: 'Cancel the deployment of slow' }).click();
    await view.card('slow', 'cancelled').first().waitFor({ timeout: DEPLOY_TIMEOUT_MS });
  });

  it('roll back to an earlier version', async () => {
    workspace.write('web/Dockerfile', dockerfile('echo built version 2'));
    await deploy('web');
    await view.root
      .locator('.card', { hasText: 'built version 2' })
      .and(view.root.locator('[data-status="success"]'))
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const first = view.root.locator('.card', { hasText: 'built version 1' });
    const imageOfFirst = await first.locator('.fact', { hasText: /^Image / }).innerText();
    await first.getByRole('button', { name: /^Roll Back to This/ }).click();
    assert.match((await suite.page.dialog()).message, /^Roll web on Local back to the version of /);
    await suite.page.answerDialog('Roll Back');
    await view.root
      .locator('.fact', { hasText: 'Runs the version of' })
      .first()
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    await view.root
      .locator('.card[data-status="success"]', { hasText: 'Runs the version of' })
      .first()
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const { Image: image } = await suite.docker.getContainer('web').inspect();
    assert.ok(imageOfFirst.includes(image.replace('sha256:', '').slice(0, 12)), `${imageOfFirst} ${image}`);
  });

  it('deploy a Git repository', async () => {
    await deploy('cloned');
    await succeeded('cloned');
    await view.card('cloned', 'success').locator('.log-box', { hasText: 'from the repository' }).waitFor();
    await view.card('cloned', 'success').locator('.step-name', { hasText: 'Cloning repository' }).waitFor();
  });

  it('deploy a Compose file', async function () {
    try {
      execFileSync('docker-compose', ['version'], { stdio: 'pipe' });
    } catch {
      skipWithReason(this, 'there is no docker-compose');
    }
    await deploy('shop');
    await succeeded('shop');
    const containers = await suite.docker.listContainers({
      filters: { label: ['com.docker.compose.project=e2eshop'] },
    });
    assert.equal(containers.length, 1);
  });

  describe('of an image in a registry', () => registryCases());

  it('compare inputs, and open a log in an editor', async () => {
    const web = view.card('web', 'success').first();
    await web.getByRole('button', { name: /^Open Log/ }).click();
    await suite.page.waitForEditor('Deployed');
    await suite.page.screenshot('deployments-log');
  });

  it('are kept to what quaywatch.json may say', async () => {
    const file = join(workspace.folder, 'quaywatch.json');
    const good = readFileSync(file, 'utf8');
    workspace.write(
      'quaywatch.json',
      good.replace('"folder": "web"', '"folder": "web", "ref": "--upload-pack=x"'),
    );
    await suite.page.runCommand('Quaywatch: Deploy…');
    await suite.page.pick('quaywatch.json has errors');
    const { buttons } = await suite.page.waitForNotification('“apps.web.source.ref” is not known');
    assert.deepEqual(buttons, ['Open File']);
    workspace.write('quaywatch.json', good);
  });

  it('are usable at 250 pixels', async () => {
    await suite.page.page.setViewportSize({ width: 360, height: 900 });
    await suite.page.screenshot('deployments-narrow');
    await suite.page.page.setViewportSize({ width: 1280, height: 900 });
  });

  function registryCases(): void {
    const apps = readFileSync(join(workspace.folder, 'quaywatch.json'), 'utf8');
    let registry: TestRegistry;
    let slow: FaultProxy;
    const ends: (() => Promise<void>)[] = [];

    before(async function () {
      registryOrSkip(this);
      registry = await TestRegistry.start({ hasSignIn: true });
      ends.push(() => registry.dispose());
      await registry.publish(suite.docker, 'layered:1', [600, 400, 500]);
      const { port } = registry;
      slow = await FaultProxy.open({ engineSocketPath: '', port, transport: 'tcp', random: seededRandom(1) });
      ends.push(() => slow.dispose());
      slow.onDidOpen((connection) => connection.shape(SLOW));
      const image = registry.nameOf('layered:1', Number(new URL(slow.dockerHost).port));
      const source = { image, pull: 'missing' };
      workspace.describeApps({ pulled: workspace.app(source, [HOST]) });
    });
    after(async () => {
      for (const end of ends) await end();
      workspace.write('quaywatch.json', apps);
    });

    const signIn = (password: string): void => {
      const auth = Buffer.from(`${REGISTRY_USER.username}:${password}`).toString('base64');
      const address = `127.0.0.1:${new URL(slow.dockerHost).port}`;
      workspace.write('docker-config/config.json', JSON.stringify({ auths: { [address]: { auth } } }));
    };

    it('say that the registry refused the sign-in', async () => {
      signIn('wrong');
      await deploy('pulled');
      const failed = view.card('pulled', 'failed').first();
      await failed
        .locator('.reason', { hasText: /refused the sign-in.*docker login 127\.0\.0\.1:/s })
        .waitFor();
      assert.equal(await failed.locator('.failed-in').innerText(), 'Failed while: Pulling image');
      await suite.page.screenshot('deployments-refused');
    });

    it('show how far its layers are', async () => {
      signIn(REGISTRY_USER.password);
      await deploy('pulled');
      const id = await view.running('pulled');
      const progress = await view.recordProgress(id);
      await view
        .byId(id)
        .locator('.message', { hasText: /^Pulled: \d of 3 layers, \d\.\d MB\.$/ })
        .waitFor();
      await suite.page.screenshot('deployments-pulling');
      await view.ended(id, 'success');
      const shown = await progress();
      assert.deepEqual(
        shown,
        [...shown].sort((one, other) => one - other),
      );
      const between = shown.filter((percent) => percent > 27 && percent < 73);
      assert.ok(between.length >= 4, shown.join());
      const pulled = (lines: readonly string[]): number =>
        lines.filter((line) => line.endsWith(': Pull complete')).length;
      await eventually('each layer is in the log', async () => pulled(await view.logLines(id)) === 3);
    });
  }
});
