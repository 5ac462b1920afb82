/** Whole numbers from `first` to `last`, both included. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** A set of whole numbers that costs memory only for its holes: numbers that come in order are one interval. */
export class IntervalSet {
  /** Ascending, neither overlapping nor touching. */
  private intervals: { first: number; last: number }[] = [];
  private total = 0;

  *[Symbol.iterator](): Generator<Interval> {
    yield* this.intervals;
  }

  get size(): number {
    return this.total;
  }

  get first(): number | undefined {
    return this.intervals[0]?.first;
  }

  get last(): number | undefined {
    return this.intervals.at(-1)?.last;
  }

  /** Whether the number was new. */
  add(value: number): boolean {
    const last = this.intervals.at(-1);
    if (!last || value > last.last + 1) this.intervals.push({ first: value, last: value });
    else if (value === last.last + 1) last.last = value;
    else if (!this.insert(value)) return false;
    this.total++;
    return true;
  }

  has(value: number): boolean {
    const found = this.intervals[this.indexAtOrAfter(value)];
    return found !== undefined && found.first <= value;
  }

  /** What the interval has and this set has not. */
  missing({ first, last }: Interval): Interval[] {
    const holes: Interval[] = [];
    let next = first;
    for (let index = this.indexAtOrAfter(first); next <= last; index++) {
      const interval = this.intervals[index];
      const end = interval ? Math.min(last, interval.first - 1) : last;
      if (end >= next) holes.push({ first: next, last: end });
      if (!interval) break;
      next = Math.max(next, interval.last + 1);
    }
    return holes;
  }

  private insert(value: number): boolean {
    const index = this.indexAtOrAfter(value);
    const [before, after] = [this.intervals[index - 1], this.intervals[index]];
    if (after && after.first <= value) return false;
    const [touchesBefore, touchesAfter] = [before?.last === value - 1, after?.first === value + 1];
    if (before && after && touchesBefore && touchesAfter) {
      before.last = after.last;
      this.intervals.splice(index, 1);
    } else if (before && touchesBefore) before.last = value;
    else if (after && touchesAfter) after.first = value;
    else this.intervals.splice(index, 0, { first: value, last: value });
    return true;
  }

  /** The first interval that ends at the value or after it. */
  private indexAtOrAfter(value: number): number {
    let [low, high] = [0, this.intervals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.intervals[middle]?.last ?? Infinity) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
