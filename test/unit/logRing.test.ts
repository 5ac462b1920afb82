import assert from 'node:assert/strict';
import type { LogBatch, LogCursor, LogLine, LogPlace } from '../../src/model/log';
import { cursorAfter } from '../../src/model/logPosition';
import { LogRing } from '../../src/model/logRing';

const line = (second: number, text: string): LogLine => ({
  timestamp: `2026-11-21T07:38:${String(second).padStart(2, '0')}.000000000Z`,
  stream: 'stdout',
  text,
});
const ROOMY = { maxTextLength: 1_000, maxEntries: 100 };
const placeAt = (cursor: LogCursor): LogPlace => ({ cursor, runStartedAt: '', identity: { name: 'web' } });

function batch(...lines: readonly LogLine[]): LogBatch {
  const last = lines.at(-1);
  const textLength = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  return { lines, textLength, ...(last && { place: placeAt(cursorAfter('id', last)) }) };
}

describe('LogRing', () => {
  it('finds a place within a batch, with the rest of it and what came before', () => {
    const ring = new LogRing(() => ROOMY);
    ring.add({ kind: 'lines', batch: batch(line(1, 'a')) });
    ring.add({ kind: 'marker', marker: { kind: 'reconnected' } });
    ring.add({ kind: 'lines', batch: batch(line(2, 'b'), line(3, 'c'), line(4, 'd')) });
    const spot = ring.find(cursorAfter('id', line(3, 'c')));
    assert.deepEqual(spot, {
      entry: 3,
      rest: [line(4, 'd')],
      before: [line(1, 'a'), line(2, 'b'), line(3, 'c')],
      place: placeAt(cursorAfter('id', line(4, 'd'))),
    });
    assert.equal(ring.find(cursorAfter('id', line(3, 'other'))), undefined);
  });

  it('tells equal lines apart by their number', () => {
    const ring = new LogRing(() => ROOMY);
    ring.add({ kind: 'lines', batch: batch(line(1, 'a'), line(1, 'a'), line(1, 'a')) });
    const spot = ring.find({ ...cursorAfter('id', line(1, 'a')), ordinal: 2 });
    assert.deepEqual(spot?.rest, [line(1, 'a')]);
  });

  it('finds no place among equal lines of which it has not all', () => {
    // An engine that dates lines to the second: the place is after the fourth of six lines.
    const place = { ...cursorAfter('id', line(1, 'a')), ordinal: 4 };
    const placed = (ordinal: number): LogBatch => ({
      ...batch(line(1, 'a')),
      place: placeAt({ ...cursorAfter('id', line(1, 'a')), ordinal }),
    });
    const dropping = new LogRing(() => ({ maxTextLength: 1_000, maxEntries: 4 }));
    for (let ordinal = 1; ordinal <= 6; ordinal++) dropping.add({ kind: 'lines', batch: placed(ordinal) });
    assert.equal(dropping.find(place), undefined);
    const begun = new LogRing(() => ROOMY);
    begun.beginsAfter({ ...cursorAfter('id', line(1, 'a')), ordinal: 2 });
    for (let ordinal = 3; ordinal <= 6; ordinal++) begun.add({ kind: 'lines', batch: placed(ordinal) });
    assert.equal(begun.find(place), undefined);
    const unplaced = new LogRing(() => ({ maxTextLength: 1_000, maxEntries: 4 }));
    for (let count = 0; count < 6; count++)
      unplaced.add({ kind: 'lines', batch: { lines: [line(1, 'a')], textLength: 2 } });
    assert.equal(unplaced.find(place), undefined);
  });

  it('finds a place only in the log of its container', () => {
    const ring = new LogRing(() => ROOMY);
    ring.add({ kind: 'lines', batch: batch(line(1, 'a')) });
    assert.equal(ring.find(cursorAfter('other', line(1, 'a'))), undefined);
  });

  it('drops the oldest beyond its bounds, and knows the place before what is left', () => {
    const ring = new LogRing(() => ({ maxTextLength: 30, maxEntries: 100 }));
    for (let second = 0; second < 10; second++)
      ring.add({ kind: 'lines', batch: batch(line(second, 'ten chars')) });
    assert.deepEqual([ring.first, ring.end], [7, 10]);
    assert.equal(ring.at(6), undefined);
    assert.equal(ring.find(cursorAfter('id', line(6, 'ten chars')))?.entry, 7);
    assert.equal(ring.find(cursorAfter('id', line(5, 'ten chars'))), undefined);
  });

  it('keeps its newest entry, however long', () => {
    const ring = new LogRing(() => ({ maxTextLength: 10, maxEntries: 100 }));
    ring.add({ kind: 'lines', batch: batch(line(1, 'x'.repeat(100))) });
    assert.deepEqual([ring.first, ring.end], [0, 1]);
  });

  it('has a bounded number of entries', () => {
    const ring = new LogRing(() => ({ maxTextLength: 1_000, maxEntries: 4 }));
    for (let index = 0; index < 20; index++) ring.add({ kind: 'marker', marker: { kind: 'reconnected' } });
    assert.deepEqual([ring.first, ring.end], [16, 20]);
  });

  it('makes room when its bounds become narrower', () => {
    let maxEntries = 100;
    const ring = new LogRing(() => ({ maxTextLength: 1_000, maxEntries }));
    for (let index = 0; index < 20; index++) ring.add({ kind: 'marker', marker: { kind: 'reconnected' } });
    maxEntries = 5;
    ring.add({ kind: 'marker', marker: { kind: 'reconnected' } });
    assert.deepEqual([ring.first, ring.end], [16, 21]);
  });

  it('begins after a place that was looked up', () => {
    const ring = new LogRing(() => ROOMY);
    const start = cursorAfter('id', line(1, 'a'));
    ring.beginsAfter(start);
    ring.add({ kind: 'lines', batch: batch(line(2, 'b')) });
    assert.deepEqual(ring.find(start), { entry: 0, rest: [], before: [] });
  });
});
