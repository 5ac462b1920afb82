/** Mulberry32: a small seeded generator, so that a run can be repeated from its seed. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextUint32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.nextUint32() % (high - low + 1));
  }

  /** A 64-digit hexadecimal id as the engine gives to containers, images and execs. */
  hexId(): string {
    let id = '';
    for (let word = 0; word < 8; word++) id += this.nextUint32().toString(16).padStart(8, '0');
    return id;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.nextUint32() % items.length] ?? items[0];
  }
}
