import type { Clock } from '../../../base/clock';
import type { Disposable } from '../../../base/lifecycle';
import { frameCost, type ReceivedFrame } from '../../../protocol/dataFrames';
import { encodeUploadEnded } from '../../../protocol/deploymentFrames';
import { ProtocolError, type WireError } from '../../../protocol/errorCodes';
import { ReceiveWindow, type FlowPosition } from '../../../protocol/flowControl';
import { LIMITS } from '../../../protocol/limits';
import { encodeMessage, makeAck } from '../../../protocol/makeMessages';
import { plainBody, type DataFrame, type StreamOutput } from '../dataFrame';
import { bodyOf } from '../receivedBody';
import type { SessionStream } from '../sessionStream';
import { nowText } from '../texts';
import type { Upload } from './uploadStore';

export interface UploadStreamOptions {
  readonly output: StreamOutput;
  readonly upload: Upload;
  readonly clock: Clock;
  readonly acknowledge: (text: string) => void;
  readonly wireError: (error: unknown) => WireError;
}

/** An archive on its way from a client into a file. What is acknowledged is in the file. */
export class UploadStream implements SessionStream {
  readonly kind = 'upload';
  private readonly input = new ReceiveWindow();
  /** Resolves when everything that came is dealt with. Never rejects. */
  private tail: Promise<void> = Promise.resolve();
  private hasComplete = false;
  private failure: WireError | undefined;
  private isEndDue = false;
  private hasEnded = false;
  private isDisposed = false;
  private ackTimer: Disposable | undefined;
  private ackCount = 0;

  constructor(private readonly options: UploadStreamOptions) {}

  get stream(): number {
    return this.options.output.stream;
  }

  get receivedSequence(): number {
    return this.input.position.sequence;
  }

  get credit(): number {
    return this.input.position.credit;
  }

  get isOver(): boolean {
    return this.hasEnded && this.options.output.isDrained;
  }

  acknowledge(position: FlowPosition): void {
    this.options.output.acknowledge(position);
    this.proceed();
  }

  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.options.output.resume(position);
  }

  receive(frame: ReceivedFrame): void {
    const isLast = frame.type === 'upload_complete';
    if (!isLast && frame.type !== 'upload_data')
      throw new ProtocolError('badFrame', 'A frame that clients do not send.');
    if (frame.bodyLength > LIMITS.maxUploadFrameBytes || this.hasComplete)
      throw new ProtocolError('badFrame', 'More than a frame, or an upload, may hold.');
    this.input.receive(frame.sequence, frameCost(frame));
    this.hasComplete = isLast;
    const body = bodyOf(frame);
    this.tail = this.tail.then(() => this.take(frame.sequence, body, isLast));
  }

  proceed(): void {
    const { output, upload } = this.options;
    if (!this.isEndDue || this.hasEnded || this.isDisposed || !output.canSend) return;
    this.hasEnded = true;
    const body = { bytes: upload.bytes, ...(this.failure && { error: this.failure }) };
    output.send('upload_ended', plainBody(encodeUploadEnded(body)));
  }

  /** The file is its owner's to dispose once it is complete; before that it is of no use to anybody. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.ackTimer?.dispose();
    this.options.output.dispose();
    void this.tail.then(() => {
      if (this.options.upload.sha256 === undefined) this.options.upload.dispose();
    });
  }

  private async take(sequence: number, body: Uint8Array, isLast: boolean): Promise<void> {
    if (this.isDisposed) return;
    const { upload, wireError } = this.options;
    try {
      // What comes after a failure was sent before the client could know.
      if (this.failure === undefined) await (isLast ? upload.complete() : upload.append(body));
    } catch (error) {
      this.failure = wireError(error);
      upload.dispose();
    }
    if (this.wasDisposed()) return;
    this.consumed(sequence);
    this.isEndDue ||= isLast || this.failure !== undefined;
    this.proceed();
  }

  /** A method, because it changes in between. */
  private wasDisposed(): boolean {
    return this.isDisposed;
  }

  private consumed(sequence: number): void {
    const ack = this.input.consume(sequence);
    if (ack) this.sendAck(ack);
    else this.sendAckLater();
  }

  private sendAckLater(): void {
    this.ackTimer ??= this.options.clock.setTimer(() => {
      this.ackTimer = undefined;
      const ack = this.input.takeAck();
      if (ack) this.sendAck(ack);
    }, LIMITS.ackDelayMs);
  }

  private sendAck(position: FlowPosition): void {
    this.ackCount += 1;
    const ack = makeAck(`u${this.stream}-${this.ackCount}`, nowText(), [
      { stream: this.stream, ...position },
    ]);
    this.options.acknowledge(encodeMessage(ack));
  }
}
