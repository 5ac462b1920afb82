/** How many taken items may lie before the first one before they are cut off. */
const MAX_TAKEN = 1_024;

/** First in, first out, however long it gets. */
export class Fifo<T> {
  private items: T[] = [];
  private taken = 0;

  get size(): number {
    return this.items.length - this.taken;
  }

  push(item: T): void {
    this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.taken];
  }

  shift(): T | undefined {
    const item = this.items[this.taken];
    if (item === undefined) return undefined;
    this.taken += 1;
    if (this.taken > MAX_TAKEN && this.taken * 2 > this.items.length) this.cut();
    return item;
  }

  /** Keeps only what passes. */
  filter(isKept: (item: T) => boolean): void {
    this.cut();
    this.items = this.items.filter(isKept);
  }

  clear(): void {
    this.items = [];
    this.taken = 0;
  }

  private cut(): void {
    this.items = this.items.slice(this.taken);
    this.taken = 0;
  }
}
