import type { LogBatch, LogLine, LogPlace } from '../../model/log';
import { hashText } from '../../model/logHash';

/** An engine hands over at most a few lines before their time; more than this are not remembered. */
const MAX_AHEAD = 100;

/**
 * Where a reader can go on in a new session: at the place of the last batch. A line can be handed over before the log
 * has all of it, as when a container ends in the middle of a line; it is after the place of its batch, and is given once
 * more after resuming there. Such lines are remembered and left out the second time.
 */
export class ResumePoint {
  private current: LogPlace | undefined;
  /** Lines that were handed over and are after the place. */
  private ahead: LogLine[] = [];
  /** Of these, those that are still to come for the second time. */
  private expected: LogLine[] = [];

  constructor(first: LogPlace | undefined) {
    this.current = first;
  }

  get place(): LogPlace | undefined {
    return this.current;
  }

  /** The log is opened again at the place. */
  resume(): void {
    this.expected = [...this.ahead];
  }

  /** What of a batch is new. */
  admit(batch: LogBatch): LogBatch {
    const admitted = this.expected.length === 0 ? batch : this.withoutExpected(batch);
    this.note(batch, admitted.lines);
    return admitted;
  }

  private withoutExpected(batch: LogBatch): LogBatch {
    const lines = batch.lines.filter((line) => !this.isExpected(line));
    if (lines.length === batch.lines.length) return batch;
    const textLength = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
    return { ...batch, lines, textLength };
  }

  private isExpected(line: LogLine): boolean {
    const index = this.expected.findIndex(
      ({ timestamp, stream, text }) =>
        timestamp === line.timestamp && stream === line.stream && text === line.text,
    );
    if (index >= 0) this.expected.splice(index, 1);
    return index >= 0;
  }

  private note({ lines, place }: LogBatch, newLines: readonly LogLine[]): void {
    if (!place || this.isSamePlace(place)) {
      if (newLines.length > 0) this.ahead = [...this.ahead, ...newLines].slice(-MAX_AHEAD);
    } else {
      this.ahead = lines.slice(coveredLines(lines, place));
      this.current = place;
    }
  }

  private isSamePlace({ cursor }: LogPlace): boolean {
    const before = this.current?.cursor;
    return (
      before?.timestamp === cursor.timestamp &&
      before.containerId === cursor.containerId &&
      before.stream === cursor.stream &&
      before.hash === cursor.hash &&
      before.ordinal === cursor.ordinal
    );
  }
}

/** How many of the lines are before a place. Where a filter left the line of the place out, all are. */
function coveredLines(lines: readonly LogLine[], { cursor }: LogPlace): number {
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index];
    if (line?.timestamp !== cursor.timestamp || line.stream !== cursor.stream) continue;
    if (hashText(line.text) === cursor.hash) return index + 1;
  }
  return lines.length;
}
