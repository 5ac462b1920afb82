import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatPairingLink, formatToken, type Pairing } from '../../src/protocol/pairingLink';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { FaultProxy } from '../rig/proxy/faultProxy';
import { DeploymentsView } from '../support/deploymentsView';
import { DeployWorkspace, dockerfile } from '../support/deployWorkspace';
import { e2eSuite } from '../support/e2eSuite';
import { eventually } from '../support/eventually';
import { PairedAgent } from '../support/pairedAgent';
import { seededRandom } from '../support/random';
import { skipWithReason } from '../support/skip';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';
import type { VSCodePage } from '../support/vscodePage';
import { openWorkbench, type Workbench } from '../support/workbench';

const HOST = 'Server';
const LONG_LINES = 120;
const PATIENCE_MS = 60_000;

/** What is deployed, in the folder that VS Code opens. */
function makeWorkspace(): DeployWorkspace {
  const workspace = new DeployWorkspace();
  workspace.write('web/Dockerfile', dockerfile('echo built far away'));
  workspace.write(
    'long/Dockerfile',
    dockerfile(`for i in $(seq 1 ${LONG_LINES}); do echo step $i; sleep 0.1; done`),
  );
  workspace.write('slow/Dockerfile', dockerfile('for i in $(seq 1 600); do echo line $i; sleep 0.2; done'));
  workspace.write('source/Dockerfile', dockerfile('echo from a repository far away'));
  workspace.writeCompose('shop/compose.yaml', { front: { build: { context: 'front' } }, back: {} });
  workspace.write('shop/front/Dockerfile', `${dockerfile('echo the front is built')}LABEL ${testLabel}=1\n`);
  const app = (source: unknown): unknown => workspace.app(source, [HOST]);
  workspace.describeApps({
    web: app({ folder: 'web' }),
    long: app({ folder: 'long' }),
    slow: app({ folder: 'slow' }),
    cloned: app({ git: workspace.bareRepository('source'), ref: 'main' }),
    image: app({ image: busyboxImage, pull: 'missing' }),
    shop: {
      source: { compose: ['compose.yaml'], folder: 'shop', project: 'farshop' },
      hosts: [HOST],
    },
  });
  return workspace;
}

describe('deployments to a remote host, on two screens', function () {
  this.timeout(240_000);
  const workspace = makeWorkspace();
  // This machine's engine is a fake one: what is deployed is the agent's doing.
  const near = new FakeEngine({ personality: '29' });
  before(() => near.listen());
  const suite = e2eSuite({ folder: workspace.folder, env: { DOCKER_HOST: near.dockerHost } });
  let agent: PairedAgent;
  let proxy: FaultProxy;
  let second: Workbench;
  let mine: DeploymentsView;
  let theirs: DeploymentsView;

  before(async function () {
    this.timeout(240_000);
    agent = await PairedAgent.start(testEngineOrSkip(this).dockerHost);
    const { port } = agent;
    proxy = await FaultProxy.open({ engineSocketPath: '', port, transport: 'tcp', random: seededRandom(1) });
    second = await openWorkbench({ env: { DOCKER_HOST: near.dockerHost } });
    await pair(suite.page, agent.pairing(Number(new URL(proxy.dockerHost).port)));
    await pair(second.page, await agent.addToken('--role', 'viewer'));
    mine = new DeploymentsView(suite.page);
    theirs = new DeploymentsView(second.page);
    for (const view of [mine, theirs]) {
      await view.open();
      await view.root.getByText('Nothing has been deployed yet.').waitFor();
    }
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await second.page.screenshot('failed-second-window');
  });
  after(async () => {
    await second.dispose();
    await proxy.dispose();
    await agent.dispose();
    await near.dispose();
    workspace.remove();
  });

  /** All lines that the agent wrote down of it. */
  const journalOf = (id: string): string[] => {
    const file = join(agent.stateFolder, 'deployments', 'journals', `${id}.jsonl`);
    const records = readFileSync(file, 'utf8').trimEnd().split('\n');
    return records
      .map((line) => JSON.parse(line) as { kind: string; text?: string })
      .flatMap(({ kind, text = '' }) => (kind === 'log' ? text.replace(/\n$/, '').split('\n') : []))
      .map((line) => line.trimEnd());
  };
  const start = async (app: string): Promise<string> => {
    await mine.deploy(app, HOST);
    const id = await mine.running(`${app} · ${HOST}`);
    await theirs.expand(id);
    return id;
  };
  /** Both windows show what the journal holds, each line once, and the same stages with the same times. */
  const bothShowAll = async (id: string): Promise<string[]> => {
    for (const view of [mine, theirs]) await view.ended(id, 'success');
    const journal = journalOf(id);
    for (const view of [mine, theirs])
      await eventually(
        () => `all ${journal.length} lines are shown`,
        async () => (await view.logLines(id)).length >= journal.length,
      );
    assert.deepEqual(await mine.logLines(id), journal);
    assert.deepEqual(await theirs.logLines(id), journal);
    assert.deepEqual(await theirs.summary(id), await mine.summary(id));
    return journal;
  };

  it('build a folder of the workspace there, and both windows show the same', async () => {
    const id = await start('web');
    const journal = await bothShowAll(id);
    assert.ok(journal.includes('built far away'), journal.join('\n'));
    const stages = (await mine.summary(id)).join();
    assert.match(stages, /Building image.*Starting new version.*Checking health.*Deployed/s);
    assert.equal((await suite.docker.getContainer('web').inspect()).State.Running, true);
    await suite.page.screenshot('deployments-remote');
    await second.page.screenshot('deployments-remote-second');
  });

  it('go on while the page is closed and the connection is cut: nothing missing, nothing doubled', async () => {
    const id = await start('long');
    const progress = [await mine.recordProgress(id), await theirs.recordProgress(id)];
    const hasLine = (view: DeploymentsView, line: number): Promise<void> =>
      view
        .byId(id)
        .locator('.line', { hasText: new RegExp(`^step ${line}$`) })
        .waitFor({ timeout: PATIENCE_MS });
    await hasLine(mine, 5);
    proxy.cutAll();
    await hasLine(mine, 25);
    const shown = [await progress[0]?.()];
    await mine.closeAndOpen();
    const again = await mine.recordProgress(id);
    await hasLine(mine, 40);
    proxy.refuse(true);
    proxy.cutAll();
    await mine.root.locator('.troubles', { hasText: `${HOST}: ` }).waitFor();
    await suite.page.screenshot('deployments-remote-away');
    assert.equal(await mine.byId(id).count(), 1);
    await hasLine(theirs, 60);
    proxy.refuse(false);
    const journal = await bothShowAll(id);
    const steps = journal.filter((line) => /^step \d+$/.test(line));
    assert.deepEqual(
      steps,
      Array.from({ length: LONG_LINES }, (_none, index) => `step ${index + 1}`),
    );
    shown.push(await again(), await progress[1]?.());
    for (const seen of shown)
      assert.deepEqual(
        seen,
        [...(seen ?? [])].sort((one, other) => one - other),
      );
    await mine.root.locator('.troubles').waitFor({ state: 'hidden' });
  });

  it('show everything to a window that opens when all is over', async () => {
    await second.page.reload();
    // A VS Code in a browser forgets secrets with its window.
    const { token } = await agent.addToken('--role', 'viewer');
    await second.page.openViewContainer('Quaywatch');
    await theirs.unfoldTree(true);
    await second.page.tree('Containers').click('Enter a New Token…');
    await second.page.answerInput(formatToken(token));
    // Until then the box may still be looking at what was typed, and what comes next would take its place.
    await second.page.tree('Containers').waitForNoRow('Enter a New Token…');
    await theirs.open();
    const id = (await mine.cards(`long · ${HOST}`).first().getAttribute('data-id')) ?? assert.fail('no id');
    await theirs.expand(id);
    await bothShowAll(id);
  });

  it('clone a bare repository on that machine', async () => {
    const journal = await bothShowAll(await start('cloned'));
    assert.ok(
      journal.some((line) => /^Commit [0-9a-f]{40}$/.test(line)),
      journal.join('\n'),
    );
    assert.ok(journal.includes('from a repository far away'), journal.join('\n'));
  });

  it('run an image', async () => {
    await bothShowAll(await start('image'));
    assert.equal((await suite.docker.getContainer('image').inspect()).State.Running, true);
  });

  it('bring a Compose project with what it builds', async function () {
    try {
      execFileSync('docker-compose', ['version'], { stdio: 'pipe' });
    } catch {
      skipWithReason(this, 'there is no docker-compose');
    }
    const journal = await bothShowAll(await start('shop'));
    assert.ok(
      journal.some((line) => line.includes('the front is built')),
      journal.join('\n'),
    );
    const containers = await suite.docker.listContainers({
      filters: { label: ['com.docker.compose.project=farshop'] },
    });
    assert.deepEqual(
      containers.map(({ State }) => State),
      ['running', 'running'],
    );
  });

  it('are cancelled by whoever may, and only watched by who may not', async () => {
    const id = await start('slow');
    await theirs
      .byId(id)
      .locator('.line', { hasText: /^line 3$/ })
      .waitFor({ timeout: PATIENCE_MS });
    assert.equal(
      await theirs
        .byId(id)
        .getByRole('button', { name: /^Cancel/ })
        .count(),
      0,
    );
    await mine.byId(id).getByRole('button', { name: 'Cancel the deployment of slow' }).click();
    for (const view of [mine, theirs]) await view.ended(id, 'cancelled');
    const offered = async (view: DeploymentsView): Promise<string[]> =>
      view.byId(id).locator('.actions vscode-button').allInnerTexts();
    assert.deepEqual(await offered(theirs), ['Compare Inputs…', 'Open Log']);
    assert.deepEqual(await offered(mine), ['Retry', 'Compare Inputs…', 'Open Log']);
    assert.deepEqual(await mine.logLines(id), journalOf(id));
  });
});

async function pair(page: VSCodePage, pairing: Pairing): Promise<void> {
  await page.openViewContainer('Quaywatch');
  await page.runCommand('Quaywatch: Add Host…');
  await page.pick('Paste a Pairing Link…');
  await page.answerInput(formatPairingLink({ ...pairing, name: HOST }));
  await page.answerDialog('Add Host');
  await page.tree('Containers').waitForRow(HOST, PATIENCE_MS);
}
