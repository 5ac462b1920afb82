import type { LogLine } from './log';
import type { RecordPlace } from './logGrouping';

/** A line that is not shown, or not yet. */
export interface HeldLine {
  readonly line: LogLine;
  readonly place: RecordPlace;
  /** Without control sequences. */
  readonly text: string;
  /** Counts the lines of the log. */
  readonly number: number;
  /** How many lines were left out between the line held before and this one. */
  leftOutBefore: number;
}

/**
 * The newest lines that were left out, in case that what follows wants them as its context. What falls out of it is
 * counted.
 */
export class ContextRing {
  private lines: HeldLine[] = [];
  /** Lines left out after the newest one held. */
  private leftOut = 0;

  constructor(private readonly capacity: number) {}

  /** How many lines were left out since one was taken, held ones included. */
  get count(): number {
    return this.lines.reduce((sum, held) => sum + 1 + held.leftOutBefore, this.leftOut);
  }

  /** Counts lines that are left out and no context. */
  leaveOut(lines: number): void {
    this.leftOut += lines;
  }

  push(held: HeldLine): void {
    if (this.capacity === 0) {
      this.leftOut++;
      return;
    }
    this.insert(held);
    if (this.lines.length > this.capacity) this.evict(1);
  }

  /** Keeps the lines in the log's order, also when a stream's come late because they were undecided. */
  private insert(held: HeldLine): void {
    let at = this.lines.length;
    while (at > 0 && (this.lines[at - 1]?.number ?? 0) > held.number) at--;
    if (at === this.lines.length) {
      held.leftOutBefore += this.leftOut;
      this.leftOut = 0;
    }
    this.lines.splice(at, 0, held);
  }

  /** Takes out the held lines from `from` up to `to`, by their numbers; those before are left out for good. */
  takeBetween(from: number, to: number): HeldLine[] {
    const start = this.lines.findIndex((held) => held.number >= from);
    if (start < 0) {
      this.evict(this.lines.length);
      return [];
    }
    this.evict(start);
    const end = this.lines.findIndex((held) => held.number >= to);
    return this.lines.splice(0, end < 0 ? this.lines.length : end);
  }

  /** The numbers of the held lines. */
  numbers(): number[] {
    return this.lines.map((held) => held.number);
  }

  /** Leaves out all that is held and returns how many lines were left out since this was last called. */
  giveUp(): number {
    if (this.lines.length > 0) this.evict(this.lines.length);
    const count = this.leftOut;
    this.leftOut = 0;
    return count;
  }

  private evict(lines: number): void {
    const count = this.lines.splice(0, lines).reduce((sum, held) => sum + 1 + held.leftOutBefore, 0);
    const [next] = this.lines;
    if (next) next.leftOutBefore += count;
    else this.leftOut += count;
  }
}
