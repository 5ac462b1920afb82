import assert from 'node:assert/strict';
import { deferred, type Deferred } from '../../src/base/async';
import type { Clock } from '../../src/base/clock';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { LogBatch, LogMarker, LogPlace } from '../../src/model/log';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import type { ContainerOptions } from '../doubles/fakeEngine/container';
import { eventually } from '../support/eventually';
import { LogCollector } from '../support/logCollector';

class HeldCollector extends LogCollector {
  hold: Deferred<undefined> | undefined;
  override lines(batch: LogBatch): void | Promise<void> {
    void super.lines(batch);
    return this.hold?.promise;
  }
  release(): void {
    const { hold } = this;
    this.hold = undefined;
    hold?.resolve(undefined);
  }
}
/** Lines and markers in their order, and batches as they came. */
class OrderCollector extends LogCollector {
  readonly order: string[] = [];
  readonly batches: LogBatch[] = [];
  override lines(batch: LogBatch): void {
    void super.lines(batch);
    this.batches.push(batch);
    this.order.push(...batch.lines.map(({ text }) => text));
  }
  override marker(marker: LogMarker): void {
    super.marker(marker);
    this.order.push(`<${marker.kind}>`);
  }
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const ALL = { tail: 'all', follow: true } as const;

describe('review of the log engine', function () {
  this.timeout(30_000);
  let fake: FakeEngine;
  let engine: DockerEngine;
  const log = (): void => undefined;

  async function open(clock?: Clock, personality: '20.10' | '29' | 'podman' = '20.10'): Promise<void> {
    fake = await new FakeEngine({ personality }).listen();
    engine = openEngine(clock);
    await connected(engine);
  }
  function openEngine(clock?: Clock): DockerEngine {
    return new DockerEngine({ openSession: dockerSessionOpener(() => fake.dockerHost, log), log, ...(clock && { clock }) });
  }
  async function connected(opened: DockerEngine): Promise<void> {
    opened.connect();
    await eventually('connected', () => opened.connection.kind === 'ready');
  }
  afterEach(async () => {
    engine.dispose();
    await fake.dispose();
  });
  const run = (options: ContainerOptions = {}) => fake.run({ name: 'web', ...options });
  const nowNs = () => BigInt(Date.now()) * 1_000_000n;
  /** Room for everything under way; then nothing more may come. */
  const settle = () => pause(400);

  it('P1 the tap of a rotating log is closed when nobody reads any more', async () => {
    await open();
    const web = run({ logLimits: { maxBytes: 1_000_000, maxFiles: 3 } });
    fake.writeLog(web, 'stdout', 'a\n');
    const collector = new LogCollector();
    const following = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 1);
    await pause(3_500);
    following.dispose();
    await pause(1_500);
    assert.equal(fake.openStreams('logs'), 0, 'a stream is still open 1.5 s after the reader left');
  });

  it('P2a a late reader with a tail among equal lines gets no line twice', async () => {
    await open();
    const web = run();
    const stamp = nowNs();
    for (let i = 0; i < 5; i++) fake.writeLog(web, 'stdout', 'tick\n', { timestampNs: stamp });
    const first = new LogCollector();
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 5);
    const late = new LogCollector();
    const b = engine.followLog(web.id, { tail: 2, follow: true }, late);
    await eventually('late', () => late.texts.length >= 2);
    await settle();
    assert.equal(late.texts.length, 2);
    a.dispose();
    b.dispose();
  });

  it('P2b tail 0 after equal lines brings no old line', async () => {
    await open();
    const web = run();
    const stamp = nowNs();
    for (let i = 0; i < 5; i++) fake.writeLog(web, 'stdout', 'tick\n', { timestampNs: stamp });
    const collector = new LogCollector();
    const a = engine.followLog(web.id, { tail: 0, follow: true }, collector);
    await settle();
    assert.deepEqual(collector.texts, []);
    a.dispose();
  });

  it('P2c tail 2 among equal lines, then a restart of the connection: nothing twice', async () => {
    await open();
    const web = run();
    const stamp = nowNs();
    for (let i = 0; i < 5; i++) fake.writeLog(web, 'stdout', 'tick\n', { timestampNs: stamp });
    const collector = new LogCollector();
    const a = engine.followLog(web.id, { tail: 2, follow: true }, collector);
    await eventually('read', () => collector.texts.length === 2);
    fake.die(web);
    await settle();
    assert.deepEqual(collector.texts, ['tick', 'tick']);
    a.dispose();
  });

  it('P2d equal lines of one second (Podman stamps), a burst beyond the tail of a look: no line is lost', async () => {
    await open();
    const web = run({ logLimits: { maxBytes: 100_000_000, maxFiles: 3 } });
    const stamp = (nowNs() / 1_000_000_000n) * 1_000_000_000n;
    const collector = new LogCollector();
    fake.writeLog(web, 'stdout', 'tick\n'.repeat(50), { timestampNs: stamp });
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 50);
    fake.writeLog(web, 'stdout', 'tick\n', { timestampNs: stamp });
    await eventually('read', () => collector.texts.length === 51);
    await pause(50);
    // Fewer follow than the window shows: 480 of 500 records are of this burst and of the equals before.
    fake.writeLog(web, 'stdout', 'tick\n'.repeat(480), { timestampNs: stamp });
    await settle();
    assert.equal(collector.texts.length, 531);
    a.dispose();
  });

  it('P3 a tail that cuts a long line: no false gap and nothing twice afterwards', async () => {
    await open();
    const web = run();
    for (let i = 0; i < 20; i++) fake.writeLog(web, 'stdout', `old ${i}\n`);
    fake.writeLog(web, 'stdout', `${'x'.repeat(40_000)}\n`);
    const collector = new OrderCollector();
    const a = engine.followLog(web.id, { tail: 2, follow: true }, collector);
    await eventually('read', () => collector.texts.length >= 1);
    fake.die(web);
    await pause(2_500);
    assert.deepEqual(collector.order.map((text) => text.slice(0, 10)), ['xxxxxxxxxx', '<stopped>']);
    a.dispose();
  });

  it('P4 a late reader of a quiet log whose first reader wants nothing yet does not poll', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\nb\n');
    const since = new Date(Date.now() + 3_600_000).toISOString();
    const a = engine.followLog(web.id, { ...ALL, since }, new LogCollector());
    await fake.whenRequested('logs', 2);
    const late = new LogCollector();
    const b = engine.followLog(web.id, ALL, late);
    await eventually('late', () => late.texts.length === 2);
    await pause(1_200);
    const before = fake.count('logs') + fake.count('inspect');
    await pause(3_200);
    assert.equal(fake.count('logs') + fake.count('inspect') - before, 0, 'requests in 3 s of silence');
    a.dispose();
    b.dispose();
  });

  it('P5 a log that is one unterminated line: the second reader gets it, too', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'abc');
    fake.die(web, 1);
    const [first, second] = [new LogCollector(), new LogCollector()];
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    const b = engine.followLog(web.id, ALL, second);
    await pause(1_500);
    assert.deepEqual(second.texts, ['abc']);
    a.dispose();
    b.dispose();
  });

  /** Both take from the ring: the second is behind its catching up. */
  async function joined(web: ReturnType<typeof run>, ...collectors: LogCollector[]): Promise<void> {
    fake.writeLog(web, 'stdout', '0\n');
    await eventually('joined', () => collectors.every(({ texts }) => texts.length === 1));
    await pause(200);
  }
  const flood = (web: ReturnType<typeof run>, text: string) => {
    for (let i = 0; i < 6_000; i++) fake.writeLog(web, 'stdout', `${text.repeat(100)} ${i}\n`);
  };

  it('P6 a marker that a held reader took from the ring is not told again later', async () => {
    await open();
    const web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    const readers = [quick, slow].map((c) => engine.followLog(web.id, ALL, c));
    await joined(web, quick, slow);
    slow.hold = deferred<undefined>();
    fake.writeLog(web, 'stdout', 'a\n');
    await eventually('held', () => slow.texts.length === 2);
    fake.die(web);
    fake.start(web);
    fake.writeLog(web, 'stdout', 'b\n');
    await eventually('quick', () => quick.texts.length === 3 && quick.markers.length === 1);
    slow.release();
    await eventually('slow', () => slow.texts.length === 3 && slow.markers.length === 1);
    slow.hold = deferred<undefined>();
    fake.writeLog(web, 'stdout', 'c\n');
    await eventually('held again', () => slow.texts.length === 4);
    flood(web, 'x');
    await eventually('quick has all', () => quick.texts.length === 6004);
    slow.release();
    await eventually('slow has all', () => slow.texts.length === 6004);
    await settle();
    assert.deepEqual([quick.markerKinds, slow.markerKinds], [['restarted'], ['restarted']]);
    readers.forEach((r) => r.dispose());
  });

  it('P7 a restart while a reader that lagged reads from the engine is told to it', async () => {
    await open();
    const web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    const readers = [quick, slow].map((c) => engine.followLog(web.id, ALL, c));
    await joined(web, quick, slow);
    slow.hold = deferred<undefined>();
    fake.writeLog(web, 'stdout', 'a\n');
    await eventually('held', () => slow.texts.length === 2);
    flood(web, 'x');
    await eventually('quick has all', () => quick.texts.length === 6002);
    const again = deferred<undefined>();
    slow.release();
    void again;
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    fake.die(web);
    fake.start(web);
    fake.writeLog(web, 'stdout', 'b\n');
    await eventually('quick', () => quick.markers.length === 1 && quick.texts.at(-1) === 'b');
    await eventually('slow has all', () => slow.texts.length === 6003);
    await settle();
    assert.deepEqual([quick.markerKinds, slow.markerKinds], [['restarted'], ['restarted']]);
    readers.forEach((r) => r.dispose());
  });

  it('P8 a held reader falls behind the ring across a re-creation: the new container’s log is whole', async () => {
    await open();
    let web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    const readers = [quick, slow].map((c) => engine.followLog(web.id, ALL, c));
    await joined(web, quick, slow);
    slow.hold = deferred<undefined>();
    fake.writeLog(web, 'stdout', 'a\n');
    await eventually('held', () => slow.texts.length === 2);
    fake.remove(web, { force: true });
    web = run();
    flood(web, 'y');
    await eventually('quick has all', () => quick.texts.length === 6002);
    slow.release();
    await pause(1_500);
    fake.writeLog(web, 'stdout', 'end\n');
    await eventually('slow goes on', () => slow.texts.at(-1) === 'end');
    assert.deepEqual([slow.markerKinds, slow.texts.length], [['recreated'], 6_003]);
    readers.forEach((r) => r.dispose());
  });

  it('P9 the second reader of a log whose container was removed hears of it', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const [first, second] = [new LogCollector(), new LogCollector()];
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    fake.remove(web, { force: true });
    await eventually('removed', () => first.markerKinds.includes('removed'));
    const b = engine.followLog(web.id, ALL, second);
    await pause(3_500);
    assert.deepEqual([second.texts, second.markerKinds, second.hasEnded], [['a'], ['removed'], false]);
    a.dispose();
    b.dispose();
  });

  it('P10 passing trouble does not end a followed log of a late reader', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const [first, second] = [new LogCollector(), new LogCollector()];
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    fake.failRoute('logs', 'busy');
    const b = engine.followLog(web.id, ALL, second);
    await pause(500);
    fake.failRoute('logs', undefined);
    await pause(3_000);
    assert.deepEqual([second.texts, second.hasEnded, String(second.error)], [['a'], false, 'undefined']);
    a.dispose();
    b.dispose();
  });

  it('P11 a batch’s place is not past its lines', async () => {
    await open();
    const web = run();
    const collector = new OrderCollector();
    fake.writeLog(web, 'stdout', 'first\n');
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('first', () => collector.texts.length === 1);
    let places: LogPlace[] = [];
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 3; i++) fake.writeLog(web, 'stdout', `r${round} bye ${i}\n`);
      fake.die(web);
      fake.start(web);
      for (let i = 0; i < 3; i++) fake.writeLog(web, 'stdout', `r${round} hello ${i}\n`);
      await eventually('round', () => collector.texts.length === 1 + 6 * (round + 1));
    }
    const bad = collector.batches.filter(
      ({ lines, place }) => place && !lines.some(({ timestamp }) => timestamp === place.cursor.timestamp),
    );
    places = bad.map(({ place }) => place as LogPlace);
    const [resumeAt] = places;
    if (!resumeAt) return;
    const given = collector.texts.indexOf(bad[0]?.lines.at(-1)?.text ?? '') + 1;
    a.dispose();
    const back = new LogCollector();
    const b = engine.followLog(web.id, { tail: 0, follow: true, resumeAt }, back);
    await settle();
    assert.deepEqual(
      [...collector.texts.slice(0, given), ...back.texts].length,
      collector.texts.length,
      `resuming after "${bad[0]?.lines.at(-1)?.text}" went on with "${back.texts[0]}"`,
    );
    b.dispose();
  });

  it('P12a reading once: nothing is handed over while the reader holds', async () => {
    await open();
    const web = run();
    flood(web, 'x');
    let held = 0;
    let worst = 0;
    let count = 0;
    let hasEnded = false;
    let chain = Promise.resolve();
    const a = engine.followLog(web.id, { tail: 'all', follow: false }, {
      lines: ({ lines }) => {
        count += lines.length;
        held++;
        worst = Math.max(worst, held);
        chain = chain.then(() => pause(8)).then(() => void held--);
        return chain;
      },
      marker: () => undefined,
      ended: () => (hasEnded = true),
    });
    await eventually(() => `end, but ${count} lines, held ${held}, worst ${worst}`, () => hasEnded, 12_000);
    assert.equal(count, 6_000);
    assert.equal(worst, 1, 'batches that were handed over while one was not taken');
    a.dispose();
  });

  it('P12b reading once with a filter with context: in order for a reader that holds', async () => {
    await open();
    const web = run();
    for (let i = 0; i < 4_000; i++) fake.writeLog(web, 'stdout', `${i % 5 === 0 ? 'hit' : 'miss'} ${i} ${'x'.repeat(80)}\n`);
    const numbers: number[] = [];
    let hasEnded = false;
    const filter = { include: [{ kind: 'text', text: 'hit', matchCase: true }], exclude: [], contextLines: 1 };
    const a = engine.followLog(web.id, { tail: 'all', follow: false, filter: filter as never }, {
      lines: async ({ lines }) => {
        numbers.push(...lines.map(({ text }) => Number(text.split(' ')[1])));
        await pause(1);
      },
      marker: () => undefined,
      ended: (error) => {
        assert.equal(error, undefined);
        hasEnded = true;
      },
    });
    await eventually('end', () => hasEnded);
    assert.ok(numbers.length > 1_000, String(numbers.length));
    const wrong = numbers.findIndex((n, index) => index > 0 && n <= (numbers[index - 1] ?? 0));
    assert.equal(wrong, -1, `…${numbers.slice(wrong - 3, wrong + 4).join()}`);
    a.dispose();
  });

  it('P13 a clock that was set back: the log is followed again after a break', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'before\n', { timestampNs: nowNs() + 100_000_000_000n });
    fake.writeLog(web, 'stdout', 'after\n', { timestampNs: nowNs() });
    const collector = new LogCollector();
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 2);
    fake.dropConnections();
    await eventually('gone', () => engine.connection.kind !== 'ready');
    await eventually('back', () => engine.connection.kind === 'ready');
    await pause(3_000);
    const before = fake.count('logs');
    await pause(6_000);
    assert.equal(fake.count('logs') - before, 0, 'times the quiet log was opened in 6 s');
    assert.equal(fake.openStreams('logs'), 1);
    a.dispose();
  });

  it('P14 a log that the engine can’t read on: markers do not repeat for ever, readable lines are shown', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    fake.writeSystemError(web, 'invalid character');
    let isOn = true;
    const rearm = setInterval(() => {
      if (isOn) web.pendingSystemError ??= 'Error grabbing logs: invalid character\n';
    }, 1);
    const collector = new OrderCollector();
    const a = engine.followLog(web.id, ALL, collector);
    try {
      await pause(5_000);
      const { order } = collector;
      const early = [...order];
      await pause(6_000);
      assert.deepEqual([early.includes('a'), order.length - early.length], [true, 0], order.join());
    } finally {
      isOn = false;
      clearInterval(rearm);
      a.dispose();
    }
  });

  it('P14b a log that breaks after it was begun: markers do not repeat for ever', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const collector = new OrderCollector();
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 1);
    const rearm = setInterval(() => (web.pendingSystemError ??= 'Error grabbing logs: invalid character\n'), 1);
    try {
      fake.die(web);
      await pause(5_000);
      const count = collector.order.length;
      await pause(6_000);
      assert.equal(collector.order.length - count, 0, collector.order.join());
    } finally {
      clearInterval(rearm);
      a.dispose();
    }
  });

  it('P15 a reader that throws harms no other', async () => {
    await open();
    const web = run();
    const good = new LogCollector();
    let thrown = 0;
    let ended = 0;
    const bad = engine.followLog(web.id, ALL, {
      lines: () => {
        thrown++;
        throw new Error('reader is broken');
      },
      marker: () => undefined,
      ended: () => void ended++,
    });
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const b = engine.followLog(web.id, ALL, good);
      await pause(200);
      for (let i = 0; i < 10; i++) {
        fake.writeLog(web, 'stdout', `a ${i}\nb ${i}\nc ${i}\n`);
        await pause(100);
      }
      await pause(3_000);
      b.dispose();
      bad.dispose();
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    assert.deepEqual([good.texts.length, good.markerKinds, uncaught.length, thrown, ended], [30, [], 0, 1, 1]);
  });

  it('P16 what a run wrote before it was restarted is before the marker', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const collector = new OrderCollector();
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 1);
    fake.stopListening();
    fake.writeLog(web, 'stdout', 'bye\n');
    fake.die(web, 143);
    await pause(20);
    fake.start(web);
    fake.writeLog(web, 'stdout', 'hello\n');
    await fake.listenAgain();
    await eventually('read', () => collector.texts.length === 3);
    await settle();
    assert.deepEqual(
      collector.order.filter((entry) => !['<reconnected>', '<connectionLost>'].includes(entry)),
      ['a', 'bye', '<restarted>', 'hello'],
    );
    a.dispose();
  });

  it('P17 an unterminated last line is not given twice to a reader that lagged behind it', async () => {
    await open();
    const web = run();
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    const readers = [quick, slow].map((c) => engine.followLog(web.id, ALL, c));
    fake.writeLog(web, 'stdout', 'a\n');
    await eventually('both', () => quick.texts.length === 1 && slow.texts.length === 1);
    slow.hold = deferred<undefined>();
    fake.writeLog(web, 'stdout', 'broken off');
    fake.die(web);
    await eventually('held', () => slow.texts.length === 2);
    fake.start(web);
    flood(web, 'x');
    await eventually('quick has all', () => quick.texts.length === 6_002);
    slow.release();
    await eventually('slow has all', () => slow.texts.length >= 6_002);
    await settle();
    assert.deepEqual([slow.texts.slice(0, 3).map((t) => t.slice(0, 10)), slow.texts.length], [['a', 'broken off', 'xxxxxxxxxx'], 6_002]);
    readers.forEach((r) => r.dispose());
  });

  it('P18 each reader is told that a log can’t be exact', async () => {
    await open();
    const web = run({ logDriver: 'fluentd' as never });
    fake.writeLog(web, 'stdout', 'a\n');
    const [first, second] = [new LogCollector(), new LogCollector()];
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    const b = engine.followLog(web.id, ALL, second);
    await eventually('second', () => second.texts.length === 1);
    assert.deepEqual([first.markerKinds, second.markerKinds], [['fidelity'], ['fidelity']]);
    a.dispose();
    b.dispose();
  });

  it('P21 a long line of which the first part is far back', async () => {
    await open();
    const web = run({ logLimits: { maxBytes: 100_000_000, maxFiles: 3 } });
    const collector = new LogCollector();
    fake.writeLog(web, 'stdout', 'a\n');
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 1);
    const stamp = nowNs();
    fake.writeRecord(web, 'stdout', 'x'.repeat(16_384), { timestampNs: stamp });
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 40; j++) fake.writeLog(web, 'stderr', `e ${i} ${j}\n`);
      await pause(25);
    }
    fake.writeRecord(web, 'stdout', 'end\n', { timestampNs: stamp });
    await eventually('read', () => collector.textsOf('stdout').length === 2);
    assert.equal(collector.textsOf('stdout')[1]?.length, 16_387);
    a.dispose();
  });

  it('P22 a tail within a long unfinished line brings no more than it asked for', async () => {
    await open();
    const web = run();
    for (let i = 0; i < 300; i++) fake.writeLog(web, 'stdout', `old ${i}\n`);
    fake.writeLog(web, 'stdout', 'x'.repeat(100_000));
    fake.die(web);
    const collector = new LogCollector();
    const a = engine.followLog(web.id, { tail: 5, follow: true }, collector);
    await pause(3_000);
    fake.start(web);
    fake.writeLog(web, 'stdout', 'next\n');
    await eventually('next', () => collector.texts.at(-1) === 'next');
    assert.ok(collector.texts.length < 10, `${collector.texts.length} lines`);
    a.dispose();
  });

  it('P4b a late reader among equal lines does not poll', async () => {
    await open();
    const web = run();
    const stamp = nowNs();
    for (let i = 0; i < 5; i++) fake.writeLog(web, 'stdout', 'tick\n', { timestampNs: stamp });
    const [first, late] = [new LogCollector(), new LogCollector()];
    const a = engine.followLog(web.id, { tail: 1, follow: true }, first);
    await eventually('first', () => first.texts.length === 1);
    const b = engine.followLog(web.id, ALL, late);
    await eventually('late', () => late.texts.length === 5);
    await pause(500);
    const before = fake.count('logs');
    await pause(3_200);
    assert.equal(fake.count('logs') - before, 0);
    a.dispose();
    b.dispose();
  });

  it('P4c who comes back to a place that is gone from a log that is empty now does not poll', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const first = new OrderCollector();
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    const resumeAt = first.batches.at(-1)?.place;
    assert.ok(resumeAt);
    a.dispose();
    fake.clearLog(web);
    const c = engine.followLog(web.id, ALL, new LogCollector());
    await settle();
    const b = engine.followLog(web.id, { tail: 0, follow: true, resumeAt }, new LogCollector());
    await settle();
    const before = fake.count('logs');
    await pause(3_200);
    assert.equal(fake.count('logs') - before, 0);
    b.dispose();
    c.dispose();
  });

  it('P20 a start of which no event tells is noticed when the containers are listed again', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const collector = new LogCollector();
    const a = engine.followLog(web.id, ALL, collector);
    await eventually('read', () => collector.texts.length === 1);
    fake.die(web);
    await eventually('stopped', () => collector.markers.length === 1);
    const { events } = (fake as unknown as { core: { events: { publish: (event: object) => void } } }).core;
    const publish = events.publish.bind(events);
    events.publish = () => undefined;
    fake.start(web);
    events.publish = publish;
    fake.malformedEventLine();
    await eventually('shown running', () => engine.containers?.get(web.id)?.state === 'running');
    fake.writeLog(web, 'stdout', 'b\n');
    await pause(4_000);
    assert.deepEqual(collector.texts, ['a', 'b']);
    a.dispose();
  });

  it('P19 pieces of an endless line are not kept', async () => {
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const { LogPosition } = await import('../../src/model/logPosition');
    await open();
    const position = new LogPosition('id');
    const kept: WeakRef<object>[] = [];
    for (let i = 0; i < 20; i++) {
      const line = { timestamp: '2026-11-21T07:38:00.000000001Z', stream: 'stdout' as const, text: String(i).repeat(1000) };
      kept.push(new WeakRef(line));
      position.accept(line);
    }
    await pause(10);
    gc();
    assert.ok(kept.filter((ref) => ref.deref()).length <= 2, `${kept.filter((ref) => ref.deref()).length} of 20 lines are held`);
    assert.ok(position.cursor);
  });

  it('P23 readers that come and go at any moment leave nothing open', async () => {
    await open();
    const web = run();
    fake.writeLog(web, 'stdout', 'a\nb\nc\n');
    for (let ms = 0; ms < 40; ms++) {
      const one = engine.followLog(web.id, ALL, new LogCollector());
      await pause(ms / 4);
      const two = engine.followLog(web.id, { tail: 1, follow: true }, new LogCollector());
      await pause(ms / 4);
      one.dispose();
      two.dispose();
    }
    await settle();
    assert.equal(fake.openStreams('logs'), 0);
  });

  it('P24 a container’s end with a broken connection in between looks: resumed reader beside a re-creation', async () => {
    await open();
    let web = run();
    fake.writeLog(web, 'stdout', 'a\n');
    const first = new OrderCollector();
    const a = engine.followLog(web.id, ALL, first);
    await eventually('first', () => first.texts.length === 1);
    const resumeAt = first.batches.at(-1)?.place;
    assert.ok(resumeAt);
    fake.remove(web, { force: true });
    web = run();
    fake.writeLog(web, 'stdout', 'b\n');
    await eventually('b', () => first.texts.length === 2);
    const back = new OrderCollector();
    const c = engine.followLog(resumeAt.cursor.containerId, { tail: 0, follow: true, resumeAt }, back);
    await eventually('back', () => back.texts.length === 1);
    fake.writeLog(web, 'stdout', 'c\n');
    await eventually('both', () => back.texts.at(-1) === 'c' && first.texts.at(-1) === 'c');
    assert.deepEqual([first.order, back.order], [['a', '<recreated>', 'b', 'c'], ['<recreated>', 'b', 'c']]);
    a.dispose();
    c.dispose();
    await settle();
    assert.equal(fake.openStreams('logs'), 0);
  });
});
