import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { WebSocket } from 'ws';
import { AgentBundle, type AgentProcess } from '../support/agentProcess';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporaryFolder';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';
import { StrangerClient } from './strangerClient';
import { readLink, watchKeyOf, type StrangerLink } from './strangerKeys';

const COUNT_FOR_EVER = 'i=0; while true; do i=$((i+1)); echo "line $i"; usleep 2000; done';

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_value, index) => `line ${index + 1}`);
}

describe('agent: a client written from PROTOCOL.md alone, over TLS, with a real engine', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let dockerHost = '';
  let docker: Docker;
  let bundle: AgentBundle;
  let agent: AgentProcess;
  let link: StrangerLink;
  let port = 0;
  const containers: Docker.Container[] = [];
  const clients: StrangerClient[] = [];
  const sockets: WebSocket[] = [];

  before(async function () {
    bundle = await AgentBundle.make();
    const engine = testEngineOrSkip(this);
    dockerHost = engine.dockerHost;
    docker = new Docker({ socketPath: engine.socketPath });
  });
  after(() => bundle.remove());

  beforeEach(async () => {
    port = 0;
    const state = ['--state', folder.file('state')];
    await bundle.run(['init', '--address', '127.0.0.1', ...state]);
    await serve();
    const { stdout } = await bundle.run(['pair', '--role', 'operator', ...state]);
    link = readLink(stdout.trim());
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.cut();
    for (const socket of sockets.splice(0)) socket.terminate();
    await agent.kill();
    for (const container of containers.splice(0)) await container.remove({ force: true, v: true });
  });

  /** On the same port as before. */
  async function serve(): Promise<void> {
    const address = ['--host', '127.0.0.1', '--port', String(port), '--docker-host', dockerHost];
    agent = await bundle.serve(['--state', folder.file('state'), ...address]);
    port = agent.port;
  }

  async function run(script: string): Promise<{ id: string; name: string; container: Docker.Container }> {
    const name = `quaywatch-stranger-${randomUUID()}`;
    const container = await docker.createContainer({
      name,
      Image: busyboxImage,
      Cmd: ['sh', '-c', `trap "exit 0" TERM; ${script}`],
      Labels: { [testLabel]: '1' },
    });
    containers.push(container);
    await container.start();
    return { id: container.id, name, container };
  }

  async function until(client: StrangerClient, what: string, isTrue: () => boolean): Promise<void> {
    await eventually(what, () => isTrue() || client.failure !== undefined);
    if (client.failure) throw client.failure;
  }

  async function openTo(id: string): Promise<StrangerClient> {
    const client = new StrangerClient(link);
    clients.push(client);
    await client.connect();
    await until(client, 'the container is known', () => client.containers.has(id));
    return client;
  }

  async function cut(client: StrangerClient): Promise<void> {
    client.cut();
    await until(client, 'the connection is gone', () => client.closeCode !== undefined);
    assert.equal(client.closeCode, 1006);
  }

  it('tails a log through cuts without a line missing or doubled, and stops the container', async () => {
    const { id, name, container } = await run(COUNT_FOR_EVER);
    const client = await openTo(id);
    assert.equal(client.established?.role, 'operator');
    assert.equal(client.containers.get(id)?.name, name);
    const log = await client.tail(id, { tail: 'all', follow: true });
    for (const count of [50, 200, 350]) {
      await until(client, `${count} lines`, () => log.lines.length >= count);
      await cut(client);
      assert.equal((await client.connect()).resumed, true);
    }
    const answer = await client.perform('stop', id);
    assert.deepEqual(answer.statuses, ['accepted', 'done']);
    await until(client, 'the log says so', () => log.markers.includes('stopped'));
    await until(client, 'the list says so', () => client.containers.get(id)?.state === 'exited');
    assert.deepEqual(log.texts, numbered(log.lines.length));
    const written = await container.logs({ stdout: true, follow: false });
    assert.equal(log.lines.length, written.toString().match(/line /g)?.length);
    await containers.pop()?.remove();
    await until(client, 'it is gone from the list', () => !client.containers.has(id));
    client.close();
    await until(client, 'the session is closed', () => client.closeCode === 1000);
  });

  it('reads more than its credit at once, compressed, to the end', async () => {
    const { id } = await run('i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo "line $i"; done; sleep 600');
    const client = await openTo(id);
    const followed = await client.tail(id, { tail: 'all', follow: true, compression: 'deflate-raw' });
    await until(client, 'some lines', () => followed.lines.length > 5_000);
    await cut(client);
    assert.equal((await client.connect()).resumed, true);
    await until(client, 'all lines', () => followed.lines.length >= 100_000);
    assert.deepEqual(followed.texts, numbered(100_000));
    assert.ok(followed.compressedFrames > 0);
    const read = await client.tail(id, { tail: 3, follow: false });
    await until(client, 'the end', () => read.stopped !== undefined);
    assert.deepEqual(read.texts, ['line 99998', 'line 99999', 'line 100000']);
    assert.equal(read.stopped?.['error'], undefined);
  });

  it('hears on its next connection what came of a command', async () => {
    const { id, container } = await run('sleep 1; while true; do sleep 1; done');
    const client = await openTo(id);
    const stopping = client.perform('stop', id);
    await cut(client);
    await client.connect();
    assert.equal((await stopping).status, 'done');
    assert.equal((await container.inspect()).State.Running, false);
  });

  it('goes on by place when the agent was killed, also where a container ended within a line', async () => {
    const { id, container } = await run('echo one; sleep 1; echo two; printf partial');
    const client = await openTo(id);
    const log = await client.tail(id, { tail: 'all', follow: true });
    await until(client, 'the end', () => log.markers.includes('stopped'));
    assert.deepEqual(log.texts, ['one', 'two', 'partial']);
    await agent.end('SIGKILL');
    await until(client, 'the connection is gone', () => client.closeCode !== undefined);
    await serve();
    assert.equal((await client.connect()).resumed, false);
    const again = await client.tail(id, { tail: 'all', follow: true }, log);
    await container.start();
    await until(client, 'the second run', () => again.lines.length >= 6);
    assert.deepEqual(again.texts, ['one', 'two', 'partial', 'one', 'two', 'partial']);
  });

  it('is told by code what it may not do', async () => {
    const { id } = await run('sleep 600');
    const client = await openTo(id);
    const removal = { command: { kind: 'remove', id, force: true, volumes: false } };
    const codes = [
      (await client.command('container', 'perform', removal, true)).error?.code,
      (await client.command('container', 'perform', { command: { kind: 'stop', id } })).error?.code,
      (await client.command('container', 'inspect', { container_id: 'f'.repeat(64) })).error?.code,
      (await client.command('container', 'inspect', { container_id: 5 })).error?.code,
      (await client.command('container', 'paint', {})).error?.code,
    ];
    assert.deepEqual(codes, ['forbidden', 'badSignature', 'noSuchContainer', 'badRequest', 'unknownAction']);
    assert.equal((await client.command('system', 'ping', {})).status, 'done');
  });

  it('sends nothing to an agent with another certificate', async () => {
    const client = new StrangerClient({ ...link, key: 'A'.repeat(43) });
    await assert.rejects(client.connect(), /Another certificate/);
  });

  for (const [what, headers] of [
    ['a header', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['a cookie', (key: string) => ({ cookie: `theme=dark; quaywatch=${key}` })],
  ] as const) {
    it(`watches a log at the plain endpoint with the watch key in ${what}`, async () => {
      const { id, name, container } = await run(
        'for i in $(seq 150); do echo "line $i"; done; while true; do sleep 1; done',
      );
      const client = await openTo(id);
      const log = await client.tail(id, { tail: 'all', follow: true });
      await until(client, 'all is written', () => log.lines.length === 150);
      const messages: { type: string; timestamp: string; data: Record<string, string> }[] = [];
      const url = `wss://${link.authority}/ws/container/logs?appId=${id.slice(0, 12)}`;
      const socket = new WebSocket(url, { rejectUnauthorized: false, headers: headers(watchKeyOf(link)) });
      sockets.push(socket);
      let closeCode = 0;
      socket.on('message', (text: Buffer) => messages.push(JSON.parse(text.toString()) as never));
      socket.once('close', (code) => (closeCode = code));
      await eventually('the newest lines are there', () => messages.length === 101);
      await container.stop();
      await eventually('it is closed', () => closeCode !== 0);
      assert.equal(closeCode, 1000);
      const [status, ...rest] = messages;
      assert.equal(status?.type, 'status');
      assert.equal(status.data['container'], name);
      assert.equal(status.data['state'], 'running');
      const lines = rest.slice(0, -1);
      assert.deepEqual(
        lines.map(({ type, data }) => [type, data['line']]),
        numbered(150)
          .slice(50)
          .map((line) => ['log', line]),
      );
      assert.ok(lines.every(({ timestamp }) => /^\d{4}-\d\d-\d\dT.*Z$/.test(timestamp)));
      assert.equal(rest.at(-1)?.type, 'end');
    });
  }
});
