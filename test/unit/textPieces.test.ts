import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { latePiece, pieceOf, TextPieces, type TextPiece } from '../../src/model/textPieces';

function filled(count: number, leastLength = 0): TextPieces {
  const pieces = new TextPieces(leastLength);
  for (let number = 1; number <= count; number++) pieces.add(pieceOf(`${number};`, 1));
  return pieces;
}

function addPiece(pieces: TextPieces, text: string): TextPiece {
  const piece = pieceOf(text, 1);
  pieces.add(piece);
  return piece;
}

describe('TextPieces', () => {
  it('hands pieces back in their order and keeps the sums', () => {
    const pieces = filled(3);
    assert.deepEqual([pieces.length, pieces.lineCount, pieces.isEmpty], [6, 3, false]);
    assert.deepEqual(pieces.take(), pieceOf('1;', 1));
    assert.deepEqual([pieces.length, pieces.lineCount, pieces.toString()], [4, 2, '2;3;']);
    pieces.take();
    pieces.take();
    assert.deepEqual(
      [pieces.take(), pieces.length, pieces.lineCount, pieces.isEmpty],
      [undefined, 0, 0, true],
    );
    pieces.add(pieceOf('4;', 1));
    assert.equal(pieces.toString(), '4;');
  });

  it('removes the oldest down to a length, and says which', () => {
    const pieces = filled(9);
    const removed: string[] = [];
    pieces.keepNewest(7, ({ text }) => removed.push(text));
    assert.deepEqual(removed, ['1;', '2;', '3;', '4;', '5;', '6;']);
    assert.equal(pieces.toString(), '7;8;9;');
  });

  it('keeps the newest piece, however long', () => {
    const pieces = filled(1);
    pieces.add(pieceOf('x'.repeat(100), 1));
    pieces.keepNewest(10);
    assert.equal(pieces.toString(), 'x'.repeat(100));
  });

  it('joins what follows a short piece to it', () => {
    const pieces = filled(6, 4);
    assert.deepEqual(pieces.take(), pieceOf('1;2;', 2));
    assert.deepEqual([pieces.lineCount, pieces.toString()], [4, '3;4;5;6;']);
  });

  it('stays right when thousands have passed through', () => {
    const pieces = new TextPieces();
    for (let number = 1; number <= 5_000; number++) {
      pieces.add(pieceOf(`${number};`, 1));
      pieces.keepNewest(20);
    }
    assert.equal(pieces.toString(), '4997;4998;4999;5000;');
    assert.deepEqual([pieces.length, pieces.lineCount], [20, 4]);
  });

  it('begins anew when cleared', () => {
    const pieces = filled(3);
    pieces.take();
    pieces.clear();
    pieces.add(pieceOf('new;', 1));
    assert.deepEqual([pieces.toString(), pieces.length, pieces.lineCount], ['new;', 4, 1]);
  });

  it('lets go of what was removed', async () => {
    const pieces = new TextPieces();
    const removed = new WeakRef(addPiece(pieces, 'old;'));
    addPiece(pieces, 'new;');
    pieces.take();
    // What a WeakRef was made of lives at least until the task ends.
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    assert.equal(removed.deref(), undefined);
    assert.equal(pieces.toString(), 'new;');
  });

  it('does not make the text of late pieces that are removed', () => {
    const pieces = new TextPieces();
    const made: number[] = [];
    const make = (number: number): string => {
      made.push(number);
      return `${number};`;
    };
    for (let number = 1; number <= 5; number++) pieces.add(latePiece(10, 1, () => make(number)));
    pieces.keepNewest(20);
    assert.deepEqual([pieces.length, pieces.lineCount, made], [20, 2, []]);
    assert.equal(pieces.take()?.text, '4;');
    assert.deepEqual(made, [4]);
  });
});
