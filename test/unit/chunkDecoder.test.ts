import assert from 'node:assert/strict';
import { ChunkDecoder } from '../../src/engine/docker/chunkDecoder';
import { decodeUtf8 } from '../../src/engine/docker/utf8';
import { seededRandom } from '../support/random';

const KIBIBYTE = 1_024;

/** Bytes at some offset of a buffer, one of `rarity` of them no ASCII: characters, parts of them, and what is none. */
function chunkOf(length: number, rarity: number, random: () => number): Buffer {
  const offset = Math.floor(random() * 8);
  const chunk = Buffer.alloc(length + offset).subarray(offset);
  for (let index = 0; index < length; index++)
    chunk[index] = random() * rarity < 1 ? 128 + Math.floor(random() * 128) : Math.floor(random() * 128);
  if (random() < 0.5) chunk.write('größer, 日本, 🚢', Math.floor(random() * (length / 2)));
  return chunk;
}

describe('ChunkDecoder', () => {
  for (const rarity of [4, 40, 400, 4_000, Number.POSITIVE_INFINITY]) {
    it(`decodes as each piece by itself would be, with one byte in ${rarity} that is no ASCII`, () => {
      const random = seededRandom(rarity === Number.POSITIVE_INFINITY ? 1 : rarity);
      const decoder = new ChunkDecoder();
      for (let round = 0; round < 30; round++) {
        const chunk = chunkOf(Math.floor(random() * 40 * KIBIBYTE), rarity, random);
        decoder.begin(chunk);
        for (let start = 0; start < chunk.length;) {
          const most = random() < 0.05 ? 12 * KIBIBYTE : 200;
          const end = Math.min(chunk.length, start + Math.floor(random() * most));
          assert.equal(decoder.decode(chunk, start, end), decodeUtf8(chunk, start, end));
          start = end + Math.floor(random() * 10);
        }
      }
    });
  }

  it('decodes what lies before the piece before, and what lies in other bytes', () => {
    const decoder = new ChunkDecoder();
    const chunk = Buffer.from(`ä${'x'.repeat(5_000)}ö${'y'.repeat(5_000)}`);
    decoder.begin(chunk);
    for (const [start, end] of [
      [2, 100],
      [9_000, 9_001],
      [0, 4],
      [4_990, 5_010],
      [3, 9],
    ] as const)
      assert.equal(decoder.decode(chunk, start, end), decodeUtf8(chunk, start, end));
    const other = Buffer.from('ünd');
    assert.equal(decoder.decode(other, 0, other.length), 'ünd');
    decoder.end();
    assert.equal(decoder.decode(chunk, 0, 4), 'äxx');
  });
});
