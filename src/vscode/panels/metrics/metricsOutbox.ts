import type { Clock } from '../../../base/clock';
import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type {
  ContainerRow,
  Figures,
  HostRow,
  MachineFigures,
  MetricsChange,
  RowKey,
} from '../../../protocol/webview/metrics';

type Gap = Extract<MetricsChange, { kind: 'gaps' }>['gaps'][number];
type MachineGap = Extract<MetricsChange, { kind: 'machines' }>['gaps'][number];
/** What is no state that a newer one replaces, but told once. */
export type SingleChange = Exclude<
  MetricsChange,
  { readonly kind: 'hosts' | 'rows' | 'figures' | 'gaps' | 'machines' }
>;

/** Figures of many containers come at many moments; so they come together, four times a second. */
const FLUSH_MS = 250;

/**
 * What is to be told to a page. Of each row and figure only the newest waits, so a page that takes its time costs a
 * bounded amount of memory, and is then told how things are.
 */
export class MetricsOutbox implements Disposable {
  private readonly store = new DisposableStore();
  private readonly timer = this.store.add(new DisposableStore());
  private hosts: readonly HostRow[] | undefined;
  private readonly upserted = new Map<RowKey, ContainerRow>();
  private readonly removed = new Set<RowKey>();
  private readonly figures = new Map<RowKey, Figures>();
  private readonly gaps = new Map<RowKey, Gap>();
  private readonly machines = new Map<string, MachineFigures>();
  private readonly machineGaps = new Map<string, MachineGap>();
  private readonly images = new Map<string, number>();
  private singles: SingleChange[] = [];
  private isScheduled = false;
  private isSending = false;

  constructor(
    private readonly send: (changes: readonly MetricsChange[]) => Promise<void>,
    private readonly clock: Clock,
  ) {}

  setHosts(hosts: readonly HostRow[]): void {
    this.hosts = hosts;
    this.schedule();
  }

  upsert(row: ContainerRow): void {
    this.removed.delete(row.key);
    this.upserted.set(row.key, row);
    this.schedule();
  }

  remove(key: RowKey): void {
    this.upserted.delete(key);
    this.figures.delete(key);
    this.gaps.delete(key);
    this.removed.add(key);
    this.schedule();
  }

  sample(figures: Figures): void {
    this.gaps.delete(figures.key);
    this.figures.set(figures.key, figures);
    this.schedule();
  }

  gap(gap: Gap): void {
    this.figures.delete(gap.key);
    this.gaps.set(gap.key, gap);
    this.schedule();
  }

  machine(figures: MachineFigures): void {
    this.machineGaps.delete(figures.hostId);
    this.machines.set(figures.hostId, figures);
    this.schedule();
  }

  machineGap(gap: MachineGap): void {
    this.machines.delete(gap.hostId);
    this.machineGaps.set(gap.hostId, gap);
    this.schedule();
  }

  setImages(hostId: string, images: number): void {
    this.images.set(hostId, images);
    this.schedule();
  }

  tell(change: SingleChange): void {
    this.singles.push(change);
    this.schedule();
  }

  /** Forgets what waits: the page is told all there is in another way. */
  discard(): void {
    this.take();
  }

  private schedule(): void {
    if (this.isScheduled || this.isSending || this.store.isDisposed) return;
    this.isScheduled = true;
    this.timer.clear();
    this.timer.add(
      this.clock.setTimer(() => {
        this.isScheduled = false;
        void this.flush();
      }, FLUSH_MS),
    );
  }

  private async flush(): Promise<void> {
    const changes = this.take();
    if (changes.length === 0) return;
    this.isSending = true;
    try {
      await this.send(changes);
    } finally {
      this.isSending = false;
      if (!this.isEmpty) this.schedule();
    }
  }

  private get isEmpty(): boolean {
    const waiting = [
      this.upserted,
      this.removed,
      this.figures,
      this.gaps,
      this.machines,
      this.machineGaps,
      this.images,
    ];
    return !this.hosts && this.singles.length === 0 && waiting.every(({ size }) => size === 0);
  }

  private take(): MetricsChange[] {
    const { upserted, removed, figures, gaps, machines, machineGaps, images } = this;
    const changes: MetricsChange[] = [];
    if (this.hosts) changes.push({ kind: 'hosts', hosts: [...this.hosts] });
    if (upserted.size + removed.size > 0)
      changes.push({ kind: 'rows', upserted: [...upserted.values()], removed: [...removed] });
    if (figures.size > 0) changes.push({ kind: 'figures', figures: [...figures.values()] });
    if (gaps.size > 0) changes.push({ kind: 'gaps', gaps: [...gaps.values()] });
    if (machines.size + machineGaps.size + images.size > 0)
      changes.push({
        kind: 'machines',
        figures: [...machines.values()],
        gaps: [...machineGaps.values()],
        images: [...images].map(([hostId, count]) => ({ hostId, images: count })),
      });
    changes.push(...this.singles);
    this.hosts = undefined;
    this.singles = [];
    for (const told of [upserted, removed, figures, gaps, machines, machineGaps, images]) told.clear();
    return changes;
  }

  dispose(): void {
    this.store.dispose();
  }
}
