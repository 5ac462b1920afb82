import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import { EngineError, type ContainerEngine } from '../../engine/engine';
import type {
  EngineMetrics,
  HistoryRange,
  MetricsRequest,
  MetricsSink,
  MetricsWatch,
} from '../../engine/metrics';
import type { Container, ContainerId } from '../../model/container';
import type { EngineCounts, MachineSeries, MachineUpdate } from '../../model/machineMetrics';
import type { MetricGapReason, MetricSeries } from '../../model/metrics';
import type { Chart } from '../../model/metricsChart';
import { mayDo, type Rights } from './permissions';

/** The containers that may be seen. */
export type Seen = Pick<ContainerEngine, 'containers' | 'onDidChangeContainers'>;

/**
 * Figures as somebody with these rights sees them. A container outside the scope is removed, as one that nobody has. The
 * machine's own figures are everybody's: they are what the visible containers run on, and name no container. The engine
 * has what is in the scope: its containers, and the images that these use.
 */
export class ScopedMetrics implements EngineMetrics, Disposable {
  private readonly store = new DisposableStore();

  constructor(
    private readonly metrics: EngineMetrics,
    private readonly seen: Seen,
    private readonly rights: Rights,
  ) {}

  watch(request: MetricsRequest, sink: MetricsSink): MetricsWatch {
    this.requireRole();
    const watch =
      this.rights.scope === undefined
        ? this.metrics.watch(request, sink)
        : new ScopedWatch(this.metrics, this.seen, request, sink);
    this.store.add(watch);
    const end = toDisposable(() => this.store.delete(watch));
    return { change: (changed) => watch.change(changed), dispose: () => end.dispose() };
  }

  readHistory(
    containers: readonly ContainerId[],
    range: HistoryRange,
  ): Promise<ReadonlyMap<ContainerId, Chart<MetricSeries>>> {
    this.requireRole();
    const { scope } = this.rights;
    const visible =
      scope === undefined ? containers : containers.filter((id) => this.seen.containers?.has(id));
    return this.metrics.readHistory(visible, range);
  }

  readMachineHistory(range: HistoryRange): Promise<Chart<MachineSeries>> {
    this.requireRole();
    return this.metrics.readMachineHistory(range);
  }

  dispose(): void {
    this.store.dispose();
  }

  private requireRole(): void {
    if (!mayDo(this.rights, 'metrics'))
      throw new EngineError('forbidden', 'This token may not do this (metrics).');
  }
}

/** Watches what is visible of what is wanted; that may change at any time. */
class ScopedWatch implements MetricsWatch {
  private readonly store = new DisposableStore();
  private readonly inner: MetricsWatch;
  private request: MetricsRequest = { containers: [], machine: false };
  private visible: ReadonlySet<ContainerId> = new Set();
  /** What was told of those that can't be watched. */
  private readonly told = new Map<ContainerId, MetricGapReason>();
  private counts: EngineCounts | undefined;
  private isTelling = false;

  constructor(
    metrics: EngineMetrics,
    private readonly seen: Seen,
    request: MetricsRequest,
    private readonly sink: MetricsSink,
  ) {
    this.inner = this.store.add(
      metrics.watch(this.request, {
        container: (id, update) => {
          if (this.visible.has(id)) sink.container(id, update);
        },
        machine: (update) => sink.machine(this.scoped(update)),
      }),
    );
    this.store.add(seen.onDidChangeContainers(() => this.look()));
    this.change(request);
  }

  change(request: MetricsRequest): void {
    this.request = request;
    this.look();
  }

  dispose(): void {
    this.store.dispose();
  }

  private look(): void {
    if (this.store.isDisposed) return;
    this.counts = undefined;
    const { containers, machine } = this.request;
    const known = this.seen.containers;
    this.visible = new Set(containers.filter((id) => known?.has(id) === true));
    this.inner.change({ containers: [...this.visible], machine });
    if (this.isTelling) return;
    this.isTelling = true;
    // A sink hears nothing before the call that asked for it has returned.
    queueMicrotask(() => this.tellInvisible());
  }

  private tellInvisible(): void {
    this.isTelling = false;
    const reason = this.seen.containers === undefined ? 'disconnected' : 'removed';
    const invisible = this.request.containers.filter((id) => !this.visible.has(id));
    const wanted = new Set(invisible);
    for (const id of [...this.told.keys()]) if (!wanted.has(id)) this.told.delete(id);
    for (const id of invisible) {
      if (this.store.isDisposed) return;
      if (this.told.get(id) === reason) continue;
      this.told.set(id, reason);
      this.sink.container(id, { kind: 'gap', gap: { reason } });
    }
  }

  private scoped(update: MachineUpdate): MachineUpdate {
    if (update.kind === 'gap' && !update.counts) return update;
    return { ...update, counts: (this.counts ??= this.count()) };
  }

  private count(): EngineCounts {
    const containers: readonly Container[] = [...(this.seen.containers?.values() ?? [])];
    return {
      containersRunning: containers.filter(({ state }) => state === 'running').length,
      containersTotal: containers.length,
      images: new Set(containers.map(({ imageId }) => imageId)).size,
    };
  }
}
