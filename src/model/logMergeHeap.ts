import type { LogLine } from './log';

/** A line that waits to be merged. */
export interface WaitingLine<Source> {
  readonly source: Source;
  readonly line: LogLine;
  /** Orders as the times do when compared as a string; never less than that of the line before from the same source. */
  readonly time: string;
  readonly arrivedMs: number;
  /** Counts the lines, to keep equal times in the order they came. */
  readonly number: number;
  isEmitted: boolean;
}

interface Queue<Source> {
  readonly source: Source;
  isOpen: boolean;
  lines: WaitingLine<Source>[];
  /** The index of the first line that still waits. */
  first: number;
}

/** Emitted lines are dropped from a queue when there are this many. */
const DROP_AT = 1_024;

/** The waiting lines of several sources, each in its own order; gives out the earliest of all. A binary heap of queues. */
export class MergeHeap<Source> {
  private readonly queues = new Map<Source, Queue<Source>>();
  /** The queues in which lines wait. */
  private readonly heap: Queue<Source>[] = [];
  private openQueues = 0;
  private waitingOpen = 0;
  private waiting = 0;
  private numbers = 0;

  get size(): number {
    return this.waiting;
  }

  /** Whether a line of every open source waits, so that no earlier one can come. */
  get isComplete(): boolean {
    return this.waiting > 0 && this.waitingOpen === this.openQueues;
  }

  isWaiting(source: Source): boolean {
    const queue = this.queues.get(source);
    return queue !== undefined && headOf(queue) !== undefined;
  }

  open(source: Source): void {
    const queue = this.queues.get(source);
    if (queue?.isOpen === true) return;
    this.openQueues++;
    if (!queue) {
      this.queues.set(source, { source, isOpen: true, lines: [], first: 0 });
      return;
    }
    queue.isOpen = true;
    if (headOf(queue)) this.waitingOpen++;
  }

  close(source: Source): void {
    const queue = this.queues.get(source);
    if (queue?.isOpen !== true) return;
    queue.isOpen = false;
    this.openQueues--;
    if (headOf(queue)) this.waitingOpen--;
    else this.queues.delete(source);
  }

  /** The source must be open. */
  push(source: Source, line: LogLine, time: string, arrivedMs: number): WaitingLine<Source> {
    const queue = this.queues.get(source);
    if (!queue) throw new Error('A source that is not open has no lines.');
    const before = queue.lines.at(-1);
    const isQueued = queue.first < queue.lines.length;
    const orderedTime = isQueued && before && before.time > time ? before.time : time;
    const held = { source, line, time: orderedTime, arrivedMs, number: this.numbers++, isEmitted: false };
    queue.lines.push(held);
    this.waiting++;
    if (!isQueued) {
      if (queue.isOpen) this.waitingOpen++;
      this.heap.push(queue);
      this.siftUp(this.heap.length - 1);
    }
    return held;
  }

  /** Takes out the earliest line. */
  pop(): WaitingLine<Source> | undefined {
    const [queue] = this.heap;
    const held = queue && headOf(queue);
    if (!queue || !held) return undefined;
    held.isEmitted = true;
    this.waiting--;
    this.advance(queue);
    if (headOf(queue) === undefined) this.removeFirst(queue);
    this.siftDown(0);
    return held;
  }

  clear(): void {
    this.queues.clear();
    this.heap.length = 0;
    this.openQueues = 0;
    this.waitingOpen = 0;
    this.waiting = 0;
  }

  private advance(queue: Queue<Source>): void {
    queue.first++;
    if (queue.first === queue.lines.length) queue.lines = [];
    else if (queue.first < DROP_AT) return;
    else queue.lines = queue.lines.slice(queue.first);
    queue.first = 0;
  }

  private removeFirst(queue: Queue<Source>): void {
    const last = this.heap.pop();
    if (last && last !== queue) this.heap[0] = last;
    if (queue.isOpen) this.waitingOpen--;
    else this.queues.delete(queue.source);
  }

  private siftUp(index: number): void {
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isEarlier(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private siftDown(index: number): void {
    let at = index;
    for (;;) {
      let earliest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.heap.length && this.isEarlier(child, earliest)) earliest = child;
      }
      if (earliest === at) return;
      this.swap(at, earliest);
      at = earliest;
    }
  }

  private isEarlier(one: number, other: number): boolean {
    const a = this.headAt(one);
    const b = this.headAt(other);
    if (!a || !b) return false;
    return a.time === b.time ? a.number < b.number : a.time < b.time;
  }

  private headAt(index: number): WaitingLine<Source> | undefined {
    const queue = this.heap[index];
    return queue && headOf(queue);
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (!a || !b) return;
    this.heap[one] = b;
    this.heap[other] = a;
  }
}

function headOf<Source>(queue: Queue<Source>): WaitingLine<Source> | undefined {
  return queue.lines[queue.first];
}
