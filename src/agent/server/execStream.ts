import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ExecSession, TerminalSize } from '../../engine/engine';
import { encodeJsonBody, frameCost, type ExecExited, type ReceivedFrame } from '../../protocol/dataFrames';
import { ProtocolError } from '../../protocol/errorCodes';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { encodeMessage, makeAck } from '../../protocol/makeMessages';
import { plainBody, type DataFrame, type StreamOutput } from './dataFrame';
import { Fifo } from './fifo';
import { bodyOf } from './receivedBody';
import type { SessionStream } from './sessionStream';
import { nowText } from './texts';

const MAX_OUTPUT_FRAME_BYTES = 64 * 1024;
/** With so much waiting for its client the program is held. */
const MAX_WAITING_BYTES = 256 * 1024;

export interface ExecStreamOptions {
  readonly output: StreamOutput;
  /** `undefined` for one that was ended with an earlier session. */
  readonly exec: ExecSession | undefined;
  readonly clock: Clock;
  readonly acknowledge?: (text: string) => void;
}

/** A terminal on its way to one client, and what is typed on its way back. */
export class ExecStream implements SessionStream {
  readonly kind = 'exec';
  private readonly store = new DisposableStore();
  private readonly input = new ReceiveWindow();
  private readonly waiting = new Fifo<Uint8Array>();
  private waitingBytes = 0;
  private isHeld = false;
  private isDisposed = false;
  private hasBegun = false;
  private exit: ExecExited | undefined;
  private hasEnded = false;
  private ackTimer: Disposable | undefined;
  private ackCount = 0;

  constructor(private readonly options: ExecStreamOptions) {
    const { exec } = options;
    if (exec === undefined) {
      this.exit = { error: { code: 'connectionLost', message: 'The process ended with its session.' } };
      return;
    }
    this.store.add(exec);
    this.store.add(exec.onData((data) => this.take(data)));
    this.store.add(exec.onExit(({ exitCode }) => this.finish(exitCode === undefined ? {} : { exitCode })));
  }

  get stream(): number {
    return this.options.output.stream;
  }

  get receivedSequence(): number {
    return this.input.position.sequence;
  }

  get inputCredit(): number {
    return this.input.position.credit;
  }

  get isOver(): boolean {
    return this.hasEnded && this.options.output.isDrained;
  }

  /** The client was told that it runs, and may be sent what it writes. */
  begin(): void {
    this.hasBegun = true;
    this.proceed();
  }

  resize(size: TerminalSize): void {
    this.options.exec?.resize(size);
  }

  acknowledge(position: FlowPosition): void {
    this.options.output.acknowledge(position);
    this.proceed();
  }

  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.options.output.resume(position);
  }

  receive(frame: ReceivedFrame): void {
    if (frame.type !== 'exec_input') throw new ProtocolError('badFrame', 'A frame that clients do not send.');
    if (frame.bodyLength > LIMITS.maxExecInputBytes)
      throw new ProtocolError('badFrame', 'More input than one frame may hold.');
    this.input.receive(frame.sequence, frameCost(frame));
    const consume = (): void => this.consumeInput(frame.sequence);
    const { exec } = this.options;
    if (exec) exec.write(bodyOf(frame), consume);
    else consume();
  }

  proceed(): void {
    const { output } = this.options;
    while (this.hasBegun && output.canSend) {
      const data = this.waiting.shift();
      if (data === undefined) break;
      this.waitingBytes -= data.length;
      output.send('exec_output', plainBody(data));
    }
    this.holdIfNeeded();
    const isAllSent = this.hasBegun && this.waiting.size === 0 && !this.hasEnded;
    if (this.exit && isAllSent && output.canSend) {
      this.hasEnded = true;
      output.send('exec_exited', plainBody(encodeJsonBody(this.exit)));
    }
  }

  dispose(): void {
    this.isDisposed = true;
    this.store.dispose();
    this.ackTimer?.dispose();
    this.waiting.clear();
    this.options.output.dispose();
  }

  private take(data: Uint8Array): void {
    for (let start = 0; start < data.length; start += MAX_OUTPUT_FRAME_BYTES)
      this.waiting.push(data.subarray(start, start + MAX_OUTPUT_FRAME_BYTES));
    this.waitingBytes += data.length;
    this.proceed();
  }

  private holdIfNeeded(): void {
    const isFull = this.waitingBytes >= MAX_WAITING_BYTES;
    if (isFull === this.isHeld) return;
    this.isHeld = isFull;
    this.options.exec?.hold(isFull);
  }

  /** What a program does not read is not acknowledged, so that no more of it is typed than the credit allows. */
  private consumeInput(sequence: number): void {
    if (this.isDisposed) return;
    const ack = this.input.consume(sequence);
    if (ack) this.sendAck(ack);
    else this.sendAckLater();
  }

  private finish(exit: ExecExited): void {
    this.exit ??= exit;
    this.store.dispose();
    this.proceed();
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
    const ack = makeAck(`x${this.stream}-${this.ackCount}`, nowText(), [
      { stream: this.stream, ...position },
    ]);
    this.options.acknowledge?.(encodeMessage(ack));
  }
}
