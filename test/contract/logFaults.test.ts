import assert from 'node:assert/strict';
import { deferred, type Deferred } from '../../src/base/async';
import type { Disposable } from '../../src/base/lifecycle';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { LogBatch, LogMarker, LogRequest, LogSink } from '../../src/model/log';
import type { ContainerOptions, FakeContainer } from '../doubles/fakeEngine/container';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { LogCollector } from '../support/logCollector';

/** Takes no more while it holds. */
class HeldCollector extends LogCollector {
  private holding: Deferred<undefined> | undefined;

  override lines(batch: LogBatch): void | Promise<void> {
    void super.lines(batch);
    return this.holding?.promise;
  }

  hold(): void {
    this.holding = deferred<undefined>();
  }

  release(): void {
    const { holding } = this;
    this.holding = undefined;
    holding?.resolve(undefined);
  }
}

/** Lines and markers in their order. */
class OrderCollector extends LogCollector {
  readonly order: string[] = [];

  override lines(batch: LogBatch): void {
    void super.lines(batch);
    this.order.push(...batch.lines.map(({ text }) => text));
  }

  override marker(marker: LogMarker): void {
    super.marker(marker);
    this.order.push(`<${marker.kind}>`);
  }
}

const ALL = { tail: 'all', follow: true } as const;
/** More than a shared ring holds. */
const FLOOD_LINES = 6_000;

describe('a log in which something goes wrong', function () {
  this.timeout(30_000);
  let fake: FakeEngine;
  let engine: DockerEngine;
  let readers: Disposable[] = [];
  const log = (): void => undefined;

  beforeEach(async () => {
    fake = await new FakeEngine({ personality: '20.10' }).listen();
    engine = new DockerEngine({ openSession: dockerSessionOpener(() => fake.dockerHost, log), log });
    engine.connect();
    await eventually('connected', () => engine.connection.kind === 'ready');
  });

  afterEach(async () => {
    for (const reader of readers) reader.dispose();
    readers = [];
    await eventually('no log is left open', () => fake.openStreams('logs') === 0);
    engine.dispose();
    await fake.dispose();
  });

  const run = (options: ContainerOptions = {}): FakeContainer => fake.run({ name: 'web', ...options });
  const write = (web: FakeContainer, text: string): void => {
    fake.writeLog(web, 'stdout', text);
  };
  const flood = (web: FakeContainer): void => {
    for (let number = 0; number < FLOOD_LINES; number++) write(web, `${'x'.repeat(100)} ${number}\n`);
  };

  function read(web: FakeContainer, sink: LogSink, request: LogRequest = ALL): Disposable {
    const reader = engine.followLog(web.id, request, sink);
    readers.push(reader);
    return reader;
  }

  async function readBoth(web: FakeContainer, quick: LogCollector, slow: HeldCollector): Promise<void> {
    for (const collector of [quick, slow]) read(web, collector);
    write(web, 'a\n');
    await eventually('both', () => quick.texts.length === 1 && slow.texts.length === 1);
  }

  describe('among lines that are equal', () => {
    const runWithTicks = (): FakeContainer => {
      const web = run();
      const timestampNs = BigInt(Date.now()) * 1_000_000n;
      for (let count = 0; count < 5; count++) fake.writeLog(web, 'stdout', 'tick\n', { timestampNs });
      return web;
    };

    it('gives a late reader the tail it asked for, and nothing twice', async () => {
      const web = runWithTicks();
      const [first, late] = [new LogCollector(), new LogCollector()];
      read(web, first);
      await eventually('first', () => first.texts.length === 5);
      read(web, late, { tail: 2, follow: true });
      await eventually('late', () => late.texts.length >= 2);
      write(web, 'end\n');
      await eventually('end', () => late.texts.at(-1) === 'end');
      assert.deepEqual(late.texts, ['tick', 'tick', 'end']);
    });

    for (const tail of [0, 2, 5]) {
      it(`begins after the others with a tail of ${tail}, also when the container starts anew`, async () => {
        const web = runWithTicks();
        const collector = new LogCollector();
        read(web, collector, { tail, follow: true });
        await eventually('tail', () => collector.texts.length === tail);
        await fake.whenRequested('logs', 2);
        fake.die(web);
        await eventually('stopped', () => collector.markerKinds.includes('stopped'));
        fake.start(web);
        write(web, 'end\n');
        await eventually('end', () => collector.texts.at(-1) === 'end');
        assert.deepEqual(collector.texts, [...Array.from({ length: tail }, () => 'tick'), 'end']);
      });
    }
  });

  it('says "restarted" after what the run before had still written while the engine was away', async () => {
    const web = run();
    const collector = new OrderCollector();
    read(web, collector);
    write(web, 'a\n');
    await eventually('a', () => collector.texts.length === 1);
    fake.stopListening();
    write(web, 'bye\n');
    fake.die(web, 143);
    const diedAtMs = Date.now();
    await eventually('some time passed', () => Date.now() - diedAtMs > 50);
    fake.start(web);
    write(web, 'hello\n');
    await fake.listenAgain();
    await eventually('hello', () => collector.texts.at(-1) === 'hello');
    const order = collector.order.filter((entry) => !/<(reconnected|connectionLost)>/.test(entry));
    assert.deepEqual(order, ['a', 'bye', '<restarted>', 'hello']);
  });

  it('tells of a new run that writes nothing', async () => {
    const web = run();
    const collector = new OrderCollector();
    read(web, collector);
    write(web, 'a\n');
    await eventually('a', () => collector.texts.length === 1);
    fake.stopListening();
    fake.die(web);
    fake.start(web);
    await fake.listenAgain();
    await eventually('restarted', () => collector.markerKinds.includes('restarted'));
    assert.deepEqual(collector.texts, ['a']);
  });

  it('gives an unterminated last line once to a reader that lagged behind it', async () => {
    const web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    await readBoth(web, quick, slow);
    slow.hold();
    write(web, 'broken off');
    fake.die(web);
    await eventually('held', () => slow.texts.length === 2);
    fake.start(web);
    flood(web);
    await eventually('quick has all', () => quick.texts.length === FLOOD_LINES + 2);
    slow.release();
    write(web, 'end\n');
    await eventually('slow has all', () => slow.texts.at(-1) === 'end');
    assert.deepEqual(slow.texts, quick.texts);
  });

  it('tells a restart once to a reader that lags behind it', async () => {
    const web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    await readBoth(web, quick, slow);
    slow.hold();
    write(web, 'b\n');
    await eventually('held', () => slow.texts.length === 2);
    flood(web);
    await eventually('quick has it', () => quick.texts.length === FLOOD_LINES + 2);
    slow.release();
    fake.die(web);
    fake.start(web);
    write(web, 'end\n');
    await eventually('both are at the end', () =>
      [quick, slow].every(({ texts, markers }) => texts.at(-1) === 'end' && markers.length > 0),
    );
    assert.deepEqual([quick.markerKinds, slow.markerKinds], [['restarted'], ['restarted']]);
    assert.deepEqual(slow.texts, quick.texts);
  });

  it('does not mix a reader that wants only later lines with others', async () => {
    const web = run();
    const [later, all] = [new LogCollector(), new LogCollector()];
    read(web, all);
    read(web, later, { ...ALL, since: new Date(Date.now() + 3_600_000).toISOString() });
    await fake.whenRequested('logs', 4);
    write(web, 'now\n');
    await eventually('now', () => all.texts.length === 1);
    const timestampNs = BigInt(Date.now() + 7_200_000) * 1_000_000n;
    fake.writeLog(web, 'stdout', 'then\n', { timestampNs });
    await eventually('then', () => all.texts.at(-1) === 'then' && later.texts.at(-1) === 'then');
    assert.deepEqual([all.texts, later.texts], [['now', 'then'], ['then']]);
  });

  it('hands nothing more over to somebody who reads once as long as he holds', async () => {
    const web = run();
    flood(web);
    let [held, mostHeld, batches, lines] = [0, 0, 0, 0];
    const ended = deferred<Error | undefined>();
    read(
      web,
      {
        lines: async (batch) => {
          mostHeld = Math.max(mostHeld, ++held);
          batches++;
          lines += batch.lines.length;
          await new Promise((resolve) => setImmediate(resolve));
          held--;
        },
        marker: () => undefined,
        ended: (error) => ended.resolve(error),
      },
      { tail: 'all', follow: false },
    );
    assert.equal(await ended.promise, undefined);
    assert.deepEqual([lines, mostHeld], [FLOOD_LINES, 1]);
    assert.ok(batches < FLOOD_LINES / 10, `${batches} batches`);
  });

  for (const broken of ['lines', 'marker', 'ended'] as const) {
    it(`goes on for the others when one reader throws in its ${broken}()`, async () => {
      const web = run();
      const good = new LogCollector();
      const fail = (): never => {
        throw new Error('reader is broken');
      };
      const silent: LogSink = { lines: () => undefined, marker: () => undefined, ended: () => undefined };
      // What throws in its end must have come to it.
      read(web, { ...silent, ...(broken === 'ended' && { lines: fail }), [broken]: fail });
      read(web, good);
      write(web, 'a\n');
      await eventually('a', () => good.texts.length === 1);
      fake.die(web);
      fake.start(web);
      write(web, 'b\n');
      await eventually('b', () => good.texts.length === 2);
      assert.deepEqual([good.texts, good.markerKinds], [['a', 'b'], ['restarted']]);
    });
  }
});
