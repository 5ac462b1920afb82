import { asError } from '../../base/errors';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { LogMarker, LogRequest, LogSink } from '../../model/log';
import { decodeLogStreamStopped, frameCost, type ReceivedFrame } from '../../protocol/dataFrames';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { decodeLogBody, type LogItem } from '../../protocol/logFrames';
import type { CommandData } from '../../protocol/messages';
import type { EngineError } from '../engine';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal } from './agentErrors';
import { bodyOf } from './frameBody';
import { LossMarkers } from './lossMarkers';
import type { RemoteStream, RemoteStreams } from './remoteStreams';
import { ResumePoint } from './resumePoint';

export interface RemoteLogOptions {
  readonly streams: RemoteStreams;
  readonly clock: Clock;
  /** Whether it is worth it, over the connection of the moment. */
  readonly compresses: () => boolean;
  /** It is over for the reader. */
  readonly left: (log: RemoteLog) => void;
}

/** What waits for the reader, in order. */
type Entry =
  | { readonly kind: 'items'; readonly items: readonly LogItem[]; next: number; readonly sequence: number }
  | { readonly kind: 'marker'; readonly marker: LogMarker }
  | { readonly kind: 'end'; readonly error: Error | undefined; readonly sequence: number };

/** After this, a start that an agent was too busy for is tried again if it does not say when. */
const BUSY_RETRY_MS = 1_000;

/**
 * A log that the agent reads for us. The agent's frames are acknowledged once the sink has taken them. When the
 * connection breaks, the session's stream goes on after the last frame; when the session is gone, too, the log is opened
 * again at the place of what the sink took last.
 */
export class RemoteLog implements RemoteStream, Disposable {
  private readonly store = new DisposableStore();
  private readonly resumePoint: ResumePoint;
  private readonly loss: LossMarkers;
  private window = new ReceiveWindow();
  private stream: number | undefined;
  private connection: AgentConnection | undefined;
  private entries: Entry[] = [];
  /** The sink asked not to be given more. */
  private isHeld = false;
  /** The agent has sent its last frame. */
  private isComplete = false;
  private hasBegun = false;

  constructor(
    private readonly id: ContainerId,
    private readonly request: LogRequest,
    private readonly sink: LogSink,
    private readonly options: RemoteLogOptions,
  ) {
    this.resumePoint = new ResumePoint(request.resumeAt);
    this.loss = this.store.add(
      new LossMarkers(options.clock, (marker) => this.take({ kind: 'marker', marker })),
    );
  }

  get isFollowed(): boolean {
    return this.request.follow;
  }

  get position(): FlowPosition | undefined {
    return this.isComplete || this.isOver ? undefined : this.window.position;
  }

  /** Everything may be sent. Streams that go on were told so before. */
  connected(connection: AgentConnection): void {
    this.connection = connection;
    if (this.stream === undefined && !this.isComplete) this.open();
  }

  disconnected(reason: string): void {
    this.connection = undefined;
    if (this.hasBegun && !this.isComplete) this.loss.lost(reason);
  }

  resumed(): void {
    this.began();
  }

  gone(): void {
    this.stream = undefined;
    // What the sink has not taken yet is read again. It is all here already if the agent was through.
    if (!this.isComplete) this.entries = this.entries.filter(({ kind }) => kind === 'marker');
  }

  receive(frame: ReceivedFrame): void {
    this.window.receive(frame.sequence, frameCost(frame));
    if (this.isComplete) return;
    const { sequence } = frame;
    if (frame.type === 'log_update')
      this.take({ kind: 'items', items: decodeLogBody(bodyOf(frame)), next: 0, sequence });
    else if (frame.type === 'log_stream_stopped') this.complete(frame);
    else this.take({ kind: 'items', items: [], next: 0, sequence });
  }

  acknowledged(): void {
    // Nothing is sent on a log's stream.
  }

  takeAck(): FlowPosition | undefined {
    return this.window.takeAck();
  }

  /** The reader wants no more. */
  dispose(): void {
    if (this.isOver) return;
    const { stream, connection } = this;
    this.leave();
    if (stream !== undefined && !this.isComplete)
      connection?.request('stop_log_stream', { stream }, { done: ignore, failed: ignore });
  }

  /** It can't go on. */
  fail(error: EngineError): void {
    this.isComplete = true;
    this.take({ kind: 'end', error, sequence: 0 });
  }

  private get isOver(): boolean {
    return this.store.isDisposed;
  }

  private open(): void {
    const { streams } = this.options;
    this.window = new ReceiveWindow();
    const stream = streams.add(this);
    this.stream = stream;
    this.resumePoint.resume();
    this.connection?.request('start_log_stream', this.startData(stream), {
      done: () => this.began(),
      failed: (error) => {
        if (this.stream === stream) this.refused(stream, error);
      },
    });
  }

  private startData(stream: number): CommandData<'start_log_stream'> {
    const { tail, since, follow, filter } = this.request;
    const { place } = this.resumePoint;
    return {
      stream,
      container_id: place?.cursor.containerId ?? this.id,
      tail,
      follow,
      ...(since !== undefined && { since }),
      ...(filter && { filter }),
      ...(place && { resumeAt: place }),
      credit: LIMITS.initialCreditBytes,
      ...(this.options.compresses() && { compression: 'deflate-raw' }),
    };
  }

  private began(): void {
    this.hasBegun = true;
    this.loss.returned();
  }

  /** Without the connection nothing is refused: the next one will tell whether the agent has the stream. */
  private refused(stream: number, error: EngineError): void {
    if (this.connection?.isConnected !== true) return;
    this.options.streams.remove(stream);
    this.stream = undefined;
    const wire = error instanceof AgentRefusal ? error.wire : undefined;
    if (wire?.code === 'shuttingDown') return;
    if (wire?.code === 'rateLimited') this.openLater(wire.retryAfterMs ?? BUSY_RETRY_MS);
    else if (error.code === 'timeout' && !wire) this.openLater(BUSY_RETRY_MS);
    else this.fail(error);
  }

  private openLater(delayMs: number): void {
    const retry = this.store.add(
      this.options.clock.setTimer(() => {
        this.store.delete(retry);
        if (this.connection && this.stream === undefined) this.open();
      }, delayMs),
    );
  }

  private complete(frame: ReceivedFrame): void {
    const { error } = decodeLogStreamStopped(bodyOf(frame));
    this.isComplete = true;
    this.loss.dispose();
    this.take({ kind: 'end', error: error && new AgentRefusal(error), sequence: frame.sequence });
  }

  private take(entry: Entry): void {
    if (this.isOver) return;
    this.entries.push(entry);
    this.drain();
  }

  private drain(): void {
    while (!this.isHeld && !this.isOver) {
      const [entry] = this.entries;
      if (!entry) return;
      if (entry.kind === 'items' && entry.next < entry.items.length) {
        this.hand(entry.items[entry.next++]);
        continue;
      }
      this.entries.shift();
      if (entry.kind === 'marker') this.sink.marker(entry.marker);
      else this.consumed(entry.sequence);
      if (entry.kind === 'end') this.end(entry.error);
    }
  }

  private hand(item: LogItem | undefined): void {
    if (!item) return;
    if (item.kind === 'marker') {
      this.sink.marker(item.marker);
      return;
    }
    const batch = this.resumePoint.admit(item.batch);
    if (batch.lines.length === 0 && !batch.place) return;
    const taken = this.sink.lines(batch);
    if (!taken) return;
    this.isHeld = true;
    taken.then(
      () => {
        this.isHeld = false;
        this.drain();
      },
      (error: unknown) => this.refuseMore(asError(error)),
    );
  }

  private refuseMore(error: Error): void {
    if (this.isOver) return;
    this.dispose();
    this.sink.ended(error);
  }

  private consumed(sequence: number): void {
    if (this.stream === undefined || sequence === 0) return;
    const ack = this.window.consume(sequence);
    if (ack) this.options.streams.sendAck(this.stream, ack);
    else if (this.window.isAckPending) this.options.streams.ackSoon();
  }

  private end(error: Error | undefined): void {
    this.leave();
    this.sink.ended(error);
  }

  private leave(): void {
    const { stream } = this;
    this.entries = [];
    this.store.dispose();
    const ack = this.window.takeAck();
    if (stream !== undefined) {
      if (ack) this.options.streams.sendAck(stream, ack);
      this.options.streams.remove(stream);
    }
    this.options.left(this);
  }
}

function ignore(): void {
  return undefined;
}
