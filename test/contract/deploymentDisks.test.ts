import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBusyboxImage } from '../../scripts/lib/images.mjs';
import {
  ensureDockerInstalled,
  startPrivateEngine,
  whyNoPrivateEngine,
} from '../../scripts/lib/privateEngine.mjs';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { DeploymentFixture } from '../support/deploymentFixture';
import { gitRepository } from '../support/gitRepository';
import { checkForLeaks } from '../support/leaks';
import { GOOD, RunningApp } from '../support/runningApp';
import { skipWithReason } from '../support/skip';
import { SmallDisk } from '../support/smallDisk';
import { busyboxImage, testEngineOrSkip } from '../support/testEngine';

/** Enough for a journal, its reserve and little more. */
const STATE_MEGABYTES = 4;
const ENGINE_MEGABYTES = 128;

describe('deployments on a disk that gets full', function () {
  this.timeout(180_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('which is that of the journals', () => fullStateSuite());
  describe('which is that of the engine', () => fullEngineSuite());
});

function fullStateSuite(): void {
  let fixture: DeploymentFixture;
  let app: RunningApp;
  let disk: SmallDisk;
  let deployments: LocalDeployments;
  let state: string;

  before(function () {
    testEngineOrSkip(this);
  });
  beforeEach(async function () {
    disk = SmallDisk.mountOrSkip(this, STATE_MEGABYTES);
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    app = await RunningApp.deploy(fixture);
    state = join(disk.path, 'state');
    deployments = fixture.open({ folder: state });
  });
  afterEach(async () => {
    await fixture.dispose();
    disk.dispose();
  });

  it('leave lines out of the log, count them, and tell the end', async () => {
    const noise = `i=0; while [ $i -lt 60000 ]; do echo "line $i ................................................................"; i=$((i+1)); done`;
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN ${noise}; exit 9\n` });
    const { id } = await deployments.start({ spec: { ...GOOD, source: { kind: 'folder', folder } } });
    const over = await fixture.over(id, deployments);
    await app.assertFailed(over, 'building_image', /returned a non-zero code: 9/);
    assert.equal(over.failure?.exitCode, 9, JSON.stringify(over));
    const journal = readFileSync(join(state, 'journals', `${id}.jsonl`), 'utf8');
    const sequences = journal
      .split('\n')
      .flatMap((line) => /^\{"sequence":(\d+)/.exec(line)?.[1] ?? [])
      .map(Number);
    assert.deepEqual(
      sequences,
      sequences.map((_one, index) => index + 1),
    );
    assert.match(journal, /lines are not in the log/);
  });

  it('say that there is no room for the repository, and clear it away', async () => {
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\n` });
    writeFileSync(join(folder, 'large'), randomBytes(2 * STATE_MEGABYTES * 1024 * 1024));
    const source = { kind: 'git', repository: gitRepository(folder) } as const;
    const { id } = await deployments.start({ spec: { ...GOOD, source } });
    const over = await fixture.over(id, deployments);
    await app.assertFailed(
      over,
      'cloning_repo',
      /No space left on device[^]*Make room on the disk and deploy again\.$/,
    );
    await app.assertRuns(state);
  });

  it('are refused where there is no room even for that, and taken when there is', async () => {
    const free = disk.fill();
    const refused = {
      code: 'engineFailure',
      message: /The disk is full\. Make room on the disk and deploy again\./,
    };
    await assert.rejects(deployments.start({ spec: GOOD }), refused);
    await assert.rejects(deployments.start({ spec: GOOD }), refused);
    const journals = join(state, 'journals');
    assert.deepEqual(existsSync(journals) ? readdirSync(journals) : [], []);
    await app.assertRuns();
    free();
    const { id } = await deployments.start({ spec: GOOD });
    assert.equal((await fixture.over(id, deployments)).status, 'success');
  });
}

function fullEngineSuite(): void {
  let fixture: DeploymentFixture | undefined;
  let disk: SmallDisk | undefined;
  let disposeEngine: (() => unknown) | undefined;

  beforeEach(async function () {
    const obstacle = whyNoPrivateEngine();
    if (obstacle !== undefined) skipWithReason(this, obstacle);
    disk = SmallDisk.mountOrSkip(this, ENGINE_MEGABYTES);
    await ensureDockerInstalled();
    const engine = await startPrivateEngine({ dir: join(disk.path, 'e') });
    disposeEngine = engine.dispose;
    await ensureBusyboxImage({ socketPath: engine.socketPath });
    const { socketPath } = engine;
    fixture = new DeploymentFixture({ socketPath, dockerHost: `unix://${socketPath}`, control: undefined });
  });
  afterEach(async () => {
    await fixture?.dispose();
    await disposeEngine?.();
    disk?.dispose();
  });

  it('say so, and leave the old version running', async () => {
    const its = fixture ?? assert.fail('no engine');
    const app = await RunningApp.deploy(its);
    const tooLarge = `dd if=/dev/zero of=/large bs=1M count=${2 * ENGINE_MEGABYTES}`;
    const folder = its.files({ Dockerfile: `FROM ${busyboxImage}\nRUN ${tooLarge}\n` });
    const over = await its.deploy({ ...GOOD, source: { kind: 'folder', folder } });
    await app.assertFailed(over, 'building_image', /returned a non-zero code: 1/);
    assert.match(over.failure?.lastLines.join('\n') ?? '', /No space left on device/);
    // The step's remains are gone, and the app can be deployed again.
    assert.equal((await its.deploy(GOOD)).status, 'success');
  });
}
