import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { e2eSuite } from '../support/e2eSuite';
import { skipWithReason } from '../support/skip';
import { busyboxImage, testLabel } from '../support/testEngine';

const DEPLOY_TIMEOUT_MS = 90_000;
const STAY = ['sh', '-c', 'trap exit TERM; while :; do sleep 1 & wait $!; done'];
const labels = { [testLabel]: '1' };
const run = { command: STAY, labels };
const health = { stable: '1s', timeout: '30s' };

const folder = mkdtempSync(join(tmpdir(), 'quaywatch-deploy-e2e-'));
const repository = join(folder, 'repositories', 'app.git');

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function dockerfile(...steps: readonly string[]): string {
  return [`FROM ${busyboxImage}`, ...steps.map((step) => `RUN ${step}`), ''].join('\n');
}

function git(cwd: string, ...args: readonly string[]): void {
  const identity = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'init.defaultBranch=main',
  ];
  execFileSync('git', [...identity, ...args], { cwd, stdio: 'pipe' });
}

function makeWorkspace(): void {
  write('web/Dockerfile', dockerfile('echo built version 1'));
  write('slow/Dockerfile', dockerfile('for i in $(seq 1 600); do echo line $i; sleep 0.2; done'));
  write('app/Dockerfile', dockerfile('echo from the repository'));
  write('compose/compose.yaml', composeFile());
  const app = (source: unknown) => ({ source, run, health, hosts: ['Local'] });
  const apps = {
    web: app({ folder: 'web' }),
    slow: app({ folder: 'slow' }),
    cloned: app({ git: `file://${repository}`, ref: 'main' }),
    shop: { source: { compose: ['compose.yaml'], folder: 'compose', project: 'e2eshop' } },
  };
  write('quaywatch.json', JSON.stringify({ apps }, undefined, 2));
  mkdirSync(dirname(repository), { recursive: true });
  git(join(folder, 'app'), 'init', '--quiet');
  git(join(folder, 'app'), 'add', '.');
  git(join(folder, 'app'), 'commit', '--quiet', '--message', 'First');
  git(folder, 'clone', '--quiet', '--bare', join(folder, 'app'), repository);
}

function composeFile(): string {
  const service = {
    image: busyboxImage,
    command: STAY.map((word) => word.replaceAll('$', '$$$$')),
    labels,
  };
  return JSON.stringify({ version: '3', services: { front: service } });
}

describe('deployments, on screen', function () {
  this.timeout(180_000);
  makeWorkspace();
  const suite = e2eSuite({ folder });
  let page: FrameLocator;

  before(async () => {
    await suite.page.openViewContainer('Quaywatch');
    await suite.page.runCommand('Quaywatch: Show Deployments');
    page = suite.page.webview();
    // Beside the tree there is little room for pictures.
    await suite.page.page.locator('.pane-header[aria-label^="Containers"]').click();
    await page.getByText('Nothing was deployed yet.').waitFor({ timeout: DEPLOY_TIMEOUT_MS });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const cards = (app: string): Locator =>
    page
      .locator('.card')
      .filter({ has: suite.page.webview().locator('.app', { hasText: new RegExp(`^${app}$`) }) });
  const card = (app: string, status: string): Locator =>
    cards(app).and(page.locator(`[data-status="${status}"]`));
  const deploy = async (app: string): Promise<void> => {
    await suite.page.runCommand('Quaywatch: Deploy…');
    await suite.page.pick(app);
    const { message } = await suite.page.dialog();
    assert.equal(message, `Deploy ${app} to Local?`);
    await suite.page.answerDialog('Deploy');
  };
  const succeeded = async (app: string): Promise<void> => {
    const over = page.locator(
      ['success', 'failed', 'rolled_back'].map((one) => `[data-status="${one}"]`).join(),
    );
    const newest = cards(app).and(over).first();
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
    const web = card('web', 'success').first();
    await web.locator('.log-box', { hasText: 'built version 1' }).waitFor();
    const steps = await web.locator('.step-name').allInnerTexts();
    assert.ok(steps.includes('Building image') && steps.includes('Starting new version'), steps.join());
    assert.equal(await isRunning('web'), true);
    await pictures('success');
  });

  it('show the same after they were closed and opened again, nothing doubled', async () => {
    const log = card('web', 'success').first().locator('.log-box .line');
    const before = await log.allInnerTexts();
    await suite.page.openViewContainer('Explorer');
    await suite.page.openViewContainer('Quaywatch');
    await log.filter({ hasText: 'built version 1' }).first().waitFor();
    assert.deepEqual(await log.allInnerTexts(), before);
  });

  it('show why a build failed, and leave what runs alone', async () => {
    const { Id: old } = await suite.docker.getContainer('web').inspect();
    write('web/Dockerfile', dockerfile('echo about to break', 'echo this is why >&2; exit 7'));
    await deploy('web');
    const failed = card('web', 'failed').first();
    await failed.waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    await failed.locator('.failed-in', { hasText: 'Building image' }).waitFor();
    await failed.locator('.fate', { hasText: 'What ran before was not touched.' }).waitFor();
    await failed.locator('.failure', { hasText: 'this is why' }).waitFor();
    assert.equal((await suite.docker.getContainer('web').inspect()).Id, old);
    await pictures('failed');
  });

  it('go on live, and are cancelled', async () => {
    await deploy('slow');
    const running = page.locator('.card[data-status="building"]');
    await running.locator('.log-box', { hasText: 'line 3' }).waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const bar = running.getByRole('progressbar');
    assert.ok(Number(await bar.getAttribute('aria-valuenow')) > 0);
    assert.ok((await suite.page.statusBar()).some((text) => /Quaywatch: slow: Building image/.test(text)));
    await pictures('running');
    await running.getByRole('button', { name: 'Cancel the deployment of slow' }).click();
    await card('slow', 'cancelled').first().waitFor({ timeout: DEPLOY_TIMEOUT_MS });
  });

  it('roll back to an earlier version', async () => {
    write('web/Dockerfile', dockerfile('echo built version 2'));
    await deploy('web');
    await page
      .locator('.card', { hasText: 'built version 2' })
      .and(page.locator('[data-status="success"]'))
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const first = page.locator('.card', { hasText: 'built version 1' });
    const imageOfFirst = await first.locator('.fact', { hasText: /^Image / }).innerText();
    await first.getByRole('button', { name: /^Roll Back to This/ }).click();
    assert.match((await suite.page.dialog()).message, /^Roll web on Local back to the version of /);
    await suite.page.answerDialog('Roll Back');
    await page
      .locator('.fact', { hasText: 'Runs the version of' })
      .first()
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    await page
      .locator('.card[data-status="success"]', { hasText: 'Runs the version of' })
      .first()
      .waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    const { Image: image } = await suite.docker.getContainer('web').inspect();
    assert.ok(imageOfFirst.includes(image.replace('sha256:', '').slice(0, 12)), `${imageOfFirst} ${image}`);
  });

  it('deploy a Git repository', async () => {
    await deploy('cloned');
    await succeeded('cloned');
    await card('cloned', 'success').locator('.log-box', { hasText: 'from the repository' }).waitFor();
    await card('cloned', 'success').locator('.step-name', { hasText: 'Cloning repository' }).waitFor();
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

  it('compare inputs, and open a log in an editor', async () => {
    const web = card('web', 'success').first();
    await web.getByRole('button', { name: /^Open Log/ }).click();
    await suite.page.waitForEditor('Deployed');
    await suite.page.screenshot('deployments-log');
  });

  it('are kept to what quaywatch.json may say', async () => {
    const file = join(folder, 'quaywatch.json');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, good.replace('"folder": "web"', '"folder": "web", "ref": "--upload-pack=x"'));
    await suite.page.runCommand('Quaywatch: Deploy…');
    await suite.page.pick('quaywatch.json has errors');
    const { buttons } = await suite.page.waitForNotification('“apps.web.source.ref” is not known');
    assert.deepEqual(buttons, ['Open File']);
    writeFileSync(file, good);
  });

  it('are usable at 250 pixels', async () => {
    await suite.page.page.setViewportSize({ width: 360, height: 900 });
    await suite.page.screenshot('deployments-narrow');
    await suite.page.page.setViewportSize({ width: 1280, height: 900 });
  });
});
