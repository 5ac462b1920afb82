import type { ServerResponse } from 'node:http';
import { encodeChunk, encodeFrame, LAST_CHUNK, RecordEncoder, SYSTEM, type FrameFormat } from './frames';
import type { LogReader } from './logReader';
import type { LogStore } from './logStore';

const BATCH_BYTES = 64 * 1024;

/** Sends a log to one response, as fast as the reader takes it, until the log or the container ends. */
export class LogFollower {
  private readonly encoder: RecordEncoder;
  private endSequence: number;
  private isWaiting = false;
  private isScheduled = false;
  private isDone = false;
  private pendingError: string | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly reader: LogReader,
    private readonly store: LogStore,
    private readonly format: FrameFormat,
    follows: boolean,
  ) {
    this.encoder = new RecordEncoder(format, BATCH_BYTES + 20 * 1024);
    this.endSequence = follows ? Infinity : store.endSequence;
  }

  /**
   * The chunked coding is done here, record by record, so that one write can carry many chunks. An error of the
   * engine, if there is one to tell, comes after the records that are there.
   */
  start(systemError: string | undefined): void {
    this.pendingError = systemError;
    this.response.setHeader('Transfer-Encoding', 'chunked');
    this.response.flushHeaders();
    this.response.chunkedEncoding = false;
    this.pump();
  }

  /** There is something new to read. */
  wake(): void {
    if (this.isScheduled || this.isDone) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.pump();
    });
  }

  /** No record after those stored now: the container stopped. */
  finish(): void {
    this.endSequence = Math.min(this.endSequence, this.store.endSequence);
    this.wake();
  }

  /** An error of the engine in band, as a frame of type 3. */
  sendSystemError(text: string): void {
    this.pendingError = (this.pendingError ?? '') + text;
    this.pump();
  }

  private pump(): void {
    while (!this.isWaiting && !this.isDone) {
      this.reader.read(this.encoder, BATCH_BYTES, this.endSequence);
      if (this.encoder.byteLength === 0) {
        this.writePendingError();
        if (this.reader.isFinished || this.reader.sequence >= this.endSequence) this.end();
        return;
      }
      if (!this.response.write(this.encoder.take())) this.waitForDrain();
    }
  }

  private writePendingError(): void {
    if (this.pendingError === undefined) return;
    const payload = Buffer.from(this.pendingError);
    this.pendingError = undefined;
    this.response.write(encodeChunk(this.format.isRaw ? payload : encodeFrame(SYSTEM, payload)));
  }

  private waitForDrain(): void {
    this.isWaiting = true;
    this.response.once('drain', () => {
      this.isWaiting = false;
      this.pump();
    });
  }

  private end(): void {
    this.isDone = true;
    this.response.write(LAST_CHUNK);
    this.response.end();
  }
}
