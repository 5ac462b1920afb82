import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultProxy } from '../rig/proxy/faultProxy';
import { pieces } from '../rig/proxy/shape';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { seededRandom } from '../support/random';

for (const transport of ['unix', 'tcp'] as const) {
  describe(`FaultProxy over ${transport}`, () => {
    checkForLeaks();
    let folder: string;
    let server: Server;
    let proxy: FaultProxy;
    let client: Socket;
    /** The engine's ends of the connections, in order. */
    let engineEnds: Socket[];
    let received: Buffer[];
    let clientIsGone: boolean;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'quaywatch-proxy-test-'));
      engineEnds = [];
      server = createServer((socket) => {
        socket.on('error', () => undefined);
        engineEnds.push(socket.resume());
      });
      const engineSocketPath = join(folder, 'engine.sock');
      await new Promise<void>((resolve) => server.listen(engineSocketPath, resolve));
      proxy = await FaultProxy.open({ engineSocketPath, transport, random: seededRandom(1) });
      await open();
    });

    afterEach(async () => {
      client.destroy();
      await proxy.dispose();
      engineEnds.forEach((socket) => socket.destroy());
      server.close();
      await rm(folder, { recursive: true });
    });

    /** Connects through the proxy and waits until the engine has the connection too. */
    async function open(): Promise<void> {
      const known = engineEnds.length;
      const url = new URL(proxy.dockerHost);
      client = transport === 'unix' ? connect(url.pathname) : connect(Number(url.port), url.hostname);
      received = [];
      clientIsGone = false;
      const into = received;
      client.on('data', (chunk) => into.push(chunk));
      client.on('error', () => undefined);
      client.once('close', () => (clientIsGone = true));
      await once(client, 'connect');
      client.write('GET /v1.41/events HTTP/1.1\r\n\r\n');
      await eventually('the request', () => engineEnds.length > known && engineEnd().bytesRead > 0);
    }

    const engineEnd = (): Socket => engineEnds.at(-1) ?? assert.fail('no connection reached the engine');
    const connection = () => proxy.connections[0] ?? assert.fail('the proxy has no connection');
    const text = (): string => Buffer.concat(received).toString();

    it('passes everything on, in both directions, and names the request', async () => {
      assert.equal(connection().request, 'GET /v1.41/events');
      const long = 'x'.repeat(3_000_000);
      engineEnd().write(long);
      await eventually('all of it', () => text().length === long.length);
      assert.equal(text(), long);
      assert.equal(connection().passedBytes('down'), long.length);
    });

    it('passes a polite end on', async () => {
      engineEnd().end('the end');
      await once(client, 'end');
      assert.equal(text(), 'the end');
    });

    it('cuts after exactly so many bytes', async () => {
      connection().cutAfter('down', 5);
      engineEnd().write('0123456789');
      await eventually('the cut', () => clientIsGone);
      assert.equal(text(), '01234');
      await eventually('no connection', () => proxy.connections.length === 0);
    });

    it('cuts a request half-way', async () => {
      const known = engineEnd().bytesRead;
      connection().cutAfter('up', 3);
      client.write('POST /');
      await once(engineEnd(), 'close');
      assert.equal(engineEnd().bytesRead - known, 3);
    });

    it('cuts at once and tells so, but tells no other end', async () => {
      const cuts: string[] = [];
      const listener = proxy.onDidCut(({ request }) => cuts.push(request));
      proxy.cutAll();
      await eventually('the cut', () => clientIsGone);
      await open();
      client.destroy();
      await eventually('no connection', () => proxy.connections.length === 0);
      assert.deepEqual(cuts, ['GET /v1.41/events']);
      listener.dispose();
    });

    it('holds a connection open and passes nothing on', async () => {
      engineEnd().write('before');
      await eventually('what came before', () => text() === 'before');
      connection().hold();
      engineEnd().write('after');
      await open();
      engineEnd().write('on another connection');
      await eventually('the other connection', () => text() === 'on another connection');
      assert.equal(proxy.connections.length, 2);
      assert.equal(connection().passedBytes('down'), 'before'.length);
      connection().cut();
    });

    it('hands on single bytes, each by itself', async () => {
      connection().shape({ kind: 'sliced', longestBytes: 1 });
      engineEnd().write('0123456789');
      await eventually('all of it', () => text() === '0123456789');
      assert.ok(received.length > 1, 'everything came at once');
    });

    it('delays and slows down without losing anything', async () => {
      connection().shape({ kind: 'delayed', delayMs: 30 });
      const before = performance.now();
      engineEnd().write('late');
      await eventually('it', () => text() === 'late');
      assert.ok(performance.now() - before >= 25);
      connection().shape({ kind: 'slow', bytesPerSecond: 2_000 });
      engineEnd().write('x'.repeat(200));
      await eventually('the rest', () => text().length === 204);
      assert.ok(performance.now() - before >= 25 + 80);
    });

    it('refuses connections while told to', async () => {
      proxy.refuse(true);
      const url = new URL(proxy.dockerHost);
      const refused = transport === 'unix' ? connect(url.pathname) : connect(Number(url.port), url.hostname);
      refused.on('error', () => undefined);
      refused.resume();
      await new Promise((resolve) => refused.once('close', resolve));
      assert.equal(engineEnds.length, 1);
    });

    it('ends the client when the engine is not there', async () => {
      server.close();
      engineEnds.forEach((socket) => socket.destroy());
      await eventually('the end', () => clientIsGone);
      const url = new URL(proxy.dockerHost);
      const late = transport === 'unix' ? connect(url.pathname) : connect(Number(url.port), url.hostname);
      late.on('error', () => undefined);
      late.resume();
      await new Promise((resolve) => late.once('close', resolve));
    });
  });
}

describe('shapes of the fault proxy', () => {
  it('give every byte once and in order, from the same seed in the same pieces', () => {
    const chunk = Buffer.from('x'.repeat(500).replace(/x/g, () => 'abcdefg'));
    const cut = (seed: number): string[] =>
      [...pieces(chunk, { kind: 'sliced', longestBytes: 13 }, seededRandom(seed))].map(({ bytes }) =>
        bytes.toString(),
      );
    assert.equal(cut(1).join(''), chunk.toString());
    assert.ok(cut(1).every(({ length }) => length >= 1 && length <= 13));
    assert.deepEqual(cut(1), cut(1));
    assert.notDeepEqual(cut(1), cut(2));
  });
});
