import type { ContainerId } from './container';
import type { LogCursor, LogLine, LogStream } from './log';
import { hashText } from './logHash';
import { parseTimestamp, sinceParameter, toSeconds } from './logTime';

/**
 * By how much a container's log may run backwards in time and still be resumed exactly, in seconds: the two streams are
 * stamped before they are written, and clocks are set. Engine 20.10 leaves out every record older than `since`, wherever
 * it stands, so a log is read again from this much before the cursor.
 */
export const OVERLAP_SECONDS = 2;

/** The engine cuts lines into parts of 16 KiB, which are this many characters of four bytes. */
const SHORTEST_CUT_LINE = 4_096;
const OVERDUE_CHECK_INTERVAL = 256;
/** Before the place may be as many lines as are asked for, also later ones, if a clock was set back. */
const OVERDUE_LINES = 20_000;

/** The place right after a line that is the only one of its timestamp, stream and text. */
export function cursorAfter(containerId: ContainerId, { timestamp, stream, text }: LogLine): LogCursor {
  return { containerId, timestamp, stream, ordinal: 1, hash: hashText(text) };
}

/** The place before the first line of a log that has none yet. */
export function cursorBeforeAll(containerId: ContainerId): LogCursor {
  return { containerId, timestamp: '', stream: 'stdout', ordinal: 0, hash: 0 };
}

export function isBeforeAll({ ordinal }: LogCursor): boolean {
  return ordinal === 0;
}

/** Looks for the line a cursor names among the lines of a log that is read again. */
export class CursorFinder {
  private matches = 0;

  /** @param text of the cursor's line, if its first parts may be missing */
  constructor(
    private readonly cursor: LogCursor,
    private readonly text?: string,
  ) {}

  /** To be called for every line, in order; true for exactly the cursor's own line. */
  isCursor(line: LogLine): boolean {
    const { timestamp, stream, hash, ordinal } = this.cursor;
    if (line.timestamp !== timestamp || line.stream !== stream) return false;
    if (hashText(line.text) !== hash && !this.isEndOf(line.text)) return false;
    return ++this.matches === ordinal;
  }

  /** A request for the newest lines may begin within a long one, whose parts share their timestamp. */
  private isEndOf(text: string): boolean {
    if (this.text === undefined || text.length - this.text.length < SHORTEST_CUT_LINE) return false;
    return text.endsWith(this.text);
  }
}

/**
 * The place a reader has reached in a container's log, and how to find it again.
 *
 * A log is a sequence in the order the engine wrote it, which is not always that of the timestamps. What a log still has
 * after the cursor's line is exactly what was not delivered yet. So after a log was opened anew, lines are passed over
 * until the cursor's own line comes by; if the log does not have it any more, it was rotated away with everything
 * before it, and everything the log still has is new.
 */
export class LogPosition {
  /** Where another reader stopped, as long as no line of another timestamp was delivered. */
  private start: LogCursor | undefined;
  private last: LogLine | undefined;
  /** The last line is the first there was: of a request for the newest lines it may be the end of a longer one. */
  private isLastFirst = false;
  /** The lines delivered before the last one that have its timestamp; not the lines themselves, which may be long. */
  private sameStamp: { readonly stream: LogStream; readonly hash: number }[] = [];
  private oldestPartial: string | undefined;
  /** Lines that were delivered before the log said that they are whole. */
  private readonly ahead: LogLine[] = [];
  private finder: CursorFinder | undefined;
  /** Of the cursor that is looked for, in seconds since the Unix epoch, and how many lines passed by since. */
  private soughtSeconds = 0;
  private passedBy = 0;

  constructor(private readonly containerId: ContainerId) {}

  /** The last line delivered; `undefined` as long as none was. */
  get cursor(): LogCursor | undefined {
    const { last } = this;
    if (!last) return this.start;
    const { timestamp, stream, text } = last;
    const hash = hashText(text);
    const equals = 1 + this.sameStamp.filter((line) => line.stream === stream && line.hash === hash).length;
    const ordinal = equals + this.equalsAtStart(last, hash);
    return { containerId: this.containerId, timestamp, stream, ordinal, hash };
  }

  private equalsAtStart({ timestamp, stream }: LogLine, hash: number): number {
    const { start } = this;
    const isEqual = start?.timestamp === timestamp && start.stream === stream && start.hash === hash;
    return isEqual ? start.ordinal : 0;
  }

  /** Whether this is the last line delivered, or the last part of it. */
  isAt(line: LogLine): boolean {
    const { cursor } = this;
    if (line.timestamp !== cursor?.timestamp || line.stream !== cursor.stream) return false;
    return hashText(line.text) === cursor.hash || this.last?.text.endsWith(line.text) === true;
  }

  /**
   * This line is delivered although the engine may not have all of it yet. It is no place to go on from: when the log is
   * read again, it is known as a line only after the next line of its stream, and lines of the other stream come before.
   */
  deliverAhead(line: LogLine): void {
    this.ahead.push(line);
  }

  isAhead(line: LogLine): boolean {
    return this.ahead.some((known) => isSameLine(known, line));
  }

  private isDeliveredAhead(line: LogLine): boolean {
    const index = this.ahead.findIndex((known) => isSameLine(known, line));
    if (index >= 0) this.ahead.splice(index, 1);
    return index >= 0;
  }

  /** Starts after this place, of which nothing is delivered. */
  startAfter(start: LogCursor): void {
    this.start = start;
  }

  /** Some line was broken off after its first parts, which carry this timestamp: it must be read again from there. */
  rereadFrom(timestamp: string | undefined): void {
    this.oldestPartial = timestamp;
  }

  /** Some line was broken off after its first parts. */
  get hasPartial(): boolean {
    return this.oldestPartial !== undefined;
  }

  /** What to read from when the log is opened anew; `undefined` while there is no place to go back to. */
  get since(): string | undefined {
    const timestamp = this.last?.timestamp ?? this.start?.timestamp;
    const last = timestamp === undefined ? undefined : parseTimestamp(timestamp);
    if (!last) return undefined;
    const partial = this.oldestPartial === undefined ? undefined : parseTimestamp(this.oldestPartial);
    return sinceParameter(partial && partial.seconds < last.seconds ? partial : last, OVERLAP_SECONDS);
  }

  /** Whether the cursor's line has not come by yet since {@link seek}. */
  get isSeeking(): boolean {
    return this.finder !== undefined;
  }

  /** The log is being read again from {@link since} on. */
  seek(): void {
    const { cursor } = this;
    const timestamp = cursor && parseTimestamp(cursor.timestamp);
    this.finder = cursor && new CursorFinder(cursor, this.isLastFirst ? this.last?.text : undefined);
    this.soughtSeconds = timestamp ? toSeconds(timestamp) : Number.POSITIVE_INFINITY;
    this.passedBy = 0;
  }

  /**
   * Whether lines pass by that are so much later than the cursor that its line is overdue. Looks only after as many lines
   * as may be before the cursor's, and then now and then.
   */
  isOverdueAt(line: LogLine): boolean {
    if (++this.passedBy < OVERDUE_LINES || this.passedBy % OVERDUE_CHECK_INTERVAL !== 0) return false;
    const timestamp = parseTimestamp(line.timestamp);
    return timestamp !== undefined && toSeconds(timestamp) > this.soughtSeconds + OVERLAP_SECONDS;
  }

  /** Whether the line is new; to be called once for every line, in order. */
  accept(line: LogLine): boolean {
    if (this.finder) {
      if (this.finder.isCursor(line)) this.finder = undefined;
      return false;
    }
    if (line.timestamp !== this.start?.timestamp) this.start = undefined;
    const { last } = this;
    if (line.timestamp === '' || line.timestamp !== last?.timestamp) {
      if (this.sameStamp.length > 0) this.sameStamp = [];
    } else this.sameStamp.push({ stream: last.stream, hash: hashText(last.text) });
    this.isLastFirst = !last && !this.start;
    this.last = line;
    return this.ahead.length === 0 || !this.isDeliveredAhead(line);
  }
}

function isSameLine(one: LogLine, other: LogLine): boolean {
  return one.timestamp === other.timestamp && one.stream === other.stream && one.text === other.text;
}
