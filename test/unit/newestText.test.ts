import assert from 'node:assert/strict';
import { NewestText } from '../../src/model/newestText';

describe('the newest part of a text', () => {
  it('is the whole text while there is room', () => {
    const newest = new NewestText(100, 10);
    newest.add('a\nb\n', 2);
    newest.add('c\n', 1);
    assert.deepEqual([newest.toString(), newest.droppedLines], ['a\nb\nc\n', 0]);
  });

  it('lets the oldest go for either bound, and counts each line', () => {
    const byLength = new NewestText(6, 1_000);
    for (let line = 1; line <= 5; line++) byLength.add(`${line}\n`, 1);
    assert.deepEqual([byLength.toString(), byLength.droppedLines], ['3\n4\n5\n', 2]);
    const byLines = new NewestText(1_000, 3);
    for (let line = 1; line <= 5_000; line++) byLines.add(`${line}\n`, 1);
    assert.deepEqual([byLines.toString(), byLines.droppedLines], ['4998\n4999\n5000\n', 4_997]);
  });

  it('keeps the last piece, however long', () => {
    const newest = new NewestText(4, 10);
    newest.add('1\n', 1);
    newest.add('long line\n', 1);
    assert.deepEqual([newest.toString(), newest.droppedLines], ['long line\n', 1]);
  });
});
