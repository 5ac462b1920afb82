import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { EngineMetrics, HistoryRange, MetricsSink, MetricsWatch } from '../../../engine/metrics';
import type { ContainerId } from '../../../model/container';
import { RANGES_MS } from '../../../protocol/webview/metrics';

/** What the small lines of the table show. */
const PAST_MS = RANGES_MS[0];
const PAST_POINTS = 60;
/** Their histories are read together, so many at once. */
const MOST_AT_ONCE = 50;

export type TellPast = (past: Awaited<ReturnType<EngineMetrics['readHistory']>>) => void;

/** The figures of one host for one page: what it looks at, and the past of what it begins to look at. */
export class HostFigures implements Disposable {
  private readonly store = new DisposableStore();
  private readonly watch: MetricsWatch;
  private watched: readonly ContainerId[] = [];
  /** Containers whose past was read or asked for. */
  private readonly known = new Set<ContainerId>();

  constructor(
    private readonly metrics: EngineMetrics,
    sink: MetricsSink,
    private readonly nowMs: () => number,
    private readonly tellPast: TellPast,
  ) {
    this.watch = this.store.add(metrics.watch({ containers: [], machine: true }, sink));
  }

  look(containers: readonly ContainerId[]): void {
    if (!isSame(containers, this.watched)) {
      this.watched = containers;
      this.watch.change({ containers, machine: true });
    }
    const fresh = containers.filter((id) => !this.known.has(id));
    for (const id of fresh) this.known.add(id);
    for (let start = 0; start < fresh.length; start += MOST_AT_ONCE)
      void this.readPast(fresh.slice(start, start + MOST_AT_ONCE));
    // What nobody looked at for a while has a past again that nobody knows.
    const looked = new Set(containers);
    for (const id of this.known) if (!looked.has(id)) this.known.delete(id);
  }

  private async readPast(containers: readonly ContainerId[]): Promise<void> {
    const toMs = this.nowMs();
    const range: HistoryRange = { fromMs: toMs - PAST_MS, toMs, maxPoints: PAST_POINTS };
    try {
      const past = await this.metrics.readHistory(containers, range);
      if (!this.store.isDisposed) this.tellPast(past);
    } catch {
      // The small lines begin where they are first seen; charts say why there is no history.
      for (const id of containers) this.known.delete(id);
    }
  }

  dispose(): void {
    this.store.dispose();
  }
}

function isSame(one: readonly ContainerId[], other: readonly ContainerId[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
