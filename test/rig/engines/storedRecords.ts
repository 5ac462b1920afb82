import type { LogStream } from '../../../src/model/log';
import type { PartStamps } from '../../../src/model/logLines';
import { beginsLikeOracleLine } from '../oracle/oracleLine';
import type { StoredLine } from '../oracle/truth';

const FRAME_HEADER_BYTES = 8;
/** An engine's timestamp and the space after it; no payload holds one. */
const STAMP = /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) /;
const STAMPS = new RegExp(STAMP, 'g');

interface PartialLine {
  readonly stamp: string;
  readonly parts: string[];
}

/**
 * Joins records to lines by what the oracle's writers print, which makes it simple: a record begins a line if the one
 * before it in its stream ended with a line feed, or if it looks like the beginning of an oracle line. Where the parts
 * of a line share their timestamp, one with another timestamp begins a line, too: a killed engine may have recorded the
 * beginning and the end of a line and not its middle.
 */
export class StoredRecords {
  private rest: Buffer = Buffer.alloc(0);
  private readonly partial = new Map<LogStream, PartialLine>();

  constructor(
    private readonly hasTerminal: boolean,
    private readonly partStamps: PartStamps,
    private readonly onLine: (line: StoredLine) => void,
  ) {}

  push(chunk: Buffer): void {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = bytes.subarray(this.hasTerminal ? this.takeTerminal(bytes) : this.takeFrames(bytes));
  }

  end(): void {
    if (this.hasTerminal) this.takePieces(this.rest.toString('latin1'));
    for (const stream of [...this.partial.keys()]) this.finish(stream);
  }

  private takeFrames(bytes: Buffer): number {
    let start = 0;
    while (bytes.length - start >= FRAME_HEADER_BYTES) {
      const end = start + FRAME_HEADER_BYTES + bytes.readUInt32BE(start + 4);
      if (end > bytes.length) break;
      const text = bytes.toString('latin1', start + FRAME_HEADER_BYTES, end);
      const type = bytes[start] ?? 0;
      if (type === 1 || type === 2) this.takeStamped(type === 1 ? 'stdout' : 'stderr', text);
      start = end;
    }
    return start;
  }

  /** A terminal's log has no frames, but every record has a timestamp; the last one may not be complete yet. */
  private takeTerminal(bytes: Buffer): number {
    const end = bytes.lastIndexOf('\n') + 1;
    if (end > 0) this.takePieces(bytes.toString('latin1', 0, end));
    return end;
  }

  private takePieces(text: string): void {
    const starts = [...text.matchAll(STAMPS)].map(({ index }) => index);
    for (const [index, start] of [0, ...starts].entries()) {
      const piece = text.slice(start, starts[index] ?? text.length);
      if (piece.length > 0) this.takeStamped('stdout', piece);
    }
  }

  private takeStamped(stream: LogStream, text: string): void {
    const stamp = STAMP.exec(text)?.[0] ?? '';
    this.take(stream, stamp, text.slice(stamp.length));
  }

  /** Records are Latin-1 here, one character for each byte: a character may be split between two of them. */
  private take(stream: LogStream, stamp: string, record: string): void {
    const before = this.partial.get(stream);
    const isOther = this.partStamps === 'shared' && before?.stamp !== stamp;
    if (before && (isOther || beginsLikeOracleLine(record))) this.finish(stream);
    const { parts } = this.partial.get(stream) ?? this.begin(stream, stamp);
    parts.push(record);
    if (record.endsWith('\n')) this.finish(stream);
  }

  private begin(stream: LogStream, stamp: string): PartialLine {
    const line = { stamp, parts: [] };
    this.partial.set(stream, line);
    return line;
  }

  private finish(stream: LogStream): void {
    const bytes = Buffer.from((this.partial.get(stream)?.parts ?? []).join(''), 'latin1');
    this.partial.delete(stream);
    this.onLine({ stream, text: bytes.toString('utf8').replace(/\r?\n$/, '') });
  }
}
