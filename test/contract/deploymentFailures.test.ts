import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Deployment, DeploymentSpec, DeploymentStage } from '../../src/model/deployment';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { skipWithReason } from '../support/skip';
import { busyboxImage, engineControlOrSkip, testEngineOrSkip, testLabel } from '../support/testEngine';

const LABELS = { [testLabel]: '1' };
/** Ends at once when it is told to. */
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const APP = 'failing';

const GOOD: DeploymentSpec = {
  app: APP,
  source: { kind: 'image', image: busyboxImage, pull: 'missing' },
  run: { command: FOREVER, labels: LABELS },
  health: { stableMs: 100 },
};

function git(folder: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' });
}

describe('deployments that fail on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('end with the old version running', () => failuresSuite());
});

function failuresSuite(): void {
  let fixture: DeploymentFixture;
  let oldId: string;

  before(function () {
    testEngineOrSkip(this);
  });

  beforeEach(async function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    const over = await fixture.deploy(GOOD);
    assert.equal(over.status, 'success', over.message);
    oldId = (await fixture.container(APP))?.Id ?? '';
  });

  afterEach(async () => {
    await fixture.dispose();
  });

  /** The old version runs under its name, nothing else is left, and the reason is told. */
  async function assertFailed(over: Deployment, stage: DeploymentStage, reason: RegExp): Promise<void> {
    assert.ok(over.status === 'failed' || over.status === 'rolled_back', JSON.stringify(over));
    assert.equal(over.failure?.stage, stage, JSON.stringify(over));
    assert.match(over.failure.message, reason);
    await assertOldRuns();
  }

  async function assertOldRuns(): Promise<void> {
    assert.deepEqual(await fixture.containersOf(APP), [`${APP} running`]);
    assert.equal((await fixture.container(APP))?.Id, oldId);
    const work = join(fixture.folder, 'state', 'work');
    const left = (): readonly string[] => (existsSync(work) ? readdirSync(work) : []);
    // It is cleared away after the end is told.
    await eventually(
      () => `nothing is left in the work folder: ${left().join(', ')}`,
      () => left().length === 0,
    );
  }

  function repository(files: Readonly<Record<string, string>>): string {
    const folder = fixture.files(files);
    git(folder, 'init', '--quiet', '--initial-branch=main');
    git(folder, 'add', '.');
    git(folder, 'commit', '--quiet', '-m', 'One');
    return folder;
  }

  it('a repository that is not there', async () => {
    const source = { kind: 'git', repository: join(fixture.folder, 'none') } as const;
    await assertFailed(await fixture.deploy({ ...GOOD, source }), 'cloning_repo', /can't be fetched/);
  });

  it('a ref that is not there', async () => {
    const folder = repository({ Dockerfile: `FROM ${busyboxImage}\n` });
    const source = { kind: 'git', repository: folder, ref: 'no-such-branch' } as const;
    await assertFailed(
      await fixture.deploy({ ...GOOD, source }),
      'cloning_repo',
      /no branch, tag or commit "no-such-branch"/,
    );
  });

  it('a repository is cloned with its submodule and its commit is told; a hostile one runs nothing', async () => {
    const inner = repository({ message: 'from the submodule' });
    const folder = repository({
      Dockerfile: `FROM ${busyboxImage}\nCOPY inner/message /message\nCMD ["sh"]\n`,
    });
    git(folder, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'inner');
    git(folder, 'commit', '--quiet', '-m', 'Two');
    const source = { kind: 'git', repository: folder, ref: 'main' } as const;
    const over = await fixture.deploy({ ...GOOD, source });
    assert.equal(over.status, 'success', over.message);
    assert.equal(over.commit, git(folder, 'rev-parse', 'HEAD').trim());
    const mark = join(fixture.folder, 'ran');
    for (const hostile of [
      { repository: `ext::sh -c "touch ${mark}"` },
      { repository: `--upload-pack=touch ${mark}` },
      { repository: `ssh://-oProxyCommand=touch ${mark}/x` },
      { repository: folder, ref: `--upload-pack=touch ${mark}` },
      { repository: folder, ref: 'main:refs/heads/x' },
    ]) {
      const spec: DeploymentSpec = { ...GOOD, source: { kind: 'git', ...hostile } };
      await assert.rejects(fixture.deployments.start({ spec }), { code: 'badRequest' });
    }
    const evil = repository({
      Dockerfile: `FROM ${busyboxImage}\n`,
      '.gitmodules': `[submodule "x"]\n path = x\n url = ext::sh -c "touch ${mark}"\n`,
    });
    git(evil, 'update-index', '--add', '--cacheinfo', `160000,${git(evil, 'rev-parse', 'HEAD').trim()},x`);
    git(evil, 'commit', '--quiet', '-m', 'Evil');
    const failed = await fixture.deploy({ ...GOOD, source: { kind: 'git', repository: evil } });
    assert.equal(failed.failure?.stage, 'cloning_repo', JSON.stringify(failed));
    assert.equal(readdirSync(fixture.folder).includes('ran'), false);
  });

  it('a Dockerfile with a mistake', async () => {
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUNN nothing\n` });
    await assertFailed(
      await fixture.deploy({ ...GOOD, source: { kind: 'folder', folder } }),
      'building_image',
      /unknown instruction: RUNN/i,
    );
  });

  it('a build step that fails, with its exit code and its last lines', async () => {
    const folder = fixture.files({
      Dockerfile: `FROM ${busyboxImage}\nRUN echo "about to fail" && exit 7\n`,
    });
    const over = await fixture.deploy({ ...GOOD, source: { kind: 'folder', folder } });
    await assertFailed(over, 'building_image', /returned a non-zero code: 7/);
    assert.equal(over.failure?.exitCode, 7);
    assert.ok(over.failure.lastLines.includes('about to fail'), JSON.stringify(over.failure));
  });

  it('a folder that is not there', async () => {
    const source = { kind: 'folder', folder: join(fixture.folder, 'none') } as const;
    await assertFailed(await fixture.deploy({ ...GOOD, source }), 'building_image', /is not there/);
  });

  it('an image that is nowhere', async () => {
    const source = { kind: 'image', image: 'quaywatch/none:1', pull: 'never' } as const;
    await assertFailed(await fixture.deploy({ ...GOOD, source }), 'pulling_image', /not on this host/);
    const remote = { kind: 'image', image: '127.0.0.1:9/none:1', pull: 'missing' } as const;
    await assertFailed(
      await fixture.deploy({ ...GOOD, source: remote }),
      'pulling_image',
      /refused|127\.0\.0\.1/,
    );
  });

  it('a port that is taken', async () => {
    const server = createServer();
    const hostPort = await listen(server);
    try {
      const run = { ...GOOD.run, ports: [{ containerPort: 80, hostPort, hostAddress: '127.0.0.1' }] };
      const over = await fixture.deploy({ ...GOOD, run });
      await assertFailed(over, 'starting_new', /address already in use|port is already allocated/);
      assert.equal(over.status, 'rolled_back');
    } finally {
      server.close();
    }
  });

  it('a container that ends at once, with its last lines and its exit code', async () => {
    const run = { ...GOOD.run, command: ['sh', '-c', 'echo "can not go on" >&2; exit 3'] };
    const over = await fixture.deploy({ ...GOOD, run });
    await assertFailed(over, 'health_check', /ended with exit code 3/);
    assert.deepEqual(over.failure?.lastLines, ['can not go on']);
    assert.equal(over.failure.exitCode, 3);
  });

  it('a container that the engine starts again and again', async () => {
    const command = ['sh', '-c', 'sleep 0.3; exit 1'];
    const run = { ...GOOD.run, command, restart: 'always' } as const;
    const over = await fixture.deploy({ ...GOOD, run, health: { stableMs: 20_000 } });
    await assertFailed(over, 'health_check', /ended/);
  });

  it('a container that takes too much memory', async () => {
    const command = ['sh', '-c', 'x=a; while :; do x="$x$x"; done'];
    const run = { ...GOOD.run, command, memoryBytes: 16 * 1024 * 1024 };
    const over = await fixture.deploy({ ...GOOD, run, health: { stableMs: 20_000 } });
    await assertFailed(over, 'health_check', /ended with exit code 137/);
    assert.equal(over.failure?.outOfMemory, true, JSON.stringify(over.failure));
  });

  it('a health check that never gets green, with what it said', async () => {
    const health = { command: 'echo "not yet"; exit 1', intervalMs: 1_000, timeoutMs: 60_000 };
    const over = await fixture.deploy({ ...GOOD, health });
    await assertFailed(over, 'health_check', /health check of the new container failed/);
    assert.match(over.failure?.healthOutput ?? '', /not yet/);
  });

  const STAGES: readonly {
    readonly stage: DeploymentStage;
    readonly spec: (folder: string) => DeploymentSpec;
  }[] = [
    {
      stage: 'building_image',
      spec: (folder) => ({ ...GOOD, source: { kind: 'folder', folder } }),
    },
    {
      stage: 'stopping_old',
      spec: () => GOOD,
    },
    { stage: 'starting_new', spec: () => GOOD },
    {
      stage: 'health_check',
      spec: () => ({ ...GOOD, health: { stableMs: 60_000 } }),
    },
  ];
  for (const { stage, spec } of STAGES) {
    it(`cancelled while ${stage}`, async () => {
      const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN sleep 60\n` });
      const { id } = await fixture.deployments.start({ spec: spec(folder) });
      const cancelled = new Promise<void>((resolve, reject) => {
        const store = fixture.store;
        store.add(
          fixture.deployments.onDidChange((changed) => {
            if (!changed.some((one) => one.id === id && one.stage === stage)) return;
            fixture.deployments.cancel(id).then(resolve, reject);
          }),
        );
      });
      await cancelled;
      const over = await fixture.over(id);
      assert.equal(over.status, 'cancelled', JSON.stringify(over));
      await assertOldRuns();
    });
  }

  it('cancelled while it waits for its turn', async () => {
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN sleep 60\n` });
    const first = await fixture.deployments.start({ spec: { ...GOOD, source: { kind: 'folder', folder } } });
    const second = await fixture.deployments.start({ spec: GOOD });
    await fixture.deployments.cancel(second.id);
    assert.equal((await fixture.over(second.id)).status, 'cancelled');
    await fixture.deployments.cancel(first.id);
    assert.equal((await fixture.over(first.id)).status, 'cancelled');
    await assertOldRuns();
  });

  it('the engine is restarted in the middle of the build', async function () {
    const control = engineControlOrSkip(this);
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN echo begun && sleep 60\n` });
    const { id } = await fixture.deployments.start({ spec: { ...GOOD, source: { kind: 'folder', folder } } });
    const told = tell(fixture.deployments, id);
    await eventually('the step runs', () => told.log.includes('begun'));
    await control.restart();
    const over = await fixture.over(id);
    assert.equal(over.failure?.stage, 'building_image');
    await eventually('the engine is back', () => fixture.deployEngine.isConnected);
    await assertOldRuns();
  });

  it('the engine is restarted while the new version is watched', async function () {
    const control = engineControlOrSkip(this);
    const { id } = await fixture.deployments.start({ spec: { ...GOOD, health: { stableMs: 600_000 } } });
    const told = tell(fixture.deployments, id);
    await eventually('it is watched', () => told.stages.includes('health_check'));
    await control.restart();
    const over = await fixture.over(id);
    assert.equal(over.status, 'rolled_back', JSON.stringify(over));
    await assertOldRuns();
  });

  it('the disk with the journals is full', async function () {
    const mounted = join(fixture.folder, 'small');
    mkdirSync(mounted);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', mounted], { stdio: 'ignore' });
    } catch {
      skipWithReason(this, 'no small file system can be mounted here');
    }
    try {
      const small = fixture.open({ folder: join(mounted, 'state') });
      const noise = `i=0; while [ $i -lt 12000 ]; do echo "line $i ................................................................"; i=$((i+1)); done`;
      const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN ${noise}; exit 9\n` });
      const { id } = await small.start({ spec: { ...GOOD, source: { kind: 'folder', folder } } });
      const over = await fixture.over(id, small);
      assert.equal(over.failure?.exitCode, 9, JSON.stringify(over));
      const journal = readFileSync(join(mounted, 'state', 'journals', `${id}.jsonl`), 'utf8');
      const sequences = journal
        .split('\n')
        .flatMap((line) => /^\{"sequence":(\d+)/.exec(line)?.[1] ?? [])
        .map(Number);
      assert.deepEqual(
        sequences,
        sequences.map((_one, index) => index + 1),
      );
      assert.match(journal, /lines are not in the log/);
      small.dispose();
      assert.equal((await fixture.container(APP))?.Id, oldId);
    } finally {
      execFileSync('umount', ['--lazy', mounted]);
    }
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
