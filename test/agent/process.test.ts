import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { AgentBundle, type AgentProcess } from '../support/agentProcess';
import { temporaryFolder } from '../support/temporaryFolder';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';
import { RawClient, type RawTarget } from './rawClient';

const PAIRING = /^quaywatch:\/\/127\.0\.0\.1:7443\/#token=([^&]+)&key=([^&]+)/;

describe('agent: as a process of its own, as it is shipped', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let bundle: AgentBundle;
  let agent: AgentProcess | undefined;
  let engine: FakeEngine;
  let secrets: Omit<RawTarget, 'url'>;
  let port = 0;
  const clients: RawClient[] = [];

  before(async () => (bundle = await AgentBundle.make()));
  after(() => bundle.remove());
  beforeEach(async () => {
    engine = await new FakeEngine({ personality: '29' }).listen();
    port = 0;
    const { stdout } = await bundle.run(['init', '--state', folder.file('state'), '--address', '127.0.0.1']);
    const [, token = '', key = ''] = PAIRING.exec(stdout) ?? [];
    secrets = { token, key };
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.cut();
    await agent?.kill();
    agent = undefined;
    await engine.dispose();
  });

  /** On the same port as before. */
  async function serve(dockerHost = engine.dockerHost): Promise<AgentProcess> {
    const address = ['--host', '127.0.0.1', '--port', String(port), '--docker-host', dockerHost];
    agent = await bundle.serve(['--state', folder.file('state'), ...address]);
    port = agent.port;
    return agent;
  }

  async function open(resume?: object): Promise<RawClient> {
    const client = await RawClient.open({ url: `wss://127.0.0.1:${port}`, ...secrets }, resume);
    clients.push(client);
    await client.containersKnown();
    return client;
  }

  it('ends in order: clients are told to come again', async () => {
    const serving = await serve();
    const client = await open();
    const ended = serving.end('SIGTERM');
    assert.equal(await client.closed(), 1001);
    assert.equal(await ended, 0);
  });

  it('lets a client resume by place after it was killed, with no line lost or doubled', async () => {
    engine.run({ name: 'web' });
    engine.writeLines('web', 1_000);
    const serving = await serve();
    const client = await open();
    const stream = await client.startLog(client.idOf('web'));
    await client.until('1,000 lines', () => client.lines(stream).length === 1_000);
    const notes = client.updates(stream).flatMap((update) => update.notes);
    const resumeAt = notes.findLast(({ place }) => place !== undefined)?.place;
    await serving.end('SIGKILL');
    engine.writeLog('web', 'stdout', 'meanwhile\n');
    await serve();
    const again = await open(client.resumption());
    assert.equal(again.established.data['resumed'], false);
    const continued = await again.startLog(again.idOf('web'), { resumeAt });
    engine.writeLog('web', 'stdout', 'after\n');
    await again.until('two lines', () => again.lines(continued).length === 2);
    assert.deepEqual(again.lines(continued), ['meanwhile', 'after']);
  });

  it('does not run a command again that it was killed during, and reports what came of it', async () => {
    const { id } = engine.run({ name: 'web' });
    const serving = await serve();
    const client = await open();
    const commandId = randomUUID();
    engine.hang();
    client.sendSigned('container', 'perform', { command: { kind: 'stop', id } }, commandId);
    await engine.whenRequested('stop');
    await serving.end('SIGKILL');
    engine.unhang();
    engine.stop('web');
    await serve();
    const again = await open();
    const response = await again.perform({ kind: 'stop', id }, commandId);
    assert.equal(response.status, 'unknown');
    assert.equal(response.data['reconciled'], 'done');
    assert.equal(engine.count('stop'), 1);
  });

  it('asks the engine nothing while nobody is there, and connects when somebody comes', async () => {
    await serve();
    assert.equal(engine.requests.length, 0);
    engine.run({ name: 'web' });
    const client = await open();
    assert.equal(client.containers.size, 1);
  });

  it('asks the engine nothing after everybody has left, whatever happens there', async function () {
    // Less than anything that would wait for somebody to come back.
    this.timeout(20_000);
    await serve();
    engine.run({ name: 'web' });
    const client = await open();
    await client.startLog(client.idOf('web'));
    await engine.whenOpenStreams('logs', 1);
    client.close(1000);
    await engine.whenOpenStreams('events', 0);
    await engine.whenOpenStreams('logs', 0);
    engine.resetCounts();
    for (let round = 0; round < 10; round++) engine.restart('web');
    // Whatever an event would make it ask comes before its answer to another process.
    const { code } = await bundle.run(['status', '--state', folder.file('state')]);
    assert.equal(code, 0);
    assert.deepEqual([engine.count('list'), engine.count('inspect'), engine.count('stats')], [0, 0, 0]);
  });

  describe('before a real engine', () => {
    let docker: Docker;
    let container: Docker.Container | undefined;

    afterEach(() => container?.remove({ force: true, v: true }));

    it('tails the log of a container and stops it', async function () {
      const real = testEngineOrSkip(this);
      docker = new Docker({ socketPath: real.socketPath });
      container = await docker.createContainer({
        name: `quaywatch-agent-${randomUUID()}`,
        Image: busyboxImage,
        Cmd: ['sh', '-c', 'for i in $(seq 1 500); do echo line $i; done; sleep 600'],
        Labels: { [testLabel]: '1' },
        StopTimeout: 0,
      });
      await container.start();
      await serve(real.dockerHost);
      const client = await open();
      const stream = await client.startLog(container.id);
      await client.until('500 lines', () => client.lines(stream).length === 500);
      assert.deepEqual(
        client.lines(stream),
        Array.from({ length: 500 }, (_value, index) => `line ${index + 1}`),
      );
      const { status } = await client.perform({ kind: 'stop', id: container.id });
      assert.equal(status, 'done');
      const { State: state } = await container.inspect();
      assert.equal(state.Running, false);
      await client.until('it is seen to have stopped', () => {
        return client.containers.get(container?.id ?? '')?.['state'] === 'exited';
      });
    });
  });
});
