import type { StreamNumber } from './frames';

const MAX_BLOCK_RECORDS = 8192;
const MAX_BLOCK_BYTES = 1024 * 1024;
const FIRST_BLOCK_RECORDS = 32;
const FIRST_BLOCK_BYTES = 2048;
/** What the json-file driver writes around a line; rotation counts it too. */
const RECORD_OVERHEAD_BYTES = 75;

export interface LogLimits {
  /** Size of one log file in bytes; without it the log is never rotated. */
  readonly maxBytes?: number;
  /** How many files are kept, the current one included. */
  readonly maxFiles?: number;
}

/** Records of a log, packed: an object for each of a million lines would cost more than the lines. */
export class LogBlock {
  next: LogBlock | undefined;
  isDropped = false;
  count = 0;
  data = Buffer.allocUnsafe(FIRST_BLOCK_BYTES);
  private timestamps = new BigInt64Array(FIRST_BLOCK_RECORDS);
  private ends = new Uint32Array(FIRST_BLOCK_RECORDS);
  private streams = new Uint8Array(FIRST_BLOCK_RECORDS);

  constructor(
    readonly file: number,
    readonly firstSequence: number,
  ) {}

  hasRoomFor(byteCount: number): boolean {
    if (this.count === 0) return true;
    return this.count < MAX_BLOCK_RECORDS && this.start(this.count) + byteCount <= MAX_BLOCK_BYTES;
  }

  append(stream: StreamNumber, timestampNs: bigint, bytes: Buffer): void {
    const start = this.start(this.count);
    this.reserve(start + bytes.length);
    bytes.copy(this.data, start);
    this.timestamps[this.count] = timestampNs;
    this.streams[this.count] = stream;
    this.ends[this.count] = start + bytes.length;
    this.count++;
  }

  start(index: number): number {
    return index === 0 ? 0 : (this.ends[index - 1] ?? 0);
  }

  end(index: number): number {
    return this.ends[index] ?? 0;
  }

  timestamp(index: number): bigint {
    return this.timestamps[index] ?? 0n;
  }

  stream(index: number): StreamNumber {
    return this.streams[index] === 2 ? 2 : 1;
  }

  private reserve(byteCount: number): void {
    if (byteCount > this.data.length) {
      const grown = Buffer.allocUnsafe(Math.max(byteCount, this.data.length * 2));
      this.data.copy(grown);
      this.data = grown;
    }
    if (this.count < this.ends.length) return;
    const capacity = this.ends.length * 2;
    this.timestamps = grow(this.timestamps, new BigInt64Array(capacity));
    this.ends = grow(this.ends, new Uint32Array(capacity));
    this.streams = grow(this.streams, new Uint8Array(capacity));
  }
}

function grow<T extends { set(values: T): void }>(current: T, larger: T): T {
  larger.set(current);
  return larger;
}

/** The log of one container as its driver keeps it: what rotation drops is gone without a notice. */
export class LogStore {
  private first = new LogBlock(0, 0);
  private last = this.first;
  private fileBytes = 0;

  constructor(private readonly limits: LogLimits = {}) {}

  /** Sequence number that the next record will get. */
  get endSequence(): number {
    return this.last.firstSequence + this.last.count;
  }

  get firstSequence(): number {
    return this.first.firstSequence;
  }

  get firstBlock(): LogBlock {
    return this.first;
  }

  append(stream: StreamNumber, timestampNs: bigint, bytes: Buffer): void {
    this.rotateIfFull();
    if (!this.last.hasRoomFor(bytes.length)) this.addBlock(this.last.file);
    this.last.append(stream, timestampNs, bytes);
    this.fileBytes += bytes.length + RECORD_OVERHEAD_BYTES;
  }

  /** Forgets everything stored so far, as a truncated or replaced file does. */
  clear(): void {
    this.addBlock(this.last.file + 1);
    this.fileBytes = 0;
    this.dropFilesBefore(this.last.file);
  }

  private rotateIfFull(): void {
    const { maxBytes, maxFiles = 1 } = this.limits;
    if (maxBytes === undefined || this.fileBytes < maxBytes) return;
    this.addBlock(this.last.file + 1);
    this.fileBytes = 0;
    this.dropFilesBefore(this.last.file - maxFiles + 1);
  }

  private addBlock(file: number): void {
    const block = new LogBlock(file, this.endSequence);
    this.last.next = block;
    this.last = block;
  }

  private dropFilesBefore(file: number): void {
    while (this.first.file < file && this.first.next !== undefined) {
      this.first.isDropped = true;
      this.first = this.first.next;
    }
  }
}
