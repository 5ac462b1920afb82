import { MACHINE_SERIES, type MachineSeries } from '../../model/machineMetrics';
import { MetricHistories } from '../../model/metricsHistories';
import { MetricHistory } from '../../model/metricsHistory';

/** What an engine's containers and machine showed. It can outlive the connection object that it was seen through. */
export class MetricsMemory {
  readonly containers = new MetricHistories();
  readonly machine = new MetricHistory<MachineSeries>(MACHINE_SERIES);

  /** Nobody looks from now on. */
  addGaps(): void {
    this.containers.addGaps();
    this.machine.addGap();
  }
}
