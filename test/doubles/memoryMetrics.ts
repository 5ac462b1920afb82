import { toDisposable, type Disposable } from '../../src/base/lifecycle';
import type { EngineError } from '../../src/engine/engine';
import type {
  EngineMetrics,
  HistoryRange,
  MetricsRequest,
  MetricsSink,
  MetricsWatch,
} from '../../src/engine/metrics';
import type { ContainerId } from '../../src/model/container';
import {
  MACHINE_SERIES,
  type EngineCounts,
  type MachineSample,
  type MachineSeries,
  type MachineUpdate,
} from '../../src/model/machineMetrics';
import {
  METRIC_SERIES,
  type MetricSample,
  type MetricSeries,
  type MetricUpdate,
} from '../../src/model/metrics';
import type { Chart } from '../../src/model/metricsChart';
import { MetricHistory } from '../../src/model/metricsHistory';

/** A sample with what a test cares for; of the rest nothing is known. */
export function makeSample(timeMs: number, fields: Partial<MetricSample> = {}): MetricSample {
  return {
    timeMs,
    cpuPercent: undefined,
    processors: undefined,
    memoryBytes: undefined,
    memoryLimitBytes: undefined,
    memoryPercent: undefined,
    networkReceivedBytes: undefined,
    networkSentBytes: undefined,
    networkReceivedBytesPerSecond: undefined,
    networkSentBytesPerSecond: undefined,
    blockReadBytes: undefined,
    blockWrittenBytes: undefined,
    blockReadBytesPerSecond: undefined,
    blockWrittenBytesPerSecond: undefined,
    processes: undefined,
    ...fields,
  };
}

/** As {@link makeSample}, of a machine. */
export function makeMachineSample(timeMs: number, fields: Partial<MachineSample> = {}): MachineSample {
  return {
    timeMs,
    cpuPercent: undefined,
    processorPercents: [],
    processors: 1,
    load: undefined,
    memoryUsedBytes: undefined,
    memoryTotalBytes: undefined,
    diskUsedBytes: undefined,
    diskTotalBytes: undefined,
    networkReceivedBytesPerSecond: undefined,
    networkSentBytesPerSecond: undefined,
    ...fields,
  };
}

export const NO_COUNTS: EngineCounts = { containersRunning: 0, containersTotal: 0, images: undefined };

/** Figures that somebody watches on a {@link MemoryMetrics}. */
class MemoryWatch implements MetricsWatch {
  private readonly stop: Disposable;
  /** All requests, the newest last. */
  readonly requests: MetricsRequest[];
  isStopped = false;

  constructor(
    request: MetricsRequest,
    readonly sink: MetricsSink,
  ) {
    this.requests = [request];
    this.stop = toDisposable(() => (this.isStopped = true));
  }

  get request(): MetricsRequest | undefined {
    return this.isStopped ? undefined : this.requests.at(-1);
  }

  change(request: MetricsRequest): void {
    if (!this.isStopped) this.requests.push(request);
  }

  dispose(): void {
    this.stop.dispose();
  }
}

/**
 * The figures of a `MemoryEngine`: there is what the test tells. It is told at once to those who watch, and is remembered
 * whether or not anybody does. Unlike real ones it does not tell what is known already to those who come later.
 */
export class MemoryMetrics implements EngineMetrics {
  private readonly histories = new Map<ContainerId, MetricHistory<MetricSeries>>();
  private readonly machineHistory = new MetricHistory<MachineSeries>(MACHINE_SERIES);
  /** All that were ever begun. */
  readonly watches: MemoryWatch[] = [];
  /** What was read, in order; `containers` is left out where the machine's was. */
  readonly historyReads: { readonly containers?: readonly ContainerId[]; readonly range: HistoryRange }[] =
    [];
  /** Reading history rejects with it. */
  historyError: EngineError | undefined;

  /** What somebody watches at the moment. */
  get watched(): ReadonlySet<ContainerId> {
    return new Set(this.watches.flatMap(({ request }) => request?.containers ?? []));
  }

  get isMachineWatched(): boolean {
    return this.watches.some(({ request }) => request?.machine);
  }

  watch(request: MetricsRequest, sink: MetricsSink): MetricsWatch {
    const watch = new MemoryWatch(request, sink);
    this.watches.push(watch);
    return watch;
  }

  tell(id: ContainerId, update: MetricUpdate): void {
    this.remember(id, update);
    for (const { request, sink } of [...this.watches])
      if (request?.containers.includes(id)) sink.container(id, update);
  }

  tellSample(id: ContainerId, sample: MetricSample): void {
    this.tell(id, { kind: 'sample', sample });
  }

  tellMachine(update: MachineUpdate): void {
    if (update.kind === 'sample') this.machineHistory.add(update.sample.timeMs, update.sample);
    else this.machineHistory.addGap();
    for (const { request, sink } of [...this.watches]) if (request?.machine) sink.machine(update);
  }

  /** Makes it known without telling anybody, as if it was from before. */
  remember(id: ContainerId, update: MetricUpdate): void {
    const known = this.histories.get(id) ?? new MetricHistory<MetricSeries>(METRIC_SERIES);
    this.histories.set(id, known);
    if (update.kind === 'sample') known.add(update.sample.timeMs, update.sample);
    else known.addGap();
  }

  readHistory(
    containers: readonly ContainerId[],
    range: HistoryRange,
  ): Promise<ReadonlyMap<ContainerId, Chart<MetricSeries>>> {
    this.historyReads.push({ containers, range });
    return this.answer(
      () =>
        new Map(
          containers.flatMap((id) => {
            const history = this.histories.get(id);
            return history ? [[id, history.read(range.fromMs, range.toMs, range.maxPoints)] as const] : [];
          }),
        ),
    );
  }

  readMachineHistory(range: HistoryRange): Promise<Chart<MachineSeries>> {
    this.historyReads.push({ range });
    return this.answer(() => this.machineHistory.read(range.fromMs, range.toMs, range.maxPoints));
  }

  private answer<T>(read: () => T): Promise<T> {
    return this.historyError ? Promise.reject(this.historyError) : Promise.resolve(read());
  }
}
