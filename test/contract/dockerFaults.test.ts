import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { EngineErrorCode } from '../../src/engine/engine';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';

interface LogEntry {
  readonly level: string;
  readonly message: string;
}

function makeEngine(dockerHost: string): { engine: DockerEngine; entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const log = (level: string, message: string): void => void entries.push({ level, message });
  return {
    engine: new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log }),
    entries,
  };
}

/** Connects to something that can't work, and gives the code it fails with. */
async function failure(dockerHost: string): Promise<EngineErrorCode> {
  const { engine } = makeEngine(dockerHost);
  try {
    engine.connect();
    await eventually('it fails', () => engine.connection.kind === 'waiting');
    assert.ok(engine.connection.kind === 'waiting');
    assert.equal(engine.containers, undefined);
    return engine.connection.failure.code;
  } finally {
    engine.dispose();
  }
}

describe('DockerEngine and what can be wrong', function () {
  this.timeout(60_000);
  checkForLeaks();

  describe('at the address', () => {
    let folder = '';
    let server: Server | undefined;
    beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-faults-'))));
    afterEach(async () => {
      server?.close();
      server = undefined;
      await rm(folder, { recursive: true });
    });

    async function listen(onConnection: (socket: Socket) => void): Promise<string> {
      const socketPath = path.join(folder, 'engine.sock');
      server = createServer(onConnection);
      await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
      return `unix://${socketPath}`;
    }

    it('nothing is there', async () => {
      assert.equal(await failure(`unix://${folder}/missing.sock`), 'engineNotFound');
    });

    it('a file is there that is no socket', async () => {
      await writeFile(path.join(folder, 'file'), 'no socket');
      assert.equal(await failure(`unix://${folder}/file`), 'badEndpoint');
    });

    it('somebody accepts and never answers', async () => {
      const sockets = new Set<Socket>();
      const address = await listen((socket) => sockets.add(socket));
      assert.equal(await failure(address), 'timeout');
      sockets.forEach((socket) => socket.destroy());
    });

    it('somebody else answers', async () => {
      const answer = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>';
      assert.equal(await failure(await listen((socket) => socket.end(answer))), 'badResponse');
      server?.close();
      await rm(path.join(folder, 'engine.sock'), { force: true });
      assert.equal(
        await failure(await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))),
        'badResponse',
      );
    });
  });

  describe('at the engine', () => {
    let fake: FakeEngine;
    let engine: DockerEngine;
    let entries: LogEntry[];
    beforeEach(async () => {
      fake = await new FakeEngine({ personality: '29' }).listen();
      ({ engine, entries } = makeEngine(fake.dockerHost));
    });
    afterEach(async () => {
      engine.dispose();
      await fake.dispose();
    });

    const isReady = (): boolean => engine.connection.kind === 'ready';
    async function connect(): Promise<void> {
      engine.connect();
      await eventually('connected', isReady);
    }

    it('a malformed list keeps what was known, and passes', async () => {
      const { id } = fake.run({ name: 'known' });
      await connect();
      fake.malformedList = true;
      fake.pause(id);
      await eventually('the loss', () => engine.connection.kind === 'waiting');
      assert.ok(engine.connection.kind === 'waiting' && engine.connection.failure.code === 'badResponse');
      assert.equal(engine.containers?.get(id)?.name, 'known');
      fake.malformedList = false;
      await eventually('connected again', isReady);
      assert.equal(engine.containers.get(id)?.state, 'paused');
    });

    it('a malformed event costs one more list and nothing else', async () => {
      const { id } = fake.run({ name: 'known' });
      await connect();
      fake.unknownState(id, 'hibernating');
      fake.malformedEventLine();
      await eventually('the new list', () => engine.containers?.get(id)?.state === 'hibernating');
      assert.ok(isReady());
      assert.equal(entries.filter(({ level }) => level === 'warn').length, 1);
    });

    it('an engine that hangs in the middle: commands fail in time, the view stays', async () => {
      const { id } = fake.run({ name: 'known' });
      await connect();
      fake.hang();
      const stop = assert.rejects(engine.inspect(id), { name: 'EngineError' });
      assert.equal(engine.containers?.get(id)?.state, 'running');
      fake.dropConnections();
      await stop;
      fake.unhang();
      engine.retryNow();
      await eventually('connected again', isReady);
    });

    it('answers that break off at any byte lead back to a complete view', async () => {
      for (let index = 0; index < 20; index++) fake.run({ name: `c${index}` });
      for (const byteCount of [50, 300, 2_000, 10_000]) {
        fake.cutConnectionsAfterBytes(byteCount);
        engine.connect();
        engine.retryNow();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      fake.cutConnectionsAfterBytes(undefined);
      engine.retryNow();
      await eventually('connected', () => isReady() && engine.containers?.size === 20);
    });

    it('answers sliced into single bytes read the same', async () => {
      fake.sliceResponses('bytes');
      const { id } = fake.run({ name: 'sliced' });
      fake.writeLog(id, 'stdout', 'a line\nanother ä\n');
      await connect();
      assert.equal(engine.containers?.get(id)?.name, 'sliced');
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      await eventually('both lines', () => collector.texts.length === 2);
      assert.deepEqual(collector.texts, ['a line', 'another ä']);
      following.dispose();
    });

    it('a log cut again and again in the middle of lines comes whole, in order, once', async () => {
      const { id } = fake.run({ name: 'cut' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      let timestampNs = BigInt(Date.now() - 3_600_000) * 1_000_000n;
      for (let round = 0; round < 5; round++) {
        fake.cutConnectionsAfterBytes(3_000 + 777 * round);
        for (let line = 0; line < 100; line++) {
          // A tenth of a second apart, so that more than the overlap comes before each cut.
          timestampNs += 100_000_000n;
          fake.writeLog(id, 'stdout', `round ${round} line ${line}\n`, { timestampNs });
        }
        await eventually('progress', () => collector.texts.length > round * 100);
      }
      fake.cutConnectionsAfterBytes(undefined);
      await eventually(
        () => `500 lines, but ${collector.texts.length}`,
        () => collector.texts.length >= 500,
      );
      const expected = Array.from(
        { length: 500 },
        (_, index) => `round ${Math.floor(index / 100)} line ${index % 100}`,
      );
      assert.deepEqual(collector.texts, expected);
      following.dispose();
    });

    it('reports a gap when the log was rotated beyond the last line while the engine was away', async () => {
      const { id } = fake.run({ name: 'rotated' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      fake.writeLog(id, 'stdout', 'before\n');
      await eventually('before', () => collector.texts.length === 1);
      fake.stopListening();
      fake.writeLog(id, 'stdout', 'rotated away\n');
      fake.clearLog(id);
      fake.writeLog(id, 'stdout', 'after 1\nafter 2\n');
      await fake.listenAgain();
      engine.retryNow();
      await eventually('the rest', () => collector.texts.length === 3);
      assert.deepEqual(collector.texts, ['before', 'after 1', 'after 2']);
      const [from, to] = collector.collected.map(({ timestamp }) => timestamp);
      assert.deepEqual(collector.markers, [{ kind: 'reconnected' }, { kind: 'gap', from, to }]);
      fake.writeLog(id, 'stdout', 'live\n');
      await eventually('it goes on live', () => collector.texts[3] === 'live');
      following.dispose();
    });

    it('reports no gap when the engine was away and nothing was rotated', async () => {
      const { id } = fake.run({ name: 'kept' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      fake.writeLog(id, 'stdout', 'before\n');
      await eventually('before', () => collector.texts.length === 1);
      await fake.restartEngine();
      engine.retryNow();
      await fake.whenOpenStreams('logs', 1);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      fake.writeLog(id, 'stdout', 'after\n');
      await eventually('after', () => collector.texts.length === 2);
      assert.deepEqual(collector.markers, [{ kind: 'reconnected' }]);
      following.dispose();
    });

    it('a log that can not be read for a while is read on when it can', async () => {
      const { id } = fake.run({ name: 'troubled' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      fake.writeLog(id, 'stdout', 'one\n');
      await eventually('one', () => collector.texts.length === 1);
      fake.failRoute('logs', 'starting');
      fake.dropConnections();
      fake.writeLog(id, 'stdout', 'two\n');
      await fake.whenRequested('logs', 4);
      fake.failRoute('logs', undefined);
      await eventually('two', () => collector.texts.length === 2);
      assert.deepEqual([collector.texts, collector.hasEnded], [['one', 'two'], false]);
      following.dispose();
    });

    it('a log truncated to nothing costs a few requests, not a storm', async () => {
      const { id } = fake.run({ name: 'truncated' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 'all', follow: true }, collector);
      fake.writeLog(id, 'stdout', 'one\n');
      await eventually('one', () => collector.texts.length === 1);
      fake.clearLog(id);
      fake.die(id, 0);
      await eventually('the stop is told', () => collector.markerKinds.includes('stopped'));
      assert.ok(fake.count('logs') < 10, `${fake.count('logs')} requests`);
      fake.start(id);
      fake.writeLog(id, 'stdout', 'two\n');
      await eventually('two', () => collector.texts.length === 2);
      assert.deepEqual(collector.markerKinds, ['stopped', 'started', 'gap']);
      following.dispose();
    });

    it('begins with nothing when asked for the newest 0 lines, whatever happens then', async () => {
      const { id } = fake.run({ name: 'from-now' });
      for (let line = 0; line < 50; line++) fake.writeLog(id, 'stdout', `old ${line}\n`);
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 0, follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      fake.die(id, 0);
      fake.start(id);
      fake.writeLog(id, 'stdout', 'new\n');
      await eventually('new', () => collector.texts.length > 0);
      assert.deepEqual(collector.texts, ['new']);
      following.dispose();
    });

    it('shows what the engine itself writes into a log', async () => {
      const { id } = fake.run({ name: 'broken-log' });
      await connect();
      const collector = new LogCollector();
      const following = engine.followLog(id, { tail: 100, follow: true }, collector);
      await fake.whenOpenStreams('logs', 1);
      fake.writeSystemError(id, 'unexpected EOF');
      await eventually('the message', () => collector.markers.length > 0);
      assert.deepEqual(collector.markers, [
        { kind: 'engineMessage', text: 'Error grabbing logs: unexpected EOF' },
      ]);
      following.dispose();
    });

    it('lists once, and looks again only at what changed', async () => {
      fake.bulkRunning(500);
      await connect();
      assert.equal(fake.count('list'), 1);
      const [first] = fake.containers;
      assert.ok(first);
      fake.pause(first);
      await eventually('the change', () => engine.containers?.get(first.id)?.state === 'paused');
      assert.equal(fake.count('list'), 2);
      assert.match(fake.requests.at(-1)?.path ?? '', new RegExp(first.id));
    });

    it('turns a storm of events into a few requests', async () => {
      const containers = fake.bulkRunning(50);
      await connect();
      const before = fake.count('list');
      for (let round = 0; round < 40; round++) {
        for (const container of containers) {
          if (round % 2 === 0) fake.pause(container);
          else fake.unpause(container);
        }
      }
      const [last] = containers;
      assert.ok(last);
      fake.pause(last);
      await eventually('the last change', () => engine.containers?.get(last.id)?.state === 'paused');
      assert.ok(fake.count('list') - before <= 5, `${fake.count('list') - before} lists for 2,001 events`);
    });

    it('asks nothing while nothing happens', async () => {
      fake.bulkRunning(10);
      await connect();
      const before = fake.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      assert.equal(fake.requests.length, before);
    });
  });
});
