import assert from 'node:assert/strict';
import { deferred, type Deferred } from '../../src/base/async';
import type { LogReader } from '../../src/engine/docker/logReader';
import { SharedLogReader, type ReadingOn } from '../../src/engine/docker/sharedLogReader';
import { EngineError } from '../../src/engine/engine';
import type { LogBatch, LogLine, LogMarker, LogPlace, LogRequest } from '../../src/model/log';
import { cursorAfter } from '../../src/model/logPosition';
import { LogRing } from '../../src/model/logRing';
import { FakeClock } from '../doubles/fakeClock';

const ALL: LogRequest = { tail: 'all', follow: true };
const RESTARTED: LogMarker = { kind: 'restarted', outOfMemory: false };
const GONE = new EngineError('noSuchContainer', 'No such container.');

/** A line whose text is its number; its timestamp has the whole seconds of it. */
function line(second: number): LogLine {
  const timestamp = `2026-11-21T07:38:${String(Math.floor(second)).padStart(2, '0')}.000000000Z`;
  return { timestamp, stream: 'stdout', text: String(second) };
}

function batch(containerId: string, ...seconds: readonly number[]): LogBatch {
  const lines = seconds.map(line);
  const textLength = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  const last = lines.at(-1);
  const cursor = last && cursorAfter(containerId, last);
  return { lines, textLength, ...(cursor && { place: placeAt(cursor) }) };
}

function placeAt(cursor: LogPlace['cursor']): LogPlace {
  return { cursor, runStartedAt: '', identity: { name: 'web' } };
}

/** The engine's log, read as the test says. */
class Reading implements ReadingOn {
  place: LogPlace | undefined;
  isDisposed = false;

  constructor(
    readonly request: LogRequest,
    readonly into: LogReader,
  ) {}

  lines(containerId: string, ...seconds: readonly number[]): void | Promise<void> {
    const read = batch(containerId, ...seconds);
    this.place = read.place;
    return this.into.lines(read);
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** A reader of a shared log, with the ring and the engine in the test's hands. */
class Bench {
  readonly clock = new FakeClock();
  readonly readings: Reading[] = [];
  /** Texts of lines and kinds of markers, as they came. */
  readonly told: string[] = [];
  readonly markers: LogMarker[] = [];
  readonly ring = new LogRing(() => ({ maxTextLength: 1_000, maxEntries: this.maxEntries }));
  readonly reader: SharedLogReader;
  maxEntries = 100;
  containerId = 'a';
  firstEntry = 0;
  hold: Deferred<undefined> | undefined;
  private advance: () => void = () => undefined;
  onMarker: (marker: LogMarker) => void = () => undefined;

  constructor(request: LogRequest = ALL, before: (bench: Bench) => void = () => undefined) {
    before(this);
    this.reader = new SharedLogReader(request, this.sink(), this.ring, {
      readOn: (wanted, into) => {
        const reading = new Reading(wanted, into);
        this.readings.push(reading);
        return reading;
      },
      containerId: () => this.containerId,
      firstEntry: () => this.firstEntry,

      startOfRing: () => undefined,
      clock: this.clock,
      left: () => undefined,
    });
    this.advance = () => this.reader.advance();
  }

  get reading(): Reading {
    const last = this.readings.at(-1);
    assert.ok(last && !last.isDisposed, 'it reads from the engine');
    return last;
  }

  /** The followed log brings lines. */
  lines(...seconds: readonly number[]): void {
    this.ring.add({ kind: 'lines', batch: batch(this.containerId, ...seconds) });
    this.advance();
  }

  marker(marker: LogMarker): void {
    this.ring.add({ kind: 'marker', marker });
    this.advance();
  }

  recreate(containerId: string): void {
    this.containerId = containerId;
    this.firstEntry = this.ring.end + 1;
    this.marker({ kind: 'recreated', containerId });
  }

  async release(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    hold?.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }

  private sink(): LogReader {
    return {
      lines: ({ lines }) => {
        this.told.push(...lines.map(({ text }) => text));
        return this.hold?.promise;
      },
      marker: (marker) => {
        this.told.push(marker.kind);
        this.markers.push(marker);
        this.onMarker(marker);
      },
      ended: (error) => this.told.push(`ended ${error?.message ?? ''}`),
      prime: () => undefined,
      begun: () => undefined,
    };
  }
}

describe('a reader of a shared log', () => {
  describe('whose container is created anew', () => {
    /** It has read a little of the engine's log when the ring moves on to another container, and beyond. */
    function lateBench(): Bench {
      const bench = new Bench(ALL, (before) => before.lines(1, 2));
      bench.maxEntries = 2;
      bench.reader.catchUp();
      void bench.reading.lines('a', 1);
      bench.lines(3);
      bench.recreate('b');
      for (const second of [11, 12, 13]) bench.lines(second);
      return bench;
    }

    it('hears of it before the first line of the new one, if it has never come to the ring, too', () => {
      const bench = lateBench();
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', 'recreated']);
      assert.equal(bench.reading.request.resumeAt, undefined);
      void bench.reading.lines('b', 11, 12, 13);
      bench.reading.into.ended();
      bench.lines(14);
      assert.deepEqual(bench.told, ['1', 'gap', 'recreated', '11', '12', '13', '14']);
    });

    it('reads nothing of the new one if it leaves when it hears of it', () => {
      const bench = lateBench();
      bench.onMarker = ({ kind }) => {
        if (kind === 'recreated') bench.reader.dispose();
      };
      const { reading } = bench;
      reading.into.ended(GONE);
      bench.lines(14);
      assert.deepEqual(bench.told, ['1', 'gap', 'recreated']);
      assert.deepEqual([bench.readings.length, reading.isDisposed], [1, true]);
    });

    it('hears of it however much else it missed', async () => {
      const bench = new Bench();
      bench.hold = deferred<undefined>();
      bench.lines(1);
      for (let count = 0; count < 150; count++) bench.marker(RESTARTED);
      bench.recreate('b');
      for (let count = 0; count < 150; count++) bench.marker(RESTARTED);
      bench.lines(11);
      await bench.release();
      bench.reading.into.ended(GONE);
      assert.equal(bench.told.filter((told) => told === 'recreated').length, 1);
      void bench.reading.lines('b', 11);
      assert.deepEqual(bench.told.slice(-1), ['11']);
    });

    it('gets nothing of the one before, which the ring still has', () => {
      for (const end of [undefined, GONE]) {
        const bench = new Bench(ALL, (before) => {
          before.lines(1, 2);
          before.recreate('b');
        });
        bench.reader.catchUp();
        bench.reading.into.ended(end);
        bench.lines(11);
        assert.deepEqual(bench.told, ['11']);
      }
    });

    it('hears of it even if only the lines tell it', () => {
      const bench = new Bench();
      bench.lines(1);
      bench.containerId = 'b';
      bench.lines(11);
      assert.deepEqual(bench.told, ['1', 'recreated', '11']);
    });
  });

  describe('whose container is removed', () => {
    /** It is held at its first line until the ring has dropped more than that. */
    async function lappedBench(...seconds: readonly number[]): Promise<Bench> {
      const bench = new Bench();
      bench.maxEntries = 3;
      bench.hold = deferred<undefined>();
      for (const second of [1, ...seconds]) bench.lines(second);
      await bench.release();
      return bench;
    }

    const gapTo = (to: number): LogMarker => ({
      kind: 'gap',
      from: line(1).timestamp,
      to: line(to).timestamp,
    });

    it('gets what the ring still has, and hears first what it does not', async () => {
      const bench = await lappedBench(2, 3, 4, 5);
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', '3', '4', '5']);
      assert.deepEqual(bench.markers, [gapTo(3)]);
      bench.marker({ kind: 'removed' });
      assert.equal(bench.told.at(-1), 'removed');
    });

    it('does so if all lines were written at once, as far as the engine tells', async () => {
      const bench = await lappedBench(1.1, 1.2, 1.3, 1.4);
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', '1.2', '1.3', '1.4']);
    });

    it('does so if it has never come to the ring', () => {
      const bench = new Bench(ALL, (before) => {
        before.maxEntries = 2;
        for (const second of [1, 2, 3, 4]) before.lines(second);
      });
      bench.reader.catchUp();
      void bench.reading.lines('a', 1);
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', '3', '4']);
    });

    it('gets what the ring has of both, if another container took the place', async () => {
      const bench = new Bench();
      bench.maxEntries = 4;
      bench.hold = deferred<undefined>();
      for (const second of [1, 2, 3]) bench.lines(second);
      bench.recreate('b');
      for (const second of [11, 12]) bench.lines(second);
      await bench.release();
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', '3', 'recreated', '11', '12']);
      assert.deepEqual(bench.markers[0], gapTo(3));
    });

    it('hears of the gap before anything else, also if nothing follows', async () => {
      const bench = new Bench();
      bench.maxEntries = 1;
      bench.hold = deferred<undefined>();
      for (const second of [1, 2]) bench.lines(second);
      bench.marker({ kind: 'removed' });
      await bench.release();
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', 'gap', 'removed']);
      assert.deepEqual(bench.markers[0], gapTo(1));
    });

    it('goes on in the ring where the engine broke off', () => {
      const bench = new Bench(ALL, (before) => before.lines(1));
      bench.reader.catchUp();
      for (const second of [2, 3]) bench.lines(second);
      void bench.reading.lines('a', 1, 2);
      bench.reading.into.ended(GONE);
      assert.deepEqual(bench.told, ['1', '2', '3']);
    });

    it('gets nothing twice if it was ahead of the ring', () => {
      const bench = new Bench(ALL, (before) => before.lines(1));
      bench.reader.catchUp();
      bench.lines(2);
      void bench.reading.lines('a', 1, 2, 3);
      bench.reading.into.ended(GONE);
      bench.lines(3);
      bench.lines(4);
      assert.deepEqual(bench.told, ['1', '2', '3', '4']);
    });

    it('goes on with the end if the ring does not come to what it has read', () => {
      const bench = new Bench(ALL, (before) => before.lines(1));
      bench.reader.catchUp();
      void bench.reading.lines('a', 1, 2);
      bench.reading.into.ended(GONE);
      bench.marker({ kind: 'removed' });
      bench.clock.advance(60_000);
      bench.reading.into.ended(GONE);
      bench.recreate('b');
      bench.lines(11);
      assert.deepEqual(bench.told, ['1', '2', 'gap', 'removed', 'recreated', '11']);
    });
  });

  describe('whose container is restarted while it reads from the engine', () => {
    it('hears of it where the new run begins', async () => {
      const bench = new Bench();
      bench.maxEntries = 2;
      bench.hold = deferred<undefined>();
      for (const second of [1, 2]) bench.lines(second);
      bench.marker({ kind: 'stopped', outOfMemory: false });
      bench.marker({ kind: 'started' });
      for (const second of [3, 4, 5]) bench.lines(second);
      await bench.release();
      void bench.reading.lines('a', 2);
      bench.reading.into.marker(RESTARTED);
      void bench.reading.lines('a', 3, 4);
      bench.reading.into.ended();
      assert.deepEqual(bench.told, ['1', '2', 'stopped', 'started', '3', '4', '5']);
    });

    it('hears of it once if no line of the new run is there yet', async () => {
      const bench = new Bench();
      bench.maxEntries = 3;
      bench.hold = deferred<undefined>();
      for (const second of [1, 2, 3, 4]) bench.lines(second);
      bench.marker(RESTARTED);
      await bench.release();
      void bench.reading.lines('a', 2, 3, 4);
      bench.reading.into.marker(RESTARTED);
      bench.reading.into.ended();
      bench.lines(5);
      bench.marker(RESTARTED);
      assert.deepEqual(bench.told, ['1', '2', '3', '4', 'restarted', '5', 'restarted']);
    });

    it('hears of it if it has never come to the ring before', () => {
      const bench = new Bench(ALL, (before) => before.lines(1));
      bench.reader.catchUp();
      void bench.reading.lines('a', 1);
      bench.marker(RESTARTED);
      bench.lines(2);
      void bench.reading.lines('a', 2);
      bench.reading.into.ended();
      assert.deepEqual(bench.told, ['1', '2', 'restarted']);
    });

    it('hears from its own reading what happened while it was away', () => {
      const { place: resumeAt } = batch('a', 1);
      assert.ok(resumeAt);
      const bench = new Bench({ ...ALL, resumeAt }, (before) => before.lines(3));
      bench.reader.catchUp();
      bench.reading.into.marker(RESTARTED);
      void bench.reading.lines('a', 2, 3);
      bench.reading.into.ended();
      bench.lines(4);
      assert.deepEqual(bench.told, ['restarted', '2', '3', '4']);
    });
  });

  it('catches up, but not while it is slow itself', async () => {
    const bench = new Bench(ALL, (before) => before.lines(1, 2));
    bench.reader.catchUp();
    assert.equal(bench.reader.isCatchingUp, true);
    bench.hold = deferred<undefined>();
    const taken = bench.reading.lines('a', 1);
    assert.equal(bench.reader.isCatchingUp, false);
    await bench.release();
    await taken;
    assert.equal(bench.reader.isCatchingUp, true);
    bench.reading.into.ended();
    assert.deepEqual([bench.told, bench.reader.isCatchingUp], [['1', '2'], false]);
  });
});
