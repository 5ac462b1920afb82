import type { ContainerId } from './container';
import { METRIC_SERIES, type MetricSeries, type MetricUpdate } from './metrics';
import type { Chart } from './metricsChart';
import { MetricHistory } from './metricsHistory';

const MAX_CONTAINERS = 1_000;
/** Those of 300 containers, each of a whole day. */
const MAX_BYTES = 48 * 1024 * 1024;

/**
 * What the containers of one engine showed. Its memory is bounded: beyond that what got nothing for longest is forgotten.
 */
export class MetricHistories {
  /** That which got something last is the last. */
  private readonly histories = new Map<ContainerId, MetricHistory<MetricSeries>>();
  private usedBytes = 0;

  constructor(
    private readonly maxContainers = MAX_CONTAINERS,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  get size(): number {
    return this.histories.size;
  }

  get memoryBytes(): number {
    return this.usedBytes;
  }

  /** Takes what was told of a container. */
  note(id: ContainerId, update: MetricUpdate): void {
    if (update.kind === 'sample') this.add(id, update);
    else if (update.gap.reason === 'removed') this.forget(id);
    else this.addGap(id);
  }

  /** There are no values of it from now on, until the next. */
  addGap(id: ContainerId): void {
    const history = this.histories.get(id);
    if (history) this.change(history, () => history.addGap());
  }

  addGaps(): void {
    for (const id of this.histories.keys()) this.addGap(id);
  }

  forget(id: ContainerId): void {
    const history = this.histories.get(id);
    if (!history) return;
    this.histories.delete(id);
    this.usedBytes -= history.memoryBytes;
  }

  /** Forgets all others. */
  keepOnly(isThere: (id: ContainerId) => boolean): void {
    for (const id of [...this.histories.keys()]) if (!isThere(id)) this.forget(id);
  }

  /** As {@link MetricHistory.read}; `undefined` where nothing is known. */
  read(id: ContainerId, fromMs: number, toMs: number, maxPoints: number): Chart<MetricSeries> | undefined {
    return this.histories.get(id)?.read(fromMs, toMs, maxPoints);
  }

  private add(id: ContainerId, { sample }: Extract<MetricUpdate, { kind: 'sample' }>): void {
    let history = this.histories.get(id);
    this.histories.delete(id);
    if (!history) {
      history = new MetricHistory<MetricSeries>(METRIC_SERIES);
      this.usedBytes += history.memoryBytes;
    }
    this.histories.set(id, history);
    const known = history;
    this.change(known, () => known.add(sample.timeMs, sample));
    this.makeRoom(id);
  }

  private change(history: MetricHistory<MetricSeries>, apply: () => void): void {
    const before = history.memoryBytes;
    apply();
    this.usedBytes += history.memoryBytes - before;
  }

  private makeRoom(exceptFor: ContainerId): void {
    for (const id of this.histories.keys()) {
      if (this.histories.size <= this.maxContainers && this.usedBytes <= this.maxBytes) return;
      if (id !== exceptFor) this.forget(id);
    }
  }
}
