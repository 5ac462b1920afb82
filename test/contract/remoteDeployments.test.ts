import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderContext } from '../../src/deploy/sources/folderContext';
import type { RemoteEngine } from '../../src/engine/remote/remoteEngine';
import {
  isOver,
  type Deployment,
  type DeploymentEntry,
  type DeploymentSpec,
} from '../../src/model/deployment';
import { eventually } from '../support/eventually';
import { openRemoteEngine, PairedAgent } from '../support/pairedAgent';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';

const SECRET = 'planted-secret-31d9';
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
const APP = 'remote-web';
const RUN = { command: FOREVER, labels: { [testLabel]: '1' }, environment: { PASSWORD: SECRET } };

describe('deployments on a real engine behind a real agent', function () {
  this.timeout(180_000);
  let agent: PairedAgent | undefined;
  let docker: Docker;
  let folder: string;
  const engines: RemoteEngine[] = [];

  before(async function () {
    const testEngine = testEngineOrSkip(this);
    docker = new Docker({ socketPath: testEngine.socketPath });
    folder = mkdtempSync(join(tmpdir(), 'quaywatch-remote-deploy-'));
    agent = await PairedAgent.start(testEngine.dockerHost);
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) engine.dispose();
    const made = await docker.listContainers({ all: true, filters: { label: [`dev.quaywatch.app=${APP}`] } });
    await Promise.all(made.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  });
  after(async () => {
    await agent?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function its(): PairedAgent {
    return agent ?? assert.fail('no agent');
  }

  async function connect(): Promise<RemoteEngine> {
    const engine = openRemoteEngine(its().pairing());
    engines.push(engine);
    engine.connect();
    await eventually('it is ready', () => engine.connection.kind === 'ready');
    return engine;
  }

  async function over(
    { deployments }: RemoteEngine,
    id: string,
  ): Promise<{ readonly last: Deployment; readonly entries: readonly DeploymentEntry[] }> {
    const entries: DeploymentEntry[] = [];
    let isEnded = false;
    deployments.follow(id, 0, {
      entries: (told) => entries.push(...told),
      ended: () => (isEnded = true),
    });
    await eventually(
      () => `it is over: ${JSON.stringify(entries.at(-1))}`,
      () => isEnded,
      90_000,
    );
    const states = entries.flatMap((entry) => (entry.kind === 'state' ? [entry.deployment] : []));
    const last = states.at(-1) ?? assert.fail('no state');
    assert.ok(isOver(last.status));
    assert.deepEqual(
      entries.map(({ sequence }) => sequence),
      entries.map((_entry, index) => index + 1),
    );
    return { last, entries };
  }

  function folderSpec(word: string): { spec: DeploymentSpec; context: ReturnType<typeof folderContext> } {
    const path = join(folder, word);
    mkdirSync(path, { recursive: true });
    writeFileSync(
      join(path, 'Dockerfile'),
      `FROM ${busyboxImage}\nCOPY message /message\nRUN cat /message\n`,
    );
    writeFileSync(join(path, 'message'), `the word is ${word}\n`);
    const source = { kind: 'folder', folder: path } as const;
    return { spec: { app: APP, source, run: RUN, health: { stableMs: 200 } }, context: folderContext(path) };
  }

  async function running(): Promise<readonly string[]> {
    const all = await docker.listContainers({ filters: { label: [`dev.quaywatch.app=${APP}`] } });
    return all.map(({ Names }) => (Names[0] ?? '').slice(1));
  }

  it('builds an uploaded folder, runs it, and shows two clients the same', async () => {
    const [first, second] = [await connect(), await connect()];
    const { id } = await first.deployments.start(folderSpec('one'));
    const [mine, theirs] = await Promise.all([over(first, id), over(second, id)]);
    assert.equal(mine.last.status, 'success', mine.last.message);
    assert.deepEqual(mine.entries, theirs.entries);
    assert.ok(mine.entries.some((entry) => entry.kind === 'log' && /the word is one/.test(entry.text)));
    assert.deepEqual(await running(), [APP]);
  });

  it('ends well, or with the old version running, when the agent is killed in the middle', async () => {
    const engine = await connect();
    const before = await engine.deployments.start(folderSpec('old'));
    assert.equal((await over(engine, before.id)).last.status, 'success');
    const { id } = await engine.deployments.start(folderSpec('new'));
    const following = over(engine, id);
    await its().crash();
    engine.retryNow();
    const { last } = await following;
    assert.ok(['success', 'failed', 'rolled_back'].includes(last.status), last.status);
    assert.deepEqual(await running(), [APP]);
  });

  it('is deployed from the command line, through the agent that runs, with exit codes', async () => {
    const file = join(folder, 'quaywatch.json');
    const source = { image: busyboxImage, pull: 'missing' };
    const run = { command: FOREVER, labels: { [testLabel]: '1' } };
    const health = { stable: '200ms' };
    writeFileSync(file, JSON.stringify({ apps: { [APP]: { source, run, health } } }));
    const { code, stdout, stderr } = await its().run(['deploy', file]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stderr, /\[100%\] completed/);
    assert.deepEqual(await running(), [APP]);
    const absent = await its().run(['deploy', file, '--app', 'other']);
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /no app "other"/);
    assert.doesNotMatch((await its().run(['token', 'list'])).stdout, /quaywatch-agent deploy/);
  });

  it('keeps no secret of a spec in its state folder or log', () => {
    const names = readdirSync(its().stateFolder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    assert.ok(files.some(({ name }) => name === 'audit.jsonl'));
    for (const { parentPath, name } of files)
      assert.ok(!readFileSync(join(parentPath, name), 'utf8').includes(SECRET), name);
    assert.ok(!its().output.includes(SECRET));
  });
});
