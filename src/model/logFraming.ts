/**
 * What a frame carries. The engine's type 0 (stdin) never occurs in logs and is read as stdout; type 3 is a message of
 * the engine itself, such as an error while reading the log.
 */
export type FrameType = 'stdout' | 'stderr' | 'system';

/**
 * Receives one frame's payload: the bytes of `buffer` from `start` up to `end`. They are valid only during the call.
 */
export type FrameHandler = (type: FrameType, buffer: Uint8Array, start: number, end: number) => void;

/** The bytes are not the engine's multiplexed format, or were cut out of step. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

const HEADER_BYTES = 8;
const FRAME_TYPES: readonly FrameType[] = ['stdout', 'stdout', 'stderr', 'system'];

/** Engines send 16 KiB of a line at most in a frame, Podman a whole line; more than this is not a frame. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/**
 * Takes the Docker Engine's multiplexed log stream apart. A frame is an 8-byte header (type, three zero bytes, payload
 * length as big-endian 32 bits) and its payload; chunks may split it at any byte.
 *
 * Linear: a payload that lies within one chunk is not copied, one that spans chunks is copied once.
 */
export class FrameReader {
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerFilled = 0;
  private payload: Uint8Array | undefined;
  private payloadFilled = 0;

  constructor(private readonly onFrame: FrameHandler) {}

  /** Whether the bytes so far end in the middle of a frame. */
  get isMidFrame(): boolean {
    return this.headerFilled > 0;
  }

  /** @throws FramingError when the stream is out of step; the reader is of no use afterwards. */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.headerFilled === 0 && chunk.length - position >= HEADER_BYTES) {
        const end = this.wholeFrameEnd(chunk, position);
        if (end !== undefined) {
          this.onFrame(frameType(chunk, position), chunk, position + HEADER_BYTES, end);
          position = end;
          continue;
        }
      }
      position =
        this.headerFilled < HEADER_BYTES
          ? this.fillHeader(chunk, position)
          : this.fillPayload(chunk, position);
    }
  }

  /** Where the frame starting at `position` ends, or `undefined` if it goes on in a later chunk. */
  private wholeFrameEnd(chunk: Uint8Array, position: number): number | undefined {
    const end = position + HEADER_BYTES + payloadLength(chunk, position);
    return end <= chunk.length ? end : undefined;
  }

  private fillHeader(chunk: Uint8Array, position: number): number {
    const taken = Math.min(HEADER_BYTES - this.headerFilled, chunk.length - position);
    this.header.set(chunk.subarray(position, position + taken), this.headerFilled);
    this.headerFilled += taken;
    if (this.headerFilled === HEADER_BYTES) {
      this.payload = new Uint8Array(payloadLength(this.header, 0));
      this.payloadFilled = 0;
      this.finishIfComplete();
    }
    return position + taken;
  }

  private fillPayload(chunk: Uint8Array, position: number): number {
    const payload = this.payload ?? new Uint8Array(0);
    const taken = Math.min(payload.length - this.payloadFilled, chunk.length - position);
    payload.set(chunk.subarray(position, position + taken), this.payloadFilled);
    this.payloadFilled += taken;
    this.finishIfComplete();
    return position + taken;
  }

  private finishIfComplete(): void {
    const payload = this.payload;
    if (!payload || this.payloadFilled < payload.length) return;
    const type = frameType(this.header, 0);
    this.payload = undefined;
    this.headerFilled = 0;
    this.onFrame(type, payload, 0, payload.length);
  }
}

function frameType(buffer: Uint8Array, offset: number): FrameType {
  const type = FRAME_TYPES[buffer[offset] ?? -1];
  const isPadded = buffer[offset + 1] === 0 && buffer[offset + 2] === 0 && buffer[offset + 3] === 0;
  if (type === undefined || !isPadded)
    throw new FramingError('The log stream is not in the multiplexed format.');
  return type;
}

function payloadLength(buffer: Uint8Array, offset: number): number {
  frameType(buffer, offset);
  const at = (index: number): number => buffer[offset + index] ?? 0;
  const length = at(4) * 0x1000000 + ((at(5) << 16) | (at(6) << 8) | at(7));
  if (length > MAX_FRAME_BYTES) throw new FramingError(`A log frame claims ${length} bytes.`);
  return length;
}
