import assert from 'node:assert/strict';
import type { ContainerEngine } from '../../src/engine/engine';
import { EngineError } from '../../src/engine/engine';
import { DisposableStore } from '../../src/base/lifecycle';
import type { Container, ContainerId } from '../../src/model/container';
import type { LogRequest } from '../../src/model/log';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';
import type { World } from './world';

/** A side of the port under test, and the world it looks at. */
export interface ContractSubject {
  readonly world: World;
  makeEngine(): ContainerEngine;
}

const FOLLOW: LogRequest = { tail: 100, follow: true };

/** What every engine promises, whichever side of the wire it is on. To be called inside `describe`. */
export function containerEngineContract(subject: () => ContractSubject): void {
  checkForLeaks();
  describe('the port', () => contract(subject));
}

function contract(subject: () => ContractSubject): void {
  let world: World;
  let engine: ContainerEngine;
  const store = new DisposableStore();

  beforeEach(() => {
    ({ world } = subject());
    engine = subject().makeEngine();
  });

  afterEach(async () => {
    store.clear();
    engine.dispose();
    await world.cleanUp();
  });

  async function connect(): Promise<void> {
    engine.connect();
    await eventually(
      () => `connected, but ${JSON.stringify(engine.connection)}`,
      () => engine.connection.kind === 'ready',
    );
  }

  function shown(id: ContainerId): Container | undefined {
    return engine.containers?.get(id);
  }

  async function becomes(
    id: ContainerId,
    what: string,
    condition: (container: Container) => boolean,
  ): Promise<void> {
    await eventually(
      () => `${what}, but ${JSON.stringify(shown(id))}`,
      () => {
        const container = shown(id);
        return container !== undefined && condition(container);
      },
    );
  }

  function follow(id: ContainerId, request: LogRequest = FOLLOW): LogCollector {
    const collector = new LogCollector();
    store.add(engine.followLog(id, request, collector));
    return collector;
  }

  const withCode = (code: string) => (error: unknown) => error instanceof EngineError && error.code === code;

  describe('connecting', () => {
    it('does nothing before it is asked to', () => {
      assert.equal(engine.connection.kind, 'idle');
      assert.equal(engine.containers, undefined);
    });

    it('says which engine it found, and in which API version they talk', async () => {
      await connect();
      const { connection } = engine;
      assert.ok(connection.kind === 'ready');
      assert.equal(connection.info.product, world.expected.product);
      assert.match(connection.info.version, world.expected.version);
      assert.equal(connection.info.apiVersion, world.expected.apiVersion);
      assert.equal(connection.info.operatingSystem, 'linux');
    });

    it('rejects commands while it is not connected', async () => {
      await assert.rejects(engine.inspect('any'), withCode('connectionLost'));
    });
  });

  describe('the live view', () => {
    it('lists what is there, with all that the tree shows', async () => {
      const labels = {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'com.docker.compose.container-number': '2',
      };
      const running = await world.run({ name: 'shop-web-2', labels });
      const exited = await world.run({ name: 'batch', exitCode: 3 });
      await connect();
      await becomes(exited, 'exited', ({ state }) => state === 'exited');
      const web = shown(running);
      assert.equal(web?.name, 'shop-web-2');
      assert.equal(web.state, 'running');
      assert.deepEqual(web.compose, { project: 'shop', service: 'web', replica: 2 });
      assert.match(web.image, /busybox/);
      assert.ok(Math.abs(web.createdAtMs - Date.now()) < 600_000);
      assert.ok(web.stateSinceMs !== undefined && Math.abs(web.stateSinceMs - Date.now()) < 600_000);
      assert.equal(shown(exited)?.exitCode, 3);
      assert.equal(shown(exited)?.compose, undefined);
    });

    it('follows what happens to containers from outside', async () => {
      await connect();
      const id = await world.create({ name: 'life' });
      await becomes(id, 'created', ({ state }) => state === 'created');
      await world.start(id);
      await becomes(id, 'running', ({ state }) => state === 'running');
      await world.pause(id);
      await becomes(id, 'paused', ({ state }) => state === 'paused');
      await world.unpause(id);
      await becomes(id, 'running again', ({ state }) => state === 'running');
      await world.rename(id, 'renamed');
      await becomes(id, 'renamed', ({ name }) => name === 'renamed');
      await world.die(id, 7);
      await becomes(id, 'exited with 7', ({ state, exitCode }) => state === 'exited' && exitCode === 7);
      await world.remove(id);
      await eventually('gone', () => shown(id) === undefined);
    });

    it('shows health as it changes', async () => {
      await connect();
      const id = await world.run({ name: 'sick', failingHealthCheck: true });
      await becomes(id, 'unhealthy', ({ health }) => health === 'unhealthy');
    });

    it('announces just what changed', async () => {
      const quiet = await world.run({ name: 'quiet' });
      await connect();
      // Once this change shows, nothing of how it came to be is announced any more.
      await world.pause(quiet);
      await becomes(quiet, 'paused', ({ state }) => state === 'paused');
      const changedIds = new Set<ContainerId>();
      store.add(
        engine.onDidChangeContainers((change) => {
          if (change.kind === 'updated') change.containers.forEach(({ id }) => changedIds.add(id));
        }),
      );
      const id = await world.run({ name: 'loud' });
      await becomes(id, 'running', ({ state }) => state === 'running');
      assert.ok(changedIds.has(id));
      assert.ok(!changedIds.has(quiet));
    });
  });

  describe('commands', () => {
    it('starts, pauses, unpauses, restarts, stops, kills, renames and removes', async () => {
      await connect();
      const id = await world.create({ name: 'obedient' });
      await becomes(id, 'listed', () => true);
      await engine.perform({ kind: 'start', id });
      await becomes(id, 'running', ({ state }) => state === 'running');
      await engine.perform({ kind: 'pause', id });
      await becomes(id, 'paused', ({ state }) => state === 'paused');
      await engine.perform({ kind: 'unpause', id });
      await becomes(id, 'running', ({ state }) => state === 'running');
      await engine.perform({ kind: 'restart', id });
      await becomes(id, 'running', ({ state }) => state === 'running');
      await engine.perform({ kind: 'rename', id, name: 'faithful' });
      await becomes(id, 'renamed', ({ name }) => name === 'faithful');
      await engine.perform({ kind: 'stop', id });
      await becomes(id, 'exited', ({ state }) => state === 'exited');
      await engine.perform({ kind: 'start', id });
      await engine.perform({ kind: 'kill', id, signal: 'SIGKILL' });
      await becomes(id, 'killed', ({ state, exitCode }) => state === 'exited' && exitCode === 137);
      await engine.perform({ kind: 'remove', id, force: false, volumes: true });
      await eventually('gone', () => shown(id) === undefined);
    });

    it('accepts what already is so', async () => {
      await connect();
      const id = await world.run({ name: 'already' });
      await engine.perform({ kind: 'start', id });
      await engine.perform({ kind: 'stop', id });
      await engine.perform({ kind: 'stop', id });
    });

    it('says by code what went wrong', async () => {
      await connect();
      const id = await world.run({ name: 'first' });
      await world.run({ name: 'second' });
      const unknown = 'f'.repeat(64);
      await assert.rejects(engine.perform({ kind: 'start', id: unknown }), withCode('noSuchContainer'));
      await assert.rejects(engine.inspect(unknown), withCode('noSuchContainer'));
      await assert.rejects(engine.perform({ kind: 'rename', id, name: 'second' }), withCode('conflict'));
      const remove = { kind: 'remove', id, force: false, volumes: false } as const;
      await assert.rejects(engine.perform(remove), withCode('conflict'));
      await engine.perform({ ...remove, force: true });
    });

    it('inspects', async () => {
      await connect();
      const id = await world.run({ name: 'open-book' });
      const description = (await engine.inspect(id)) as { Id: string; Name: string };
      assert.equal(description.Id, id);
      assert.match(description.Name, /^\/?open-book$/);
    });
  });

  describe('logs', () => {
    beforeEach(connect);

    it('gives the newest lines and goes on', async () => {
      const output = Array.from({ length: 20 }, (_, index) => ({
        stream: 'stdout' as const,
        text: `line ${index}\n`,
      }));
      const id = await world.run({ name: 'talker', output });
      await eventually('all 20 lines are there', await hasLines(id, 20));
      const log = follow(id, { tail: 5, follow: true });
      await eventually('the last lines', () => log.texts.length === 5);
      assert.deepEqual(log.texts, ['line 15', 'line 16', 'line 17', 'line 18', 'line 19']);
      await world.write(id, 'and on\n');
      await eventually('the next line', () => log.texts.length === 6);
      assert.equal(log.texts[5], 'and on');
      assert.match(log.collected[5]?.timestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+/);
      assert.deepEqual(log.markers, []);
    });

    /** Reads the log until it has so many lines: what a container writes needs a moment to arrive in it. */
    async function hasLines(id: ContainerId, count: number): Promise<() => boolean> {
      const all = follow(id, { tail: 'all', follow: true });
      await eventually(
        () => `${count} lines, but ${all.texts.length}`,
        () => all.texts.length >= count,
      );
      return () => all.texts.length === count;
    }

    it('keeps the two streams apart and each in order', async () => {
      const output = Array.from({ length: 50 }, (_, index) => ({
        stream: index % 2 === 0 ? ('stdout' as const) : ('stderr' as const),
        text: `${index}\n`,
      }));
      const id = await world.run({ name: 'both', output, exitCode: 0 });
      const log = follow(id, { tail: 'all', follow: true });
      await eventually(
        () => `50 lines, but ${log.texts.length}`,
        () => log.texts.length === 50,
      );
      const numbers = (from: number) => Array.from({ length: 25 }, (_, index) => String(from + 2 * index));
      assert.deepEqual(log.textsOf('stdout'), numbers(0));
      assert.deepEqual(log.textsOf('stderr'), numbers(1));
    });

    it('joins long lines, decodes UTF-8 and keeps bytes that are none visible', async () => {
      const id = await world.run({
        name: 'wide',
        output: [
          { stream: 'stdout', text: '0123456789', times: 100_000 },
          { stream: 'stdout', text: '\nä€🚢\n\nend' },
        ],
        exitCode: 0,
      });
      const log = follow(id, { tail: 'all', follow: true });
      await eventually(
        () => `4 lines, but ${log.texts.length}`,
        () => log.texts.length === 4,
      );
      assert.equal(log.texts[0], '0123456789'.repeat(100_000));
      assert.deepEqual(log.texts.slice(1), ['ä€🚢', '', 'end']);
    });

    it('reads a container with a terminal', async () => {
      const output = [
        { stream: 'stdout' as const, text: 'prompt\n' },
        { stream: 'stdout' as const, text: 'x', times: 40_000 },
        { stream: 'stdout' as const, text: '\nlast\n' },
      ];
      const id = await world.run({ name: 'terminal', tty: true, output });
      const log = follow(id);
      await eventually(
        () => `3 lines, but ${log.texts.length}`,
        () => log.texts.length === 3,
      );
      assert.deepEqual(log.texts, ['prompt', 'x'.repeat(40_000), 'last']);
      await world.write(id, 'more\n');
      await eventually('more', () => log.texts[3] === 'more');
    });

    it('waits at an empty log, and at the end of a stopped container', async () => {
      const empty = await world.run({ name: 'empty' });
      const stopped = await world.run({
        name: 'stopped',
        output: [{ stream: 'stdout', text: 'bye\n' }],
        exitCode: 4,
      });
      const emptyLog = follow(empty);
      const stoppedLog = follow(stopped);
      await eventually('the stop is told', () => stoppedLog.markers.length > 0);
      assert.deepEqual(stoppedLog.texts, ['bye']);
      assert.deepEqual(stoppedLog.markers, [{ kind: 'stopped', exitCode: 4, outOfMemory: false }]);
      assert.deepEqual([emptyLog.texts, emptyLog.markers, emptyLog.hasEnded], [[], [], false]);
      await world.write(empty, 'at last\n');
      await eventually('the first line', () => emptyLog.texts[0] === 'at last');
    });

    it('reads once to the end when it is not to follow', async () => {
      const id = await world.run({ name: 'once', output: [{ stream: 'stdout', text: 'a\nb\n' }] });
      await hasLines(id, 2);
      const log = follow(id, { tail: 'all', follow: false });
      await eventually('the end', () => log.hasEnded);
      assert.deepEqual([log.texts, log.markers, log.error], [['a', 'b'], [], undefined]);
    });

    it('goes on across restarts, each line once', async () => {
      const id = await world.run({ name: 'phoenix', output: [{ stream: 'stdout', text: 'born\n' }] });
      const log = follow(id);
      await eventually('born', () => log.texts.length === 1);
      await world.die(id, 9);
      await world.start(id);
      await eventually(
        () => `born again, but ${log.texts.join()}`,
        () => log.texts.length === 2,
      );
      await world.write(id, 'alive\n');
      await eventually('alive', () => log.texts.length === 3);
      assert.deepEqual(log.texts, ['born', 'born', 'alive']);
      assert.deepEqual(log.markers, [{ kind: 'restarted', exitCode: 9, outOfMemory: false }]);
    });

    it('ends when the container is removed', async () => {
      const id = await world.run({ name: 'doomed', output: [{ stream: 'stdout', text: 'last words\n' }] });
      const log = follow(id);
      await eventually('last words', () => log.texts.length === 1);
      await world.remove(id);
      await eventually('the end', () => log.hasEnded);
      assert.equal(log.error, undefined);
      assert.deepEqual(log.markerKinds, ['removed']);
    });

    it('says that a log can not be read, and why', async () => {
      const id = await world.run({ name: 'mute', logDriver: 'none' });
      const log = follow(id);
      await eventually('the end', () => log.hasEnded);
      assert.ok(withCode('notSupported')(log.error), String(log.error));
    });

    it('delivers nothing more once it is disposed', async () => {
      const id = await world.run({ name: 'ignored', output: [{ stream: 'stdout', text: 'heard\n' }] });
      const collector = new LogCollector();
      const following = engine.followLog(id, FOLLOW, collector);
      const other = follow(id);
      await eventually('heard', () => collector.texts.length === 1 && other.texts.length === 1);
      following.dispose();
      await world.write(id, 'unheard\n');
      await eventually('the other reader goes on', () => other.texts.length === 2);
      assert.deepEqual(collector.texts, ['heard']);
      assert.equal(collector.hasEnded, false);
    });
  });

  describe('a shell', () => {
    it('runs, takes input, has its size and tells its exit code', async () => {
      await connect();
      const id = await world.run({ name: 'shell' });
      const session = await engine.exec(id, ['/bin/sh'], { columns: 80, rows: 24 });
      store.add(session);
      let output = '';
      let exitCode: number | undefined;
      store.add(session.onData((data) => (output += Buffer.from(data).toString())));
      store.add(session.onExit((exit) => (exitCode = exit.exitCode)));
      session.write(Buffer.from('echo hello\r'));
      await eventually(
        () => `an echo, but ${output}`,
        () => output.includes('hello'),
      );
      session.resize({ columns: 120, rows: 40 });
      session.write(Buffer.from('exit 5\r'));
      await eventually(
        () => `exit code 5, but ${exitCode}`,
        () => exitCode === 5,
      );
    });
  });

  describe('when the engine goes away', () => {
    for (const how of ['politely', 'killed'] as const) {
      it(`keeps what it knew, comes back by itself, and logs go on (${how})`, async () => {
        const id = await world.run({ name: 'survivor', output: [{ stream: 'stdout', text: 'one\n' }] });
        await connect();
        const log = follow(id);
        await eventually('one', () => log.texts.length === 1);
        await world.stopEngine(how);
        await eventually('the loss is noticed', () => engine.connection.kind !== 'ready');
        assert.equal(shown(id)?.name, 'survivor');
        await world.startEngine();
        await eventually('connected again', () => engine.connection.kind === 'ready', 60_000);
        if (shown(id)?.state !== 'running') await world.start(id);
        await becomes(id, 'running', ({ state }) => state === 'running');
        await world.write(id, 'two\n');
        await eventually(
          () => `two, but ${log.texts.join()}`,
          () => log.texts.includes('two'),
        );
        const repeated = log.texts.filter((text) => text === 'one').length;
        assert.ok(repeated <= 2, 'once for each run that wrote it');
        assert.equal(log.texts.filter((text) => text === 'two').length, 1);
        assert.ok(log.markers.length >= 1 && !log.hasEnded);
      });
    }
  });
}
