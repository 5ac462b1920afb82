import { deflateRawSync, constants } from 'node:zlib';
import { encodeFrameHeader, frameCost, type FrameType } from '../../protocol/dataFrames';
import { SendWindow, type FlowPosition, type RetainedBytes } from '../../protocol/flowControl';

/** A body as it is sent; several streams may share one. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  /** Before compression. */
  readonly bodyLength: number;
  readonly isCompressed: boolean;
}

/** A frame as it is sent, and sent again. */
export interface DataFrame {
  readonly stream: number;
  /** The fragments of one message. */
  readonly parts: readonly [Uint8Array, ...Uint8Array[]];
}

/** Up to this size a body is copied behind its header; a larger one is shared with other clients, and a fragment. */
const MAX_COPIED_BYTES = 4_000;

/** Less is not worth the work. */
const MIN_COMPRESSED_BYTES = 512;
/** Fast and with little memory: it is done on the way. */
const DEFLATE_OPTIONS = { level: constants.Z_BEST_SPEED, memLevel: 8, windowBits: 15 };

const SLAB_BYTES = 16 * 1024;

/**
 * Where one session's small frames lie, together: next to those of others, a frame that waits for a client which does
 * not read would keep all of their memory, too.
 */
export class FrameMemory {
  private slab = new Uint8Array(0);
  private used = 0;

  join(header: Uint8Array, body: Uint8Array): Uint8Array {
    const length = header.length + body.length;
    if (this.used + length > this.slab.length) {
      this.slab = new Uint8Array(SLAB_BYTES);
      this.used = 0;
    }
    const frame = this.slab.subarray(this.used, this.used + length);
    this.used += length;
    frame.set(header);
    frame.set(body, header.length);
    return frame;
  }
}

export function plainBody(bytes: Uint8Array): EncodedBody {
  return { bytes, bodyLength: bytes.length, isCompressed: false };
}

/** The body as raw DEFLATE, where that makes it smaller. */
export function compressedBody(plain: EncodedBody): EncodedBody {
  if (plain.bodyLength < MIN_COMPRESSED_BYTES) return plain;
  const bytes = deflateRawSync(plain.bytes, DEFLATE_OPTIONS);
  return bytes.length < plain.bodyLength ? { ...plain, bytes, isCompressed: true } : plain;
}

/** The agent's direction of one stream: frames with their numbers, kept until they are acknowledged. */
export class StreamOutput {
  private readonly window: SendWindow<DataFrame>;

  constructor(
    readonly stream: number,
    credit: number,
    retained: RetainedBytes,
    private readonly memory: FrameMemory,
    private readonly transmit: (frame: DataFrame) => void,
  ) {
    this.window = new SendWindow(credit, retained);
  }

  get canSend(): boolean {
    return this.window.canSend;
  }

  get isDrained(): boolean {
    return this.window.isDrained;
  }

  send(type: FrameType, { bytes, bodyLength, isCompressed }: EncodedBody): void {
    const sequence = this.window.nextSequence;
    const header = encodeFrameHeader({ type, stream: this.stream, sequence, bodyLength, isCompressed });
    const isCopied = bytes.length <= MAX_COPIED_BYTES;
    // One small piece of a slab takes far less memory than two arrays.
    const parts: DataFrame['parts'] = isCopied ? [this.memory.join(header, bytes)] : [header, bytes];
    const frame: DataFrame = { stream: this.stream, parts };
    this.window.push(frame, frameCost({ bodyLength }));
    this.transmit(frame);
  }

  /** @throws ProtocolError `flowViolation` */
  acknowledge(position: FlowPosition): void {
    this.window.acknowledge(position);
  }

  /**
   * @returns the frames to send again; `undefined` if the stream can't go on
   * @throws ProtocolError `flowViolation`
   */
  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.window.resume(position);
  }

  dispose(): void {
    this.window.dispose();
  }
}
