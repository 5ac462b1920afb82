import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { connect, createServer, Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { deferred, type Deferred } from '../../src/base/async';
import { systemClock } from '../../src/base/clock';
import { EngineError } from '../../src/engine/engine';
import { thisMachine } from '../../src/engine/docker/machine';
import { StatsExchange } from '../../src/engine/docker/statsExchange';
import { statsPlace } from '../../src/engine/docker/statsPlace';
import type { ContainerId } from '../../src/model/container';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';

const INTERVAL_MS = 20;
const WEB = 'web' as ContainerId;

/** Counts who reads, and sends a growing number to each, a line every {@link INTERVAL_MS}. */
class CountingEngine {
  readonly opened: { readonly id: ContainerId; readonly stream: PassThrough }[] = [];
  refusal: Error | undefined;
  held: Deferred<undefined> | undefined;
  requests = 0;
  padding = '';
  private serial = 0;

  readonly openStats = async (id: ContainerId, signal: AbortSignal): Promise<Readable> => {
    this.requests++;
    // As a request to an engine, which its signal gives up.
    if (this.held) await Promise.race([this.held.promise, once(signal, 'abort')]);
    signal.throwIfAborted();
    if (this.refusal) throw this.refusal;
    const stream = new PassThrough();
    this.opened.push({ id, stream });
    const timer = setInterval(() => stream.write(this.line()), INTERVAL_MS);
    stream.on('close', () => clearInterval(timer));
    signal.addEventListener('abort', () => stream.destroy());
    return Promise.resolve(stream);
  };

  get open(): number {
    return this.opened.filter(({ stream }) => !stream.destroyed).length;
  }

  private line(): string {
    return `${JSON.stringify({ serial: this.serial++, padding: this.padding })}\n`;
  }
}

interface Reader {
  readonly serials: number[];
  hasEnded: boolean;
  stop(): void;
}

describe('statistics shared by processes', function () {
  this.timeout(30_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('over a socket', () => exchangeSuite());
});

function exchangeSuite(): void {
  let folder: string;
  let place: string;
  let engine: CountingEngine;
  let windows: StatsExchange[];
  let readers: Reader[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quaywatch-exchange-'));
    place = join(folder, 'stats.sock');
    engine = new CountingEngine();
    windows = [];
    readers = [];
  });
  afterEach(async () => {
    for (const reader of readers) reader.stop();
    for (const window of windows) window.dispose();
    await eventually('nobody reads', () => engine.open === 0);
    await rm(folder, { recursive: true });
  });

  /** Every window has a connection of its own to the same engine. */
  function openWindow(): StatsExchange {
    const window = new StatsExchange(place, engine.openStats, systemClock);
    windows.push(window);
    return window;
  }

  async function read(window: StatsExchange, id = WEB): Promise<Reader> {
    const abort = new AbortController();
    const stream = await window.openStats(id, abort.signal);
    const reader: Reader = { serials: [], hasEnded: false, stop: () => abort.abort() };
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) reader.serials.push((JSON.parse(line) as { serial: number }).serial);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => (reader.hasEnded = true));
    readers.push(reader);
    return reader;
  }

  const count = (reader: Reader, atLeast: number): Promise<void> =>
    eventually(`${atLeast} samples`, () => reader.serials.length >= atLeast);

  it('are one stream for each container, however many read', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `container-${index}`);
    const all = await Promise.all(
      [openWindow(), openWindow(), openWindow()].flatMap((window) => ids.map((id) => read(window, id))),
    );
    for (const reader of all) await count(reader, 3);
    assert.equal(engine.opened.length, ids.length);
    assert.equal(new Set(engine.opened.map(({ id }) => id)).size, ids.length);
  });

  it('are the same for all, without a hole or a sample twice', async () => {
    const own = await read(openWindow());
    const other = await read(openWindow());
    await count(other, 20);
    for (const { serials } of [own, other])
      assert.deepEqual(
        serials,
        serials.map((_, index) => (serials[0] ?? 0) + index),
      );
  });

  it('end at the engine with the last reader, and leave nothing', async () => {
    const own = await read(openWindow());
    const other = await read(openWindow());
    await count(other, 1);
    own.stop();
    await count(other, other.serials.length + 5);
    assert.equal(engine.opened.length, 1);
    other.stop();
    await eventually('the stream is closed', () => engine.open === 0);
    await eventually('the socket is gone', async () => (await readdir(folder)).length === 0);
  });

  it('are read by another when the one that read has gone', async () => {
    const [first, second, third] = [openWindow(), openWindow(), openWindow()];
    await read(first);
    const orphans = [await read(second), await read(third)];
    for (const orphan of orphans) await count(orphan, 1);
    first.dispose();
    await eventually('they are told', () => orphans.every(({ hasEnded }) => hasEnded));
    const again = await Promise.all([read(second), read(third)]);
    for (const reader of again) await count(reader, 3);
    assert.equal(engine.open, 1);
    assert.equal(engine.opened.length, 2);
  });

  it('are read over a socket that a killed process left, once even when many find it', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(place)}, () => console.log('up'))`;
    const killed = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'close');
    assert.deepEqual(await readdir(folder), ['stats.sock']);
    const many = Array.from({ length: 10 }, openWindow);
    const reading = await Promise.all(many.map((window) => read(window)));
    for (const reader of reading) await count(reader, 1);
    // Two that take the place at once find out within seconds: whoever lost it ends, and its readers ask again.
    await eventually('there is one stream', async () => {
      for (const [index, window] of many.entries())
        if (reading[index]?.hasEnded) reading[index] = await read(window);
      return engine.open === 1 && reading.every(({ hasEnded }) => !hasEnded);
    });
  });

  it('stay with whoever has the socket now when the one that lost it leaves', async () => {
    const first = openWindow();
    await count(await read(first), 1);
    await rm(place);
    const second = openWindow();
    const kept = await read(second);
    await count(kept, 1);
    const { ino } = await stat(place);
    first.dispose();
    assert.equal((await stat(place)).ino, ino);
    await count(await read(openWindow()), 3);
    assert.deepEqual([engine.open, kept.hasEnded], [1, false]);
    assert.deepEqual(await readdir(folder), ['stats.sock']);
  });

  it('are asked for anew where the place is lost while they are being opened', async () => {
    const first = openWindow();
    await count(await read(first), 1);
    const held = deferred<undefined>();
    engine.held = held;
    const opening = read(first, 'other');
    await eventually('the engine is asked', () => engine.requests === 2);
    engine.held = undefined;
    await rm(place);
    await count(await opening, 1);
    held.resolve(undefined);
  });

  it('are read by oneself where something else is at the place', async () => {
    await mkdir(place);
    await count(await read(openWindow()), 3);
    assert.deepEqual(await readdir(folder), ['stats.sock']);
  });

  it('end with the window that reads them of another', async () => {
    await read(openWindow());
    const other = openWindow();
    const reader = await read(other);
    await count(reader, 1);
    other.dispose();
    await eventually('it is told', () => reader.hasEnded);
    assert.equal(engine.open, 1);
  });

  it('are given up with the window that asks another for them', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(place);
    await once(mute, 'listening');
    try {
      const other = openWindow();
      const opening = other.openStats(WEB, new AbortController().signal);
      await eventually('it is asked', () => sockets.length === 1);
      other.dispose();
      await assert.rejects(opening, { name: 'EngineError', code: 'connectionLost' });
    } finally {
      for (const socket of sockets) socket.destroy();
      mute.close();
    }
    assert.equal(engine.requests, 0);
  });

  it('are those of the container, whatever is in its id', async () => {
    await read(openWindow());
    await count(await read(openWindow(), 'one\ntwo'), 1);
    assert.deepEqual(
      engine.opened.map(({ id }) => id),
      [WEB, 'one\ntwo'],
    );
  });

  it('keep no connection that asks for nothing', async () => {
    const reader = await read(openWindow());
    const mute = connect(place).on('error', () => undefined);
    await once(mute, 'close');
    await count(reader, reader.serials.length + 1);
  });

  it('outlive connections that can not be accepted', async () => {
    const servers: Server[] = [];
    const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server;
    Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
      servers.push(this);
      return Reflect.apply(listen, this, args);
    };
    try {
      const reader = await read(openWindow());
      for (const server of servers)
        for (let time = 0; time < 3; time++) server.emit('error', new Error('EMFILE'));
      await count(reader, 3);
    } finally {
      Server.prototype.listen = listen;
    }
  });

  it('are left to whoever has the socket now', async () => {
    const first = openWindow();
    const lost = await read(first);
    await count(lost, 1);
    await rm(place);
    const second = openWindow();
    await count(await read(second), 1);
    await eventually('the first has noticed', () => lost.hasEnded);
    await count(await read(first), 3);
    assert.equal(engine.open, 1);
  });

  it('are read by oneself when whoever listens says nothing', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(place);
    await once(mute, 'listening');
    try {
      await count(await read(openWindow()), 3);
    } finally {
      for (const socket of sockets) socket.destroy();
      mute.close();
    }
  });

  it('are read by oneself when whoever listens says what makes no sense', async () => {
    let answer = '';
    const liar = createServer((socket) => socket.on('error', () => undefined).end(`${answer}\n`));
    liar.listen(place);
    await once(liar, 'listening');
    try {
      for (answer of ['{"isOpen":', 'null', '7', '{}', '{"isOpen":false}', '{"isOpen":1,"code":"timeout"}'])
        await count(await read(openWindow()), 3);
    } finally {
      liar.close();
    }
  });

  it('are read by oneself where no socket can be made', async () => {
    place = join(folder, 'no', 'such', 'folder.sock');
    await count(await read(openWindow()), 3);
    place = join(folder, 'x'.repeat(150));
    await count(await read(openWindow()), 3);
    assert.equal(engine.opened.length, 2);
  });

  it('tell every process what the engine refused', async () => {
    const keeper = await read(openWindow(), 'other');
    engine.refusal = new EngineError('noSuchContainer', 'There is no such container.');
    for (const window of windows.concat(openWindow()))
      await assert.rejects(read(window), {
        name: 'EngineError',
        code: 'noSuchContainer',
        message: 'There is no such container.',
      });
    engine.refusal = undefined;
    await count(keeper, keeper.serials.length + 3);
  });

  it('are given up while they are being opened', async () => {
    const abort = new AbortController();
    const opening = openWindow().openStats(WEB, abort.signal);
    abort.abort();
    await assert.rejects(opening);
    await eventually('the socket is gone', async () => (await readdir(folder)).length === 0);
    assert.equal(engine.open, 0);
  });

  it('hold nobody up when one reader is slow, who misses whole samples', async () => {
    engine.padding = 'x'.repeat(8_000);
    const own = await read(openWindow());
    const slow = await openWindow().openStats(WEB, AbortSignal.timeout(20_000));
    slow.on('error', () => undefined);
    slow.pause();
    await count(own, 150);
    let text = '';
    slow.on('data', (chunk: Buffer) => (text += chunk.toString()));
    slow.resume();
    await count(own, 200);
    const lines = text.split('\n').slice(0, -1);
    const serials = lines.map((line) => (JSON.parse(line) as { serial: number }).serial);
    assert.ok(serials.length >= 20 && serials.length < 190, `${serials.length} samples`);
    assert.ok(serials.every((serial, index) => index === 0 || serial > (serials[index - 1] ?? 0)));
    assert.deepEqual(
      own.serials,
      own.serials.map((_, index) => index),
    );
    slow.destroy();
  });

  describe('meet', () => {
    const machine = (): ReturnType<typeof thisMachine> => ({
      ...thisMachine(),
      environment: { XDG_RUNTIME_DIR: folder },
    });
    const inside = (): string => join(folder, `quaywatch-${process.getuid?.()}`);

    it('in a folder of the user alone, at another place for each engine', async () => {
      const one = await statsPlace('unix:///a.sock', machine());
      const other = await statsPlace('unix:///b.sock', machine());
      assert.ok(one?.startsWith(inside()) && other?.startsWith(inside()));
      assert.notEqual(one, other);
      assert.equal(await statsPlace('unix:///a.sock', machine()), one);
    });

    it('nowhere that others can get at, or that is not what it seems', async () => {
      await mkdir(inside());
      await chmod(inside(), 0o755);
      assert.equal(await statsPlace('unix:///a.sock', machine()), undefined);
      await rm(inside(), { recursive: true });
      await mkdir(join(folder, 'elsewhere'), { mode: 0o700 });
      await symlink('elsewhere', inside());
      assert.equal(await statsPlace('unix:///a.sock', machine()), undefined);
      assert.equal(await statsPlace('unix:///a.sock', { ...machine(), platform: 'win32' }), undefined);
    });
  });
}
