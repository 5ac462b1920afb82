export interface TokenBucketOptions {
  /** How much may be taken at once after a rest. */
  readonly capacity: number;
  readonly refillPerSecond: number;
}

const MS_PER_SECOND = 1_000;

/** Limits a rate: what is taken comes back with time, up to the capacity. */
export class TokenBucket {
  private level: number;
  private filledAtMs: number;

  constructor(
    private readonly options: TokenBucketOptions,
    private readonly nowMs: () => number,
  ) {
    this.level = options.capacity;
    this.filledAtMs = nowMs();
  }

  /** Takes as much if it is there, and says whether it was. */
  take(amount = 1): boolean {
    this.refill();
    if (this.level < amount) return false;
    this.level -= amount;
    return true;
  }

  /** Gives back what was taken after all for nothing. */
  give(amount = 1): void {
    this.refill();
    this.level = Math.min(this.options.capacity, this.level + amount);
  }

  /** In how many milliseconds as much can be taken; infinite for more than the capacity. */
  waitMs(amount = 1): number {
    this.refill();
    if (amount > this.options.capacity) return Number.POSITIVE_INFINITY;
    return Math.ceil((Math.max(0, amount - this.level) / this.options.refillPerSecond) * MS_PER_SECOND);
  }

  private refill(): void {
    const now = this.nowMs();
    // A clock that was set back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, now - this.filledAtMs);
    this.filledAtMs = now;
    const { capacity, refillPerSecond } = this.options;
    this.level = Math.min(capacity, this.level + (elapsedMs / MS_PER_SECOND) * refillPerSecond);
  }
}
