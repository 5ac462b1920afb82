/** Lines between two looks at a quiet log are few, after a lost connection many. */
const FIRST_LINES = 2_000;
const LEAST_LINES = 500;
const GROWTH = 15;
/** Beyond this the whole log is no dearer. */
const MOST_LINES = 300_000;

/**
 * How many of its newest lines to ask of a log that is read on from a place: engines find these from the end backwards,
 * and go through all they have of a log when they are only told since when. When the place is not among them, more are
 * asked for.
 */
export class ResumeTail {
  private lines = FIRST_LINES;

  /** `undefined`: all of them. */
  get tail(): number | undefined {
    return this.lines > MOST_LINES ? undefined : this.lines;
  }

  missed(): void {
    this.lines *= GROWTH;
  }

  /** The place was found, with so many lines after it. */
  found(newLines: number): void {
    this.lines = Math.min(MOST_LINES, Math.max(LEAST_LINES, newLines * 2));
  }
}
