import assert from 'node:assert/strict';
import { PART_BYTES, RunInDoubtError, TtyRecordReader } from '../../src/model/logTty';
import { seededRandom, slices } from '../support/random';

const T1 = '2026-11-21T07:38:14.000000001Z';
const T2 = '2026-11-21T07:38:14.000000002Z';

function read(chunks: readonly Uint8Array[], startedAt = '', isSure = true): string[] {
  const records: string[] = [];
  const reader = new TtyRecordReader(
    (buffer, start, end) => records.push(Buffer.from(buffer.slice(start, end)).toString()),
    { startedAt, isSure },
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return records;
}

describe('TtyRecordReader', () => {
  const records = [
    `${T1} short\r\n`,
    `${T1} ${'a'.repeat(PART_BYTES)}`,
    `${T1} ${'b'.repeat(PART_BYTES)}`,
    `${T1} end of the long line\r\n`,
    `${T2} ${'c'.repeat(PART_BYTES - 1)}\n`,
    `${T2} exactly after a full one\n`,
    `${T2} unterminated`,
  ];
  const stream = Buffer.from(records.join(''));

  it('cuts at line endings, and where the engine cut a long line', () => {
    assert.deepEqual(read([stream]), records);
  });

  it('reads the same whatever the chunks', () => {
    for (let seed = 1; seed <= 24; seed++) {
      const longest = [7, 100, 20_000][seed % 3] ?? 7;
      assert.deepEqual(read(slices(stream, longest, seededRandom(seed))), records, `seed ${seed}`);
    }
  });

  it('hands on an endless line in pieces, with nothing lost', () => {
    const text = `${T1} ${'z'.repeat(12_000_000)}`;
    const pieces = read(slices(Buffer.from(text), 65_536, () => 0.999));
    assert.ok(pieces.length >= 2);
    assert.ok(pieces.join('') === text);
  });

  it('cuts where the engine did, also where it made split characters longer', () => {
    // Half a character at the end, the other half at the beginning, and one that the container wrote itself.
    const cut = [
      `${T1} ${'a'.repeat(PART_BYTES - 3)}\ufffd\ufffd\ufffd`,
      `${T1} \ufffd${'b'.repeat(PART_BYTES - 1 - 3)}\ufffd`,
      `${T1} ${'c'.repeat(PART_BYTES - 3)}\ufffd`,
      `${T1} end\n`,
    ];
    const bytes = Buffer.from(cut.join(''));
    assert.deepEqual(read([bytes]), cut);
    for (let seed = 1; seed <= 6; seed++)
      assert.deepEqual(read(slices(bytes, 20_000, seededRandom(seed))), cut, `seed ${seed}`);
  });

  it('cuts after a long line without a line ending, as the local driver of 20.10 stores it', () => {
    const bare = [
      `${T1} ${'a'.repeat(PART_BYTES)}`,
      `${T1} rest\r of the long line\r`,
      `${T2} ${'b'.repeat(PART_BYTES)}`,
      `${T2} ${'b'.repeat(PART_BYTES - 1)}\r`,
      `${T2} `,
      `${T1} next\r\n`,
    ];
    const bytes = Buffer.from(bare.join(''));
    assert.deepEqual(read([bytes]), bare);
    for (let seed = 1; seed <= 6; seed++)
      assert.deepEqual(read(slices(bytes, 9_000, seededRandom(seed))), bare, `seed ${seed}`);
  });

  it('leaves a long line whole that the engine did not cut', () => {
    const line = `${T1} ${'z'.repeat(3 * PART_BYTES)}\n`;
    assert.deepEqual(read([Buffer.from(line)]), [line]);
  });

  describe('at what a run left unterminated', () => {
    const EARLY = '2026-11-21T07:30:00.000000000Z';
    const MIDDLE = '2026-11-21T07:35:00.000000000Z';
    const LATE = '2026-11-21T07:40:00.000000000Z';
    const RUN_START = '2026-11-21T07:39:59.5Z';

    it('cuts before the first record of the next run, or of several', () => {
      const joined = [`${EARLY} half a li`, `${MIDDLE} half anoth`, `${LATE} of the present run\r\n`];
      assert.deepEqual(read([Buffer.from(joined.join(''))], RUN_START), joined);
    });

    it('leaves a time alone that the container wrote before the engine received it', () => {
      const text = `${MIDDLE} took since ${EARLY} to get here\r\n`;
      assert.deepEqual(read([Buffer.from(text)], RUN_START), [text]);
    });

    it('leaves a time alone that is later than the next record', () => {
      const lines = [`${EARLY} expires ${LATE} at last\r\n`, `${MIDDLE} next\r\n`];
      assert.deepEqual(read([Buffer.from(lines.join(''))], RUN_START), lines);
    });

    it('is in doubt where another run may have begun meanwhile', () => {
      const line = `${MIDDLE} expires ${LATE} at last\r\n`;
      assert.throws(() => read([Buffer.from(line)], EARLY, false), RunInDoubtError);
      const plain = `${MIDDLE} took since ${EARLY} to get here\r\n`;
      assert.deepEqual(read([Buffer.from(plain)], EARLY, false), [plain]);
    });

    it('leaves the lines of the present run alone', () => {
      const line = `${MIDDLE} expires ${LATE} at last\r\n`;
      assert.deepEqual(read([Buffer.from(line)], EARLY), [line]);
    });
  });
});
