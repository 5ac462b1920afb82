import type { LogBatch, LogLine, LogPlace } from '../../model/log';
import { CursorFinder } from '../../model/logPosition';

/** A log has at most a few lines that are handed over before their time; more than this are not remembered. */
const MAX_AHEAD = 100;

/**
 * What a reader was given beyond its place. A line is handed over before the log has all of it when a container ends in
 * the middle of it, and the place stays before such a line; so it comes once more when the log is read on from there.
 */
export class LinesAhead {
  private lines: readonly LogLine[] = [];
  /** Of these, those that are still to come for the second time. */
  private expected: readonly LogLine[] = [];

  /** To be called for every batch that is handed over; `before` is the place until then. */
  note({ lines, place }: LogBatch, before: LogPlace | undefined): void {
    if (place && !isSame(place, before)) this.lines = linesAfter(lines, place);
    else if (lines.length > 0) this.lines = [...this.lines, ...lines].slice(-MAX_AHEAD);
  }

  /** The log is read on from the place. */
  resume(): void {
    this.expected = this.lines;
  }

  /** What of a batch that is read on was not handed over before. */
  withoutKnown(batch: LogBatch): LogBatch {
    if (this.expected.length === 0) return batch;
    const lines = batch.lines.filter((line) => !this.isExpected(line));
    const textLength = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
    return { ...batch, lines, textLength };
  }

  private isExpected(line: LogLine): boolean {
    const known = this.expected.find(
      ({ timestamp, stream, text }) =>
        timestamp === line.timestamp && stream === line.stream && text === line.text,
    );
    if (known) this.expected = this.expected.filter((expected) => expected !== known);
    return known !== undefined;
  }
}

/** The line of the place is the last that its cursor describes. */
function linesAfter(lines: readonly LogLine[], { cursor }: LogPlace): readonly LogLine[] {
  const covered = lines.findLastIndex((line) => new CursorFinder({ ...cursor, ordinal: 1 }).isCursor(line));
  return lines.slice(covered + 1).slice(-MAX_AHEAD);
}

function isSame({ cursor }: LogPlace, before: LogPlace | undefined): boolean {
  const known = before?.cursor;
  return (
    known?.timestamp === cursor.timestamp &&
    known.containerId === cursor.containerId &&
    known.stream === cursor.stream &&
    known.hash === cursor.hash &&
    known.ordinal === cursor.ordinal
  );
}
