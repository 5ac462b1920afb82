import type { Disposable } from '../../base/lifecycle';
import type { DeploymentSink } from '../deployments';
import type { DeploymentEntry, DeploymentId } from '../../model/deployment';
import { frameCost, type ReceivedFrame } from '../../protocol/dataFrames';
import { decodeDeploymentStreamEnded, decodeEntriesBody } from '../../protocol/deploymentFrames';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import type { EngineError } from '../engine';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal } from './agentErrors';
import { bodyOf } from './frameBody';
import type { RemoteStream, RemoteStreams } from './remoteStreams';

export interface RemoteDeploymentStreamOptions {
  readonly id: DeploymentId;
  /** Sequence of the last entry that is known. */
  readonly after: number;
  readonly sink: DeploymentSink;
  readonly streams: RemoteStreams;
  /** Whether it is worth it, over the connection of the moment. */
  readonly compresses: () => boolean;
  /** It is over for the reader. */
  readonly left: (stream: RemoteDeploymentStream) => void;
}

/**
 * A deployment's journal, followed at the agent. When the session is gone it is opened again after the last entry that
 * was told; the sequence says which those are, so that none is told twice.
 */
export class RemoteDeploymentStream implements RemoteStream, Disposable {
  private last: number;
  private window = new ReceiveWindow();
  private stream: number | undefined;
  private connection: AgentConnection | undefined;
  private isOver = false;

  constructor(private readonly options: RemoteDeploymentStreamOptions) {
    this.last = options.after;
  }

  get position(): FlowPosition | undefined {
    return this.isOver ? undefined : this.window.position;
  }

  /** Everything may be sent. Streams that go on were told so before. */
  connected(connection: AgentConnection): void {
    this.connection = connection;
    if (this.stream === undefined && !this.isOver) this.open(connection);
  }

  disconnected(): void {
    this.connection = undefined;
  }

  resumed(): void {
    // What comes next is what comes after the last frame.
  }

  gone(): void {
    this.stream = undefined;
  }

  receive(frame: ReceivedFrame): void {
    this.window.receive(frame.sequence, frameCost(frame));
    if (this.isOver) return;
    if (frame.type === 'deployment_entries') this.take(decodeEntriesBody(bodyOf(frame)));
    else if (frame.type === 'deployment_stream_ended') {
      const { error } = decodeDeploymentStreamEnded(bodyOf(frame));
      this.consumed(frame.sequence);
      this.fail(error && new AgentRefusal(error));
      return;
    }
    this.consumed(frame.sequence);
  }

  acknowledged(): void {
    // Nothing is sent on this stream.
  }

  takeAck(): FlowPosition | undefined {
    return this.window.takeAck();
  }

  /** Tells the sink that it is over. */
  fail(error: EngineError | undefined): void {
    if (this.isOver) return;
    this.leave();
    this.options.sink.ended(error);
  }

  /** The reader wants no more. */
  dispose(): void {
    if (this.isOver) return;
    const { stream, connection } = this;
    this.leave();
    if (stream !== undefined)
      connection?.request('stop_deployment_stream', { stream }, { done: ignore, failed: ignore });
  }

  private open(connection: AgentConnection): void {
    const { streams, id, compresses } = this.options;
    this.window = new ReceiveWindow();
    const stream = streams.add(this);
    this.stream = stream;
    const data = {
      stream,
      deployment_id: id,
      after: this.last,
      credit: LIMITS.initialCreditBytes,
      ...(compresses() && { compression: 'deflate-raw' }),
    };
    connection.request('start_deployment_stream', data, {
      done: ignore,
      failed: (error) => {
        // A connection that broke meanwhile is followed by another one.
        if (this.stream === stream && error instanceof AgentRefusal) this.fail(error);
      },
    });
  }

  private take(entries: readonly DeploymentEntry[]): void {
    const fresh = entries.filter(({ sequence }) => sequence > this.last);
    this.last = fresh.at(-1)?.sequence ?? this.last;
    if (fresh.length > 0) this.options.sink.entries(fresh);
  }

  private consumed(sequence: number): void {
    const { stream } = this;
    if (stream === undefined) return;
    const ack = this.window.consume(sequence);
    if (ack) this.options.streams.sendAck(stream, ack);
    else this.options.streams.ackSoon();
  }

  private leave(): void {
    this.isOver = true;
    const { stream } = this;
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
