import type { FrameType } from './logFraming';
import type { LogLine, LogStream } from './log';
import { parseTimestamp, toSeconds, type Timestamp } from './logTime';

/** Turns the bytes from `start` up to `end` into text, bytes that are no UTF-8 into U+FFFD. */
export type Utf8Decoder = (buffer: Uint8Array, start: number, end: number) => string;

export interface LineHandlers {
  line(line: LogLine): void;
  /** A message of the engine itself (frame type 3). */
  engineMessage(text: string): void;
}

/** A longer line is handed on in pieces of this many bytes, each a line of its own; nothing of it is lost. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** Docker cuts lines into parts of this many bytes; only the last part of a line is shorter. */
const PART_BYTES = 16 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const LETTER_T = 0x54;
/** `2026-11-21T07:38:14.123456789+01:00` is 35 long; what has no space by then begins with no timestamp. */
const LONGEST_TIMESTAMP = 40;

/** A line of which only parts have come. */
interface PartialLine {
  readonly timestamp: string;
  parts: Uint8Array[];
  length: number;
}

/**
 * How an engine stamps the parts of a line: Docker gives all of them the timestamp of the first, and cuts only what is
 * long. Podman stores whatever a process has written so far, of any length, each part with its own time and, up to
 * version 5.7, to the second.
 */
export type PartStamps = 'shared' | 'own';

/**
 * Joins records into lines. The engine cuts a line over 16 KiB into several records without a line ending. Where these
 * share their timestamp, a record continues a partial line exactly when stream and timestamp are the same: what a
 * container left unterminated when it died is never glued to what its next run writes. Where each has its own, a record
 * continues a partial line unless a run is known to have begun between the two.
 *
 * Bytes are joined before they are decoded, so a character split between records comes out whole.
 */
export class LineAssembler {
  private readonly partials = new Map<LogStream, PartialLine>();
  private readonly runStarts: readonly Timestamp[];

  /** @param runStarts when runs of the container began, as far as it is known, RFC 3339 */
  constructor(
    private readonly handlers: LineHandlers,
    private readonly decode: Utf8Decoder,
    private readonly partStamps: PartStamps = 'shared',
    runStarts: readonly string[] = [],
  ) {
    this.runStarts = runStarts.map(parseTimestamp).filter((start) => start !== undefined);
  }

  /** Takes one record: `TIMESTAMP SP payload`, as the engine sends with `timestamps=1`. */
  pushRecord(type: FrameType, buffer: Uint8Array, start: number, end: number): void {
    if (type === 'system') {
      this.handlers.engineMessage(this.decode(buffer, start, end).trimEnd());
      return;
    }
    const payloadStart = timestampEnd(buffer, start, end);
    const timestamp = payloadStart > start ? this.decode(buffer, start, payloadStart - 1) : '';
    const partial = this.partials.get(type);
    if (partial && this.continues(partial, timestamp)) {
      this.extend(type, partial, buffer, payloadStart, end);
      return;
    }
    if (partial) this.emitPartial(type, partial);
    this.begin(type, timestamp, buffer, payloadStart, end);
  }

  /** The log is complete: what is still unterminated is a line. */
  end(): void {
    for (const line of this.unterminated()) this.handlers.line(line);
    this.partials.clear();
  }

  /** What would be lines if nothing more came. */
  unterminated(): LogLine[] {
    return [...this.partials].map(([stream, partial]) => {
      const bytes = concatenate(partial);
      return this.toLine(stream, partial.timestamp, bytes, 0, bytes.length);
    });
  }

  /** The oldest timestamp among the lines of which only parts have come. */
  get oldestPartial(): string | undefined {
    return [...this.partials.values()].map(({ timestamp }) => timestamp).sort()[0];
  }

  private continues(partial: PartialLine, timestamp: string): boolean {
    if (partial.timestamp === timestamp || this.partStamps === 'shared')
      return partial.timestamp === timestamp;
    const [from, to] = [parseTimestamp(partial.timestamp), parseTimestamp(timestamp)];
    return !this.runStarts.some((start) => from && to && isBefore(from, start) && !isBefore(to, start));
  }

  private begin(stream: LogStream, timestamp: string, buffer: Uint8Array, start: number, end: number): void {
    const position = this.emitWholeLines(stream, timestamp, buffer, start, end);
    if (position < end) this.keep(stream, { timestamp, parts: [], length: 0 }, buffer, position, end);
  }

  private extend(
    stream: LogStream,
    partial: PartialLine,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const newline = buffer.indexOf(NEWLINE, start);
    if (newline < 0 || newline >= end) {
      this.keep(stream, partial, buffer, start, end);
      // The local driver of engine 20.10 leaves out the line ending of a line that was cut.
      if (this.partStamps === 'shared' && end - start < PART_BYTES) this.endPartial(stream);
      return;
    }
    partial.parts.push(buffer.slice(start, newline));
    partial.length += newline - start;
    this.emitPartial(stream, partial);
    const rest = this.emitWholeLines(stream, partial.timestamp, buffer, newline + 1, end);
    if (rest < end)
      this.keep(stream, { timestamp: partial.timestamp, parts: [], length: 0 }, buffer, rest, end);
  }

  /** Emits the lines that end within the bytes and returns where the unterminated rest begins. */
  private emitWholeLines(
    stream: LogStream,
    timestamp: string,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    let position = start;
    while (position < end) {
      const newline = buffer.indexOf(NEWLINE, position);
      if (newline < 0 || newline >= end) break;
      this.emit(stream, timestamp, buffer, position, newline);
      position = newline + 1;
    }
    return position;
  }

  private keep(
    stream: LogStream,
    partial: PartialLine,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    partial.parts.push(buffer.slice(start, end));
    partial.length += end - start;
    this.partials.set(stream, partial);
    if (partial.length > MAX_LINE_BYTES) this.emitPiece(stream, partial);
  }

  /** Emits the first part of a line that grew too long, cut between characters, and keeps the rest. */
  private emitPiece(stream: LogStream, partial: PartialLine): void {
    const bytes = concatenate(partial);
    const cut = characterBoundary(bytes, MAX_LINE_BYTES);
    this.emit(stream, partial.timestamp, bytes, 0, cut);
    partial.parts = [bytes.slice(cut)];
    partial.length = bytes.length - cut;
  }

  private endPartial(stream: LogStream): void {
    const partial = this.partials.get(stream);
    if (partial) this.emitPartial(stream, partial);
  }

  private emitPartial(stream: LogStream, partial: PartialLine): void {
    this.partials.delete(stream);
    const bytes = concatenate(partial);
    this.emit(stream, partial.timestamp, bytes, 0, bytes.length);
  }

  private emit(stream: LogStream, timestamp: string, buffer: Uint8Array, start: number, end: number): void {
    this.handlers.line(this.toLine(stream, timestamp, buffer, start, end));
  }

  private toLine(
    stream: LogStream,
    timestamp: string,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): LogLine {
    const textEnd = end > start && buffer[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    return { timestamp, stream, text: this.decode(buffer, start, textEnd) };
  }
}

/** Whether a record is older than the beginning of a run. One that is stamped to the second counts by the second. */
function isBefore(record: Timestamp, start: Timestamp): boolean {
  return record.nanoseconds === 0 ? record.seconds < start.seconds : toSeconds(record) < toSeconds(start);
}

/** The index after the space that ends the record's timestamp, or `start` if it has none. */
function timestampEnd(buffer: Uint8Array, start: number, end: number): number {
  if (buffer[start + 4] !== HYPHEN || buffer[start + 10] !== LETTER_T) return start;
  const limit = Math.min(end, start + LONGEST_TIMESTAMP);
  for (let index = start; index < limit; index++) {
    if (buffer[index] === SPACE) return index + 1;
  }
  return start;
}

function concatenate(partial: PartialLine): Uint8Array {
  const [only] = partial.parts;
  if (only && partial.parts.length === 1) return only;
  const bytes = new Uint8Array(partial.length);
  let offset = 0;
  for (const part of partial.parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The largest index up to `limit` that does not lie within a UTF-8 sequence. */
function characterBoundary(bytes: Uint8Array, limit: number): number {
  let cut = Math.min(limit, bytes.length);
  while (cut > 0 && cut > limit - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}
