import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { MachineSeries } from '../../model/machineMetrics';
import type { MetricSeries } from '../../model/metrics';
import type { Chart } from '../../model/metricsChart';
import type { ContainersChange } from '../engine';
import type { EngineMetrics, HistoryRange, MetricsRequest, MetricsSink, MetricsWatch } from '../metrics';
import type { MachineSession, MachineSource } from './machineSource';
import type { MetricsMemory } from './metricsMemory';
import { SharedMachine } from './sharedMachine';
import type { StatsSession } from './statsSession';
import { SharedStats } from './statsShared';

/** An engine as whoever tells its figures sees it. */
export interface MetricsSource extends MachineSource {
  readonly session: (MachineSession & StatsSession) | undefined;
}

/**
 * The figures of an engine's containers and of its machine. Making one does nothing; containers and machine are looked at
 * while somebody watches them, once however many do.
 */
export class DockerMetrics implements EngineMetrics, Disposable {
  private readonly store = new DisposableStore();
  private readonly stats: SharedStats;
  private readonly machine: SharedMachine;

  constructor(
    private readonly source: MetricsSource,
    clock: Clock,
    private readonly memory: MetricsMemory,
  ) {
    const { containers, machine } = memory;
    const recorder = {
      update: containers.note.bind(containers),
      left: containers.addGap.bind(containers),
    };
    this.stats = this.store.add(new SharedStats(source, clock, recorder));
    this.machine = this.store.add(new SharedMachine(source, clock, machine));
    this.store.add(source.onDidChangeContainers((change) => this.forgetRemoved(change)));
  }

  watch(request: MetricsRequest, sink: MetricsSink): MetricsWatch {
    return new DockerMetricsWatch(this.stats, this.machine, request, sink);
  }

  readHistory(
    containers: readonly ContainerId[],
    { fromMs, toMs, maxPoints }: HistoryRange,
  ): Promise<ReadonlyMap<ContainerId, Chart<MetricSeries>>> {
    const charts = new Map<ContainerId, Chart<MetricSeries>>();
    for (const id of containers) {
      const chart = this.memory.containers.read(id, fromMs, toMs, maxPoints);
      if (chart) charts.set(id, chart);
    }
    return Promise.resolve(charts);
  }

  readMachineHistory(range: HistoryRange): Promise<Chart<MachineSeries>> {
    return Promise.resolve(this.machine.read(range));
  }

  dispose(): void {
    this.store.dispose();
    this.memory.addGaps();
  }

  private forgetRemoved(change: ContainersChange): void {
    const { containers } = this.source;
    const { containers: known } = this.memory;
    if (change.kind === 'updated') for (const id of change.removed) known.forget(id);
    else known.keepOnly((id) => containers?.has(id) === true);
  }
}

/** What one watcher watches. A sink is told nothing before the call that asked for it has returned. */
class DockerMetricsWatch implements MetricsWatch {
  private readonly store = new DisposableStore();
  private readonly watched = new Map<ContainerId, Disposable>();
  private wanted: ReadonlySet<ContainerId> = new Set();
  private wantsMachine = false;
  private machineWatch: Disposable | undefined;
  private isBeginning = false;

  constructor(
    private readonly stats: SharedStats,
    private readonly machine: SharedMachine,
    request: MetricsRequest,
    private readonly sink: MetricsSink,
  ) {
    this.change(request);
  }

  change({ containers, machine }: MetricsRequest): void {
    if (this.store.isDisposed) return;
    this.wanted = new Set(containers);
    this.wantsMachine = machine;
    for (const [id, watch] of [...this.watched]) if (!this.wanted.has(id)) this.drop(id, watch);
    if (!machine) this.dropMachine();
    if (this.isBeginning) return;
    this.isBeginning = true;
    queueMicrotask(() => this.begin());
  }

  dispose(): void {
    this.store.dispose();
    this.watched.clear();
  }

  private begin(): void {
    this.isBeginning = false;
    for (const id of this.wanted) {
      // Whoever is told of one may change or dispose this.
      if (this.isOutdated()) return;
      if (!this.watched.has(id)) this.beginOne(id);
    }
    if (this.isOutdated() || !this.wantsMachine || this.machineWatch) return;
    const watch = this.machine.watch((update) => {
      if (this.wantsMachine && !this.store.isDisposed) this.sink.machine(update);
    });
    this.machineWatch = this.store.add(watch);
  }

  private isOutdated(): boolean {
    return this.store.isDisposed || this.isBeginning;
  }

  private beginOne(id: ContainerId): void {
    // Others may be told of the same update before it, and drop this meanwhile.
    const watch = this.stats.watch(id, (update) => {
      if (this.wanted.has(id) && !this.store.isDisposed) this.sink.container(id, update);
    });
    this.watched.set(id, this.store.add(watch));
  }

  private drop(id: ContainerId, watch: Disposable): void {
    this.watched.delete(id);
    this.store.delete(watch);
  }

  private dropMachine(): void {
    if (this.machineWatch) this.store.delete(this.machineWatch);
    this.machineWatch = undefined;
  }
}
