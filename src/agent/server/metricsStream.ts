import type { MetricsRequest, MetricsSink, MetricsWatch } from '../../engine/metrics';
import type { ContainerId } from '../../model/container';
import type { MachineUpdate } from '../../model/machineMetrics';
import type { MetricUpdate } from '../../model/metrics';
import { ProtocolError } from '../../protocol/errorCodes';
import type { FlowPosition } from '../../protocol/flowControl';
import { MetricsBody, nameContent } from '../../protocol/metricsFrames';
import { plainBody, type DataFrame, type StreamOutput } from './dataFrame';
import type { MetricsContents } from './metricsContents';
import type { SessionStream } from './sessionStream';
import type { Ticker } from './ticker';

export interface MetricsStreamOptions {
  readonly output: StreamOutput;
  readonly contents: MetricsContents;
  /** What comes together goes out together. */
  readonly soon: Ticker;
  /** How often at most anything goes out. */
  readonly beat: Ticker;
}

/** What of a container is not sent yet: the newest, and a gap that was before it. */
interface Pending {
  readonly gap?: MetricUpdate;
  readonly latest: MetricUpdate;
}

/**
 * Figures on their way to one client. What comes is sent at once, and then what gathers between two beats. Of each
 * container only the newest waits, whatever the client's credit; what was before is in the history.
 */
export class MetricsStream implements SessionStream, MetricsSink {
  readonly kind = 'metrics';
  readonly receivedSequence = 0;
  readonly isOver = false;
  private readonly pending = new Map<ContainerId, Pending>();
  private pendingMachine: MachineUpdate | undefined;
  /** Under which number the client knows a container. */
  private readonly keys = new Map<ContainerId, number>();
  private lastKey = 0;
  /** A time to send is set already. */
  private isDue = false;
  /** Something was sent less than a beat ago. */
  private isResting = false;
  private watch: MetricsWatch | undefined;
  private isDisposed = false;

  constructor(private readonly options: MetricsStreamOptions) {}

  get stream(): number {
    return this.options.output.stream;
  }

  /** Takes what is to be changed and disposed with this. */
  watches(watch: MetricsWatch): void {
    this.watch = watch;
    if (this.isDisposed) watch.dispose();
  }

  change(request: MetricsRequest): void {
    const wanted = new Set(request.containers);
    for (const id of [...this.pending.keys()]) if (!wanted.has(id)) this.pending.delete(id);
    for (const id of [...this.keys.keys()]) if (!wanted.has(id)) this.keys.delete(id);
    if (!request.machine) this.pendingMachine = undefined;
    this.watch?.change(request);
  }

  container(id: ContainerId, update: MetricUpdate): void {
    const before = this.pending.get(id);
    const gap = before?.latest.kind === 'gap' ? before.latest : before?.gap;
    const isAfterGap = gap !== undefined && update.kind === 'sample';
    this.pending.set(id, { latest: update, ...(isAfterGap && { gap }) });
    this.sendSoon();
  }

  machine(update: MachineUpdate): void {
    this.pendingMachine = update;
    this.sendSoon();
  }

  acknowledge(position: FlowPosition): void {
    this.options.output.acknowledge(position);
    this.proceed();
  }

  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.options.output.resume(position);
  }

  proceed(): void {
    if (this.hasPending) this.sendSoon();
  }

  receive(): void {
    throw new ProtocolError('badFrame', 'Figures take no frames.');
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.watch?.dispose();
    this.options.soon.cancel(this.flush);
    this.options.beat.cancel(this.rested);
    this.options.output.dispose();
    this.pending.clear();
  }

  private get hasPending(): boolean {
    return this.pending.size > 0 || this.pendingMachine !== undefined;
  }

  private sendSoon(): void {
    if (this.isResting || this.isDue || this.isDisposed) return;
    this.isDue = true;
    this.options.soon.next(this.flush);
  }

  private readonly flush = (): void => {
    this.isDue = false;
    const { output, beat } = this.options;
    if (this.isDisposed || !this.hasPending || !output.canSend) return;
    output.send('metrics_update', plainBody(this.takeBody()));
    this.isResting = true;
    beat.next(this.rested);
  };

  private readonly rested = (): void => {
    this.isResting = false;
    this.flush();
  };

  private takeBody(): Uint8Array {
    const body = new MetricsBody();
    if (this.pendingMachine) body.add(0, this.options.contents.ofMachine(this.pendingMachine));
    for (const [id, { gap, latest }] of this.pending) {
      const key = this.keyOf(id, body);
      if (gap) body.add(key, this.options.contents.of(gap));
      body.add(key, this.options.contents.of(latest));
    }
    this.pending.clear();
    this.pendingMachine = undefined;
    return body.encode();
  }

  private keyOf(id: ContainerId, body: MetricsBody): number {
    const known = this.keys.get(id);
    if (known !== undefined) return known;
    const key = ++this.lastKey;
    this.keys.set(id, key);
    body.add(key, nameContent(id));
    return key;
  }
}
