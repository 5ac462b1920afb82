import assert from 'node:assert/strict';
import type { ContainerId } from '../../src/model/container';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { ContractFixture, withCode, type ContractSubject } from './contractFixture';
import { logContract } from './logContract';
import { metricsContract } from './metricsContract';

/** More bytes than any buffer on the way holds. */
const MOST_COUNTED = 600_000;

/** What every engine promises, whichever side of the wire it is on. To be called inside `describe`. */
export function containerEngineContract(subject: () => ContractSubject): void {
  checkForLeaks();
  describe('the port', () => contract(new ContractFixture(subject)));
}

function contract(fixture: ContractFixture): void {
  describe('connecting', () => {
    it('does nothing before it is asked to', () => {
      assert.equal(fixture.engine.connection.kind, 'idle');
      assert.equal(fixture.engine.containers, undefined);
    });

    it('says which engine it found, and in which API version they talk', async () => {
      await fixture.connect();
      const { connection } = fixture.engine;
      assert.ok(connection.kind === 'ready');
      assert.equal(connection.info.product, fixture.world.expected.product);
      assert.match(connection.info.version, fixture.world.expected.version);
      assert.equal(connection.info.apiVersion, fixture.world.expected.apiVersion);
      assert.equal(connection.info.operatingSystem, 'linux');
    });

    it('rejects commands while it is not connected', async () => {
      await assert.rejects(fixture.engine.inspect('any'), withCode('connectionLost'));
    });
  });

  describe('the live view', () => {
    it('lists what is there, with all that the tree shows', async () => {
      const labels = {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'com.docker.compose.container-number': '2',
      };
      const running = await fixture.world.run({ name: 'shop-web-2', labels });
      const exited = await fixture.world.run({ name: 'batch', exitCode: 3 });
      await fixture.connect();
      await fixture.becomes(exited, 'exited', ({ state }) => state === 'exited');
      const web = fixture.shown(running);
      assert.equal(web?.name, 'shop-web-2');
      assert.equal(web.state, 'running');
      assert.deepEqual(web.compose, { project: 'shop', service: 'web', replica: 2 });
      assert.match(web.image, /busybox/);
      assert.ok(Math.abs(web.createdAtMs - Date.now()) < 600_000);
      assert.ok(web.stateSinceMs !== undefined && Math.abs(web.stateSinceMs - Date.now()) < 600_000);
      assert.equal(fixture.shown(exited)?.exitCode, 3);
      assert.equal(fixture.shown(exited)?.compose, undefined);
    });

    it('follows what happens to containers from outside', async () => {
      await fixture.connect();
      const id = await fixture.world.create({ name: 'life' });
      await fixture.becomes(id, 'created', ({ state }) => state === 'created');
      await fixture.world.start(id);
      await fixture.becomes(id, 'running', ({ state }) => state === 'running');
      await fixture.world.pause(id);
      await fixture.becomes(id, 'paused', ({ state }) => state === 'paused');
      await fixture.world.unpause(id);
      await fixture.becomes(id, 'running again', ({ state }) => state === 'running');
      await fixture.world.rename(id, 'renamed');
      await fixture.becomes(id, 'renamed', ({ name }) => name === 'renamed');
      await fixture.world.die(id, 7);
      await fixture.becomes(
        id,
        'exited with 7',
        ({ state, exitCode }) => state === 'exited' && exitCode === 7,
      );
      const { startedAtMs = 0, end } = fixture.shown(id)?.run ?? {};
      assert.deepEqual([end?.exitCode, end?.outOfMemory], [7, false]);
      assert.ok(startedAtMs > 0 && end && end.atMs > startedAtMs, JSON.stringify({ startedAtMs, end }));
      await fixture.world.remove(id);
      await eventually('gone', () => fixture.shown(id) === undefined);
    });

    it('shows health as it changes', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'sick', failingHealthCheck: true });
      await fixture.becomes(id, 'unhealthy', ({ health }) => health === 'unhealthy');
    });

    it('announces just what changed', async () => {
      await fixture.connect();
      const quiet = await fixture.world.run({ name: 'quiet' });
      // Changes are announced in order: once this one shows, nothing more is to come of the container before it.
      const settled = await fixture.world.run({ name: 'settled' });
      await fixture.becomes(settled, 'running', ({ state }) => state === 'running');
      const changedIds = new Set<ContainerId>();
      fixture.store.add(
        fixture.engine.onDidChangeContainers((change) => {
          if (change.kind === 'updated') change.containers.forEach(({ id }) => changedIds.add(id));
        }),
      );
      const id = await fixture.world.run({ name: 'loud' });
      await fixture.becomes(id, 'running', ({ state }) => state === 'running');
      assert.ok(changedIds.has(id));
      assert.ok(!changedIds.has(quiet));
    });
  });

  describe('commands', () => {
    it('starts, pauses, unpauses, restarts, stops, kills, renames and removes', async () => {
      await fixture.connect();
      const id = await fixture.world.create({ name: 'obedient' });
      await fixture.becomes(id, 'listed', () => true);
      await fixture.engine.perform({ kind: 'start', id });
      await fixture.becomes(id, 'running', ({ state }) => state === 'running');
      await fixture.engine.perform({ kind: 'pause', id });
      await fixture.becomes(id, 'paused', ({ state }) => state === 'paused');
      await fixture.engine.perform({ kind: 'unpause', id });
      await fixture.becomes(id, 'running', ({ state }) => state === 'running');
      await fixture.engine.perform({ kind: 'restart', id });
      await fixture.becomes(id, 'running', ({ state }) => state === 'running');
      await fixture.engine.perform({ kind: 'rename', id, name: 'faithful' });
      await fixture.becomes(id, 'renamed', ({ name }) => name === 'faithful');
      await fixture.engine.perform({ kind: 'stop', id });
      await fixture.becomes(id, 'exited', ({ state }) => state === 'exited');
      await fixture.engine.perform({ kind: 'start', id });
      await fixture.engine.perform({ kind: 'kill', id, signal: 'SIGKILL' });
      await fixture.becomes(id, 'killed', ({ state, exitCode }) => state === 'exited' && exitCode === 137);
      await fixture.engine.perform({ kind: 'remove', id, force: false, volumes: true });
      await eventually('gone', () => fixture.shown(id) === undefined);
    });

    it('accepts what already is so', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'already' });
      await fixture.engine.perform({ kind: 'start', id });
      await fixture.engine.perform({ kind: 'stop', id });
      await fixture.engine.perform({ kind: 'stop', id });
    });

    it('says by code what went wrong', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'first' });
      await fixture.world.run({ name: 'second' });
      const unknown = 'f'.repeat(64);
      await assert.rejects(
        fixture.engine.perform({ kind: 'start', id: unknown }),
        withCode('noSuchContainer'),
      );
      await assert.rejects(fixture.engine.inspect(unknown), withCode('noSuchContainer'));
      await assert.rejects(
        fixture.engine.perform({ kind: 'rename', id, name: 'second' }),
        withCode('conflict'),
      );
      const remove = { kind: 'remove', id, force: false, volumes: false } as const;
      await assert.rejects(fixture.engine.perform(remove), withCode('conflict'));
      await fixture.engine.perform({ ...remove, force: true });
    });

    it('inspects', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'open-book' });
      const description = (await fixture.engine.inspect(id)) as { Id: string; Name: string };
      assert.equal(description.Id, id);
      assert.match(description.Name, /^\/?open-book$/);
    });
  });

  describe('a shell', () => {
    it('runs, takes input, has its size and tells its exit code', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'shell' });
      const session = await fixture.engine.exec(id, ['/bin/sh'], { columns: 80, rows: 24 });
      fixture.store.add(session);
      let output = '';
      let exitCode: number | undefined;
      fixture.store.add(session.onData((data) => (output += Buffer.from(data).toString())));
      fixture.store.add(session.onExit((exit) => (exitCode = exit.exitCode)));
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

    it('waits while it is held, and nothing of what it writes is lost', async () => {
      await fixture.connect();
      const id = await fixture.world.run({ name: 'counting' });
      const command = ['/bin/sh', '-c', `seq 1 ${MOST_COUNTED}`];
      const session = fixture.store.add(await fixture.engine.exec(id, command, { columns: 80, rows: 24 }));
      session.hold(true);
      const chunks: Buffer[] = [];
      let exitCode: number | undefined;
      fixture.store.add(
        session.onData((data) => {
          chunks.push(Buffer.from(data));
          session.hold(true);
          setImmediate(() => session.hold(false));
        }),
      );
      fixture.store.add(session.onExit((exit) => (exitCode = exit.exitCode)));
      session.hold(false);
      await eventually('the end', () => exitCode === 0);
      const numbers = Buffer.concat(chunks).toString().trimEnd().split('\r\n');
      assert.equal(numbers.length, MOST_COUNTED);
      assert.ok(numbers.every((text, index) => text === String(index + 1)));
    });
  });

  describe('when the engine goes away', () => {
    for (const how of ['politely', 'killed'] as const) {
      it(`keeps what it knew, comes back by itself, and logs go on (${how})`, async () => {
        const id = await fixture.world.run({
          name: 'survivor',
          output: [{ stream: 'stdout', text: 'one\n' }],
        });
        await fixture.connect();
        const log = fixture.follow(id);
        await eventually('one', () => log.texts.length === 1);
        // Behind an agent that has been connected for long, news of a container may come after its log.
        await fixture.becomes(id, 'listed', () => true);
        await fixture.world.stopEngine(how);
        await eventually('the loss is noticed', () => fixture.engine.connection.kind !== 'ready');
        assert.equal(fixture.shown(id)?.name, 'survivor');
        await fixture.world.startEngine();
        await eventually('connected again', () => fixture.engine.connection.kind === 'ready', 60_000);
        if (fixture.shown(id)?.state !== 'running') await fixture.world.start(id);
        await fixture.becomes(id, 'running', ({ state }) => state === 'running');
        await fixture.world.write(id, 'two\n');
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

  describe('logs', () => logContract(fixture));

  describe('figures', () => metricsContract(fixture));
}
