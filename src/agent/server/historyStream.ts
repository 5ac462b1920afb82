import { setImmediate as othersRun } from 'node:timers/promises';
import type { EngineMetrics, HistoryRange } from '../../engine/metrics';
import type { ContainerId } from '../../model/container';
import { encodeHistoryBody, type HistoryEntry } from '../../protocol/chartFrames';
import { encodeJsonBody, type MetricsHistoryEnd } from '../../protocol/dataFrames';
import { ProtocolError, type WireError } from '../../protocol/errorCodes';
import type { FlowPosition } from '../../protocol/flowControl';
import { plainBody, type DataFrame, type StreamOutput } from './dataFrame';
import type { SessionStream } from './sessionStream';

export interface HistoryStreamOptions {
  readonly output: StreamOutput;
  readonly metrics: EngineMetrics;
  readonly containers: readonly ContainerId[];
  readonly machine: boolean;
  readonly range: HistoryRange;
  readonly wireError: (error: unknown) => WireError;
}

/** What was, on its way to one client: read one container after the other, as fast as the client's credit allows. */
export class HistoryStream implements SessionStream {
  readonly kind = 'metrics';
  readonly receivedSequence = 0;
  private readonly waiting: ContainerId[];
  private isMachineWanted: boolean;
  private isReading = false;
  private hasEnded = false;
  private isDisposed = false;

  constructor(private readonly options: HistoryStreamOptions) {
    this.waiting = [...options.containers];
    this.isMachineWanted = options.machine;
  }

  get stream(): number {
    return this.options.output.stream;
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

  proceed(): void {
    if (!this.isReading) void this.run();
  }

  receive(): void {
    throw new ProtocolError('badFrame', 'History takes no frames.');
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.options.output.dispose();
  }

  private async run(): Promise<void> {
    this.isReading = true;
    try {
      await this.readOn();
    } catch (error) {
      this.end({ error: this.options.wireError(error) });
    }
    this.isReading = false;
  }

  private async readOn(): Promise<void> {
    while (this.maySend()) {
      if (!this.isMachineWanted && this.waiting.length === 0) {
        this.end({});
        return;
      }
      const entry = await this.readNext();
      // Its credit still stands: nothing else is sent on this stream.
      if (entry && !this.isDisposed)
        this.options.output.send('metrics_history', plainBody(encodeHistoryBody(entry)));
      // Hundreds of histories must not hold up everything else.
      await othersRun();
    }
  }

  /** A method, because it changes while something is awaited. */
  private maySend(): boolean {
    return !this.isDisposed && !this.hasEnded && this.options.output.canSend;
  }

  private async readNext(): Promise<HistoryEntry | undefined> {
    const { metrics, range } = this.options;
    if (this.isMachineWanted) {
      this.isMachineWanted = false;
      return { kind: 'machine', chart: await metrics.readMachineHistory(range) };
    }
    const id = this.waiting.shift();
    const chart = id === undefined ? undefined : (await metrics.readHistory([id], range)).get(id);
    return id === undefined || !chart ? undefined : { kind: 'container', containerId: id, chart };
  }

  private end(how: MetricsHistoryEnd): void {
    if (this.isDisposed || this.hasEnded) return;
    this.hasEnded = true;
    this.options.output.send('metrics_history_end', plainBody(encodeJsonBody(how)));
  }
}
