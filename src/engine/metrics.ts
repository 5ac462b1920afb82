import type { Disposable } from '../base/lifecycle';
import type { ContainerId } from '../model/container';
import type { MachineSeries, MachineUpdate } from '../model/machineMetrics';
import type { MetricSeries, MetricUpdate } from '../model/metrics';
import type { Chart } from '../model/metricsChart';

/** What somebody looks at. */
export interface MetricsRequest {
  readonly containers: readonly ContainerId[];
  /** The machine itself, and the engine's counts. */
  readonly machine: boolean;
}

/** Told of each value as it comes, and at once of what is known already. Never called before the call that asked returned. */
export interface MetricsSink {
  container(id: ContainerId, update: MetricUpdate): void;
  machine(update: MachineUpdate): void;
}

/** Figures being watched. Disposing stops it. */
export interface MetricsWatch extends Disposable {
  /** Watches this from now on. What was watched already goes on without a break. */
  change(request: MetricsRequest): void;
}

/** A span of time, in milliseconds since the Unix epoch, and into how many points at most it is drawn together. */
export interface HistoryRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly maxPoints: number;
}

/**
 * The part of the port about figures. Nothing is asked of the engine but for what somebody watches, and once however many
 * watch it. What was watched is remembered beside the engine for a while: see {@link MetricHistory}.
 */
export interface EngineMetrics {
  watch(request: MetricsRequest, sink: MetricsSink): MetricsWatch;

  /**
   * What is remembered of containers; those nothing is known of are left out. Rejects with an EngineError where it is out
   * of reach: the history is kept beside the engine.
   */
  readHistory(
    containers: readonly ContainerId[],
    range: HistoryRange,
  ): Promise<ReadonlyMap<ContainerId, Chart<MetricSeries>>>;

  readMachineHistory(range: HistoryRange): Promise<Chart<MachineSeries>>;
}
