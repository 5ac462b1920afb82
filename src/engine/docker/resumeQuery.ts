import type { LogQuery } from './dockerApi';

/** Lines between two looks at a quiet log are few, after a lost connection many. */
const FIRST_LINES = 2_000;
const LEAST_LINES = 500;
const MOST_LINES = 20_000;
const GROWTH = 15;

/**
 * How to ask for what a log has after a place, the cheapest way first. Each way may fail to show the place although the
 * log has it:
 *
 * 1. The newest lines since a time before the place. Engines find these from the end backwards. Engine 20.10 leaves out
 *    all rotated files if the oldest of them ends before that time.
 * 2. More of the newest lines.
 * 3. All since that time: engines go through the whole log for it.
 * 4. The whole log; twice, because an engine that rotates a log while it is read may end it early.
 *
 * Podman joins the parts of unterminated lines wrongly when it finds lines from the end: there only 3 and 4 are ways.
 */
export class ResumeQuery {
  private lines = FIRST_LINES;
  private way = 0;
  private isTailExact = true;

  /** @param since a time before the place, as `since` of a log request takes it */
  query(since: string, isTailExact = true): Pick<LogQuery, 'since' | 'tail'> {
    this.isTailExact = isTailExact;
    return this.ways(since)[this.way] ?? { tail: 'all' };
  }

  /** There is no way left: if the place does not show now, the log does not have it. */
  get isLast(): boolean {
    return this.way === this.ways('').length - 1;
  }

  missed(): void {
    if (!this.isLast) this.way++;
  }

  /** The place was found, with so many lines after it. */
  found(newLines: number): void {
    this.way = 0;
    this.lines = Math.min(MOST_LINES, Math.max(LEAST_LINES, newLines * 2));
  }

  /** There is no place any more. */
  reset(): void {
    this.way = 0;
  }

  private ways(since: string): readonly Pick<LogQuery, 'since' | 'tail'>[] {
    const { lines } = this;
    const fromTheEnd = [{ since, tail: lines }, { tail: lines * GROWTH }];
    return [...(this.isTailExact ? fromTheEnd : []), { since }, { tail: 'all' }, { tail: 'all' }];
  }
}
