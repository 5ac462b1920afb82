import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { DeploymentSink } from '../../src/engine/deployments';
import { EngineError } from '../../src/engine/engine';
import { RemoteEngine } from '../../src/engine/remote/remoteEngine';
import type { Deployment, DeploymentEntry, DeploymentSpec } from '../../src/model/deployment';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { AgentFixture, type AgentWishes } from './agentFixture';

const IMAGE: DeploymentSpec = {
  app: 'web',
  source: { kind: 'image', image: 'nginx:1', pull: 'missing' },
  run: { cpus: 0.25, environment: { A: 'b' } },
};
const FOLDER: DeploymentSpec = { app: 'web', source: { kind: 'folder', folder: '/home/me/web' } };

/** Somebody who keeps what a follower is told. */
class Reader implements DeploymentSink {
  readonly told: DeploymentEntry[] = [];
  end: { readonly error: EngineError | undefined } | undefined;

  entries(entries: readonly DeploymentEntry[]): void {
    assert.equal(this.end, undefined);
    this.told.push(...entries);
  }

  ended(error?: EngineError): void {
    this.end = { error };
  }

  assertNoHole(): void {
    assert.deepEqual(
      this.told.map(({ sequence }) => sequence),
      this.told.map((_entry, index) => index + 1),
    );
  }
}

describe('RemoteDeployments', () => {
  let fixture: AgentFixture;
  let host: MemoryDeployments;
  const engines: RemoteEngine[] = [];

  async function begin(wishes: AgentWishes = {}): Promise<void> {
    host = new MemoryDeployments();
    fixture = await AgentFixture.make({ deployments: host, ...wishes });
  }

  beforeEach(() => begin());
  afterEach(async () => {
    for (const engine of engines.splice(0)) engine.dispose();
    await fixture.dispose();
    host.dispose();
  });

  async function connect(link = fixture.agent.link): Promise<RemoteEngine> {
    const engine = new RemoteEngine({
      access: () => Promise.resolve(parsePairingLink(link)),
      log: () => undefined,
      clientVersion: 'test',
      random: () => 0,
    });
    engines.push(engine);
    engine.connect();
    await ready(engine);
    return engine;
  }

  async function ready(engine: RemoteEngine): Promise<void> {
    await eventually('it is ready', () => {
      if (engine.connection.kind === 'waiting') engine.retryNow();
      return engine.connection.kind === 'ready';
    });
  }

  it('starts, cancels, retries, rolls back and reads inputs', async () => {
    const { deployments } = await connect();
    assert.equal(deployments.canDeploy, true);
    const { id } = await deployments.start({ spec: IMAGE });
    assert.deepEqual(host.starts[0]?.spec, IMAGE);
    assert.deepEqual(await deployments.readSpec(id), IMAGE);
    host.succeed(id);
    assert.equal((await deployments.rollBackTo(id)).rollBackTo, id);
    const again = await deployments.retry(id);
    await deployments.cancel(again.id);
    assert.deepEqual(host.cancelled, [again.id]);
    const page = await deployments.list({ limit: 2 });
    assert.deepEqual([page.deployments.length, page.hasMore], [2, true]);
  });

  it('rejects with what the host says', async () => {
    const { deployments } = await connect();
    host.nextError = new EngineError('conflict', 'The queue is full.');
    await assert.rejects(deployments.start({ spec: IMAGE }), { code: 'conflict' });
    await assert.rejects(deployments.readSpec('d9'), { code: 'noSuchDeployment' });
    await assert.rejects(deployments.start({ spec: FOLDER }), { code: 'badRequest' });
  });

  it('tells viewers that they can not deploy', async () => {
    const { link } = await fixture.agent.addToken({ role: 'viewer' });
    const { deployments } = await connect(link);
    assert.equal(deployments.canDeploy, false);
    await assert.rejects(deployments.start({ spec: IMAGE }), { code: 'forbidden' });
  });

  it('knows the newest while watched, keeps them while the agent is away, and goes on after it', async () => {
    const engine = await connect();
    const { deployments } = engine;
    const heard: Deployment[] = [];
    deployments.onDidChange((changed) => heard.push(...changed));
    const unknown = deployments.current;
    assert.equal(unknown, undefined);
    const watching = deployments.watch();
    await eventually('the list', () => deployments.current?.size === 0);
    const { id } = await host.start({ spec: IMAGE });
    await eventually('the deployment', () => deployments.current?.has(id) === true);
    await fixture.agent.stop();
    await eventually('it is away', () => engine.connection.kind !== 'ready');
    assert.equal(deployments.current?.get(id)?.app, 'web');
    host.succeed(id);
    await fixture.agent.start();
    await ready(engine);
    await eventually('how it is now', () => deployments.current?.get(id)?.status === 'success');
    assert.ok(heard.length >= 2);
    watching.dispose();
    await eventually('nobody watches', () => host.watchers === 0);
  });

  it('follows a journal across cuts and restarts of the agent: nothing missing, nothing doubled', async () => {
    const engine = await connect();
    const { id } = await host.start({ spec: IMAGE });
    const reader = new Reader();
    engine.deployments.follow(id, 0, reader);
    for (let round = 0; round < 6; round++) {
      for (let line = 0; line < 300; line++) host.log(id, `line ${round}.${line}`);
      if (round % 3 === 2) await fixture.agent.restart();
      else fixture.agent.cutConnections();
      await ready(engine);
    }
    host.succeed(id);
    await eventually('the end', () => reader.end !== undefined);
    assert.equal(reader.end?.error, undefined);
    assert.equal(reader.told.length, 1_802);
    reader.assertNoHole();
  });

  it('tells who follows what is not there', async () => {
    const { deployments } = await connect();
    const reader = new Reader();
    deployments.follow('d9', 0, reader);
    await eventually('the end', () => reader.end !== undefined);
    assert.equal(reader.end?.error?.code, 'noSuchDeployment');
  });

  it('stops following when disposed', async () => {
    const { deployments } = await connect();
    const { id } = await host.start({ spec: IMAGE });
    const reader = new Reader();
    const follow = deployments.follow(id, 0, reader);
    await eventually('an entry', () => reader.told.length === 1);
    follow.dispose();
    await eventually('nobody follows', () => host.followed.length === 0);
    assert.equal(reader.end, undefined);
  });

  it('starts once when the connection breaks before the answer', async () => {
    const engine = await connect();
    const starting = Promise.all([1, 2, 3].map(() => engine.deployments.start({ spec: IMAGE })));
    fixture.agent.cutConnections();
    await ready(engine);
    const ids = (await starting).map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.equal(host.starts.length, 3);
  });

  describe('with a folder', () => {
    const chunks = Array.from({ length: 60 }, () => randomBytes(150_000));

    async function received(): Promise<Buffer> {
      const parts: Uint8Array[] = [];
      for await (const part of host.starts.at(-1)?.context?.() ?? []) parts.push(part);
      return Buffer.concat(parts);
    }

    it('uploads it as fast as the agent takes it', async () => {
      const { deployments } = await connect();
      async function* context(): AsyncGenerator<Uint8Array> {
        for (const chunk of chunks) yield await Promise.resolve(chunk);
      }
      await deployments.start({ spec: FOLDER, context });
      assert.ok((await received()).equals(Buffer.concat(chunks)));
    });

    it('goes on where it was when the connection breaks in the middle', async () => {
      const engine = await connect();
      let begun = 0;
      async function* context(): AsyncGenerator<Uint8Array> {
        begun += 1;
        for (const [index, chunk] of chunks.entries()) {
          if (index === 20 || index === 40) {
            fixture.agent.cutConnections();
            await ready(engine);
          }
          yield chunk;
        }
      }
      await engine.deployments.start({ spec: FOLDER, context });
      assert.equal(begun, 1);
      assert.ok((await received()).equals(Buffer.concat(chunks)));
    });

    it('begins anew when the agent is restarted in the middle', async () => {
      const engine = await connect();
      let begun = 0;
      async function* context(): AsyncGenerator<Uint8Array> {
        begun += 1;
        for (const [index, chunk] of chunks.entries()) {
          if (index === 20 && begun === 1) {
            await fixture.agent.restart();
            await ready(engine);
          }
          yield chunk;
        }
      }
      await engine.deployments.start({ spec: FOLDER, context });
      assert.equal(begun, 2);
      assert.ok((await received()).equals(Buffer.concat(chunks)));
      assert.equal(host.starts.length, 1);
    });

    it('gives up one that is too large, and one that can not be read', async () => {
      await fixture.dispose();
      await begin({ settings: { uploadMaxMegabytes: 1 } });
      const { deployments } = await connect();
      async function* context(): AsyncGenerator<Uint8Array> {
        for (const chunk of chunks) yield await Promise.resolve(chunk);
      }
      await assert.rejects(deployments.start({ spec: FOLDER, context }), /no more than/);
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(randomBytes(10));
        throw new EngineError('badRequest', 'No such folder.');
      }
      await assert.rejects(deployments.start({ spec: FOLDER, context: broken }), /No such folder/);
      assert.equal(host.starts.length, 0);
    });
  });
});
