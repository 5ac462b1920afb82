import type { Clock } from '../../base/clock';
import { deferred } from '../../base/async';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { MachineSeries } from '../../model/machineMetrics';
import type { MetricSeries } from '../../model/metrics';
import type { Chart } from '../../model/metricsChart';
import { decodeHistoryBody } from '../../protocol/chartFrames';
import { decodeMetricsHistoryEnd, frameCost, type ReceivedFrame } from '../../protocol/dataFrames';
import { ReceiveWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { EngineError } from '../engine';
import type { HistoryRange } from '../metrics';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal, connectionLost } from './agentErrors';
import { bodyOf } from './frameBody';
import type { RemoteStream, RemoteStreams } from './remoteStreams';

export interface HistoryQuery {
  readonly containers: readonly ContainerId[];
  readonly machine: boolean;
  readonly range: HistoryRange;
}

/** What an agent remembered. */
export interface ReadHistory {
  readonly containers: ReadonlyMap<ContainerId, Chart<MetricSeries>>;
  readonly machine: Chart<MachineSeries> | undefined;
}

/** One reading of history from an agent. It does not survive its connection: whoever asked may ask again. */
export class RemoteHistory implements RemoteStream, Disposable {
  /** It is not gone on with. */
  readonly position = undefined;
  private readonly containers = new Map<ContainerId, Chart<MetricSeries>>();
  private machine: Chart<MachineSeries> | undefined;
  private readonly window = new ReceiveWindow();
  private readonly answer = deferred<ReadHistory>();
  private readonly stream: number;
  private isOver = false;
  private deadline: Disposable;

  constructor(
    connection: AgentConnection,
    private readonly streams: RemoteStreams,
    private readonly clock: Clock,
    query: HistoryQuery,
  ) {
    this.stream = streams.add(this);
    this.deadline = this.setDeadline();
    connection.request('read_metrics_history', dataOf(this.stream, query), {
      done: () => undefined,
      failed: (error) => this.fail(error),
    });
  }

  /** Rejects with an EngineError. */
  get done(): Promise<ReadHistory> {
    return this.answer.promise;
  }

  receive(frame: ReceivedFrame): void {
    const { sequence } = frame;
    this.window.receive(sequence, frameCost(frame));
    this.deadline.dispose();
    this.deadline = this.setDeadline();
    if (frame.type === 'metrics_history') this.take(bodyOf(frame));
    const ack = this.window.consume(sequence);
    if (ack) this.streams.sendAck(this.stream, ack);
    else this.streams.ackSoon();
    if (frame.type === 'metrics_history_end') this.end(bodyOf(frame));
  }

  acknowledged(): void {
    // Nothing is sent on this stream.
  }

  resumed(): void {
    this.gone();
  }

  gone(): void {
    this.fail(connectionLost());
  }

  takeAck(): FlowPosition | undefined {
    return this.window.takeAck();
  }

  dispose(): void {
    this.fail(connectionLost());
  }

  private take(body: Uint8Array): void {
    const entry = decodeHistoryBody(body);
    if (entry?.kind === 'machine') this.machine = entry.chart;
    else if (entry) this.containers.set(entry.containerId, entry.chart);
  }

  private end(body: Uint8Array): void {
    const { error } = decodeMetricsHistoryEnd(body);
    if (error) {
      this.fail(new AgentRefusal(error));
      return;
    }
    this.leave();
    this.answer.resolve({ containers: this.containers, machine: this.machine });
  }

  private fail(error: EngineError): void {
    if (this.isOver) return;
    this.leave();
    this.answer.reject(error);
  }

  private leave(): void {
    this.isOver = true;
    this.deadline.dispose();
    const ack = this.window.takeAck();
    if (ack) this.streams.sendAck(this.stream, ack);
    this.streams.remove(this.stream);
  }

  private setDeadline(): Disposable {
    const seconds = LIMITS.responseDeadlineMs / 1_000;
    const late = (): void =>
      this.fail(new EngineError('timeout', `The agent did not answer within ${seconds} seconds.`));
    return this.clock.setTimer(late, LIMITS.responseDeadlineMs);
  }
}

function dataOf(
  stream: number,
  { containers, machine, range }: HistoryQuery,
): {
  stream: number;
  container_ids: readonly ContainerId[];
  machine: boolean;
  fromMs: number;
  toMs: number;
  maxPoints: number;
  credit: number;
} {
  return {
    stream,
    container_ids: containers,
    machine,
    fromMs: wholeMs(range.fromMs),
    toMs: wholeMs(range.toMs),
    maxPoints: Math.min(LIMITS.maxHistoryPoints, Math.max(1, wholeMs(range.maxPoints))),
    credit: LIMITS.initialCreditBytes,
  };
}

function wholeMs(value: number): number {
  return Math.floor(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, value)));
}
