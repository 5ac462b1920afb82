import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { MachineUpdate } from '../../model/machineMetrics';
import type { MetricUpdate } from '../../model/metrics';
import { frameCost, type ReceivedFrame } from '../../protocol/dataFrames';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { decodeMetricsBody, type MetricsEntry } from '../../protocol/metricsFrames';
import type { EngineError } from '../engine';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal } from './agentErrors';
import { bodyOf } from './frameBody';
import type { RemoteStream, RemoteStreams } from './remoteStreams';

/** What the agent is asked for: what somebody here watches. */
export interface WatchedFigures {
  readonly containers: ReadonlySet<ContainerId>;
  readonly machine: boolean;
}

export interface MetricsFeedOptions {
  readonly streams: RemoteStreams;
  readonly clock: Clock;
  readonly container: (id: ContainerId, update: MetricUpdate) => void;
  readonly machine: (update: MachineUpdate) => void;
  /** The agent does not tell figures. */
  readonly refused: (error: EngineError) => void;
}

const NOTHING: WatchedFigures = { containers: new Set(), machine: false };
/** After this, what an agent was too busy for is tried again if it does not say when. */
const BUSY_RETRY_MS = 1_000;
const BUSY_CODES: ReadonlySet<string> = new Set(['rateLimited', 'tooManyStreams']);

/**
 * The one stream of figures from an agent, for all who watch. What is wanted changes by one command at a time; when the
 * connection breaks the session's stream goes on, and where the session is gone, too, another one is opened.
 */
export class MetricsFeed implements RemoteStream, Disposable {
  private readonly store = new DisposableStore();
  private readonly names = new Map<number, ContainerId>();
  private window = new ReceiveWindow(LIMITS.metricsCreditBytes);
  private wanted = NOTHING;
  /** What the agent was asked for; `undefined` where it is not known what it took. */
  private asked: WatchedFigures | undefined;
  private stream: number | undefined;
  private connection: AgentConnection | undefined;
  private isAsking = false;
  private refusal: EngineError | undefined;
  private retry: Disposable | undefined;

  constructor(private readonly options: MetricsFeedOptions) {}

  /** What the agent said when it would not; it is asked again over the next connection. */
  get refusedWith(): EngineError | undefined {
    return this.refusal;
  }

  get position(): FlowPosition | undefined {
    return this.stream === undefined ? undefined : this.window.position;
  }

  want(wanted: WatchedFigures): void {
    this.wanted = wanted;
    this.sync();
  }

  /** Everything may be sent. A stream that goes on was told so before. */
  connected(connection: AgentConnection): void {
    this.connection = connection;
    this.isAsking = false;
    this.refusal = undefined;
    this.sync();
  }

  disconnected(): void {
    this.connection = undefined;
    this.stopRetry();
  }

  resumed(): void {
    // What it may not have been asked for any more is asked with `connected`.
  }

  gone(): void {
    this.stream = undefined;
  }

  acknowledged(): void {
    // Nothing is sent on this stream.
  }

  takeAck(): FlowPosition | undefined {
    return this.window.takeAck();
  }

  receive(frame: ReceivedFrame): void {
    const { sequence } = frame;
    this.window.receive(sequence, frameCost(frame));
    if (frame.type === 'metrics_update')
      for (const entry of decodeMetricsBody(bodyOf(frame))) this.take(entry);
    if (this.stream === undefined) return;
    const ack = this.window.consume(sequence);
    if (ack) this.options.streams.sendAck(this.stream, ack);
    else this.options.streams.ackSoon();
  }

  dispose(): void {
    this.stopRetry();
    if (this.stream !== undefined) this.options.streams.remove(this.stream);
    this.stream = undefined;
    this.connection = undefined;
    this.store.dispose();
  }

  private take(entry: MetricsEntry): void {
    if (entry.kind === 'machine') {
      if (this.wanted.machine) this.options.machine(entry.update);
      return;
    }
    if (entry.kind === 'name') {
      this.names.set(entry.key, entry.containerId);
      return;
    }
    const id = this.names.get(entry.key);
    if (id === undefined || !this.wanted.containers.has(id)) return;
    if (entry.kind === 'sample') this.options.container(id, { kind: 'sample', sample: entry.sample });
    else {
      const { reason, error } = entry.gap;
      this.options.container(id, {
        kind: 'gap',
        gap: { reason, ...(error && { error: new AgentRefusal(error) }) },
      });
    }
  }

  /** Has the agent know what is wanted, unless it is being told something already. */
  private sync(): void {
    const { connection, wanted } = this;
    if (!connection || this.isAsking || this.refusal || this.retry) return;
    if (isNothing(wanted)) this.stop(connection);
    else if (this.stream === undefined) this.open(connection, wanted);
    else if (!isSame(wanted, this.asked)) this.change(connection, this.stream, wanted);
  }

  private open(connection: AgentConnection, wanted: WatchedFigures): void {
    this.window = new ReceiveWindow(LIMITS.metricsCreditBytes);
    this.names.clear();
    const stream = this.options.streams.add(this);
    this.stream = stream;
    this.ask(connection, wanted, (handlers) => {
      const data = { ...dataOf(stream, wanted), credit: LIMITS.metricsCreditBytes };
      connection.request('start_metrics_stream', data, handlers);
    });
  }

  private change(connection: AgentConnection, stream: number, wanted: WatchedFigures): void {
    this.ask(connection, wanted, (handlers) =>
      connection.request('change_metrics_stream', dataOf(stream, wanted), handlers),
    );
  }

  private stop(connection: AgentConnection): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.stream = undefined;
    this.names.clear();
    this.options.streams.remove(stream);
    connection.request('stop_metrics_stream', { stream }, { done: ignore, failed: ignore });
  }

  private ask(
    connection: AgentConnection,
    wanted: WatchedFigures,
    send: (handlers: { done(): void; failed(error: EngineError): void }) => void,
  ): void {
    this.isAsking = true;
    this.asked = wanted;
    send({
      done: () => {
        this.isAsking = false;
        this.forgetNames(wanted);
        this.sync();
      },
      failed: (error) => {
        this.asked = undefined;
        // Over with the connection: the next one tells whether the agent has the stream.
        if (this.connection !== connection || !connection.isConnected) return;
        this.isAsking = false;
        this.failed(error);
      },
    });
  }

  /** The agent names a container anew when it is watched again. */
  private forgetNames({ containers }: WatchedFigures): void {
    for (const [key, id] of this.names) if (!containers.has(id)) this.names.delete(key);
  }

  private failed(error: EngineError): void {
    const wire = error instanceof AgentRefusal ? error.wire : undefined;
    if (wire?.code === 'shuttingDown') return;
    if (this.stream !== undefined && wire?.code !== 'rateLimited') {
      this.options.streams.remove(this.stream);
      this.stream = undefined;
    }
    const isPassing = wire
      ? BUSY_CODES.has(wire.code) || wire.code === 'noSuchStream'
      : error.code === 'timeout';
    if (isPassing) this.retryIn(wire?.retryAfterMs ?? BUSY_RETRY_MS);
    else {
      this.refusal = error;
      this.options.refused(error);
    }
  }

  private retryIn(delayMs: number): void {
    this.retry = this.store.add(
      this.options.clock.setTimer(() => {
        this.stopRetry();
        this.sync();
      }, delayMs),
    );
  }

  private stopRetry(): void {
    if (this.retry) this.store.delete(this.retry);
    this.retry = undefined;
  }
}

function dataOf(
  stream: number,
  { containers, machine }: WatchedFigures,
): { stream: number; container_ids: readonly ContainerId[]; machine: boolean } {
  return { stream, container_ids: [...containers], machine };
}

function isNothing({ containers, machine }: WatchedFigures): boolean {
  return containers.size === 0 && !machine;
}

function isSame(a: WatchedFigures, b: WatchedFigures | undefined): boolean {
  if (b?.machine !== a.machine || a.containers.size !== b.containers.size) return false;
  return [...a.containers].every((id) => b.containers.has(id));
}

function ignore(): void {
  return undefined;
}
