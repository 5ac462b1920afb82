import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepFailedError } from '../../src/deploy/failure';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { contextOf } from '../../src/deploy/sources/folderContext';
import type { Tools } from '../../src/deploy/step';
import type { ContextArchive } from '../../src/engine/deployments';
import type { Deployment, DeploymentSpec } from '../../src/model/deployment';
import { DeploymentFixture, tell, type Told } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { isRunning } from '../support/processNames';
import { APP, GOOD, RunningApp } from '../support/runningApp';
import type { Skippable } from '../support/skip';
import { busyboxImage, engineControlOrSkip, testEngineOrSkip } from '../support/testEngine';

/** Over 64 KB. */
const MANY_LINES = 20_000;

/** One of those that a deployment builds with, and how it says things. */
export interface BuilderUnderTest {
  readonly toolsOrSkip: (context: Skippable, fixture: DeploymentFixture) => Tools;
  readonly failedStep: (exitCode: number) => RegExp;
  /** In the log, of a step that it did not have to do again. */
  readonly isCached: (log: string) => boolean;
  readonly missingDockerfile: RegExp;
  /** Secret build arguments are secrets of the same name, too. */
  readonly hasSecretMounts: boolean;
}

/** Not in the cache of an engine that is used again. */
let words = 0;
function freshWord(): string {
  words += 1;
  return `quay${process.pid}x${Date.now()}x${words}`;
}

/** What a deployment's build promises, whichever builder the machine has. */
export function deploymentBuildContract(builder: BuilderUnderTest): void {
  let fixture: DeploymentFixture;
  let app: RunningApp;
  let deployments: LocalDeployments;

  beforeEach(async function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    deployments = fixture.open({ tools: builder.toolsOrSkip(this, fixture) });
    app = await RunningApp.deploy(fixture, deployments);
  });
  afterEach(async () => {
    await fixture.dispose();
  });

  function specOf(files: Readonly<Record<string, string>>, more: Partial<DeploymentSpec> = {}) {
    const folder = fixture.files(files);
    return { ...GOOD, source: { kind: 'folder', folder }, ...more } satisfies DeploymentSpec;
  }

  async function deploy(
    spec: DeploymentSpec,
    isHandedOver = false,
  ): Promise<{ readonly over: Deployment; readonly told: Told }> {
    const context = isHandedOver ? contextOf(spec) : undefined;
    const { id } = await deployments.start({ spec, ...(context && { context }) });
    const told = tell(deployments, id);
    const over = await fixture.over(id, deployments);
    await eventually('all is told', () => told.ends > 0);
    return { over, told };
  }

  /** What a file of the running version says. */
  async function read(path: string): Promise<string> {
    const exec = await fixture.docker
      .getContainer(APP)
      .exec({ Cmd: ['cat', path], AttachStdout: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text.trim();
  }

  it('builds a folder, tells its steps one by one, and runs what it built', async () => {
    const word = freshWord();
    const dockerfile = `FROM ${busyboxImage}\nARG WORD=none\nRUN echo "the word is $WORD" && printf 'without an end'\nRUN sleep 0.4; echo complaint >&2\nCOPY message /message\n`;
    const spec = specOf({ Dockerfile: dockerfile, message: word }, { build: { args: { WORD: word } } });
    const { over, told } = await deploy(spec);
    assert.equal(over.status, 'success', over.message);
    assert.equal((await fixture.container(APP))?.Image, over.imageId);
    assert.equal(over.canRollBackTo, true);
    assert.equal(await read('/message'), word);
    const lines = told.log.split('\n');
    for (const line of [`the word is ${word}`, 'without an end', 'complaint'])
      assert.ok(lines.includes(line), `${line} is no line of:\n${told.log}`);
    const building = told.states.filter(({ stage }) => stage === 'building_image');
    const progress = building.map((state) => state.progress);
    assert.deepEqual(
      progress,
      progress.toSorted((left, right) => left - right),
    );
    // While a step in the middle runs, it is neither at its beginning nor at its end.
    const middle = building.filter(({ message }) => message.includes('sleep 0.4'));
    assert.ok(middle.length > 0, JSON.stringify(building));
    for (const state of middle) assert.ok(state.progress > 30 && state.progress < 70, JSON.stringify(state));
    for (const { message } of building) assert.doesNotMatch(message, /sha256:|[{}]/);
  });

  it('says of a second build that nothing was left to do', async () => {
    const word = freshWord();
    const spec = specOf({ Dockerfile: `FROM ${busyboxImage}\nRUN echo "${word}"\n` });
    const first = await deploy(spec);
    const second = await deploy(spec);
    assert.equal(first.over.status, 'success', first.over.message);
    assert.equal(second.over.imageId, first.over.imageId);
    assert.equal(builder.isCached(first.told.log), false, first.told.log);
    assert.equal(builder.isCached(second.told.log), true, second.told.log);
  });

  for (const isHandedOver of [false, true])
    it(`heeds target, arguments, .dockerignore and a Dockerfile elsewhere of ${isHandedOver ? 'what was handed over' : 'a folder'}`, async () => {
      const word = freshWord();
      const files = {
        'build/App.Dockerfile': `FROM ${busyboxImage} AS base\nARG WORD=none\nCOPY . /app\nRUN ls -a /app > /list && echo "$WORD" > /word\nFROM base AS small\nRUN echo small > /kind\nFROM base AS last\nRUN echo last > /kind\n`,
        '.dockerignore': 'secrets\n*.log\n!kept.log\n',
        'secrets/key': 'x',
        'some.log': 'x',
        'kept.log': 'x',
      };
      const build = { dockerfile: 'build/App.Dockerfile', target: 'small', args: { WORD: word } };
      const { over } = await deploy(specOf(files, { build }), isHandedOver);
      assert.equal(over.status, 'success', JSON.stringify(over));
      assert.deepEqual([await read('/word'), await read('/kind')], [word, 'small']);
      const list = (await read('/list')).split(/\s+/);
      assert.deepEqual(
        ['kept.log', 'build', 'some.log', 'secrets'].map((name) => list.includes(name)),
        [true, true, false, false],
        list.join(),
      );
    });

  it('tells each line of a step that is long itself and writes much at once', async () => {
    const dockerfile = `FROM ${busyboxImage}\nARG WORD\nRUN : ${'$WORD '.repeat(100)}; echo "${freshWord()}"; seq 100001 ${100_000 + MANY_LINES}\n`;
    // BuildKit has the values in the names of steps.
    const build = { args: { WORD: 'x'.repeat(2_000) } };
    const { over, told } = await deploy(specOf({ Dockerfile: dockerfile }, { build }));
    assert.equal(over.status, 'success', over.message);
    assert.doesNotMatch(told.log, /can not be read/);
    const numbers = told.log.split('\n').filter((line) => /^\d{6}$/.test(line));
    assert.deepEqual(
      numbers,
      Array.from({ length: MANY_LINES }, (_, index) => String(100_001 + index)),
    );
  });

  it('says why a context could not be read, not what came of that', async () => {
    const spec = specOf({ Dockerfile: `FROM ${busyboxImage}\nCOPY . /app\n`, data: 'x'.repeat(500_000) });
    const whole = contextOf(spec);
    const context: ContextArchive = async function* () {
      let sentBytes = 0;
      for await (const chunk of whole?.() ?? []) {
        yield chunk;
        sentBytes += chunk.length;
        if (sentBytes > 100_000) throw new StepFailedError('The file data can not be read.');
      }
    };
    const { id } = await deployments.start({ spec, context });
    const over = await fixture.over(id, deployments);
    await app.assertFailed(over, 'building_image', /^The file data can not be read\.$/);
  });

  it('tells a step that fails: its exit code, its last lines and why', async () => {
    const { over } = await deploy(
      specOf({ Dockerfile: `FROM ${busyboxImage}\nRUN printf 'about to fail' && exit 7\n` }),
    );
    await app.assertFailed(over, 'building_image', builder.failedStep(7));
    assert.equal(over.failure?.exitCode, 7);
    assert.ok(over.failure.lastLines.includes('about to fail'), JSON.stringify(over.failure));
    assert.doesNotMatch(over.failure.message, /rpc error|LLB|failed to solve/);
    assert.match(over.message, /7\. The old version runs on\.$/);
  });

  it('tells a mistake in the Dockerfile, and one that is not there', async () => {
    const { over } = await deploy(specOf({ Dockerfile: `FROM ${busyboxImage}\nRUNN nothing\n` }));
    await app.assertFailed(over, 'building_image', /line 2: unknown instruction: RUNN/i);
    assert.doesNotMatch(over.failure?.message ?? '', /rpc error|LLB|failed to solve/);
    const other = await deploy(specOf({ message: 'x' }));
    await app.assertFailed(other.over, 'building_image', builder.missingDockerfile);
    const source = { kind: 'folder', folder: join(fixture.folder, 'none') } as const;
    const none = await deploy({ ...GOOD, source });
    await app.assertFailed(none.over, 'building_image', /The folder \S+none is not there/);
  });

  it('lets no secret argument into journals, logs, messages and states', async () => {
    const secret = `arg-S3cret+${freshWord()}`;
    const mount = builder.hasSecretMounts
      ? 'RUN --mount=type=secret,id=HIDDEN echo "mounted $(cat /run/secrets/HIDDEN)"\n'
      : '';
    const dockerfile = `FROM ${busyboxImage}\nARG HIDDEN\n${mount}RUN echo "it is $HIDDEN" && exit 5\n`;
    const build = { args: { HIDDEN: secret }, secretArgs: ['HIDDEN'] };
    const { over, told } = await deploy(specOf({ Dockerfile: dockerfile }, { build }));
    await app.assertFailed(over, 'building_image', builder.failedStep(5));
    assert.match(told.log, /^it is •••$/m);
    if (builder.hasSecretMounts) assert.match(told.log, /^mounted •••$/m);
    const state = join(fixture.folder, 'state');
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    const everything = [...texts, ...fixture.logged, JSON.stringify(told.entries), JSON.stringify(over)].join(
      '\n',
    );
    for (const form of [
      secret,
      Buffer.from(`it is ${secret}\n`).toString('base64'),
      encodeURIComponent(secret),
    ])
      assert.equal(everything.includes(form), false, form);
  });

  it('leaves nothing running when it is cancelled in the middle of a step', async () => {
    const seconds = String(600_000 + process.pid);
    const spec = specOf({ Dockerfile: `FROM ${busyboxImage}\nRUN echo begun && sleep ${seconds}\n` });
    const before = await allContainers();
    const { id } = await deployments.start({ spec });
    const told = tell(deployments, id);
    await eventually('the step runs', () => /^begun$/m.test(told.log) && isRunning('sleep', seconds));
    await deployments.cancel(id);
    const over = await fixture.over(id, deployments);
    assert.equal(over.status, 'cancelled', JSON.stringify(over));
    await app.assertRuns();
    await eventually("the step's process is gone", () => !isRunning('sleep', seconds));
    const isAsBefore = async (): Promise<boolean> => (await allContainers()).join() === before.join();
    await eventually("the step's container is gone", isAsBefore);
    assert.deepEqual(await imagesOf(id), []);
  });

  it('fails when the engine is restarted in the middle, and leaves nothing', async function () {
    const control = engineControlOrSkip(this);
    const { id } = await deployments.start({
      spec: specOf({ Dockerfile: `FROM ${busyboxImage}\nRUN echo begun && sleep 60\n` }),
    });
    const told = tell(deployments, id);
    await eventually('the step runs', () => /^begun$/m.test(told.log));
    await control.restart();
    const over = await fixture.over(id, deployments);
    assert.equal(over.failure?.stage, 'building_image', JSON.stringify(over));
    const dead = await fixture.docker.listContainers({ all: true, filters: { status: ['dead'] } });
    assert.deepEqual(dead, [], "the step's container is gone");
    await eventually('the engine is back', () => fixture.deployEngine.isConnected);
    await app.assertRuns();
  });

  async function allContainers(): Promise<readonly string[]> {
    return (await fixture.docker.listContainers({ all: true })).map(({ Id }) => Id).sort();
  }

  async function imagesOf(id: string): Promise<readonly string[]> {
    const all = await fixture.docker.listImages();
    return all.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.endsWith(`:${id}`));
  }
}
