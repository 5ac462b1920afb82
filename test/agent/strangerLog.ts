/** A log's stream as PROTOCOL.md, sections 7 to 9, describes it: lines, acks, credit, place. From that page alone. */
import { readLogUpdate, type Frame, type FramePlace, type StrangerLine } from './strangerFrames';

const LOG_UPDATE = 1;
const LOG_STREAM_STOPPED = 2;
const INITIAL_CREDIT_BYTES = 2_097_152;
const ACK_DELAY_MS = 50;
const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export interface StreamState {
  readonly stream: number;
  /** Of the last frame received. */
  readonly sequence: number;
  /** Bytes that may be sent on the stream altogether. */
  readonly credit: number;
}

export class StrangerLog {
  readonly lines: StrangerLine[];
  readonly markers: string[];
  place: FramePlace | undefined;
  /** What the last frame said. */
  stopped: Readonly<Record<string, unknown>> | undefined;
  compressedFrames = 0;
  private sequence = 0;
  private consumedBytes = 0;
  private acknowledgedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Lines that come a second time since they are after the place that was resumed at. */
  private readonly expected: StrangerLine[];

  constructor(
    readonly stream: number,
    private readonly acknowledge: (state: StreamState) => void,
    earlier?: StrangerLog,
  ) {
    this.lines = earlier?.lines ?? [];
    this.markers = earlier?.markers ?? [];
    this.place = earlier?.place;
    this.expected = earlier?.linesAfterPlace() ?? [];
  }

  get texts(): readonly string[] {
    return this.lines.map(({ text }) => text);
  }

  get state(): StreamState {
    const { stream, sequence, consumedBytes } = this;
    return { stream, sequence, credit: INITIAL_CREDIT_BYTES + consumedBytes };
  }

  take(frame: Frame): void {
    if (frame.sequence !== this.sequence + 1)
      throw new Error(`Frame ${frame.sequence} of stream ${this.stream} after ${this.sequence}`);
    this.sequence = frame.sequence;
    if (frame.isCompressed) this.compressedFrames++;
    if (frame.type === LOG_UPDATE) this.takeUpdate(frame.body);
    else if (frame.type === LOG_STREAM_STOPPED)
      this.stopped = JSON.parse(frame.body.toString()) as Readonly<Record<string, unknown>>;
    this.consumedBytes += frame.cost;
    if (this.consumedBytes - this.acknowledgedBytes >= INITIAL_CREDIT_BYTES / 2) this.sendAck();
    else this.timer ??= setTimeout(() => this.sendAck(), ACK_DELAY_MS);
  }

  /** Until there is a connection again nothing can be acknowledged; resuming says all that an ack would. */
  disconnected(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private takeUpdate(body: Buffer): void {
    const { lines, notes } = readLogUpdate(body);
    this.lines.push(...lines.filter((line) => !this.isExpected(line)));
    for (const { marker, place } of notes) {
      if (marker) this.markers.push(marker.kind);
      if (place) this.place = place;
    }
  }

  private sendAck(): void {
    this.disconnected();
    this.acknowledgedBytes = this.consumedBytes;
    this.acknowledge(this.state);
  }

  private linesAfterPlace(): StrangerLine[] {
    const { cursor } = this.place ?? {};
    const last = this.lines.findLastIndex(
      ({ stream, timestamp, text }) =>
        stream === cursor?.stream && timestamp === cursor.timestamp && hashOf(text) === cursor.hash,
    );
    return last < 0 ? [] : this.lines.slice(last + 1);
  }

  private isExpected({ stream, timestamp, text }: StrangerLine): boolean {
    const index = this.expected.findIndex(
      (line) => line.stream === stream && line.timestamp === timestamp && line.text === text,
    );
    if (index >= 0) this.expected.splice(index, 1);
    return index >= 0;
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = FNV_OFFSET_BASIS;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash >>> 0;
}
