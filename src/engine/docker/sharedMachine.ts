import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type { MachineSeries, MachineUpdate } from '../../model/machineMetrics';
import type { Chart } from '../../model/metricsChart';
import type { MetricHistory } from '../../model/metricsHistory';
import type { HistoryRange } from '../metrics';
import { MachineLook } from './machineLook';
import { MachineReader } from './machineReader';
import type { MachineSource } from './machineSource';

/** One sampling of an engine's machine for all who watch it, from the first to the last; and what it showed. */
export class SharedMachine implements Disposable {
  private readonly store = new DisposableStore();
  private readonly readerStore = this.store.add(new DisposableStore());
  private readonly updates = this.store.add(new Emitter<MachineUpdate>());
  private readonly look = new MachineLook();
  private reader: MachineReader | undefined;

  constructor(
    private readonly source: MachineSource,
    private readonly clock: Clock,
    private readonly history: MetricHistory<MachineSeries>,
  ) {}

  /** Calls `listener` at once with what is known already, then with each update, until disposed. */
  watch(listener: (update: MachineUpdate) => void): Disposable {
    if (this.store.isDisposed) return toDisposable(() => undefined);
    const known = this.reader;
    const subscription = this.updates.event(listener);
    if (known?.latest) listener(known.latest);
    else if (!known) this.begin();
    return toDisposable(() => {
      subscription.dispose();
      if (!this.updates.hasListeners) this.end();
    });
  }

  read({ fromMs, toMs, maxPoints }: HistoryRange): Chart<MachineSeries> {
    return this.history.read(fromMs, toMs, maxPoints);
  }

  dispose(): void {
    this.store.dispose();
  }

  private begin(): void {
    const take = (update: MachineUpdate): void => this.take(update);
    this.reader = this.readerStore.add(new MachineReader(this.source, this.look, this.clock, take));
    this.reader.start();
  }

  private end(): void {
    this.reader = undefined;
    this.readerStore.clear();
    this.history.addGap();
  }

  private take(update: MachineUpdate): void {
    if (update.kind === 'sample') this.history.add(update.sample.timeMs, update.sample);
    else this.history.addGap();
    this.updates.fire(update);
  }
}
