import assert from 'node:assert/strict';
import type { LogBatch } from '../../src/model/log';
import { BATCH_INTERVAL_MS, LogBatcher } from '../../src/model/logBatcher';
import { FakeClock } from '../doubles/fakeClock';

function setUp() {
  const clock = new FakeClock();
  const batches: LogBatch[] = [];
  const batcher = new LogBatcher((batch) => batches.push(batch), clock);
  const write = (text: string): void => batcher.add({ timestamp: '', stream: 'stdout', text });
  const texts = (): string[][] => batches.map((batch) => batch.lines.map((line) => line.text));
  return { clock, batches, batcher, write, texts };
}

describe('LogBatcher', () => {
  it('hands a line on a quiet log on at once', () => {
    const { clock, write, texts } = setUp();
    write('first');
    assert.deepEqual(texts(), [['first']]);
    clock.advance(1_000);
    write('much later');
    assert.deepEqual(texts(), [['first'], ['much later']]);
  });

  it('gathers what follows closely', () => {
    const { clock, write, texts } = setUp();
    for (const text of ['1', '2', '3']) write(text);
    assert.deepEqual(texts(), [['1']]);
    clock.advance(BATCH_INTERVAL_MS);
    assert.deepEqual(texts(), [['1'], ['2', '3']]);
    write('4');
    assert.equal(texts().length, 2, 'still within the interval of the last batch');
    clock.advance(BATCH_INTERVAL_MS);
    assert.deepEqual(texts()[2], ['4']);
  });

  it('gathers what comes after a rest', () => {
    const { clock, batcher, write, texts } = setUp();
    batcher.rest();
    for (const text of ['1', '2']) write(text);
    assert.deepEqual(texts(), []);
    clock.advance(BATCH_INTERVAL_MS);
    assert.deepEqual(texts(), [['1', '2']]);
  });

  it('does not wait when a batch is full', () => {
    const { write, batches } = setUp();
    write('first');
    for (let count = 0; count < 10; count++) write('x'.repeat(10_000));
    assert.deepEqual(
      batches.map((batch) => batch.lines.length),
      [1, 7],
    );
    assert.equal(batches[1]?.textLength, 7 * 10_001);
  });

  it('keeps no timer running on a quiet log', () => {
    const { clock, write } = setUp();
    write('only');
    clock.advance(BATCH_INTERVAL_MS);
    assert.equal(clock.pendingTimers, 0);
  });

  it('delivers nothing after it was disposed', () => {
    const { clock, batcher, write, texts } = setUp();
    write('1');
    write('2');
    batcher.dispose();
    clock.advance(1_000);
    assert.deepEqual(texts(), [['1']]);
  });
});
