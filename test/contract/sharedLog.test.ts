import assert from 'node:assert/strict';
import { deferred, type Deferred } from '../../src/base/async';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { LogBatch, LogPlace } from '../../src/model/log';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import type { FakeContainer } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';
import { seededRandom } from '../support/random';

/** A reader that takes a batch and then nothing more until it is let go on. */
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

/** Remembers the place after each batch. */
class PlaceCollector extends LogCollector {
  readonly places: { readonly place: LogPlace; readonly lines: number }[] = [];

  override lines(batch: LogBatch): void {
    void super.lines(batch);
    if (batch.place) this.places.push({ place: batch.place, lines: this.collected.length });
  }
}

describe('a log that several read', function () {
  this.timeout(60_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('from one engine', () => sharedLogSuite());
});

function sharedLogSuite(): void {
  let fake: FakeEngine;
  let engine: DockerEngine;
  let container: FakeContainer;
  let written: string[];

  beforeEach(async () => {
    fake = await new FakeEngine({ personality: '20.10' }).listen();
    engine = openEngine();
    container = fake.run({ name: 'web' });
    written = [];
    await connected(engine);
  });
  afterEach(async () => {
    engine.dispose();
    await fake.dispose();
  });

  function openEngine(): DockerEngine {
    const log = (): void => undefined;
    return new DockerEngine({ openSession: dockerSessionOpener(() => fake.dockerHost, log), log });
  }

  async function connected(opened: DockerEngine): Promise<void> {
    opened.connect();
    await eventually('connected', () => opened.connection.kind === 'ready');
  }

  function write(count: number, text = 'line'): void {
    for (let index = 0; index < count; index++) {
      const line = `${text} ${written.length}`;
      written.push(line);
      fake.writeLog(container, index % 3 === 0 ? 'stderr' : 'stdout', `${line}\n`);
    }
  }

  function followRequests(): number {
    return fake.requests.filter(({ path }) => path.includes('/logs') && path.includes('follow=true')).length;
  }

  const hasAll = (collector: LogCollector, from = 0): boolean =>
    collector.collected.length >= written.length - from;

  function assertContiguous({ texts }: LogCollector): void {
    const [first = ''] = texts;
    assert.deepEqual(texts, written.slice(written.indexOf(first)));
  }

  it('is followed once, however many read it, and each gets all it asked for', async () => {
    write(500);
    const first = new LogCollector();
    const readers = [engine.followLog(container.id, { tail: 'all', follow: true }, first)];
    await eventually('the first has all', () => hasAll(first));
    const late = [0, 10, 'all'].map((tail) => ({
      tail: tail as number | 'all',
      collector: new LogCollector(),
    }));
    for (const { tail, collector } of late)
      readers.push(engine.followLog(container.id, { tail, follow: true }, collector));
    await eventually('those that want old lines have them', () =>
      late.every(
        ({ tail, collector }) => tail === 0 || collector.collected.length >= (tail === 'all' ? 500 : tail),
      ),
    );
    write(500);
    await eventually('all have the new ones', () =>
      late.every(({ collector }) => collector.texts.at(-1) === written.at(-1)),
    );
    assert.deepEqual(first.texts, written);
    assert.deepEqual(
      late.map(({ collector }) => collector.texts.length - 500),
      [0, 10, 500],
    );
    for (const { collector } of late) assertContiguous(collector);
    assert.equal(followRequests(), 1);
    for (const reader of readers) reader.dispose();
    await fake.whenOpenStreams('logs', 0);
  });

  it('goes on for the others when the first leaves', async () => {
    const [first, second] = [new LogCollector(), new LogCollector()];
    const leaving = engine.followLog(container.id, { tail: 'all', follow: true }, first);
    write(10);
    await eventually('the first has all', () => hasAll(first));
    const staying = engine.followLog(container.id, { tail: 'all', follow: true }, second);
    await eventually('the second has all', () => hasAll(second));
    leaving.dispose();
    write(10);
    await eventually('the second goes on', () => hasAll(second));
    assert.deepEqual([first.texts.length, second.texts], [10, written]);
    assert.equal(followRequests(), 1);
    staying.dispose();
  });

  it('says first when its driver may have lost lines, to each reader and not again after a break', async () => {
    container = fake.run({ name: 'sent-on', logDriver: 'fluentd' });
    write(3);
    const readers = [new LogCollector(), new LogCollector()];
    const following = readers.map((reader) =>
      engine.followLog(container.id, { tail: 'all', follow: true }, reader),
    );
    await eventually('all is read', () => readers.every((reader) => hasAll(reader)));
    fake.dropConnections();
    write(3);
    await eventually('and the rest', () => readers.every((reader) => hasAll(reader)));
    for (const { markers, texts } of readers) {
      const fidelity = { kind: 'fidelity', driver: 'fluentd', fidelity: 'cached' };
      assert.deepEqual([markers.filter(({ kind }) => kind === 'fidelity'), texts], [[fidelity], written]);
    }
    for (const one of following) one.dispose();
  });

  it('waits for nobody: who lags behind reads what it missed from the engine, and the others notice nothing', async () => {
    const [quick, slow] = [new LogCollector(), new HeldCollector()];
    const readers = [quick, slow].map((collector) =>
      engine.followLog(container.id, { tail: 'all', follow: true }, collector),
    );
    write(5);
    await eventually('both have all', () => hasAll(quick) && hasAll(slow));
    slow.hold = deferred<undefined>();
    write(1);
    await eventually('the slow one is held', () => hasAll(slow));
    write(6_000, 'x'.repeat(100));
    fake.die(container.id, 3);
    fake.start(container.id);
    write(6_000, 'y'.repeat(100));
    await eventually('the quick one has all', () => hasAll(quick));
    assert.equal(slow.collected.length, 6);
    slow.release();
    await eventually('the slow one has all', () => hasAll(slow));
    write(5);
    await eventually('and both go on', () => hasAll(quick) && hasAll(slow));
    assert.deepEqual(slow.texts, written);
    assert.deepEqual(quick.texts, written);
    assert.deepEqual([quick.markerKinds, slow.markerKinds], [['restarted'], ['restarted']]);
    for (const reader of readers) reader.dispose();
  });

  it('is exact for whoever joins whenever, at whatever speed', async () => {
    const random = seededRandom(11);
    const readers: { collector: HeldCollector; stop: () => void }[] = [];
    for (let round = 0; round < 60; round++) {
      write(Math.floor(random() * 400), 'z'.repeat(Math.floor(random() * 200)));
      if (readers.length < 12 && random() < 0.4) {
        const collector = new HeldCollector();
        const tail = random() < 0.3 ? 'all' : Math.floor(random() * 300);
        const following = engine.followLog(container.id, { tail, follow: true }, collector);
        readers.push({ collector, stop: () => following.dispose() });
      }
      for (const { collector } of readers) {
        if (random() < 0.2) collector.hold ??= deferred<undefined>();
        else if (random() < 0.3) collector.release();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    write(1);
    for (const { collector } of readers) collector.release();
    await eventually('all are at the end', () =>
      readers.every(({ collector }) => collector.texts.at(-1) === written.at(-1)),
    );
    for (const { collector } of readers) assertContiguous(collector);
    assert.equal(followRequests(), 1);
    for (const { stop } of readers) stop();
  });

  describe('resumed at a place', () => {
    async function placeAfter(lines: number): Promise<LogPlace> {
      const collector = new PlaceCollector();
      const following = engine.followLog(container.id, { tail: 'all', follow: true }, collector);
      write(lines);
      await eventually('all is read', () => hasAll(collector));
      following.dispose();
      const last = collector.places.at(-1);
      assert.equal(last?.lines, written.length);
      return last.place;
    }

    it('goes on exactly there, in another process', async () => {
      const resumeAt = await placeAfter(50);
      write(5_000);
      const other = openEngine();
      await connected(other);
      const collector = new LogCollector();
      const following = other.followLog(container.id, { tail: 0, follow: true, resumeAt }, collector);
      await eventually('what was missed', () => hasAll(collector, 50));
      write(5);
      await eventually('and more', () => hasAll(collector, 50));
      assert.deepEqual(collector.texts, written.slice(50));
      assert.deepEqual(collector.markerKinds, []);
      following.dispose();
      other.dispose();
    });

    it('goes on exactly there beside a reader that never left', async () => {
      const collector = new PlaceCollector();
      const staying = engine.followLog(container.id, { tail: 'all', follow: true }, collector);
      write(20);
      await eventually('all is read', () => hasAll(collector));
      const resumeAt = collector.places.at(-1)?.place;
      assert.ok(resumeAt);
      write(20);
      await eventually('all is read', () => hasAll(collector));
      const back = new LogCollector();
      const following = engine.followLog(container.id, { tail: 0, follow: true, resumeAt }, back);
      await eventually('what was missed', () => hasAll(back, 20));
      assert.deepEqual(back.texts, written.slice(20));
      assert.equal(
        fake.requests.filter(({ path }) => path.includes('/logs')).length,
        2,
        'no log is opened for it',
      );
      following.dispose();
      staying.dispose();
    });

    it('tells of a restart and of a new container in the meantime', async () => {
      const resumeAt = await placeAfter(3);
      fake.die(container.id, 1);
      fake.start(container.id);
      write(2);
      const restarted = new LogCollector();
      const first = engine.followLog(container.id, { tail: 0, follow: true, resumeAt }, restarted);
      await eventually('the new run', () => hasAll(restarted, 3));
      assert.deepEqual([restarted.texts, restarted.markerKinds], [written.slice(3), ['restarted']]);
      first.dispose();

      fake.die(container.id, 0);
      fake.remove(container.id);
      container = fake.run({ name: 'web' });
      const from = written.length;
      write(4);
      await eventually('the new one is known', () => engine.containers?.has(container.id) === true);
      const recreated = new LogCollector();
      const second = engine.followLog(
        resumeAt.cursor.containerId,
        { tail: 0, follow: true, resumeAt },
        recreated,
      );
      await eventually('its log', () => hasAll(recreated, from));
      assert.deepEqual([recreated.texts, recreated.markerKinds], [written.slice(from), ['recreated']]);
      second.dispose();
    });

    it('tells of a gap when the place is gone', async () => {
      const resumeAt = await placeAfter(3);
      fake.clearLog(container.id);
      const from = written.length;
      write(2);
      const collector = new LogCollector();
      const following = engine.followLog(container.id, { tail: 0, follow: true, resumeAt }, collector);
      await eventually('what there is', () => hasAll(collector, from));
      assert.deepEqual([collector.texts, collector.markerKinds], [written.slice(from), ['gap']]);
      following.dispose();
    });

    it('goes on with a filter in the middle of a record', async () => {
      const filter = { include: [], exclude: [], contextLines: 0, minimumLevel: 'error' as const };
      fake.writeLog(container, 'stdout', '2026-11-21 10:00:00 ERROR it broke\n');
      fake.writeLog(container, 'stdout', '    at first (a.js:1:1)\n');
      const before = new PlaceCollector();
      const following = engine.followLog(container.id, { tail: 'all', follow: true, filter }, before);
      await eventually('the head', () => before.collected.length === 2);
      following.dispose();
      const resumeAt = before.places.at(-1)?.place;
      assert.ok(resumeAt);
      fake.writeLog(container, 'stdout', '    at second (a.js:2:2)\n');
      fake.writeLog(container, 'stdout', '2026-11-21 10:00:01 INFO fine\n');
      fake.writeLog(container, 'stdout', '    detail of what is fine\n');
      fake.writeLog(container, 'stdout', '2026-11-21 10:00:02 ERROR again\n');
      const after = new LogCollector();
      const again = engine.followLog(container.id, { tail: 0, follow: true, filter, resumeAt }, after);
      await eventually('the rest', () => after.collected.length === 2);
      assert.deepEqual(after.texts, ['    at second (a.js:2:2)', '2026-11-21 10:00:02 ERROR again']);
      again.dispose();
    });
  });
}
