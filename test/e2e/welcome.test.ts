import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openWorkbench, type Workbench } from '../support/workbench';

/** Opens VS Code with this DOCKER_HOST, looks at the view, and closes it again. */
async function look(
  dockerHost: string,
  see: (workbench: Workbench) => Promise<void>,
  options: { readonly workspaceTrust?: boolean } = {},
): Promise<void> {
  const workbench = await openWorkbench({ env: { DOCKER_HOST: dockerHost }, ...options });
  try {
    await see(workbench);
  } catch (error) {
    await workbench.page.screenshot('failed-welcome');
    throw error;
  } finally {
    await workbench.dispose();
  }
}

describe('the welcome views', function () {
  this.timeout(180_000);
  let folder = '';
  let server: Server | undefined;
  before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-welcome-'))));
  after(async () => {
    server?.close();
    await rm(folder, { recursive: true });
  });

  it('no engine: says so, shows what was tried, and appears by itself when an engine starts', async () => {
    await look(`unix://${folder}/missing.sock`, async ({ page }) => {
      await page.openViewContainer('Quaywatch');
      await page.page.locator('.welcome-view-content', { hasText: 'Show What Was Tried' }).waitFor();
      await page.screenshot('welcome-no-engine');
      await page.clickWelcomeButton('Show What Was Tried');
      await page.page.locator('.monaco-editor .view-line', { hasText: 'missing.sock' }).first().waitFor();
      await page.screenshot('what-was-tried');
    });
  });

  it('permission denied: says what to do', async () => {
    const socketPath = path.join(folder, 'forbidden.sock');
    server = createServer((_request, response) => {
      response.writeHead(403, { 'Content-Type': 'application/json' });
      response.end('{"message":"access denied by policy"}');
    });
    await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
    await look(`unix://${socketPath}`, async ({ page }) => {
      await page.openViewContainer('Quaywatch');
      await page.page
        .locator('.welcome-view-content', { hasText: /permission|may not|not allowed/i })
        .waitFor();
      await page.screenshot('welcome-permission-denied');
    });
  });

  it('a path that is no socket: says so', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, 'no socket');
    await look(`unix://${file}`, async ({ page }) => {
      await page.openViewContainer('Quaywatch');
      assert.ok((await page.welcomeText()).length > 0);
      await page.page.locator('.welcome-view-content', { hasText: 'Show What Was Tried' }).waitFor();
      await page.screenshot('welcome-no-socket');
    });
  });

  it('an untrusted workspace: connects nothing, deploys nothing and offers to manage trust', async () => {
    const requests: string[] = [];
    const socketPath = path.join(folder, 'untouched.sock');
    const untouched = createServer((request) => requests.push(request.url ?? ''));
    await new Promise<void>((resolve) => untouched.listen(socketPath, resolve));
    await look(
      `unix://${socketPath}`,
      async ({ page }) => {
        await page.openViewContainer('Quaywatch');
        await page.page.locator('.welcome-view-content', { hasText: /trust/i }).waitFor();
        await page.screenshot('welcome-untrusted');
        await page.runCommand('Quaywatch: Deploy…');
        await page.waitForNotification(/not trusted/);
        await page.screenshot('deploy-untrusted');
        assert.deepEqual(requests, []);
      },
      { workspaceTrust: true },
    );
    untouched.close();
  });
});
