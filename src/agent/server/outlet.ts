import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { LIMITS } from '../../protocol/limits';
import type { DataFrame } from './dataFrame';
import { Fifo } from './fifo';

/** The library would answer whoever pings without reading, or end the connection without a word. */
export function answerPing(socket: WebSocket, data: Buffer): void {
  if (socket.readyState === socket.OPEN && socket.bufferedAmount < LIMITS.bulkBufferedBytes)
    socket.pong(data);
}

export interface OutletEvents {
  /** So much control waits that the client can't be reading. */
  tooSlow(): void;
  /** Control that waited was handed to the system. */
  controlWritten(): void;
}

/** What one connection sends: control at once, bulk only while little waits in the socket. */
export class Outlet {
  private readonly bulk = new Fifo<DataFrame>();
  private controlBytes = 0;
  private isCorked = false;
  private isOpen = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly transport: Duplex,
    private readonly events: OutletEvents,
  ) {}

  /** Of text that was sent and is still in this process. */
  get waitingControlBytes(): number {
    return this.controlBytes;
  }

  sendControl(text: string): void {
    if (!this.isOpen) return;
    if (this.controlBytes > LIMITS.controlBufferedBytes) {
      this.events.tooSlow();
      return;
    }
    const bytes = Buffer.from(text);
    this.controlBytes += bytes.length;
    this.cork();
    this.socket.send(bytes, { binary: false }, () => {
      this.controlBytes -= bytes.length;
      if (this.isOpen) this.events.controlWritten();
    });
  }

  sendBulk(frame: DataFrame): void {
    this.bulk.push(frame);
    this.pump();
  }

  /** Frames of this stream that the socket does not have yet are not sent. */
  dropBulk(stream: number): void {
    if (this.bulk.size > 0) this.bulk.filter((frame) => frame.stream !== stream);
  }

  /** Nothing is sent any more. */
  close(): void {
    this.isOpen = false;
    this.bulk.clear();
  }

  private readonly pump = (): void => {
    while (this.isOpen && this.socket.bufferedAmount < LIMITS.bulkBufferedBytes) {
      const frame = this.bulk.shift();
      if (frame === undefined) return;
      this.cork();
      this.write(frame);
    }
  };

  private write({ parts }: DataFrame): void {
    const last = parts.length - 1;
    for (const [index, part] of parts.entries()) {
      const fin = index === last;
      this.socket.send(part, { binary: true, fin }, fin ? this.pump : undefined);
    }
  }

  /** What is sent at one go leaves in one write. */
  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.transport.cork();
    process.nextTick(() => {
      this.isCorked = false;
      this.transport.uncork();
    });
  }
}
