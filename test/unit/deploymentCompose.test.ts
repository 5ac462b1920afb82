import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { contextOf } from '../../src/deploy/sources/folderContext';
import type { Deployment, DeploymentSpec } from '../../src/model/deployment';
import { asNobody } from '../support/asNobody';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { PipelineFixture } from '../support/pipelineFixture';
import { skipWithReason } from '../support/skip';

const PROJECT = 'com.docker.compose.project';

describe('deployments of Compose projects', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('that were handed over', () => handedOverSuite());
  describe('are watched', () => watchedSuite());
});

function handedOverSuite(): void {
  let fixture: PipelineFixture;
  let deployments: LocalDeployments;

  beforeEach(() => {
    fixture = new PipelineFixture();
    deployments = fixture.open();
    fixture.engine.add({ name: 'shop-web-1', labels: { [PROJECT]: 'shop' } });
    for (const [name, content] of Object.entries({
      'compose.yaml': 'services: {}',
      '.env': 'WORD=one',
      'nginx.conf': 'one',
      '.dockerignore': '*\n',
    }))
      fixture.file(`source/${name}`, content);
    // Compose, that says what it finds where it runs.
    fixture.docker(
      'for word in "$@"; do case $word in build|up) echo "$word: $(cat .env nginx.conf | tr "\\n" " ") in $PWD";; esac; done',
    );
  });
  afterEach(() => fixture.dispose());

  const kept = (name: string): string => fixture.path(`state/projects/shop/${name}`);

  async function deploy(): Promise<Deployment> {
    const context = contextOf(spec()) ?? assert.fail('nothing is packed');
    return fixture.deploy(deployments, spec(), { context });
  }

  function spec(): DeploymentSpec {
    const source = { kind: 'compose', files: ['compose.yaml'], folder: fixture.path('source') } as const;
    return { app: 'shop', source, health: { stableMs: 1 } };
  }

  it('are whole, and stay where the containers have them mounted', async () => {
    const over = await deploy();
    assert.equal(over.status, 'success', over.message);
    const journal = fixture.read(`state/journals/${over.id}.jsonl`);
    assert.match(journal, /up: WORD=oneone in [^"]*\/state\/projects\/shop"/);
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'one');
    await eventually('what was unpacked is gone', () => !existsSync(fixture.path(`state/work/${over.id}`)));
    writeFileSync(kept('written'), 'by a container');
    fixture.file('source/nginx.conf', 'the second');
    assert.equal((await deploy()).status, 'success');
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'the second');
    assert.equal(readFileSync(kept('written'), 'utf8'), 'by a container');
  });

  it('change no mounted file when they do not get as far as the containers', async () => {
    await deploy();
    fixture.file('source/nginx.conf', 'the second');
    fixture.docker('case "$*" in *" build"*) exit 1;; esac');
    const over = await deploy();
    assert.equal(over.status, 'failed');
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'one');
  });

  it('say which file can not be read, and how to leave it out', async () => {
    chmodSync(fixture.file('source/data', ''), 0);
    fixture.file('source/.dockerignore', 'node_modules\n');
    const pack = async (): Promise<void> => {
      for await (const chunk of contextOf(spec())?.() ?? []) assert.ok(chunk);
    };
    await asNobody(fixture.folder, () =>
      assert.rejects(pack(), /data can't be read .* name it in \.dockerignore/),
    );
  });

  it('leave out what .dockerignore names if it can not be read', async function () {
    if (process.getuid?.() === 0) skipWithReason(this, 'root may read everything');
    chmodSync(fixture.file('source/data', ''), 0);
    fixture.file('source/.dockerignore', 'data\n');
    assert.equal((await deploy()).status, 'success');
    assert.equal(existsSync(kept('data')), false);
  });
}

function watchedSuite(): void {
  let fixture: PipelineFixture;
  let deployments: LocalDeployments;

  beforeEach(() => {
    fixture = new PipelineFixture();
    deployments = fixture.open();
    fixture.docker('exit 0');
  });
  afterEach(() => fixture.dispose());

  const labels = (service: string, more: Readonly<Record<string, string>> = {}) => ({
    [PROJECT]: 'shop',
    'com.docker.compose.service': service,
    'com.docker.compose.oneoff': 'False',
    ...more,
  });
  const ended = { state: 'exited', isRunning: false } as const;

  /** @param started what Compose does to containers */
  async function deploy(services: readonly string[], started: () => void): Promise<Deployment> {
    let looks = 0;
    fixture.engine.before = (request, target) => {
      if (request !== 'listContainers' || !target.startsWith(PROJECT)) return;
      looks += 1;
      if (looks === 2) started();
    };
    const source = { kind: 'compose', files: ['compose.yaml'], folder: '/' } as const;
    const some = services.length > 0 && { services };
    return fixture.deploy(deployments, {
      app: 'shop',
      source: { ...source, ...some },
      health: { stableMs: 1 },
    });
  }

  it('only as far as they were asked for, or started for those', async () => {
    const { engine } = fixture;
    engine.add({
      name: 'shop-worker-1',
      labels: labels('worker'),
      ...ended,
      exitCode: 143,
      startedAt: 'then',
    });
    engine.add({
      name: 'shop-run-1',
      labels: labels('web', { 'com.docker.compose.oneoff': 'True' }),
      ...ended,
      exitCode: 1,
    });
    const some = { labels: labels('web'), startedAt: 'then', restartCount: 2 };
    engine.add({ name: 'shop-web-2', ...some });
    const web = await deploy(['web'], () => {
      engine.add({ name: 'shop-web-1', labels: labels('web'), startedAt: 'now' });
    });
    assert.equal(web.status, 'success', web.message);
    const again = await deploy(['web'], () => {
      engine.add({ name: 'shop-db-1', labels: labels('db'), startedAt: 'now', ...ended, exitCode: 1 });
    });
    assert.equal(again.status, 'failed');
    assert.match(again.failure?.message ?? '', /shop-db-1 of the service db ended with exit code 1/);
  });

  it('and may do their work and end, unless they are to be started again', async () => {
    const { engine } = fixture;
    const job = await deploy([], () => {
      engine.add({ name: 'shop-web-1', labels: labels('web'), startedAt: 'now' });
      const { id } = engine.add({ name: 'shop-migrate-1', labels: labels('migrate'), startedAt: 'now' });
      engine.before = (request, target) => {
        if (request === 'inspectContainer' && target === id) engine.change(id, ended);
      };
    });
    assert.equal(job.status, 'success', job.message);
    const server = await deploy([], () => {
      const more = { startedAt: 'now', restartPolicy: 'always', ...ended };
      engine.add({ name: 'shop-api-1', labels: labels('api'), ...more });
    });
    assert.match(server.failure?.message ?? '', /shop-api-1 of the service api ended with exit code 0/);
  });

  it('and what one wrote that failed is kept, without its secrets', async () => {
    const { engine } = fixture;
    const over = await deploy([], () => {
      const environment = ['TOKEN=planted-secret'];
      const more = { startedAt: 'now', environment, ...ended, exitCode: 3 };
      const { id } = engine.add({ name: 'shop-web-1', labels: labels('web'), ...more });
      engine.wrote(id, ['the token planted-secret is wrong']);
    });
    assert.deepEqual([over.failure?.exitCode, over.failure?.stage], [3, 'health_check']);
    assert.deepEqual(over.failure?.lastLines, ['the token ••• is wrong']);
    assert.doesNotMatch(fixture.read(`state/journals/${over.id}.jsonl`), /planted/);
  });

  it('and known before anything is changed', async () => {
    fixture.docker('case "$*" in *" build"*) exit 1;; esac');
    const first = await deploy([], () => undefined);
    assert.deepEqual([first.status, first.oldVersion], ['failed', 'none']);
    fixture.engine.add({ name: 'shop-web-1', labels: labels('web') });
    const second = await deploy([], () => undefined);
    assert.deepEqual([second.status, second.oldVersion], ['failed', 'untouched']);
  });
}
