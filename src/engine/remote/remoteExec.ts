import { Emitter } from '../../base/emitter';
import { DisposableStore } from '../../base/lifecycle';
import { decodeExecExited, frameCost, type ReceivedFrame } from '../../protocol/dataFrames';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import type { ExecSession, TerminalSize } from '../engine';
import type { AgentConnection } from './agentConnection';
import { ExecInput } from './execInput';
import { bodyOf } from './frameBody';
import type { RemoteStream, RemoteStreams } from './remoteStreams';

export interface RemoteExecOptions {
  readonly streams: RemoteStreams;
  readonly left: (exec: RemoteExec) => void;
}

/** A process at the agent. It goes on while the connection is away, as long as the session is kept. */
export class RemoteExec implements ExecSession, RemoteStream {
  private readonly store = new DisposableStore();
  private readonly data = this.store.add(new Emitter<Uint8Array>());
  private readonly exit = this.store.add(new Emitter<{ readonly exitCode?: number }>());
  readonly onData = this.data.event;
  readonly onExit = this.exit.event;
  /** Given once, by {@link RemoteStreams}. */
  readonly stream: number;
  private readonly window = new ReceiveWindow();
  private input: ExecInput | undefined;
  private connection: AgentConnection | undefined;
  /** What came while it was held, or before whoever asked for it listens; no more than its credit. */
  private waiting: ReceivedFrame[] = [];
  private hasBegun = false;
  private isHeld = false;
  private hasEnded = false;

  constructor(private readonly options: RemoteExecOptions) {
    this.stream = options.streams.add(this);
  }

  get position(): FlowPosition | undefined {
    return this.hasEnded || !this.input ? undefined : this.window.position;
  }

  /** The process runs. Listeners are added after this; the first output must not be missed. */
  started(connection: AgentConnection, credit: number): void {
    this.connection = connection;
    this.input = new ExecInput(this.stream, credit);
    this.input.connected(connection);
    setImmediate(() => {
      this.hasBegun = true;
      this.takeWaiting();
    });
  }

  connected(connection: AgentConnection): void {
    this.connection = connection;
  }

  disconnected(): void {
    this.connection = undefined;
    this.input?.disconnected();
  }

  resumed(receivedSequence: number): void {
    if (this.connection && this.input?.resumed(this.connection, receivedSequence) !== true) this.end({});
  }

  gone(): void {
    this.end({});
  }

  receive(frame: ReceivedFrame): void {
    this.window.receive(frame.sequence, frameCost(frame));
    if (this.isWaiting) this.waiting.push(frame);
    else this.takeFrame(frame);
  }

  acknowledged(position: FlowPosition): void {
    this.input?.acknowledged(position);
  }

  takeAck(): FlowPosition | undefined {
    return this.window.takeAck();
  }

  write(data: Uint8Array, taken?: () => void): void {
    if (this.hasEnded || !this.input) {
      taken?.();
      return;
    }
    if (this.input.write(data, taken)) return;
    // What was typed must not be lost without a word.
    this.stop();
    this.end({});
  }

  /** Nothing is acknowledged meanwhile, so that the agent holds the process once the credit is used up. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (!isHeld) this.takeWaiting();
  }

  resize(size: TerminalSize): void {
    if (this.hasEnded) return;
    this.connection?.request('resize_exec', { stream: this.stream, size }, { done: ignore, failed: ignore });
  }

  dispose(): void {
    if (this.store.isDisposed) return;
    this.stop();
    this.leave();
    this.store.dispose();
  }

  private stop(): void {
    if (!this.hasEnded)
      this.connection?.request('stop_exec', { stream: this.stream }, { done: ignore, failed: ignore });
  }

  private get isWaiting(): boolean {
    return !this.hasBegun || this.isHeld || this.waiting.length > 0;
  }

  private takeWaiting(): void {
    try {
      while (this.hasBegun && !this.isHeld) {
        const frame = this.waiting.shift();
        if (!frame) return;
        this.takeFrame(frame);
      }
    } catch {
      // What makes no sense ends the connection if it is found at once; here the process alone is given up.
      this.stop();
      this.end({});
    }
  }

  private takeFrame(frame: ReceivedFrame): void {
    if (this.hasEnded) return;
    if (frame.type === 'exec_output') this.data.fire(bodyOf(frame));
    const ack = this.window.consume(frame.sequence);
    if (ack) this.options.streams.sendAck(this.stream, ack);
    else this.options.streams.ackSoon();
    if (frame.type !== 'exec_exited') return;
    const { exitCode } = decodeExecExited(bodyOf(frame));
    this.end(exitCode === undefined ? {} : { exitCode });
  }

  private end(exit: { readonly exitCode?: number }): void {
    if (this.hasEnded) return;
    this.leave();
    this.exit.fire(exit);
  }

  private leave(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.waiting = [];
    this.input?.dispose();
    const ack = this.window.takeAck();
    if (ack) this.options.streams.sendAck(this.stream, ack);
    this.options.streams.remove(this.stream);
    this.options.left(this);
  }
}

function ignore(): void {
  return undefined;
}
