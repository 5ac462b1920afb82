const FIRST_CAPACITY = 64;

/**
 * The newest rows of numbers, each with its time, the times ascending. Its memory grows up to `capacity` rows and never
 * beyond; then the oldest row makes room. Values are kept to 24 binary digits (seven decimal ones), which no chart shows.
 */
export class RowRing {
  private times: Float64Array;
  private values: Float32Array;
  private start = 0;
  private count = 0;

  constructor(
    private readonly capacity: number,
    readonly columns: number,
  ) {
    const first = Math.min(FIRST_CAPACITY, capacity);
    this.times = new Float64Array(first);
    this.values = new Float32Array(first * columns);
  }

  get length(): number {
    return this.count;
  }

  /** For tests and budgets. */
  get memoryBytes(): number {
    return this.times.byteLength + this.values.byteLength;
  }

  /** @throws RangeError if the time is not after the last row's, or the row has not one value for each column */
  push(timeMs: number, row: ArrayLike<number>): void {
    if (row.length !== this.columns)
      throw new RangeError(`A row has ${this.columns} values, not ${row.length}.`);
    if (this.count > 0 && !(timeMs > this.timeAt(this.count - 1)))
      throw new RangeError('Rows are added in the order of their times.');
    if (this.count === this.times.length && this.count < this.capacity) this.grow();
    if (this.count === this.times.length) this.start = (this.start + 1) % this.times.length;
    else this.count++;
    const slot = this.slotOf(this.count - 1);
    this.times[slot] = timeMs;
    this.values.set(row, slot * this.columns);
  }

  /** @param index 0 is the oldest row */
  timeAt(index: number): number {
    return this.times[this.slotOf(index)] ?? Number.NaN;
  }

  valueAt(index: number, column: number): number {
    return this.values[this.slotOf(index) * this.columns + column] ?? Number.NaN;
  }

  /** The first row at or after a time; {@link length} if there is none. */
  indexAt(timeMs: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets all rows at or after a time. */
  dropFrom(timeMs: number): void {
    this.count = this.indexAt(timeMs);
  }

  private slotOf(index: number): number {
    return (this.start + index) % this.times.length;
  }

  /** Only a ring that was never full grows, but its start may have moved if rows were dropped: so in order. */
  private grow(): void {
    const larger = Math.min(this.capacity, this.times.length * 2);
    const times = new Float64Array(larger);
    const values = new Float32Array(larger * this.columns);
    for (let index = 0; index < this.count; index++) {
      const slot = this.slotOf(index);
      times[index] = this.timeAt(index);
      values.set(this.values.subarray(slot * this.columns, (slot + 1) * this.columns), index * this.columns);
    }
    this.times = times;
    this.values = values;
    this.start = 0;
  }
}
