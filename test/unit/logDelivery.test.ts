import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { deferred, type Deferred } from '../../src/base/async';
import { HeldStream } from '../../src/engine/docker/heldStream';
import { LogDelivery } from '../../src/engine/docker/logDelivery';
import { readerOf, type LogReader } from '../../src/engine/docker/logReader';
import { filteredLog } from '../../src/model/filteredSink';
import type { LogLine, LogSink } from '../../src/model/log';
import { BATCH_INTERVAL_MS } from '../../src/model/logBatcher';
import { EVERYTHING, type LogFilter } from '../../src/model/logFilter';
import { FakeClock } from '../doubles/fakeClock';

const lineOf = (text: string): LogLine => ({ timestamp: '', stream: 'stdout', text });

/** Takes a batch, and then nothing until it is let go on. */
class SlowReader implements LogSink {
  readonly told: string[] = [];
  private taking: Deferred<undefined> | undefined;

  lines({ lines }: { readonly lines: readonly LogLine[] }): Promise<void> {
    assert.equal(this.taking, undefined, 'it is given nothing while it is busy');
    this.told.push(...lines.map(({ text }) => text));
    this.taking = deferred<undefined>();
    return this.taking.promise;
  }

  marker({ kind }: { readonly kind: string }): void {
    assert.equal(this.taking, undefined, 'it is told nothing while it is busy');
    this.told.push(kind);
  }

  ended(error?: Error): void {
    this.told.push(error ? `ended ${error.message}` : 'ended');
  }

  async take(error?: Error): Promise<void> {
    const { taking } = this;
    this.taking = undefined;
    if (error) taking?.reject(error);
    else taking?.resolve(undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function readerFor(sink: LogSink, filter?: LogFilter): LogReader {
  const filtered = filteredLog(filter, sink);
  assert.equal(filtered.kind, 'filteredLog');
  return readerOf(filtered);
}

describe('LogDelivery', () => {
  let clock: FakeClock;
  let reader: SlowReader;
  let failures: string[];

  function delivery(filter?: LogFilter, mayWait = true): LogDelivery {
    return new LogDelivery(readerFor(reader, filter), {
      mayWait,
      clock,
      place: () => undefined,
      failed: ({ message }) => failures.push(message),
    });
  }

  /** So much of a chunk that came before the engine was asked to wait is still to be handed on. */
  function add(to: LogDelivery, ...texts: readonly string[]): void {
    for (const text of texts) to.add(lineOf(text));
    clock.advance(BATCH_INTERVAL_MS);
  }

  beforeEach(() => {
    clock = new FakeClock();
    reader = new SlowReader();
    failures = [];
  });

  it('keeps lines, markers and the end in their order while the reader is busy', async () => {
    const log = delivery();
    add(log, 'a');
    add(log, 'b');
    add(log, 'c');
    log.marker({ kind: 'started' });
    add(log, 'd');
    log.end(undefined);
    assert.deepEqual(reader.told, ['a']);
    for (let count = 0; count < 5; count++) await reader.take();
    assert.deepEqual(reader.told, ['a', 'b', 'c', 'started', 'd', 'ended']);
  });

  it('keeps the order behind a filter that shows lines of context', async () => {
    const log = delivery({
      ...EVERYTHING,
      include: [{ kind: 'text', text: 'x', matchCase: true }],
      contextLines: 1,
    });
    add(log, 'x1');
    await reader.take();
    add(log, 'a', 'b', 'c', 'd', 'x2');
    add(log, 'x3');
    for (let count = 0; count < 5; count++) await reader.take();
    assert.deepEqual(reader.told, ['x1', 'a', 'notShown', 'd', 'x2', 'x3']);
  });

  it('has the engine wait as long as anything waits here, also on a log that was opened meanwhile', async () => {
    const streams = [new Readable({ read: () => undefined }), new Readable({ read: () => undefined })];
    const log = delivery();
    for (const [index, stream] of streams.entries()) {
      stream.resume();
      log.opened(new HeldStream(stream));
      add(log, String(index));
      assert.equal(stream.isPaused(), true);
    }
    await reader.take();
    assert.deepEqual(
      streams.map((stream) => stream.isPaused()),
      [false, true],
    );
    await reader.take();
    assert.deepEqual(
      streams.map((stream) => stream.isPaused()),
      [false, false],
    );
  });

  it('lets a followed log go on, until too much waits', () => {
    const stream = new Readable({ read: () => undefined });
    stream.resume();
    const log = delivery(undefined, false);
    log.opened(new HeldStream(stream));
    add(log, 'a', 'x'.repeat(3_000_000));
    assert.equal(stream.isPaused(), false);
    add(log, 'x'.repeat(3_000_000));
    assert.equal(stream.isPaused(), true);
    log.dispose();
    assert.equal(stream.isPaused(), false);
  });

  it('hands over nothing more to a reader that failed', async () => {
    const log = delivery();
    add(log, 'a');
    add(log, 'b');
    await reader.take(new Error('full'));
    assert.deepEqual([reader.told, failures], [['a'], ['full']]);
  });

  it('tells a reader that failed at last with its own error', async () => {
    const log = delivery();
    add(log, 'a');
    log.end(undefined);
    await reader.take(new Error('full'));
    assert.deepEqual([reader.told, failures], [['a', 'ended full'], []]);
  });

  it('hands over nothing more when it is given up', async () => {
    const log = delivery();
    add(log, 'a');
    add(log, 'b');
    log.end(undefined);
    log.dispose();
    await reader.take();
    assert.deepEqual(reader.told, ['a']);
  });
});
