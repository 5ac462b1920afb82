import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeploymentSpec } from '../../src/model/deployment';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { gitIn, gitRepository } from '../support/gitRepository';
import { checkForLeaks } from '../support/leaks';
import { APP, GOOD, RunningApp } from '../support/runningApp';
import { SilentServer } from '../support/silentServer';
import { busyboxImage, engineControlOrSkip, testEngineOrSkip } from '../support/testEngine';

describe('deployments that fail on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('end with the old version running', () => failuresSuite());
});

function failuresSuite(): void {
  let fixture: DeploymentFixture;
  let app: RunningApp;

  before(function () {
    testEngineOrSkip(this);
  });

  beforeEach(async function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    app = await RunningApp.deploy(fixture);
  });

  afterEach(async () => {
    await fixture.dispose();
  });

  function repository(files: Readonly<Record<string, string>>): string {
    return gitRepository(fixture.files(files));
  }

  it('a repository that is not there', async () => {
    const source = { kind: 'git', repository: join(fixture.folder, 'none') } as const;
    await app.assertFailed(await fixture.deploy({ ...GOOD, source }), 'cloning_repo', /can't be fetched/);
  });

  it('a server that does not answer', async () => {
    const server = await SilentServer.listen();
    const { port } = server;
    server.dispose();
    for (const scheme of ['git', 'http']) {
      const source = { kind: 'git', repository: `${scheme}://127.0.0.1:${port}/app.git` } as const;
      const over = await fixture.deploy({ ...GOOD, source });
      await app.assertFailed(over, 'cloning_repo', /can't be fetched: [^]*127\.0\.0\.1/);
    }
  });

  it('a ref that is not there', async () => {
    const folder = repository({ Dockerfile: `FROM ${busyboxImage}\n` });
    const source = { kind: 'git', repository: folder, ref: 'no-such-branch' } as const;
    await app.assertFailed(
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
    gitIn(folder, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'inner');
    gitIn(folder, 'commit', '--quiet', '-m', 'Two');
    const source = { kind: 'git', repository: folder, ref: 'main' } as const;
    const over = await fixture.deploy({ ...GOOD, source });
    assert.equal(over.status, 'success', over.message);
    assert.equal(over.commit, gitIn(folder, 'rev-parse', 'HEAD').trim());
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
    gitIn(
      evil,
      'update-index',
      '--add',
      '--cacheinfo',
      `160000,${gitIn(evil, 'rev-parse', 'HEAD').trim()},x`,
    );
    gitIn(evil, 'commit', '--quiet', '-m', 'Evil');
    const failed = await fixture.deploy({ ...GOOD, source: { kind: 'git', repository: evil } });
    assert.equal(failed.failure?.stage, 'cloning_repo', JSON.stringify(failed));
    assert.equal(readdirSync(fixture.folder).includes('ran'), false);
  });

  it('hostile labels, arguments, values and names run nothing', async () => {
    const mark = join(fixture.folder, 'ran');
    const hostile = `$(touch ${mark}); \`touch ${mark}\` && touch ${mark} | "'`;
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nARG HOSTILE\nENV KEPT=$HOSTILE\n` });
    const labels = { ...GOOD.run?.labels, hostile, '--privileged': hostile, [`$(touch ${mark})`]: 'x' };
    const run = { ...GOOD.run, labels, environment: { HOSTILE: hostile } };
    const build = { args: { HOSTILE: hostile, OTHER: hostile }, secretArgs: ['OTHER'] };
    const over = await fixture.deploy({ ...GOOD, source: { kind: 'folder', folder }, build, run });
    assert.equal(over.status, 'success', over.message);
    const config = (await fixture.container(APP))?.Config;
    assert.equal(config?.Labels['hostile'], hostile);
    assert.ok(config.Env.includes(`HOSTILE=${hostile}`) && config.Env.includes(`KEPT=${hostile}`));
    const names = [hostile, '--help', '-v', '../x', `a\ntouch ${mark}`, 'a b'];
    const source = { kind: 'folder', folder } as const;
    for (const name of names) {
      const specs: readonly DeploymentSpec[] = [
        { ...GOOD, app: name },
        { ...GOOD, run: { ...GOOD.run, name } },
        { ...GOOD, run: { ...GOOD.run, networks: [name] } },
        { ...GOOD, source: { kind: 'image', image: name, pull: 'missing' } },
        { ...GOOD, source, build: { target: name } },
        { ...GOOD, source, build: { args: { [name]: 'x' } } },
        { ...GOOD, source: { kind: 'compose', folder, files: ['compose.yaml'], project: name } },
        { ...GOOD, source: { kind: 'compose', folder, files: ['compose.yaml'], services: [name] } },
      ];
      for (const spec of specs)
        await assert.rejects(
          fixture.deployments.start({ spec }),
          { code: 'badRequest' },
          JSON.stringify(spec),
        );
    }
    assert.equal(readdirSync(fixture.folder).includes('ran'), false);
  });

  it("a build step that names the old version's container as its own", async () => {
    const line = ` ---> Running in ${app.containerId.slice(0, 12)}`;
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN echo "${line}" && exit 7\n` });
    const over = await fixture.deploy({ ...GOOD, source: { kind: 'folder', folder } });
    await app.assertFailed(over, 'building_image', /returned a non-zero code: 7/);
    assert.ok(over.failure?.lastLines.includes(line), JSON.stringify(over.failure));
  });

  it('an image that is nowhere', async () => {
    const source = { kind: 'image', image: 'quaywatch/none:1', pull: 'never' } as const;
    await app.assertFailed(await fixture.deploy({ ...GOOD, source }), 'pulling_image', /not on this host/);
    const remote = { kind: 'image', image: '127.0.0.1:9/none:1', pull: 'missing' } as const;
    await app.assertFailed(
      await fixture.deploy({ ...GOOD, source: remote }),
      'pulling_image',
      /refused|127\.0\.0\.1/,
    );
  });

  it('a port that is taken', async () => {
    const server = await SilentServer.listen();
    try {
      const hostPort = server.port;
      const run = { ...GOOD.run, ports: [{ containerPort: 80, hostPort, hostAddress: '127.0.0.1' }] };
      const over = await fixture.deploy({ ...GOOD, run });
      await app.assertFailed(over, 'starting_new', /address already in use|port is already allocated/);
      assert.equal(over.status, 'rolled_back');
    } finally {
      server.dispose();
    }
  });

  it('a container that ends at once, with its last lines and its exit code', async () => {
    const run = { ...GOOD.run, command: ['sh', '-c', 'echo "can not go on" >&2; exit 3'] };
    const over = await fixture.deploy({ ...GOOD, run });
    await app.assertFailed(over, 'health_check', /ended with exit code 3/);
    assert.deepEqual(over.failure?.lastLines, ['can not go on']);
    assert.equal(over.failure.exitCode, 3);
  });

  it('a container that the engine starts again and again', async () => {
    const command = ['sh', '-c', 'sleep 0.3; exit 1'];
    const run = { ...GOOD.run, command, restart: 'always' } as const;
    const over = await fixture.deploy({ ...GOOD, run, health: { stableMs: 20_000 } });
    await app.assertFailed(over, 'health_check', /ended/);
  });

  it('a container that takes too much memory', async () => {
    const command = ['sh', '-c', 'x=a; while :; do x="$x$x"; done'];
    const run = { ...GOOD.run, command, memoryBytes: 16 * 1024 * 1024 };
    const over = await fixture.deploy({ ...GOOD, run, health: { stableMs: 20_000 } });
    await app.assertFailed(over, 'health_check', /ended with exit code 137/);
    assert.equal(over.failure?.outOfMemory, true, JSON.stringify(over.failure));
  });

  it('a health check that never gets green, with what it said', async () => {
    const health = { command: 'echo "not yet"; exit 1', intervalMs: 1_000, timeoutMs: 60_000 };
    const over = await fixture.deploy({ ...GOOD, health });
    await app.assertFailed(over, 'health_check', /health check of the new container failed/);
    assert.match(over.failure?.healthOutput ?? '', /not yet/);
  });

  it('the engine is restarted while the new version is watched', async function () {
    const control = engineControlOrSkip(this);
    const { id } = await fixture.deployments.start({ spec: { ...GOOD, health: { stableMs: 600_000 } } });
    const told = tell(fixture.deployments, id);
    await eventually('it is watched', () => told.stages.includes('health_check'));
    await control.restart();
    const over = await fixture.over(id);
    assert.equal(over.status, 'rolled_back', JSON.stringify(over));
    await app.assertRuns();
  });

  it('the engine is killed while the new version is watched', async function () {
    const control = engineControlOrSkip(this);
    const { id } = await fixture.deployments.start({ spec: { ...GOOD, health: { stableMs: 600_000 } } });
    const told = tell(fixture.deployments, id);
    await eventually('it is watched', () => told.stages.includes('health_check'));
    await control.kill9();
    await control.start();
    const over = await fixture.over(id);
    assert.equal(over.status, 'rolled_back', JSON.stringify(over));
    await app.assertRuns();
  });
}
