import assert from 'node:assert/strict';
import { chmodSync, rmSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineTools } from '../../src/deploy/machineTools';
import type { DeploymentSpec } from '../../src/model/deployment';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { checkForLeaks } from '../support/leaks';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';

const LABELS = { [testLabel]: '1' };
/** Ends at once when it is told to. */
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];

function imageSpec(app: string, more: Partial<DeploymentSpec> = {}): DeploymentSpec {
  return {
    app,
    source: { kind: 'image', image: busyboxImage, pull: 'missing' },
    run: { command: FOREVER, labels: LABELS },
    health: { stableMs: 200 },
    ...more,
  };
}

const DOCKERFILE = `FROM ${busyboxImage}\nARG WORD=none\nRUN echo "the word is $WORD"\nCOPY message /message\nCMD ["sleep", "100000"]\n`;

describe('deployments on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('of which each', () => realDeploymentsSuite());
});

function realDeploymentsSuite(): void {
  let fixture: DeploymentFixture;

  before(function () {
    testEngineOrSkip(this);
  });
  beforeEach(function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
  });
  afterEach(async () => {
    await fixture.dispose();
  });

  it('replaces what ran with an image, stage by stage, and removes the old one', async () => {
    const first = await fixture.deploy(imageSpec('web'));
    assert.equal(first.status, 'success', first.message);
    const before = await fixture.container('web');
    const { id } = await fixture.deployments.start({ spec: imageSpec('web') });
    const told = tell(fixture.deployments, id);
    await fixture.over(id);
    const after = await fixture.container('web');
    assert.ok(after?.State.Running && after.Id !== before?.Id);
    assert.deepEqual(await fixture.containersOf('web'), ['web running']);
    assert.deepEqual(told.stages, [
      'queued',
      'pulling_image',
      'stopping_old',
      'starting_new',
      'health_check',
      'completed',
    ]);
    const progress = told.states.map((state) => state.progress);
    assert.deepEqual(
      progress,
      [...progress].sort((left, right) => left - right),
    );
    assert.equal(progress.at(-1), 100);
    assert.deepEqual(
      told.entries.map(({ sequence }) => sequence),
      told.entries.map((_entry, index) => index + 1),
    );
  });

  it('keeps the anonymous volumes of a container that somebody else made, and refuses one made with --rm', async () => {
    const run = async (name: string, autoRemove: boolean): Promise<void> => {
      const container = await fixture.docker.createContainer({
        name,
        Image: busyboxImage,
        Cmd: FOREVER,
        Labels: LABELS,
        Volumes: { '/data': {} },
        HostConfig: { AutoRemove: autoRemove },
      });
      await container.start();
    };
    await run('foreign', false);
    const volume = (await fixture.container('foreign'))?.Mounts.find(({ Type }) => Type === 'volume')?.Name;
    const over = await fixture.deploy(imageSpec('foreign'));
    assert.equal(over.status, 'success', over.message);
    assert.deepEqual(await fixture.containersOf('foreign'), ['foreign running']);
    const kept = fixture.docker.getVolume(volume ?? '');
    assert.equal((await kept.inspect()).Name, volume);
    await kept.remove();
    await run('fleeting', true);
    const { status, failure } = await fixture.deploy(imageSpec('fleeting'));
    assert.equal(status, 'failed');
    assert.match(failure?.message ?? '', /fleeting was made with --rm/);
    assert.equal((await fixture.container('fleeting'))?.State.Running, true);
  });

  it('rolls back to an earlier image, retries, and tells what secrets are nowhere', async () => {
    const folder = fixture.files({ Dockerfile: DOCKERFILE, message: 'one' });
    const spec: DeploymentSpec = {
      ...imageSpec('again'),
      source: { kind: 'folder', folder },
      run: { command: FOREVER, labels: LABELS, environment: { TOKEN: 'planted-secret' } },
    };
    const first = await fixture.deploy(spec);
    fixture.files({});
    const second = await fixture.deploy({ ...spec, build: { args: { WORD: 'other' } } });
    assert.notEqual(first.imageId, second.imageId);
    // Another process that remembers nothing: the values come from the container.
    const later = fixture.open();
    const { id } = await later.rollBackTo(first.id);
    const over = await fixture.over(id, later);
    assert.deepEqual([over.status, over.imageId, over.rollBackTo], ['success', first.imageId, first.id]);
    const running = await fixture.container('again');
    assert.ok(running?.Config.Env.includes('TOKEN=planted-secret'));
    await assert.rejects(fixture.open().retry(first.id), { code: 'conflict', message: /TOKEN/ });
    assert.equal((await later.readSpec(id)).run?.environment?.['TOKEN'], '');
  });

  it('lets no planted secret into journals, messages, states or errors', async () => {
    const planted = ['env-S3cret/value', 'arg-S3cret+value', 'url-S3cret'];
    const [environment = '', argument = '', password = ''] = planted;
    const folder = fixture.files({
      Dockerfile: `FROM ${busyboxImage}\nARG HIDDEN\nRUN echo "it is $HIDDEN"\nCMD ["sh", "-c", "echo it is $TOKEN; exit 1"]\n`,
    });
    const spec: DeploymentSpec = {
      app: 'hidden',
      source: { kind: 'folder', folder },
      build: { args: { HIDDEN: argument }, secretArgs: ['HIDDEN'] },
      run: { environment: { TOKEN: environment }, labels: LABELS },
    };
    const over = await fixture.deploy(spec);
    assert.equal(over.failure?.stage, 'health_check', JSON.stringify(over));
    const repository = `http://me:${password}@127.0.0.1:9/x.git`;
    const git = await fixture.deploy({ ...spec, app: 'hidden2', source: { kind: 'git', repository } });
    assert.equal(git.failure?.stage, 'cloning_repo');
    const files = readdirSync(join(fixture.folder, 'state'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(fixture.folder, 'state', name))
      .filter((path) => statSync(path).isFile());
    const everything = [
      ...files.map((path) => readFileSync(path, 'utf8')),
      ...fixture.logged,
      JSON.stringify([over, git]),
    ];
    assert.ok(
      everything.some((text) => text.includes('it is •••')),
      'the places where they were are there',
    );
    for (const secret of planted)
      for (const text of everything)
        assert.equal(text.includes(secret), false, `${secret} in ${text.slice(0, 2000)}`);
  });

  it('has Compose do its work, and watches the containers', async () => {
    const folder = fixture.files({
      'compose.yaml': 'services: {}\n',
      'docker-compose': `#!/bin/sh
echo "called: $*"
case "$*" in
  *" up "*) docker inspect proj_web_1 >/dev/null 2>&1 || docker run --detach --label ${testLabel}=1 --label com.docker.compose.project=proj --name proj_web_1 ${busyboxImage} sleep 1000 ;;
  *" config") cat compose.yaml ;;
  *" pull"*) [ ! -e unreachable ] || { echo "no such host" >&2; exit 1; } ;;
  *" build"*) [ ! -e broken ] || { echo "service web failed to build" >&2; exit 17; } ;;
esac
`,
    });
    chmodSync(join(folder, 'docker-compose'), 0o755);
    const tools = {
      ...machineTools(),
      docker: 'no-such-docker',
      dockerCompose: join(folder, 'docker-compose'),
    };
    const deployments = fixture.open({ tools });
    const source = { kind: 'compose', folder, files: ['compose.yaml'], project: 'proj' } as const;
    const spec: DeploymentSpec = { app: 'stack', source, health: { stableMs: 100 } };
    const first = await deployments.start({ spec });
    const over = await fixture.over(first.id, deployments);
    assert.equal(over.status, 'success', over.message);
    assert.equal((await fixture.container('proj_web_1'))?.State.Running, true);
    writeFileSync(join(folder, 'unreachable'), '');
    for (const [image, status] of [
      [busyboxImage, 'success'],
      ['quaywatch/nowhere:1', 'failed'],
    ] as const) {
      writeFileSync(join(folder, 'compose.yaml'), `services: { web: { image: "${image}" } }\n`);
      const { id } = await deployments.start({ spec });
      const end = await fixture.over(id, deployments);
      assert.equal(end.status, status, `${image}: ${end.message}`);
      if (status === 'failed')
        assert.match(end.failure?.message ?? '', /could not pull quaywatch\/nowhere:1: no such host/);
    }
    rmSync(join(folder, 'unreachable'));
    writeFileSync(join(folder, 'compose.yaml'), 'services: {}\n');
    writeFileSync(join(folder, 'broken'), '');
    const second = await deployments.start({ spec });
    const failed = await fixture.over(second.id, deployments);
    assert.match(failed.failure?.message ?? '', /Compose could not build: service web failed to build/);
    assert.equal(failed.failure?.exitCode, 17);
    assert.equal((await fixture.container('proj_web_1'))?.State.Running, true);
  });
}
