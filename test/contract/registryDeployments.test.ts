import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineTools } from '../../src/deploy/machineTools';
import type { DeploymentSpec } from '../../src/model/deployment';
import { FaultProxy } from '../rig/proxy/faultProxy';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { seededRandom } from '../support/random';
import { REGISTRY_USER, registryOrSkip, TestRegistry } from '../support/registry';
import { APP, GOOD, RunningApp } from '../support/runningApp';
import type { Skippable } from '../support/skip';
import { busyboxImage, testEngineOrSkip } from '../support/testEngine';

const LAYERS_KIB = [600, 400, 500];
const SLOW = { kind: 'slow', bytesPerSecond: 400_000 } as const;

describe('deployments of images in a registry', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('on a real engine', () => registrySuite());
});

function registrySuite(): void {
  let docker: Docker;
  let open: TestRegistry;
  let guarded: TestRegistry;
  let slow: FaultProxy;
  let fixture: DeploymentFixture;
  let folder: string;
  const ends: (() => unknown)[] = [];

  before(async function () {
    registryOrSkip(this);
    docker = new Docker({ socketPath: testEngineOrSkip(this).socketPath });
    folder = mkdtempSync(join(tmpdir(), 'quaywatch-registry-test-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    open = await TestRegistry.start();
    ends.push(() => open.dispose());
    guarded = await TestRegistry.start({ hasSignIn: true });
    ends.push(() => guarded.dispose());
    await open.publish(docker, 'layered:1', LAYERS_KIB);
    await guarded.publish(docker, 'private:1', [10]);
    const { port } = open;
    slow = await FaultProxy.open({ engineSocketPath: '', port, transport: 'tcp', random: seededRandom(1) });
    ends.push(() => slow.dispose());
    slow.onDidOpen((connection) => connection.shape(SLOW));
  });
  after(async () => {
    for (const end of ends) await end();
  });
  afterEach(async () => {
    await fixture.dispose();
    await removePulled(docker);
  });

  /** Deployments of somebody whose Docker has this configuration. */
  function begin(context: Skippable, config: object = {}, path = process.env['PATH']): DeploymentFixture {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const tools = machineTools({ ...process.env, PATH: path, DOCKER_CONFIG: folder });
    fixture = new DeploymentFixture(testEngineOrSkip(context), { tools });
    return fixture;
  }

  const specOf = (image: string, pull: 'always' | 'missing' = 'missing'): DeploymentSpec => ({
    ...GOOD,
    source: { kind: 'image', image, pull },
  });
  const slowName = (image: string): string => open.nameOf(image, Number(new URL(slow.dockerHost).port));
  const authOf = ({ username, password }: typeof REGISTRY_USER): object => ({
    auths: {
      [`127.0.0.1:${guarded.port}`]: { auth: Buffer.from(`${username}:${password}`).toString('base64') },
    },
  });
  /** The password is in nothing that was written down or told. */
  const assertNoSecret = (): void => {
    const state = join(fixture.folder, 'state');
    const entries = readdirSync(state, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    assert.ok(files.length > 0);
    for (const { parentPath, name } of files) {
      const text = readFileSync(join(parentPath, name), 'utf8');
      assert.ok(!text.includes(REGISTRY_USER.password), name);
    }
    assert.ok(!fixture.logged.join('\n').includes(REGISTRY_USER.password));
  };

  it('pulls an image layer by layer, and its progress is that of the layers', async function () {
    begin(this);
    const image = slowName('layered:1');
    const { id } = await fixture.deployments.start({ spec: specOf(image) });
    const told = tell(fixture.deployments, id);
    const over = await fixture.over(id);
    assert.equal(over.status, 'success', over.message);
    assert.deepEqual(told.stages.slice(1), [
      'pulling_image',
      'stopping_old',
      'starting_new',
      'health_check',
      'completed',
    ]);
    const pulling = told.states.filter(({ stage }) => stage === 'pulling_image');
    const percents = pulling.map(({ progress }) => progress);
    assert.deepEqual(
      percents,
      [...percents].sort((one, other) => one - other),
    );
    // The layer that is there already does not make most of it look done.
    const between = new Set(percents.filter((percent) => percent > 27 && percent < 73));
    assert.ok(between.size >= 5, percents.join());
    assert.ok(
      pulling.some(({ message }) => /^Pulled: [012] of 3 layers, \d\.\d MB\.$/.test(message)),
      pulling.map(({ message }) => message).join('\n'),
    );
    const lines = told.log.split('\n');
    assert.equal(lines.filter((line) => /^[0-9a-f]{12}: Pull complete$/.test(line)).length, 3);
    assert.equal(lines.filter((line) => /^[0-9a-f]{12}: Already exists$/.test(line)).length, 1);
    assert.equal((await fixture.container(APP))?.Image, over.imageId);
  });

  it('is cancelled in the middle of a pull', async function () {
    begin(this);
    const app = await RunningApp.deploy(fixture);
    const { id } = await fixture.deployments.start({ spec: specOf(slowName('layered:1')) });
    const told = tell(fixture.deployments, id);
    await eventually('a part is pulled', () => told.states.some(({ progress }) => progress > 30));
    await fixture.deployments.cancel(id);
    assert.equal((await fixture.over(id)).status, 'cancelled');
    await app.assertRuns();
  });

  it('goes on where a connection to the registry breaks off', async function () {
    begin(this);
    const { id } = await fixture.deployments.start({ spec: specOf(slowName('layered:1')) });
    const told = tell(fixture.deployments, id);
    await eventually('a part is pulled', () => told.states.some(({ progress }) => progress > 30));
    slow.cutAll();
    const over = await fixture.over(id);
    assert.equal(over.status, 'success', over.message);
    const percents = told.states.map(({ progress }) => progress);
    assert.deepEqual(
      percents,
      [...percents].sort((one, other) => one - other),
    );
  });

  it('pulls a newer image of the same name where that is asked for', async function () {
    begin(this);
    const image = open.nameOf('moving:latest');
    await open.publish(docker, 'moving:latest', [10]);
    const first = await fixture.deploy(specOf(image));
    await open.publish(docker, 'moving:newer', [10]);
    await open.retag('moving:newer', 'latest');
    const same = await fixture.deploy(specOf(image));
    assert.equal(same.imageId, first.imageId);
    const newer = await fixture.deploy(specOf(image, 'always'));
    assert.equal(newer.status, 'success', newer.message);
    assert.notEqual(newer.imageId, first.imageId);
    assert.equal((await fixture.container(APP))?.Image, newer.imageId);
  });

  it("signs in with what Docker's configuration holds", async function () {
    begin(this, authOf(REGISTRY_USER));
    const over = await fixture.deploy(specOf(guarded.nameOf('private:1')));
    assert.equal(over.status, 'success', over.message);
    assertNoSecret();
  });

  it('signs in with a credential helper, asked for this registry alone', async function () {
    const programs = join(folder, 'bin');
    mkdirSync(programs, { recursive: true });
    const asked = join(folder, 'asked');
    const answer = JSON.stringify({ Username: REGISTRY_USER.username, Secret: REGISTRY_USER.password });
    const helper = `#!/bin/sh\n{ echo "$1"; cat; } > '${asked}'\necho '${answer}'\n`;
    writeFileSync(join(programs, 'docker-credential-tests'), helper);
    chmodSync(join(programs, 'docker-credential-tests'), 0o755);
    const registry = `127.0.0.1:${guarded.port}`;
    begin(this, { credHelpers: { [registry]: 'tests' } }, `${programs}:${process.env['PATH'] ?? ''}`);
    const over = await fixture.deploy(specOf(guarded.nameOf('private:1')));
    assert.equal(over.status, 'success', over.message);
    assert.equal(readFileSync(asked, 'utf8').trim(), `get\n${registry}`);
    assertNoSecret();
  });

  it('builds on a private image', async function () {
    begin(this, authOf(REGISTRY_USER));
    const source = fixture.files({
      Dockerfile: `FROM ${guarded.nameOf('private:1')}\nRUN echo on top of it\n`,
    });
    const over = await fixture.deploy({ ...GOOD, source: { kind: 'folder', folder: source } });
    assert.equal(over.status, 'success', over.message);
    assertNoSecret();
  });

  it('says that a sign-in is missing, and where to sign in', async function () {
    begin(this);
    const app = await RunningApp.deploy(fixture);
    const over = await fixture.deploy(specOf(guarded.nameOf('private:1')));
    const registry = `127.0.0.1:${guarded.port}`;
    await app.assertFailed(
      over,
      'pulling_image',
      new RegExp(`^The registry ${registry} wants a sign-in.*"docker login ${registry}"`, 's'),
    );
  });

  it('says that the registry refused a wrong password, without telling it', async function () {
    const password = `${REGISTRY_USER.password}-wrong`;
    begin(this, authOf({ ...REGISTRY_USER, password }));
    const app = await RunningApp.deploy(fixture);
    const over = await fixture.deploy(specOf(guarded.nameOf('private:1')));
    const registry = `127.0.0.1:${guarded.port}`;
    await app.assertFailed(
      over,
      'pulling_image',
      new RegExp(
        `^The registry ${registry} refused the sign-in that Docker keeps.*"docker login ${registry}"`,
        's',
      ),
    );
    assertNoSecret();
  });

  it('says that the registry has no such image, or no such tag', async function () {
    begin(this, authOf(REGISTRY_USER));
    const app = await RunningApp.deploy(fixture);
    for (const image of [open.nameOf('layered:none'), open.nameOf('none:1'), guarded.nameOf('none:1')])
      await app.assertFailed(
        await fixture.deploy(specOf(image)),
        'pulling_image',
        new RegExp(`^The registry 127.0.0.1:\\d+ has no image ${image}`),
      );
  });

  it('says that a registry does not answer', async function () {
    begin(this);
    const app = await RunningApp.deploy(fixture);
    const over = await fixture.deploy(specOf('127.0.0.1:9/none:1'));
    await app.assertFailed(over, 'pulling_image', /^The registry 127\.0\.0\.1:9 can't be reached.*refused/s);
  });
}

/** What came from a registry of the tests or was built on that: the newest first, which others may be the beginning of. */
async function removePulled(docker: Docker): Promise<void> {
  const isOurs = (name: string): boolean =>
    name.startsWith('127.0.0.1:') || name.startsWith(`quaywatch/${APP}:`);
  for (const { Id: id, RepoTags: tags, RepoDigests: digests } of await docker.listImages())
    if (!tags?.includes(busyboxImage) && [...(tags ?? []), ...(digests ?? [])].some(isOurs))
      await docker.getImage(id).remove({ force: true });
}
