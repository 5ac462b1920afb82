import assert from 'node:assert/strict';
import { RingMemory } from '../../src/engine/docker/ringMemory';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('the memory of rings', () => {
  it('is shared by all of them, and each has a little', () => {
    const memory = new RingMemory();
    const lengths = [1, 4, 200].map((rings) => memory.lengthFor(0, rings, false));
    assert.deepEqual(lengths, [256 * KIB, 64 * KIB, 16 * KIB]);
  });

  it('has more for those that somebody catches up with, but not more in all', () => {
    const memory = new RingMemory();
    const rings = new Array<number>(200).fill(0);
    for (let round = 0; round < 3; round++) {
      for (const [index, held] of rings.entries()) {
        const length = memory.lengthFor(held, rings.length, true);
        memory.changed(length - held);
        rings[index] = length;
      }
    }
    const held = rings.reduce((sum, length) => sum + length, 0);
    assert.equal(Math.max(...rings), MIB);
    assert.ok(held <= 8 * MIB + 200 * 16 * KIB, `${held}`);
    for (const length of rings) assert.ok(length >= 16 * KIB);
  });

  it('can be used again', () => {
    const memory = new RingMemory();
    memory.changed(8 * MIB);
    assert.equal(memory.lengthFor(0, 200, true), 16 * KIB);
    memory.changed(-8 * MIB);
    assert.equal(memory.lengthFor(0, 200, true), MIB);
  });
});
