import assert from 'node:assert/strict';
import { e2eSuite } from '../support/e2eSuite';

const SECOND_NS = 1_000_000_000;

const compose = (project: string, service: string) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
});

describe('the containers tree, installed and on screen', () => {
  const suite = e2eSuite();

  before(async () => {
    await suite.run('shop-web-1', undefined, { labels: compose('shop', 'web') });
    await suite.run('shop-api-1', undefined, { labels: compose('shop', 'api') });
    await suite.run('shop-job-1', 'exit 3', { labels: compose('shop', 'job') });
    await suite.run('lone');
    await suite.page.openViewContainer('Quaywatch');
  });

  it('shows hosts, projects with their aggregate state, and single containers', async () => {
    const { tree } = suite;
    const host = await tree.waitForRow('Local');
    assert.equal(host.level, 1);
    assert.match(host.description, /Docker 20\.10/);
    const project = await tree.waitForDescription('shop', /2\/3 running/);
    assert.equal(project.level, 2);
    await tree.expand('shop');
    const web = await tree.waitForRow('shop-web-1');
    assert.equal(web.level, 3);
    const lone = await tree.waitForRow('lone');
    assert.match(lone.description, /quaywatch\/busybox:1/);
    assert.match(lone.ariaLabel, /lone, running/);
  });

  it('follows what happens outside: create, start, pause, rename, ill, exit, remove', async () => {
    const { tree } = suite;
    const options = {
      HostConfig: { RestartPolicy: { Name: 'no' } },
      Healthcheck: {
        Test: ['CMD-SHELL', 'test ! -e /ill'],
        Interval: SECOND_NS / 5,
        Retries: 1,
        Timeout: SECOND_NS,
      },
    };
    const container = await suite.run('fresh', undefined, { options });
    await tree.waitForSpoken('fresh', /running/);
    await container.pause();
    await tree.waitForDescription('fresh', /paused/i);
    await container.unpause();
    await container.rename({ name: 'renamed' });
    await tree.waitForRow('renamed');
    await tree.waitForNoRow('fresh');
    const exec = await container.exec({ Cmd: ['touch', '/ill'] });
    (await exec.start({ Detach: true })).resume();
    await tree.waitForDescription('renamed', /unhealthy/i);
    await container.kill();
    await tree.waitForDescription('renamed', /137/);
    await container.remove();
    await tree.waitForNoRow('renamed');
  });

  it('keeps selection and expansion through changes', async () => {
    const { tree } = suite;
    await tree.expand('shop');
    await tree.click('shop-api-1');
    const api = suite.docker.getContainer('shop-api-1');
    await api.pause();
    const row = await tree.waitForDescription('shop-api-1', /paused/i);
    assert.ok(row.selected);
    await api.unpause();
    assert.equal((await tree.waitForRow('shop')).expanded, true);
  });

  it('offers a menu in the order people need it, and three inline actions at most', async () => {
    const { tree } = suite;
    const labels = await tree.openMenu('lone');
    assert.equal(labels[0], 'Tail Logs');
    assert.match(labels.at(-1) ?? '', /^Remove/);
    await suite.page.page.keyboard.press('Escape');
    assert.ok((await tree.inlineActions('lone')).length <= 3);
  });

  it('stops and starts a container from its menu', async () => {
    const { tree } = suite;
    await tree.chooseFromMenu('lone', 'Stop');
    await tree.waitForDescription('lone', /exited/i);
    await tree.chooseFromMenu('lone', 'Start');
    await tree.waitForSpoken('lone', /running/);
  });

  it('filters, hides stopped ones, and says so', async () => {
    const { tree, page } = suite;
    await page.runCommand('Quaywatch: Filter Containers…');
    await page.answerInput('lone');
    await tree.waitForNoRow('shop');
    await tree.waitForRow('lone');
    await tree.waitForMessage('Filter: lone');
    await page.runCommand('Quaywatch: Clear Filter');
    await tree.waitForRow('shop');
    await tree.waitForRow('shop-job-1');
    await tree.clickTitleAction('Hide Stopped');
    await tree.waitForNoRow('shop-job-1');
    await tree.waitForMessage(/stopped hidden \(1\)/);
    await tree.clickTitleAction('Show Stopped');
    await tree.waitForRow('shop-job-1');
  });

  it('shows a card when pointed at', async () => {
    const card = await suite.tree.hover('lone');
    assert.match(card, /quaywatch\/busybox:1/);
    assert.match(card, /running/i);
  });

  it('inspects into a read-only document', async () => {
    await suite.tree.chooseFromMenu('lone', 'Inspect');
    await suite.page.page.locator('.tab', { hasText: 'lone' }).first().waitFor();
    await suite.page.page.locator('.monaco-editor .view-line', { hasText: '"Id"' }).first().waitFor();
    await suite.page.screenshot('inspect');
  });

  it('opens a shell that runs commands', async () => {
    const { page } = suite;
    await suite.tree.chooseFromMenu('lone', 'Open Shell');
    const terminal = page.page.locator('.terminal-wrapper.active, .terminal.xterm').first();
    await terminal.waitFor();
    await terminal.click();
    await page.page.keyboard.type('touch /from-the-shell\n');
    const { docker } = suite;
    const exists = async (): Promise<boolean> => {
      const exec = await docker
        .getContainer('lone')
        .exec({ Cmd: ['test', '-e', '/from-the-shell'], AttachStdout: true });
      const stream = await exec.start({});
      await new Promise((resolve) => stream.on('end', resolve).resume());
      return (await exec.inspect()).ExitCode === 0;
    };
    const deadlineMs = Date.now() + 20_000;
    while (!(await exists())) assert.ok(Date.now() < deadlineMs, 'the shell ran the command');
    await page.page.keyboard.type('exit\n');
  });

  it('asks before it removes, naming container and host, and removes', async () => {
    const { tree, page } = suite;
    const container = await suite.run('condemned');
    await tree.waitForRow('condemned');
    await tree.chooseFromMenu('condemned', 'Remove…');
    const dialog = await page.dialog();
    assert.match(dialog.message, /condemned/);
    assert.match(`${dialog.message} ${dialog.detail}`, /Local/);
    await page.screenshot('remove-dialog');
    await page.answerDialog('Cancel');
    assert.equal((await container.inspect()).State.Running, true);
    await tree.chooseFromMenu('condemned', 'Remove…');
    const remove = (await page.dialog()).buttons.find((button) => /remove/i.test(button));
    assert.ok(remove !== undefined);
    await page.answerDialog(remove);
    await tree.waitForNoRow('condemned');
  });

  it('is drawn in every theme, wide and narrow', async () => {
    const { page, tree } = suite;
    await tree.expand('shop');
    for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const) {
      await page.setTheme(theme);
      await page.screenshot(`tree-${theme}`);
    }
    assert.ok((await tree.rows()).length >= 5);
  });
});
