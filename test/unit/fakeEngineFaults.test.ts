import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { RawClient } from '../doubles/fakeEngine/rawClient';

const FOLLOW = '/containers/web/logs?stdout=1&follow=1';
const PING = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

describe('FakeEngine: faults', () => {
  let engine: FakeEngine;
  let client: RawClient;

  beforeEach(async () => {
    engine = await new FakeEngine({ personality: '29' }).listen();
    client = new RawClient(engine.socketPath);
    engine.run({ name: 'web' });
  });

  afterEach(() => engine.dispose());

  async function isRefused(): Promise<boolean> {
    return client.get('/_ping').then(
      () => false,
      () => true,
    );
  }

  it('refuses connections while it does not listen, and remembers its containers', async () => {
    const stream = await client.follow(FOLLOW);
    engine.stopListening();
    await stream.ended;
    assert.equal(stream.wasCut, true);
    assert.equal(await isRefused(), true);
    assert.equal(existsSync(engine.socketPath), false);
    await engine.listenAgain();
    assert.equal((await client.get('/containers/web/json')).status, 200);
  });

  it('can stop listening and keep the connections it has', async () => {
    const stream = await client.follow(FOLLOW);
    engine.stopListening({ keepConnections: true });
    assert.equal(await isRefused(), true);
    engine.writeLog('web', 'stdout', 'still here\n');
    await stream.until(() => stream.frames().length === 1);
  });

  it('drops connections and takes new ones at once', async () => {
    const stream = await client.follow(FOLLOW);
    engine.dropConnections();
    await stream.ended;
    assert.equal(stream.wasCut, true);
    assert.equal((await client.get('/_ping')).status, 200);
    assert.equal(engine.openStreams('logs'), 0);
  });

  it('restarts with its containers running, or stopped without an event to tell', async () => {
    await engine.restartEngine();
    assert.equal(engine.container('web').state, 'running');
    await engine.restartEngine({ stopContainers: true });
    assert.equal(engine.container('web').state, 'exited');
    const nowNs = engine.core.clock.nowNs().toString();
    const until = `${nowNs.slice(0, -9)}.${nowNs.slice(-9)}`;
    const events = await client.get(`/events?since=1&until=${until}`);
    assert.equal(events.text, '');
  });

  it('hangs: takes requests and does nothing about them until it comes to', async () => {
    const stream = await client.follow(FOLLOW);
    engine.hang();
    let isAnswered = false;
    const stop = client.post('/containers/web/stop').then(({ status }) => {
      isAnswered = true;
      return status;
    });
    await engine.whenRequested('stop');
    engine.writeLog('web', 'stdout', 'unheard\n');
    assert.equal(engine.container('web').state, 'running');
    assert.deepEqual([isAnswered, stream.bytes().length], [false, 0]);
    engine.unhang();
    assert.equal(await stop, 204);
    await stream.ended;
    assert.deepEqual(
      stream.frames().map(({ text }) => text),
      ['unheard\n'],
    );
  });

  it('cuts every connection after exactly so many bytes', async () => {
    const whole = await client.exchange(PING);
    engine.cutConnectionsAfterBytes(50);
    const cut = await client.exchange(PING);
    assert.deepEqual(cut.bytes, whole.bytes.subarray(0, 50));
    engine.cutConnectionsAfterBytes(whole.bytes.length - 1);
    assert.equal((await client.exchange(PING)).bytes.length, whole.bytes.length - 1);
    engine.cutConnectionsAfterBytes(undefined);
    assert.equal((await client.exchange(PING)).bytes.length, whole.bytes.length);
  });

  it('cuts a connection that is already open, counting from now', async () => {
    const stream = await client.follow(FOLLOW);
    engine.writeLog('web', 'stdout', 'before\n');
    await stream.until(() => stream.frames().length === 1);
    engine.cutConnectionsAfterBytes(200);
    engine.writeLines('web', 100);
    await stream.ended;
    assert.equal(stream.wasCut, true);
    assert.ok(stream.frames().length < 4);
  });

  it('slices what it sends, and the bytes stay the same', async () => {
    engine.writeLines('web', 20);
    const request = PING.replace('/_ping', '/containers/web/logs?stdout=1');
    const whole = await client.exchange(request);
    const withoutDate = (bytes: Buffer): string => bytes.toString('latin1').replace(/Date: .*\r\n/, '');
    for (const slicing of ['bytes', 'random'] as const) {
      engine.sliceResponses(slicing, 3);
      const sliced = await client.exchange(request);
      assert.equal(withoutDate(sliced.bytes), withoutDate(whole.bytes));
      // The kernel may hand over two slices together.
      const mostPieces = slicing === 'bytes' ? whole.bytes.length : whole.bytes.length / 97;
      assert.ok(sliced.sizes.length > mostPieces / 2, `${slicing}: only ${sliced.sizes.length} pieces`);
    }
  });

  it('answers lists with broken JSON, and routes with an error, when told to', async () => {
    engine.malformedList = true;
    const broken = await client.get('/containers/json');
    assert.equal(broken.status, 200);
    assert.throws(() => JSON.parse(broken.text) as unknown, SyntaxError);
    engine.malformedList = false;
    assert.equal(((await client.json('/containers/json')) as unknown[]).length, 1);
    engine.failRoute('list', 'out of file handles');
    const failed = await client.get('/containers/json');
    assert.deepEqual([failed.status, failed.text], [500, '{"message":"out of file handles"}\n']);
    engine.failRoute('list', undefined);
    assert.equal((await client.get('/containers/json')).status, 200);
  });
});

describe('FakeEngine: command', () => {
  let directory: string;

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'quaywatch-fake-main-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`serves the demo and leaves nothing behind at ${signal}`, async function () {
      this.timeout(30_000);
      const socketPath = join(directory, 'engine.sock');
      const options = [
        '--socket',
        socketPath,
        '--personality',
        '20.10',
        '--demo',
        '--running',
        '2',
        '--stopped',
        '3',
      ];
      const command = ['--import', 'tsx', 'test/doubles/fakeEngine/main.ts', ...options];
      const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      try {
        const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
        assert.ok(line.endsWith(`DOCKER_HOST=unix://${socketPath}`), line);
        const client = new RawClient(socketPath);
        const list = (await client.json('/containers/json?all=1')) as { Names: string[]; State: string }[];
        const states = new Map(list.map(({ Names, State }) => [Names[0], State]));
        assert.equal(list.length, 15);
        assert.equal(states.get('/shop-web-1'), 'running');
        assert.equal(states.get('/frozen'), 'paused');
        assert.equal(states.get('/never-started'), 'created');
        assert.equal(states.get('/shop-migration'), 'exited');
        const logs = await client.follow('/containers/shop-web-1/logs?stdout=1&follow=1&tail=0');
        await logs.until(() => logs.frames().length > 0);
      } finally {
        child.kill(signal);
      }
      assert.deepEqual(await exited, [0, null]);
      assert.equal(existsSync(socketPath), false);
    });
  }
});
