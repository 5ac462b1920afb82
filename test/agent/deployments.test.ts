import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../src/engine/engine';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { AgentFixture, type AgentWishes } from './agentFixture';
import type { Message, RawClient } from './rawClient';
import { canonical } from './rawWire';

const CREDIT = 2_097_152;
const ENTRIES = 32;
const STREAM_ENDED = 33;
const SECRET = 'planted-secret-5f1c';

const IMAGE_SPEC = {
  app: 'web',
  source: { kind: 'image', image: 'nginx:1', pull: 'missing' },
  run: { environment: { PASSWORD: SECRET }, nanoCpus: 1_500_000_000 },
};

interface RawEntry {
  readonly sequence: number;
  readonly kind: string;
  readonly text?: string;
}

describe('agent: deployments', () => {
  let fixture: AgentFixture;
  let deployments: MemoryDeployments;
  let client: RawClient;
  const log: string[] = [];

  async function begin(wishes: AgentWishes = {}): Promise<void> {
    log.length = 0;
    deployments = new MemoryDeployments();
    fixture = await AgentFixture.make({ deployments, log: (line) => void log.push(line), ...wishes });
    client = await fixture.open();
  }

  beforeEach(() => begin());
  afterEach(async () => {
    await fixture.dispose();
    deployments.dispose();
  });

  async function guest(request: Parameters<AgentFixture['agent']['addToken']>[0]): Promise<RawClient> {
    return fixture.open(fixture.targetOf(await fixture.agent.addToken(request)));
  }

  function start(of: RawClient, data: object = { spec: IMAGE_SPEC }, id = randomUUID()): Promise<Message> {
    return of.signed('deployment', 'start_deployment', data, id);
  }

  /** In the double, past the wire. */
  async function started(app = 'web'): Promise<string> {
    const source = { kind: 'image', image: 'nginx:1', pull: 'missing' } as const;
    return (await deployments.start({ spec: { app, source } })).id;
  }

  async function follow(of: RawClient, id: string, after = 0, credit = CREDIT): Promise<number> {
    const stream = of.newStream(credit);
    const data = { stream, deployment_id: id, after, credit };
    const response = await of.command('deployment', 'start_deployment_stream', data);
    assert.equal(response.status, 'done', JSON.stringify(response));
    return stream;
  }

  function entries(of: RawClient, stream: number): readonly RawEntry[] {
    const frames = of.framesOf(stream).filter(({ type }) => type === ENTRIES);
    return frames.flatMap(({ body }) => (JSON.parse(body.toString()) as { entries: RawEntry[] }).entries);
  }

  function ended(of: RawClient, stream: number): Record<string, unknown> | undefined {
    const frame = of.framesOf(stream).find((one) => one.type === STREAM_ENDED);
    return frame && (JSON.parse(frame.body.toString()) as Record<string, unknown>);
  }

  function assertNoHole(found: readonly RawEntry[], from: number, to: number): void {
    const sequences = found.map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: to - from + 1 }, (_, index) => from + index),
    );
  }

  describe('starting', () => {
    it('starts what is asked for, with its secrets, and says who asked', async () => {
      const id = randomUUID();
      const { status, data } = await start(client, { spec: IMAGE_SPEC }, id);
      assert.equal(status, 'done');
      const deployment = data['deployment'] as Record<string, unknown>;
      assert.equal(deployment['app'], 'web');
      const run = { environment: { PASSWORD: SECRET }, cpus: 1.5 };
      assert.deepEqual(deployments.starts[0]?.spec, { ...IMAGE_SPEC, run });
      assert.deepEqual(deployments.starts[0].origin, { startedBy: 'token "test" (admin)', commandId: id });
    });

    it('starts once, however often it is asked, also after a cut and a restart of the agent', async () => {
      const id = randomUUID();
      const first = await start(client, { spec: IMAGE_SPEC }, id);
      client.cut();
      const again = await fixture.comeBack(client);
      const second = await start(again, { spec: IMAGE_SPEC }, id);
      assert.deepEqual(second.data, first.data);
      await fixture.agent.restart();
      const third = await start(await fixture.open(), { spec: IMAGE_SPEC }, id);
      assert.equal(third.status, 'done');
      assert.deepEqual(third.data, first.data);
      assert.equal(deployments.starts.length, 1);
    });

    it('refuses an id that was used for another one', async () => {
      const id = randomUUID();
      await start(client, { spec: IMAGE_SPEC }, id);
      client.messages.length = 0;
      const { error } = await start(client, { spec: { ...IMAGE_SPEC, app: 'other' } }, id);
      assert.equal(error?.code, 'commandIdReused');
    });

    it('refuses what is not signed', async () => {
      const { error } = await client.command('deployment', 'start_deployment', { spec: IMAGE_SPEC });
      assert.equal(error?.code, 'badSignature');
      assert.equal(deployments.starts.length, 0);
    });

    it('refuses a spec that is none, and says where, without its values', async () => {
      const spec = { ...IMAGE_SPEC, run: { ...IMAGE_SPEC.run, ports: [{ containerPort: SECRET }] } };
      const { error } = await start(client, { spec });
      assert.equal(error?.code, 'badRequest');
      assert.match(error.message, /spec\.run\.ports/);
      assert.doesNotMatch(error.message, new RegExp(SECRET));
    });

    it('passes on why it can not be started', async () => {
      deployments.nextError = new EngineError('conflict', 'The queue is full.');
      const { error } = await start(client);
      assert.deepEqual(error, { code: 'conflict', message: 'The queue is full.' });
    });

    it('cancels, retries and rolls back', async () => {
      const id = await started();
      const one = { deployment_id: id };
      assert.equal((await client.signed('deployment', 'cancel_deployment', one)).status, 'done');
      assert.deepEqual(deployments.cancelled, [id]);
      const retried = await client.signed('deployment', 'retry_deployment', one);
      assert.equal(retried.status, 'done');
      const retriedId = (retried.data['deployment'] as { id: string }).id;
      deployments.succeed(retriedId);
      const data = { deployment_id: retriedId };
      const rolledBack = await client.signed('deployment', 'roll_back_deployment', data);
      assert.equal((rolledBack.data['deployment'] as { rollBackTo: string }).rollBackTo, retriedId);
      assert.equal((await client.signed('deployment', 'roll_back_deployment', one)).error?.code, 'conflict');
    });

    it('tells whether a command was carried out that the agent was ended during', async () => {
      const [done, notDone] = [randomUUID(), randomUUID()];
      await fixture.agent.stop();
      const spec = { app: 'web', source: { kind: 'image', image: 'nginx:1', pull: 'missing' } } as const;
      const { id } = await deployments.start({ spec, origin: { startedBy: 'x', commandId: done } });
      deployments.change(id, { commandId: done });
      deployments.nowMs = Date.now();
      for (const commandId of [done, notDone]) interrupt(commandId);
      await fixture.agent.start();
      const again = await fixture.open();
      const first = await start(again, { spec: IMAGE_SPEC }, done);
      assert.deepEqual([first.status, first.data['reconciled']], ['unknown', 'done']);
      const second = await start(again, { spec: IMAGE_SPEC }, notDone);
      assert.deepEqual([second.status, second.data['reconciled']], ['unknown', 'notDone']);
      assert.equal(deployments.starts.length, 1);
    });

    /** As an agent leaves a command that is killed while it begins the deployment. */
    function interrupt(commandId: string): void {
      const data = { spec: IMAGE_SPEC };
      const digest = createHash('sha256')
        .update(`start_deployment ${canonical(data)}`)
        .digest('base64url');
      const command = { kind: 'startDeployment', app: 'web', source: 'image' };
      const intent = { tokenId: client.tokenId, commandId, digest, command, atMs: Date.now() };
      appendFileSync(fixture.agent.state.journalFile, `${JSON.stringify({ intent })}\n`);
    }
  });

  describe('roles and scope', () => {
    it('shows viewers everything and lets them change nothing', async () => {
      const id = await started();
      const viewer = await guest({ role: 'viewer' });
      const { capabilities } = viewer.established.data as { capabilities: Record<string, boolean> };
      assert.deepEqual([capabilities['deployments'], capabilities['deploy']], [true, false]);
      const stream = await follow(viewer, id);
      await viewer.until('an entry', () => entries(viewer, stream).length > 0);
      for (const action of ['cancel_deployment', 'retry_deployment', 'roll_back_deployment']) {
        const { error } = await viewer.signed('deployment', action, { deployment_id: id });
        assert.equal(error?.code, 'forbidden', action);
      }
      assert.equal((await start(viewer)).error?.code, 'forbidden');
      const upload = { stream: viewer.newStream(), upload: 'u'.repeat(20), credit: CREDIT };
      const refused = await viewer.command('deployment', 'start_upload', upload);
      assert.equal(refused.error?.code, 'forbidden');
      assert.deepEqual([deployments.starts.length, deployments.cancelled.length], [1, 0]);
      assert.match(
        readFileSync(fixture.agent.state.auditFile, 'utf8'),
        /"action":"deploy"[^\n]*"result":"refused"/,
      );
    });

    it('lets operators deploy, unless they have a scope', async () => {
      assert.equal((await start(await guest({ role: 'operator' }))).status, 'done');
      const scope = { projects: ['shop'], labels: [] };
      const scoped = await guest({ role: 'admin', scope });
      const { capabilities } = scoped.established.data as { capabilities: Record<string, boolean> };
      assert.equal(capabilities['deploy'], false);
      assert.equal((await start(scoped)).error?.code, 'forbidden');
    });

    it('shows a scope only the deployments of apps whose container is in it', async () => {
      const [mine, other] = [await started('mine'), await started('other')];
      const labels = { 'dev.quaywatch.app': 'mine', team: 'a' };
      fixture.engine.run({ name: 'mine-1', labels });
      fixture.engine.run({ name: 'other-1', labels: { 'dev.quaywatch.app': 'other', team: 'b' } });
      const scope = { projects: [], labels: [{ name: 'team', value: 'a' }] };
      const scoped = await guest({ role: 'viewer', scope });
      await scoped.until('its container', () => scoped.containers.size === 1);
      const page = await scoped.command('deployment', 'list_deployments', { limit: 10 });
      assert.deepEqual(idsOf(page.data['deployments']), [mine]);
      await scoped.command('deployment', 'watch_deployments', {});
      const list = await scoped.event('deployment_list');
      assert.deepEqual(idsOf(list.data['deployments']), [mine]);
      const hidden = await scoped.command('deployment', 'read_deployment_spec', { deployment_id: other });
      const absent = await scoped.command('deployment', 'read_deployment_spec', { deployment_id: 'd999999' });
      assert.equal(hidden.error?.code, 'noSuchDeployment');
      assert.equal(hidden.error.message, absent.error?.message.replace('d999999', other));
      const stream = await follow(scoped, other);
      await scoped.until('its end', () => ended(scoped, stream) !== undefined);
      assert.equal((ended(scoped, stream)?.['error'] as { code: string }).code, 'noSuchDeployment');
      deployments.log(other, 'hidden');
      deployments.progress(other, 50, 'hidden');
      deployments.progress(mine, 50, 'shown');
      const change = await scoped.event('deployment_state_change');
      assert.deepEqual(idsOf(change.data['updated']), [mine]);
    });
  });

  describe('Compose projects in a scope', () => {
    it('are shown by their names, and by any of their containers', async () => {
      const shop = await started('front');
      deployments.change(shop, { project: 'shop' });
      const other = await started('shop');
      deployments.change(other, { project: 'other' });
      const byName = await guest({ role: 'viewer', scope: { projects: ['shop'], labels: [] } });
      const listed = async (one: RawClient): Promise<readonly string[]> =>
        idsOf((await one.command('deployment', 'list_deployments', { limit: 10 })).data['deployments']);
      assert.deepEqual(await listed(byName), [shop]);
      const labels = {
        'com.docker.compose.project': 'other',
        'com.docker.compose.service': 'web',
        team: 'a',
      };
      fixture.engine.run({ name: 'other-web-1', labels });
      const scope = { projects: [], labels: [{ name: 'team', value: 'a' }] };
      const byContainer = await guest({ role: 'viewer', scope });
      await byContainer.until('its container', () => byContainer.containers.size === 1);
      assert.deepEqual(await listed(byContainer), [other]);
    });
  });

  describe('watching', () => {
    it('tells a list, then what changes, of each the newest state', async () => {
      const id = await started();
      await client.command('deployment', 'watch_deployments', {});
      const list = await client.event('deployment_list');
      assert.deepEqual([list.data['part'], list.data['last']], [0, true]);
      assert.deepEqual(idsOf(list.data['deployments']), [id]);
      for (let progress = 30; progress <= 70; progress++) deployments.progress(id, progress);
      const { data } = await client.event('deployment_state_change');
      const [updated] = data['updated'] as { progress: number }[];
      assert.equal(updated?.progress, 70);
    });

    it('shows two clients the same', async () => {
      const other = await fixture.open();
      for (const one of [client, other]) await one.command('deployment', 'watch_deployments', {});
      await start(client);
      const seen = await Promise.all([client, other].map((one) => one.event('deployment_state_change')));
      assert.deepEqual(seen[0]?.data, seen[1]?.data);
    });

    it('ends with unwatch_deployments and with the connection', async () => {
      await client.command('deployment', 'watch_deployments', {});
      assert.equal(deployments.watchers, 1);
      await client.command('deployment', 'unwatch_deployments', {});
      assert.equal(deployments.watchers, 0);
      await client.command('deployment', 'watch_deployments', {});
      client.cut();
      await eventually('nobody watches', () => deployments.watchers === 0);
    });

    it('pages through the older ones', async () => {
      const ids = [await started(), await started(), await started()].reverse();
      const first = await client.command('deployment', 'list_deployments', { limit: 2 });
      assert.deepEqual(idsOf(first.data['deployments']), ids.slice(0, 2));
      assert.equal(first.data['hasMore'], true);
      const data = { limit: 2, before: ids[1] };
      const second = await client.command('deployment', 'list_deployments', data);
      assert.deepEqual(idsOf(second.data['deployments']), ids.slice(2));
      assert.equal(second.data['hasMore'], false);
    });

    it('tells who comes to an agent without deployments', async () => {
      const bare = await AgentFixture.make();
      try {
        const one = await bare.open();
        const { capabilities } = one.established.data as { capabilities: Record<string, boolean> };
        assert.equal(capabilities['deployments'], false);
        const { error } = await one.command('deployment', 'list_deployments', { limit: 1 });
        assert.equal(error?.code, 'notSupported');
      } finally {
        await bare.dispose();
      }
    });
  });

  describe('following', () => {
    it('sends the journal and what follows, to the end', async () => {
      const id = await started();
      deployments.log(id, 'one');
      const stream = await follow(client, id);
      await client.until('two entries', () => entries(client, stream).length === 2);
      deployments.log(id, 'two');
      deployments.succeed(id);
      await client.until('the end', () => ended(client, stream) !== undefined);
      assertNoHole(entries(client, stream), 1, 4);
      assert.deepEqual(ended(client, stream), { deployment_id: id });
    });

    it('goes on across cuts, and at its cursor when the agent was restarted: nothing missing or doubled', async () => {
      const id = await started();
      const stream = await follow(client, id);
      let last = client;
      for (let cut = 0; cut < 5; cut++) {
        for (let line = 0; line < 200; line++) deployments.log(id, `line ${cut}.${line}`);
        last.cut();
        const back = await fixture.comeBack(last, [stream]);
        back.frames.unshift(...last.frames);
        last = back;
      }
      await last.until('1,001 entries', () => entries(last, stream).length === 1_001);
      assertNoHole(entries(last, stream), 1, 1_001);
      await fixture.agent.restart();
      const anew = await fixture.open();
      const after = await follow(anew, id, 1_001);
      deployments.log(id, 'after');
      await anew.until('one entry', () => entries(anew, after).length === 1);
      assertNoHole(entries(anew, after), 1_002, 1_002);
    });

    it('keeps little for a client that takes nothing, and goes on where it was', async () => {
      const id = await started();
      const stream = client.newStream(20_000);
      client.stall(stream);
      const data = { stream, deployment_id: id, after: 0, credit: 20_000 };
      await client.command('deployment', 'start_deployment_stream', data);
      const text = 'x'.repeat(1_000);
      for (let line = 0; line < 3_000; line++) deployments.log(id, text);
      await eventually('the journal is let go', () => deployments.followed.length === 0);
      assert.ok(entries(client, stream).length < 200);
      client.unstall(stream);
      await client.until('everything', () => entries(client, stream).length === 3_001);
      assertNoHole(entries(client, stream), 1, 3_001);
      deployments.log(id, 'last');
      await client.until('what follows', () => entries(client, stream).length === 3_002);
    });

    it('ends with stop_deployment_stream', async () => {
      const id = await started();
      const stream = await follow(client, id);
      await client.command('deployment', 'stop_deployment_stream', { stream });
      assert.equal(deployments.followed.length, 0);
      const again = await client.command('deployment', 'stop_deployment_stream', { stream });
      assert.equal(again.error?.code, 'noSuchStream');
    });
  });

  it('writes no secret of a spec down', async () => {
    const spec = {
      app: 'web',
      source: { kind: 'git', repository: `https://me:${SECRET}@git.example/web.git` },
      build: { args: { TOKEN: SECRET }, secretArgs: ['TOKEN'] },
      run: { environment: { PASSWORD: SECRET } },
    };
    assert.equal((await start(client, { spec })).status, 'done');
    deployments.nextError = new EngineError('conflict', 'Not now.');
    assert.equal((await start(client, { spec })).status, 'failed');
    await start(await guest({ role: 'viewer' }), { spec });
    await fixture.agent.stop();
    const { path } = fixture.agent.state;
    const names = readdirSync(path, { recursive: true, withFileTypes: true });
    const texts = names
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    assert.ok(texts.length > 4);
    for (const text of [...texts, ...log]) assert.ok(!text.includes(SECRET), text.slice(0, 200));
    assert.ok(texts.some((text) => text.includes('"action":"deploy"')));
    await fixture.agent.start();
  });
});

function idsOf(list: unknown): readonly string[] {
  return (list as { id: string }[]).map(({ id }) => id);
}
