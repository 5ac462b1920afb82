import assert from 'node:assert/strict';
import { deferred } from '../../src/base/async';
import { systemClock } from '../../src/base/clock';
import { Emitter } from '../../src/base/emitter';
import { DisposableStore } from '../../src/base/lifecycle';
import { DeploymentStore } from '../../src/deploy/deploymentStore';
import { JournalFolder } from '../../src/deploy/journal/journalFolder';
import { takeLock } from '../../src/deploy/journal/journalLock';
import { Keeper, type KeeperOptions } from '../../src/deploy/keeper';
import { LocalDeployments } from '../../src/deploy/localDeployments';
import { DEPLOYMENT_LIMITS } from '../../src/deploy/localOptions';
import { machineTools } from '../../src/deploy/machineTools';
import { DockerDeployEngine, type DeploySessionSource } from '../../src/engine/docker/dockerDeployEngine';
import type { EngineInfo } from '../../src/engine/engine';
import { isOver, type Deployment, type DeploymentSpec } from '../../src/model/deployment';
import { MemoryDeployEngine } from '../doubles/memoryDeployEngine';
import { eventually } from '../support/eventually';
import { hastyClock } from '../support/hastyClock';
import { checkForLeaks } from '../support/leaks';
import { temporaryFolder } from '../support/temporaryFolder';

const SPEC: DeploymentSpec = {
  app: 'web',
  source: { kind: 'image', image: 'web:2', pull: 'missing' },
  health: { stableMs: 0 },
};

/** What one process knows of a folder, and runs there. */
interface Process {
  readonly keeper: Keeper;
  readonly known: DeploymentStore;
}

describe('who runs deployments in a folder', function () {
  this.timeout(30_000);
  checkForLeaks();
  describe('beside one engine', () => keeperSuite());
});

function keeperSuite(): void {
  let store: DisposableStore;
  let engine: MemoryDeployEngine;
  const place = temporaryFolder();

  beforeEach(() => {
    store = new DisposableStore();
    engine = store.add(new MemoryDeployEngine());
    engine.images.set('web:2', 'sha256:2');
  });
  afterEach(() => store.dispose());

  async function open(options: Pick<KeeperOptions, 'takeLock'> = {}): Promise<Process> {
    const folder = place.file('state');
    const journals = new JournalFolder(folder, systemClock);
    await journals.create();
    const known = store.add(new DeploymentStore(journals, systemClock));
    const log = (): void => undefined;
    const tools = machineTools();
    const machine = { engine, folder, startedBy: 'me', log, tools, clock: systemClock };
    const keeper = new Keeper({ ...machine, limits: DEPLOYMENT_LIMITS, journals, known, ...options });
    return { keeper: store.add(keeper), known };
  }

  /** At once when it is told. */
  function over({ known }: Process, id: string): Promise<Deployment> {
    return new Promise((resolve) => {
      const look = (): void => {
        const deployment = known.get(id);
        if (deployment && isOver(deployment.status)) resolve(deployment);
      };
      store.add(known.onDidChange(look));
      look();
    });
  }

  it('is the process that ran the last one, also while a slow disk takes back its lock', async () => {
    const releasing = deferred<undefined>();
    const goOn = deferred<undefined>();
    let isHeld = false;
    const process = await open({
      takeLock: async (folder) => {
        assert.equal(isHeld, false, 'it is held by this process itself');
        const taken = await takeLock(folder);
        if ('heldBy' in taken) return taken;
        isHeld = true;
        const release = async (): Promise<void> => {
          releasing.resolve(undefined);
          await goOn.promise;
          await taken.release();
          isHeld = false;
        };
        return { release };
      },
    });
    const first = await process.keeper.begin({ spec: SPEC });
    await over(process, first.id);
    await releasing.promise;
    const second = process.keeper.begin({ spec: SPEC });
    goOn.resolve(undefined);
    const { status } = await over(process, (await second).id);
    assert.equal(status, 'success');
  });

  /** A deployment of a process that was killed after it put the old version aside, before the new one ran. */
  async function abandoned(): Promise<string> {
    engine.add({ name: 'web' });
    const process = await open();
    const reached = deferred<undefined>();
    const killed = deferred<undefined>();
    engine.before = (request) => {
      if (request !== 'startContainer') return undefined;
      reached.resolve(undefined);
      return killed.promise;
    };
    const { id } = await process.keeper.begin({ spec: SPEC });
    await reached.promise;
    engine.before = () => undefined;
    process.keeper.dispose();
    killed.reject(new Error('It is killed.'));
    assert.deepEqual(names(), ['web', `web-quaywatch-old-${id}`]);
    return id;
  }

  function names(): readonly string[] {
    return engine.all.map(({ name }) => name).sort();
  }

  it('brings what a process that is gone left to its end before it deploys the same app', async () => {
    const process = await open();
    await process.known.load();
    const first = await abandoned();
    const { id } = await process.keeper.begin({ spec: SPEC });
    assert.equal((await over(process, first)).status, 'rolled_back');
    assert.equal((await over(process, id)).status, 'success');
    assert.deepEqual(names(), ['web']);
    assert.equal(engine.named('web')?.labels['dev.quaywatch.deployment'], id);
  });

  it('is whoever cancels what a process that is gone left', async () => {
    const process = await open();
    const id = await abandoned();
    await process.known.load();
    await process.keeper.cancel(id);
    assert.equal((await over(process, id)).status, 'cancelled');
    assert.deepEqual(names(), ['web']);
    assert.equal(engine.named('web')?.isRunning, true);
  });

  it('gives the lock back when it can not read the journals then', async () => {
    let releases = 0;
    const process = await open({
      takeLock: async (folder) => {
        const taken = await takeLock(folder);
        if ('heldBy' in taken) return taken;
        return {
          release: async () => {
            releases += 1;
            await taken.release();
          },
        };
      },
    });
    process.known.load = () => Promise.reject(new Error('It can not be read.'));
    await assert.rejects(process.keeper.begin({ spec: SPEC }), /can not be read/);
    assert.equal(releases, 1);
  });

  it('is none while another engine is used, whose containers are others', async () => {
    const process = await open();
    const id = await abandoned();
    await process.known.load();
    const before = names();
    engine.id = 'engine-2';
    const { id: other } = await process.keeper.begin({
      spec: { ...SPEC, app: 'other', run: { name: 'other' } },
    });
    assert.equal((await over(process, other)).status, 'success');
    assert.equal(process.known.get(id)?.status, 'deploying');
    assert.match(process.known.get(id)?.message ?? '', /another engine/);
    await assert.rejects(process.keeper.cancel(id), { code: 'conflict', message: /another engine/ });
    assert.deepEqual(names(), ['other', ...before]);
    engine.id = 'engine-1';
    await process.keeper.recover();
    assert.equal((await over(process, id)).status, 'rolled_back');
    assert.deepEqual(names(), ['other', 'web']);
  });

  it('hears of the end that another process brings about on the other engine', async () => {
    const process = await open();
    const id = await abandoned();
    await process.known.load();
    engine.id = 'engine-2';
    await process.keeper.recover();
    assert.match(process.known.get(id)?.message ?? '', /another engine/);
    const told: unknown[] = [];
    store.add(process.known.onDidChange((changed) => told.push(changed)));
    await process.keeper.recover();
    await process.keeper.recoverAbandoned();
    assert.deepEqual(told, []);
    engine.id = 'engine-1';
    const other = await open();
    await other.known.load();
    await other.keeper.recover();
    assert.equal((await over(other, id)).status, 'rolled_back');
    await eventually('it is known', async () => {
      await process.known.load();
      return process.known.get(id)?.status === 'rolled_back';
    });
  });

  it('is none on Podman for what is unfinished on Docker', async () => {
    const onDidChange = new Emitter<never>().event;
    const session = {
      info: { product: 'Libpod' } as EngineInfo,
      onEvent: onDidChange,
      endpointKind: 'local',
    } as unknown as NonNullable<DeploySessionSource['session']>;
    const podman = store.add(new DockerDeployEngine({ session, onDidChangeSession: onDidChange }));
    const process = await open();
    const id = await abandoned();
    await process.known.load();
    engine.identify = () => podman.identify();
    await process.keeper.recover();
    assert.match(process.known.get(id)?.message ?? '', /another engine/);
  });

  it('is whoever watches, once the process that ran one is gone', async () => {
    const deployments = store.add(
      new LocalDeployments({
        engine,
        folder: place.file('state'),
        startedBy: 'me',
        log: () => undefined,
        tools: machineTools(),
        clock: hastyClock,
      }),
    );
    store.add(deployments.watch());
    const id = await abandoned();
    await eventually(
      () => `it is over: ${JSON.stringify(deployments.current?.get(id))}`,
      () => deployments.current?.get(id)?.status === 'rolled_back',
      10_000,
    );
    assert.deepEqual(names(), ['web']);
  });
}
