import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { EngineCounts, MachineSample, MachineUpdate } from '../../../model/machineMetrics';
import { PLAIN_ERRORS, type PlainMetrics, type PlainShare } from '../../../protocol/plainMessages';
import { mayDo } from '../../security/permissions';
import { ScopedEngine } from '../../security/scopedEngine';
import { noteAudit, type Principal } from '../principal';
import type { Services } from '../services';

export interface FiguresWatcher {
  sendFigures(message: PlainMetrics): void;
  fail(message: string): void;
}

export interface MachineFiguresOptions {
  readonly watcher: FiguresWatcher;
  readonly principal: Principal;
  readonly services: Services;
}

/** The figures of the agent's machine as `/ws/metrics` shows them: one message for each sample, which all watchers share. */
export class MachineFigures implements Disposable {
  private readonly store = new DisposableStore();

  constructor(private readonly options: MachineFiguresOptions) {
    const { services, principal, watcher } = options;
    const lease = this.store.add(services.context.engine.acquire());
    const { metrics } = this.store.add(new ScopedEngine(lease.engine, principal.rights));
    const isAllowed = mayDo(principal.rights, 'metrics');
    noteAudit(services.context.audit, principal, {
      action: 'metrics',
      result: isAllowed ? 'done' : 'refused',
    });
    if (!isAllowed) watcher.fail(PLAIN_ERRORS.permissionDenied);
    else if (!metrics) watcher.fail(PLAIN_ERRORS.noMetrics);
    else {
      const sink = { container: () => undefined, machine: (update: MachineUpdate) => this.take(update) };
      this.store.add(metrics.watch({ containers: [], machine: true }, sink));
    }
  }

  dispose(): void {
    this.store.dispose();
  }

  private take(update: MachineUpdate): void {
    const { watcher } = this.options;
    if (update.kind === 'gap') {
      // While the engine is away there are no messages; they go on by themselves.
      if (update.reason === 'notThisMachine') watcher.fail(PLAIN_ERRORS.noMetrics);
      return;
    }
    const message = messageOf(update.sample, update.counts);
    if (message) watcher.sendFigures(message);
  }
}

/** Nothing before the use of the processors is known, a second after the first look. */
function messageOf(sample: MachineSample, counts: EngineCounts): PlainMetrics | undefined {
  if (sample.cpuPercent === undefined) return undefined;
  return {
    timestamp: new Date(sample.timeMs).toISOString(),
    cpu: { usage: rounded(sample.cpuPercent), cores: sample.processors },
    memory: share(sample.memoryUsedBytes, sample.memoryTotalBytes),
    disk: share(sample.diskUsedBytes, sample.diskTotalBytes),
    docker: {
      containers_running: counts.containersRunning,
      containers_total: counts.containersTotal,
      images: counts.images ?? null,
    },
  };
}

function share(used: number | undefined, total: number | undefined): PlainShare {
  if (used === undefined || total === undefined || total === 0)
    return { used: used ?? null, total: total ?? null, percent: null };
  return { used, total, percent: rounded((used / total) * 100) };
}

/** To two decimals. */
function rounded(percent: number): number {
  return Math.round(percent * 100) / 100;
}
