import { STDOUT, streamNumber, type StreamName, type StreamNumber } from './frames';
import type { LogStore } from './logStore';
import type { Personality } from './personalities';
import type { NanosecondClock } from './time';

/** The engine reads a container's output in pieces of this size; a longer line becomes several records. */
export const MAX_RECORD_BYTES = 16 * 1024;
const LINE_FEED = 10;

interface PendingLine {
  bytes: Buffer;
  /** Time of the first part of a line that has already been stored in part. */
  firstPartNs: bigint | undefined;
  partCount: number;
}

/**
 * Turns what a container prints into records as the engine's copier does: a record ends at a line feed, at
 * 16 KB, or when the container stops. An unterminated line waits here until one of these happens.
 */
export class LogWriter {
  private readonly pending = new Map<StreamNumber, PendingLine>();

  constructor(
    private readonly store: LogStore,
    private readonly clock: NanosecondClock,
    private readonly personality: Personality,
    private readonly hasTerminal: boolean,
  ) {}

  write(stream: StreamName, bytes: Buffer, timestampNs?: bigint): void {
    const number = this.hasTerminal ? STDOUT : streamNumber(stream);
    const line = this.lineOf(number);
    let rest = line.bytes.length === 0 ? bytes : Buffer.concat([line.bytes, bytes]);
    for (let end = nextEnd(rest); end > 0; end = nextEnd(rest)) {
      this.store.append(number, this.stamp(line, timestampNs), rest.subarray(0, end));
      this.notePart(line, rest[end - 1] === LINE_FEED);
      rest = rest.subarray(end);
    }
    line.bytes = rest.length === 0 ? rest : Buffer.from(rest);
  }

  /** Stores what is still unterminated: the container stopped. */
  flush(): void {
    for (const [stream, line] of this.pending) {
      if (line.bytes.length > 0) this.store.append(stream, this.stamp(line, undefined), line.bytes);
    }
    this.pending.clear();
  }

  private lineOf(stream: StreamNumber): PendingLine {
    const known = this.pending.get(stream);
    if (known !== undefined) return known;
    const line: PendingLine = { bytes: Buffer.alloc(0), firstPartNs: undefined, partCount: 0 };
    this.pending.set(stream, line);
    return line;
  }

  private stamp(line: PendingLine, timestampNs: bigint | undefined): bigint {
    if (line.firstPartNs === undefined) line.firstPartNs = timestampNs ?? this.clock.nowNs();
    if (this.personality.partsShareTimestamp || line.partCount === 0) return line.firstPartNs;
    return timestampNs === undefined ? this.clock.nowNs() : timestampNs + BigInt(line.partCount);
  }

  private notePart(line: PendingLine, isLast: boolean): void {
    line.partCount = isLast ? 0 : line.partCount + 1;
    if (isLast) line.firstPartNs = undefined;
  }
}

/** Where the next record of `bytes` ends; 0 while it is not complete. */
function nextEnd(bytes: Buffer): number {
  const lineEnd = bytes.indexOf(LINE_FEED) + 1;
  if (lineEnd > 0 && lineEnd <= MAX_RECORD_BYTES) return lineEnd;
  return bytes.length >= MAX_RECORD_BYTES ? MAX_RECORD_BYTES : 0;
}
