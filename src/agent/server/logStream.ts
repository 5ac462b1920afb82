import type { Clock } from '../../base/clock';
import { deferred, type Deferred } from '../../base/async';
import type { Disposable } from '../../base/lifecycle';
import type { LogBatch, LogMarker, LogSink } from '../../model/log';
import { encodeJsonBody } from '../../protocol/dataFrames';
import { ProtocolError, type WireError } from '../../protocol/errorCodes';
import type { FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import type { LogItem } from '../../protocol/logFrames';
import { plainBody, type DataFrame, type EncodedBody, type StreamOutput } from './dataFrame';
import type { LogBodies } from './logBodies';
import type { SessionStream } from './sessionStream';
import type { Ticker } from './ticker';

/** Where a filter leaves everything out, the place alone is told so often. */
const PLACE_INTERVAL_MS = 1_000;

export interface LogStreamOptions {
  readonly containerId: string;
  readonly output: StreamOutput;
  readonly isCompressed: boolean;
  readonly bodies: LogBodies;
  readonly ticker: Ticker;
  readonly clock: Clock;
  readonly wireError: (error: unknown) => WireError;
}

/**
 * A log on its way to one client. The first line of a quiet log goes out at once, then what gathers between two beats.
 * While the client's credit is used up the engine's side is asked to hold back.
 */
export class LogStream implements SessionStream, LogSink {
  readonly kind = 'log';
  readonly receivedSequence = 0;
  private pending: LogItem[] = [];
  private pendingLength = 0;
  /** Ready to be sent, as soon as the credit allows. */
  private encoded: EncodedBody[] = [];
  private hasPendingContent = false;
  private hasSent = false;
  /** Something was sent less than a beat ago. */
  private isResting = false;
  private held: Deferred<void> | undefined;
  private placeTimer: Disposable | undefined;
  private end: { readonly error?: Error } | undefined;
  private hasEnded = false;
  private isDisposed = false;
  private following: Disposable | undefined;

  constructor(private readonly options: LogStreamOptions) {}

  get stream(): number {
    return this.options.output.stream;
  }

  get isOver(): boolean {
    return this.hasEnded && this.options.output.isDrained;
  }

  /** Takes what is to be disposed when nobody wants the log any more. */
  follows(following: Disposable): void {
    this.following = following;
    if (this.isDisposed) following.dispose();
  }

  lines(batch: LogBatch): void | Promise<void> {
    if (this.isDisposed) return;
    this.add({ kind: 'lines', batch }, batch.textLength);
    if (batch.lines.length > 0) this.hasPendingContent = true;
    // Where it begins must be known before anything can break off.
    if (this.hasPendingContent || !this.hasSent) this.sendSoon();
    else this.sendPlaceLater();
    if (!this.isBlocked) return;
    this.held ??= deferred();
    return this.held.promise;
  }

  marker(marker: LogMarker): void {
    if (this.isDisposed) return;
    this.add({ kind: 'marker', marker }, 1);
    this.hasPendingContent = true;
    this.sendSoon();
  }

  ended(error?: Error): void {
    if (this.isDisposed) return;
    this.end = error === undefined ? {} : { error };
    this.flush();
  }

  acknowledge(position: FlowPosition): void {
    this.options.output.acknowledge(position);
    this.proceed();
  }

  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.options.output.resume(position);
  }

  proceed(): void {
    if (this.isDisposed || !this.options.output.canSend) return;
    if (this.hasPendingContent || this.encoded.length > 0 || this.end) this.flush();
    if (this.isBlocked) return;
    this.held?.resolve();
    this.held = undefined;
  }

  receive(): void {
    throw new ProtocolError('badFrame', 'A log takes no frames.');
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.following?.dispose();
    this.placeTimer?.dispose();
    this.options.ticker.cancel(this.beat);
    this.options.output.dispose();
    this.pending = [];
    this.encoded = [];
    // Whoever waits finds that it was stopped.
    this.held?.resolve();
  }

  private add(item: LogItem, length: number): void {
    // Of places without lines only the newest says anything.
    if (!this.hasPendingContent && this.pending.length > 0) this.pending = [];
    this.pending.push(item);
    this.pendingLength += length;
  }

  private sendSoon(): void {
    if (!this.isResting || this.pendingLength >= LIMITS.logBatchBytes) this.flush();
  }

  private sendPlaceLater(): void {
    this.placeTimer ??= this.options.clock.setTimer(() => {
      this.placeTimer = undefined;
      this.flush();
    }, PLACE_INTERVAL_MS);
  }

  private readonly beat = (): void => {
    this.isResting = false;
    if (this.hasPendingContent) this.flush();
  };

  private get isBlocked(): boolean {
    return this.encoded.length > 0 || !this.options.output.canSend;
  }

  private flush(): void {
    const { output } = this.options;
    if (this.encoded.length === 0 && this.pending.length > 0 && output.canSend) this.encodePending();
    while (output.canSend) {
      const body = this.encoded.shift();
      if (body === undefined) break;
      output.send('log_update', body);
    }
    const isAllSent = this.encoded.length === 0 && this.pending.length === 0;
    if (this.end && isAllSent && !this.hasEnded && output.canSend) this.sendEnd(this.end);
  }

  private encodePending(): void {
    this.encoded = [...this.options.bodies.of(this.pending, this.options.isCompressed)];
    this.pending = [];
    this.pendingLength = 0;
    this.hasPendingContent = false;
    this.hasSent = true;
    this.placeTimer?.dispose();
    this.placeTimer = undefined;
    this.isResting = true;
    this.options.ticker.next(this.beat);
  }

  private sendEnd({ error }: { readonly error?: Error }): void {
    this.hasEnded = true;
    this.following?.dispose();
    const body = {
      container_id: this.options.containerId,
      message: error === undefined ? 'The log was read to its end.' : error.message,
      ...(error && { error: this.options.wireError(error) }),
    };
    this.options.output.send('log_stream_stopped', plainBody(encodeJsonBody(body)));
  }
}
