import type { ContainerId } from '../../model/container';
import type { LogCursor, LogLine, LogMarker, LogRequest } from '../../model/log';
import { LogPosition } from '../../model/logPosition';
import { parseTimestamp, sinceParameter } from '../../model/logTime';
import type { LogQuery } from './dockerApi';
import type { LogPass, PassEnd } from './logPass';
import { ResumeQuery } from './resumeQuery';

/** So many lines before a place tell what record goes on there. */
const LINES_BEHIND = 500;

/** Where what is new goes, in order. */
export interface ProgressOutput {
  line(line: LogLine): void;
  marker(marker: LogMarker): void;
  /** Lines that were delivered by somebody else, before the place this begins at. */
  prime(lines: readonly LogLine[]): void;
}

/** How far the reading of one container's log has come: what to ask for next, and what of the answer is new. */
export class LogProgress {
  private current: LogPosition;
  private readonly resumeQuery = new ResumeQuery();
  private start: LogCursor | undefined;
  /** Where the log ended when it was begun. */
  private end: LogCursor | undefined;
  /** What the log has was all read, or is all new: it is opened from its beginning. */
  private isKnownEmpty = false;
  /** After this timestamp lines are missing; told with the next line. */
  private gapFrom: string | undefined;
  /** What the log left unterminated at its end: a line once it is known that nothing more comes of it. */
  private leftover: readonly LogLine[] = [];
  private engineMessage: string | undefined;
  private newLineCount = 0;
  /** The newest lines up to the place to resume at, as long as no line after it came. */
  private linesBehind: LogLine[] | undefined;

  constructor(
    readonly containerId: ContainerId,
    private readonly request: Pick<LogRequest, 'tail' | 'since'>,
    private readonly output: ProgressOutput,
  ) {
    this.current = new LogPosition(containerId);
  }

  get position(): LogPosition {
    return this.current;
  }

  /** The place before the first line, where there is one. */
  get startCursor(): LogCursor | undefined {
    return this.start;
  }

  /** How many lines the pass of the moment has brought. */
  get newLines(): number {
    return this.newLineCount;
  }

  /** @param isPriming whether the lines before this place are wanted, too */
  startAfter(start: LogCursor, isPriming = false): void {
    this.current.startAfter(start);
    this.start = start;
    if (isPriming) this.linesBehind = [];
  }

  /** What the log has by now ends there. */
  endsAt(end: LogCursor): void {
    this.end = end;
  }

  /** The log was empty when it was begun; what it will have is all new. */
  startEmpty(): void {
    this.isKnownEmpty = true;
  }

  /** @param isTailExact whether the engine gives the newest lines as they are */
  query(follow: boolean, isTailExact: boolean): LogQuery {
    const { since } = this.current;
    if (since === undefined) return { follow, ...this.firstPart() };
    // The newest lines need not have the first part of a line that is not whole yet.
    return { follow, ...this.resumeQuery.query(since, isTailExact && !this.current.hasPartial) };
  }

  /** A pass begins. */
  begin(): void {
    this.leftover = [];
    this.newLineCount = 0;
    if (this.linesBehind) this.linesBehind = [];
  }

  /** A pass has come to its end. */
  settle(end: PassEnd, { unterminated }: LogPass, { follow }: LogQuery): void {
    this.leftover = unterminated;
    // A followed log ends early when its container stops, so that its missing the place says nothing.
    if (end === 'missed' && !follow) this.miss();
    if (end !== 'complete') return;
    if (this.current.cursor) this.resumeQuery.found(this.newLineCount);
    // All it gave was a part of a line: what is new is after what the log had.
    else if (this.end && this.request.since === undefined) this.startAfter(this.end);
    else this.isKnownEmpty = true;
  }

  /** The engine said why it can't read on, and no line came since. */
  get isToldByEngine(): boolean {
    return this.engineMessage !== undefined;
  }

  takeLine(line: LogLine): void {
    this.newLineCount++;
    if (this.linesBehind) {
      this.output.prime(this.linesBehind);
      this.linesBehind = undefined;
    }
    this.deliver(line);
  }

  /** Takes a line up to the place to go on from. */
  passBy(line: LogLine): void {
    if (!this.linesBehind) return;
    if (this.linesBehind.length >= 2 * LINES_BEHIND) this.linesBehind = this.linesBehind.slice(-LINES_BEHIND);
    this.linesBehind.push(line);
  }

  /** An engine that can't read a log says so each time; once is enough until a line comes. */
  takeEngineMessage(text: string): void {
    if (text === this.engineMessage) return;
    this.engineMessage = text;
    this.output.marker({ kind: 'engineMessage', text });
  }

  /** What the container left unterminated is its last line. */
  takeLeftover(): void {
    const lines = this.leftover;
    this.leftover = [];
    if (this.current.isSeeking) return;
    for (const line of lines) {
      if (this.current.isAhead(line)) continue;
      this.current.deliverAhead(line);
      this.deliver(line);
    }
  }

  private firstPart(): Pick<LogQuery, 'tail' | 'since'> {
    const { tail, since } = this.request;
    const timestamp = since === undefined ? undefined : parseTimestamp(since);
    return { tail: this.isKnownEmpty ? 'all' : tail, ...(timestamp && { since: sinceParameter(timestamp) }) };
  }

  private miss(): void {
    if (this.resumeQuery.isLast) this.loseCursor();
    else this.resumeQuery.missed();
  }

  /** The log was rotated or truncated beyond the last line delivered: all it has by now is new. */
  private loseCursor(): void {
    this.gapFrom = this.current.cursor?.timestamp;
    this.end = undefined;
    this.current = new LogPosition(this.containerId);
    this.resumeQuery.reset();
    this.isKnownEmpty = true;
  }

  private deliver(line: LogLine): void {
    this.engineMessage = undefined;
    if (this.gapFrom !== undefined) {
      this.output.marker({ kind: 'gap', from: this.gapFrom, to: line.timestamp });
      this.gapFrom = undefined;
    }
    this.output.line(line);
  }
}
