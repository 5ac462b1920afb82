import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ChunkJoiner } from '../../src/engine/docker/chunkJoiner';
import { joiningChunks } from '../../src/engine/docker/joinedChunks';
import { seededRandom, slices } from '../support/random';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const TIMEOUT_MS = 10_000;

interface Answer {
  readonly raw: Buffer;
  readonly body: Buffer;
}

function chunkOf(data: Buffer, extension = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`${data.length.toString(16)}${extension}\r\n`),
    data,
    Buffer.from('\r\n'),
  ]);
}

function randomBytes(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** In any form that the specification knows. */
function randomAnswer(random: () => number): Answer {
  if (random() < 0.2) {
    const body = randomBytes(Math.floor(random() * 300), random);
    return {
      raw: Buffer.concat([Buffer.from(`HTTP/1.1 404 No\r\ncontent-length: ${body.length}\r\n\r\n`), body]),
      body,
    };
  }
  const count = Math.floor(random() * 40);
  const datas = Array.from({ length: count }, () =>
    randomBytes(1 + Math.floor(random() ** 3 * 5_000), random),
  );
  const chunks = datas.map((data) => chunkOf(data, random() < 0.1 ? ' ;name="v"' : ''));
  const early = random() < 0.1 ? 'HTTP/1.1 100 Continue\r\n\r\n' : '';
  const trailer = random() < 0.2 ? 'X-Late: 1\r\nX-Later: 2\r\n' : '';
  const raw = Buffer.concat([Buffer.from(early + HEAD), ...chunks, Buffer.from(`0\r\n${trailer}\r\n`)]);
  return { raw, body: Buffer.concat(datas) };
}

describe('joined chunks', function () {
  this.timeout(60_000);
  let server: Server;
  let agent: http.Agent;
  /** What the connection of each request is told, piece by piece; then it ends, unless more requests come. */
  let pieces: readonly Uint8Array[];
  let isKept: boolean;

  beforeEach(async () => {
    isKept = false;
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => void answer(socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    agent = joiningChunks(new http.Agent({ keepAlive: true, maxSockets: 1 }));
  });
  afterEach(async () => {
    agent.destroy();
    server.close();
    await once(server, 'close');
  });

  async function answer(socket: Socket): Promise<void> {
    socket.setNoDelay();
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise(setImmediate);
    }
    if (!isKept) socket.end();
  }

  /** The body in the pieces in which it was handed on. */
  async function get(): Promise<Buffer[]> {
    const { port } = server.address() as AddressInfo;
    const request = http.get({ host: '127.0.0.1', port, agent, timeout: TIMEOUT_MS });
    let failure: unknown;
    request.on('error', (error) => (failure = error));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const parts: Buffer[] = [];
    try {
      for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    } catch (error) {
      throw failure ?? error;
    }
    return parts;
  }

  it('are the same bytes, however they arrive, answer after answer', async () => {
    isKept = true;
    const random = seededRandom(7);
    for (let round = 0; round < 120; round++) {
      const { raw, body } = randomAnswer(random);
      pieces = slices(raw, random() < 0.3 ? 7 : 4_000, random);
      assert.ok(Buffer.concat(await get()).equals(body), `answer ${round}`);
    }
  });

  it('are one piece when they arrive together', async () => {
    const lines = Array.from({ length: 500 }, (_, index) => Buffer.from(`line ${index}`));
    const joiner = new ChunkJoiner();
    assert.equal(joiner.push(Buffer.from(HEAD)).toString(), HEAD);
    const joined = joiner.push(Buffer.concat(lines.map((line) => chunkOf(line)))).toString();
    const text = lines.join('');
    assert.equal(joined, `${text.length.toString(16).padStart(8, '0')}\r\n${text}\r\n`);
    pieces = [
      Buffer.from(HEAD),
      Buffer.concat([...lines.map((line) => chunkOf(line)), Buffer.from('0\r\n\r\n')]),
    ];
    const parts = await get();
    assert.ok(parts.length < 5, `${parts.length} pieces`);
    assert.equal(Buffer.concat(parts).toString(), text);
  });

  it('hand on at once what there is of a chunk', () => {
    const joiner = new ChunkJoiner();
    joiner.push(Buffer.from(HEAD));
    assert.equal(joiner.push(Buffer.from('a\r\nhalf')).toString(), '00000004\r\nhalf\r\n');
    assert.equal(joiner.push(Buffer.from(' of it\r\n1')).toString(), '00000006\r\n of it\r\n');
    assert.equal(joiner.push(Buffer.from('\r\n!\r')).toString(), '00000001\r\n!\r\n');
  });

  it('fail as they would without: cut off, and with a size that is none', async () => {
    for (const cut of ['5\r\nha', '5', '123456789\r\n']) {
      pieces = [Buffer.from(`${HEAD}5\r\nwhole\r\n${cut}`)];
      await assert.rejects(get(), { code: 'ECONNRESET' }, cut);
    }
    for (const wrong of ['xyz\r\n', '5\r\nwholeXX', '\r\n']) {
      pieces = [Buffer.from(`${HEAD}5\r\nwhole\r\n${wrong}`)];
      await assert.rejects(get(), /Parse Error/, wrong);
    }
  });

  it('leave alone what is no chunked answer', async () => {
    pieces = [Buffer.from('HTTP/1.0 200 OK\r\n\r\n5\r\nwhole\r\n')];
    assert.equal(Buffer.concat(await get()).toString(), '5\r\nwhole\r\n');
    const joiner = new ChunkJoiner();
    for (const text of ['HTTP/1.1 101 Switching\r\n\r\n', '5\r\nwhole\r\n', 'x'.repeat(100_000)])
      assert.equal(joiner.push(Buffer.from(text)).toString(), text);
    const endless = 'x'.repeat(50_000);
    assert.equal(new ChunkJoiner().push(Buffer.from(endless)).toString(), endless);
  });
});
