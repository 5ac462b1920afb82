import { formatNanoseconds } from './time';

/** Stream numbers of the multiplexed log format; 3 carries an error of the engine itself. */
export const STDOUT = 1;
export const STDERR = 2;
export const SYSTEM = 3;
export type StreamNumber = typeof STDOUT | typeof STDERR | typeof SYSTEM;
export type StreamName = 'stdout' | 'stderr';

const HEADER_BYTES = 8;
const CHUNK_OVERHEAD_BYTES = 16;

export function streamNumber(name: StreamName): StreamNumber {
  return name === 'stdout' ? STDOUT : STDERR;
}

export interface FrameFormat {
  /** A container with a terminal gets its bytes without frame headers. */
  readonly isRaw: boolean;
  readonly withTimestamps: boolean;
  readonly offsetMinutes: number;
}

/** One frame of the multiplexed format: type, three zero bytes, big-endian length, payload. */
export function encodeFrame(stream: StreamNumber, payload: Buffer): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame[0] = stream;
  frame.writeUInt32BE(payload.length, 4);
  payload.copy(frame, HEADER_BYTES);
  return frame;
}

/** One chunk of HTTP's chunked transfer coding. */
export function encodeChunk(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${payload.length.toString(16)}\r\n`, 'latin1'),
    payload,
    Buffer.from('\r\n'),
  ]);
}

export const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');

/**
 * Collects log records as the engine sends them, one HTTP chunk for each record, in one buffer: the bytes on
 * the wire are those of a server that flushes every line, at the cost of one write for many lines.
 */
export class RecordEncoder {
  private buffer: Buffer;
  private length = 0;

  constructor(
    private readonly format: FrameFormat,
    capacityBytes: number,
  ) {
    this.buffer = Buffer.allocUnsafe(capacityBytes);
  }

  get byteLength(): number {
    return this.length;
  }

  add(stream: StreamNumber, timestampNs: bigint, data: Buffer, start: number, end: number): void {
    const stampText = this.stampFor(stream, timestampNs);
    const payloadBytes = stampText.length + end - start;
    const frameBytes = payloadBytes + (this.format.isRaw ? 0 : HEADER_BYTES);
    this.reserve(frameBytes + CHUNK_OVERHEAD_BYTES);
    this.addText(frameBytes.toString(16));
    this.addLineEnd();
    if (!this.format.isRaw) this.addHeader(stream, payloadBytes);
    this.addText(stampText);
    this.length += data.copy(this.buffer, this.length, start, end);
    this.addLineEnd();
  }

  /** The bytes collected so far; the encoder starts anew. */
  take(): Buffer {
    const filled = this.buffer.subarray(0, this.length);
    const isSmall = this.length < this.buffer.length / 4;
    const taken = isSmall ? Buffer.from(filled) : filled;
    if (!isSmall) this.buffer = Buffer.allocUnsafe(this.buffer.length);
    this.length = 0;
    return taken;
  }

  private stampFor(stream: StreamNumber, timestampNs: bigint): string {
    if (!this.format.withTimestamps || stream === SYSTEM) return '';
    return `${formatNanoseconds(timestampNs, this.format.offsetMinutes)} `;
  }

  private addHeader(stream: StreamNumber, payloadBytes: number): void {
    this.buffer.writeUInt32BE(stream * 0x1000000, this.length);
    this.buffer.writeUInt32BE(payloadBytes, this.length + 4);
    this.length += HEADER_BYTES;
  }

  private addText(text: string): void {
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  private addLineEnd(): void {
    this.buffer[this.length] = 13;
    this.buffer[this.length + 1] = 10;
    this.length += 2;
  }

  private reserve(byteCount: number): void {
    if (this.length + byteCount <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + byteCount));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}
