import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { contextOf } from '../../src/deploy/sources/folderContext';
import type { Tools } from '../../src/deploy/step';
import type { Deployment, DeploymentSpec } from '../../src/model/deployment';
import { DeploymentFixture, tell, type Told } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { isRunning } from '../support/processNames';
import type { Skippable } from '../support/skip';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';

export interface ComposeUnderTest {
  readonly toolsOrSkip: (context: Skippable, fixture: DeploymentFixture) => Tools;
  /** Between project, service and number in the name of a container. */
  readonly separator: string;
  readonly failedStep: (exitCode: number) => RegExp;
}

const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const SERVICE = { network_mode: 'none', labels: { [testLabel]: '1' }, command: FOREVER };
const DB = { ...SERVICE, image: busyboxImage };

type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a deployment with Compose promises, whichever the machine has. */
export function deploymentComposeContract(compose: ComposeUnderTest): void {
  let fixture: DeploymentFixture;
  let deployments: LocalDeployments;
  let project: string;
  let folder: string;

  beforeEach(function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    deployments = fixture.open({ tools: compose.toolsOrSkip(this, fixture) });
    project = `qwp${process.pid}x${Date.now()}`;
    folder = fixture.files({
      Dockerfile: `FROM ${busyboxImage}\nRUN echo "built for ${project}" > /built\n`,
    });
  });
  afterEach(async () => {
    await fixture.dispose();
    const tags = (await fixture.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    for (const tag of tags.filter((name) => name.startsWith(project)))
      await fixture.docker.getImage(tag).remove({ force: true });
  });

  /** The file and, beside it, `.env`; JSON is YAML. */
  function write(services: Services, env = ''): void {
    writeFileSync(join(folder, 'compose.yaml'), JSON.stringify({ services }));
    writeFileSync(join(folder, '.env'), env);
  }

  function spec(more: Partial<DeploymentSpec> = {}): DeploymentSpec {
    const source = { kind: 'compose', folder, files: ['compose.yaml'], project } as const;
    return { app: 'stack', source, health: { stableMs: 100, timeoutMs: 60_000 }, ...more };
  }

  async function deploy(more: Partial<DeploymentSpec> = {}, isHandedOver = false) {
    const whole = spec(more);
    const context = isHandedOver ? contextOf(whole) : undefined;
    const { id } = await deployments.start({ spec: whole, ...(context && { context }) });
    const told = tell(deployments, id);
    const over = await fixture.over(id, deployments);
    return { over, told };
  }

  async function deployWell(isHandedOver = false): Promise<Told> {
    const { over, told } = await deploy({}, isHandedOver);
    assert.equal(over.status, 'success', `${JSON.stringify(over)}\n${told.log}`);
    return told;
  }

  async function cancelled(when: (told: Told) => boolean): Promise<Deployment> {
    const { id } = await deployments.start({ spec: spec({ health: { stableMs: 600_000 } }) });
    const told = tell(deployments, id);
    await eventually(
      () => `it can be cancelled: ${JSON.stringify(told.states.at(-1))}`,
      () => when(told),
    );
    await deployments.cancel(id);
    return fixture.over(id, deployments);
  }

  /** The ids of the project's containers by `SERVICE NUMBER STATE`. */
  async function containers(): Promise<Readonly<Record<string, string>>> {
    const filters = { label: [`com.docker.compose.project=${project}`] };
    const all = await fixture.docker.listContainers({ all: true, filters });
    return Object.fromEntries(
      all.map(({ Id, Labels, State }) => {
        const of = (name: string): string => Labels[`com.docker.compose.${name}`] ?? '?';
        return [`${of('service')} ${of('container-number')} ${State}`, Id];
      }),
    );
  }

  it('brings up several services, and on the next time changes only what is different', async () => {
    const web = { ...SERVICE, build: '.', scale: 2, environment: { WORD: '${WORD}' }, depends_on: ['db'] };
    const once = { ...DB, command: ['sh', '-c', 'exit 0'] };
    const debug = { ...DB, profiles: ['debug'] };
    write({ web, db: DB, once, debug, gone: DB }, 'WORD=one\n');
    const told = await deployWell();
    assert.deepEqual(told.stages, ['queued', 'building_image', 'starting_new', 'health_check', 'completed']);
    const progress = told.states.map((state) => state.progress);
    assert.deepEqual(
      progress,
      progress.toSorted((left, right) => left - right),
    );
    const before = await containers();
    assert.deepEqual(Object.keys(before).sort(), [
      'db 1 running',
      'gone 1 running',
      'once 1 exited',
      'web 1 running',
      'web 2 running',
    ]);
    write({ web, db: DB, once, debug }, 'WORD=two\nCOMPOSE_PROFILES=debug\n');
    const next = await deployWell();
    assert.match(next.log, new RegExp(`orphan containers.*${project}.gone.1`));
    const after = await containers();
    assert.deepEqual(Object.keys(after).sort(), [
      'db 1 running',
      'debug 1 running',
      ...Object.keys(before).sort().slice(1),
    ]);
    const isSame = (name: string): boolean => before[name] === after[name];
    assert.deepEqual(['db 1 running', 'gone 1 running', 'web 1 running', 'web 2 running'].map(isSame), [
      true,
      true,
      false,
      false,
    ]);
    const details = await fixture.docker.getContainer(after['web 2 running'] ?? '').inspect();
    assert.ok(details.Config.Env.includes('WORD=two'));
  });

  it('changes nothing before everything is built and there', async () => {
    write({ web: { ...SERVICE, build: '.' }, db: DB });
    await deployWell();
    const before = await containers();
    const assertUntouched = async (over: Deployment): Promise<void> => {
      assert.deepEqual(await containers(), before);
      assert.match(over.message, /The old version runs on\.$/);
      assert.equal(over.stage, 'building_image');
    };
    const db = { ...DB, environment: { CHANGED: '1' } };
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${busyboxImage}\nRUN printf 'about to fail' && exit 7\n`);
    write({ web: { ...SERVICE, build: '.' }, db });
    const failed = await deploy();
    assert.equal(failed.over.status, 'failed');
    assert.match(failed.over.failure?.message ?? '', compose.failedStep(7));
    assert.equal(failed.over.failure?.exitCode, 7);
    assert.match(failed.over.failure.lastLines.join('\n'), /about to fail/);
    await assertUntouched(failed.over);

    const seconds = String(700_000 + process.pid);
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${busyboxImage}\nRUN sleep ${seconds}\n`);
    const over = await cancelled(
      ({ states }) =>
        isRunning('sleep', seconds) && states.at(-1)?.message.endsWith(`RUN sleep ${seconds}`) === true,
    );
    assert.equal(over.status, 'cancelled', JSON.stringify(over));
    await assertUntouched(over);
    await eventually("the step's process is gone", () => !isRunning('sleep', seconds));

    write({ db: { ...db, image: '127.0.0.1:9/quaywatch/nowhere:1' } });
    const nowhere = await deploy();
    assert.equal(nowhere.over.status, 'failed', JSON.stringify(nowhere.over));
    assert.match(
      nowhere.over.failure?.message ?? '',
      /could not pull 127\.0\.0\.1:9\/quaywatch\/nowhere:1: .*refused/,
    );
    assert.notEqual(nowhere.over.failure?.exitCode, 0);
    await assertUntouched(nowhere.over);

    writeFileSync(join(folder, 'compose.yaml'), 'services:\n  web: {image: x, nonsense: 1}\n');
    const invalid = await deploy();
    assert.match(invalid.over.failure?.message ?? '', /nonsense/);
    await assertUntouched(invalid.over);
  });

  it('tells which container does not get well, and that what was replaced is not put back', async () => {
    write({ db: DB });
    await deployWell();
    const before = await containers();
    const test = ['CMD-SHELL', 'echo "not yet"; exit 1'];
    const command = ['sh', '-c', `echo "words of web"; ${FOREVER.at(-1)}`];
    const healthcheck = { test, interval: '0.3s', timeout: '5s', retries: 1 };
    write({ db: DB, web: { ...DB, command, healthcheck } });
    const { over } = await deploy();
    assert.equal(over.status, 'failed', JSON.stringify(over));
    assert.equal(over.failure?.stage, 'health_check');
    const name = [project, 'web', '1'].join(compose.separator);
    assert.match(
      over.failure.message,
      new RegExp(`health check of the container ${name} of the service web failed`),
    );
    assert.match(over.failure.healthOutput ?? '', /not yet/);
    assert.deepEqual(over.failure.lastLines, ['words of web']);
    assert.equal(over.oldVersion, 'replaced');
    assert.match(over.message, /Compose may have replaced containers already/);
    assert.equal((await containers())['db 1 running'], before['db 1 running']);

    write({ db: DB, web: DB });
    const watched = await cancelled(({ states }) =>
      states.some(({ message }) => message.includes('keeps running')),
    );
    assert.deepEqual(
      [watched.status, watched.oldVersion],
      ['cancelled', 'replaced'],
      JSON.stringify(watched),
    );
    assert.ok((await containers())['web 1 running'], 'it goes on with what Compose made');
  });

  it('runs what was handed over, with its files', async () => {
    write(
      {
        web: {
          ...SERVICE,
          build: '.',
          env_file: 'web.env',
          volumes: ['./data:/data'],
          command: ['sh', '-c', `echo "$$WORD $$(cat /built)" > /data/out; ${FOREVER.at(-1)}`],
        },
      },
      'UNUSED=1\n',
    );
    writeFileSync(join(folder, 'web.env'), 'WORD=handed\n');
    await deployWell(true);
    const id = (await containers())['web 1 running'] ?? '';
    const [mount] = (await fixture.docker.getContainer(id).inspect()).Mounts;
    assert.equal(mount?.Source, join(fixture.folder, 'state', 'projects', project, 'data'));
    const words = (): string => fixture.read(join('state', 'projects', project, 'data', 'out'));
    await eventually('it has said what it has', () => words().includes(project));
    assert.match(words(), /^handed built for/);
  });
}
