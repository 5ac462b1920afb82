import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import type { ContainersChange } from '../../engine/engine';

/** A lone change is on screen at once, as people see it. */
const LONE_DELAY_MS = 50;
/** In a burst the tree is drawn four times a second, however many events there are. */
const BURST_DELAY_MS = 250;
/** Changes closer together than this are a burst. */
const BURST_WINDOW_MS = 500;

/** Everything that changed since the last flush, each container once. */
export type CollectedChange =
  | { readonly kind: 'listed' }
  | {
      readonly kind: 'updated';
      readonly containers: readonly Container[];
      readonly removed: readonly ContainerId[];
    };

/** Joins the changes of one host's containers, so that a thousand events a second draw the tree a few times. */
export class ChangeQueue implements Disposable {
  private readonly store = new DisposableStore();
  private readonly updated = new Map<ContainerId, Container>();
  private readonly removed = new Set<ContainerId>();
  private isListed = false;
  private timer: Disposable | undefined;
  private lastFlushMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly flushed: (change: CollectedChange) => void,
    private readonly clock: Clock,
  ) {}

  push(change: ContainersChange): void {
    if (change.kind === 'listed') this.isListed = true;
    else this.collect(change.containers, change.removed);
    this.schedule();
  }

  private collect(containers: readonly Container[], removed: readonly ContainerId[]): void {
    for (const id of removed) {
      this.updated.delete(id);
      this.removed.add(id);
    }
    for (const container of containers) {
      this.removed.delete(container.id);
      this.updated.set(container.id, container);
    }
  }

  private schedule(): void {
    if (this.timer !== undefined || this.store.isDisposed) return;
    const isBurst = this.clock.nowMs() - this.lastFlushMs < BURST_WINDOW_MS;
    this.timer = this.store.add(
      this.clock.setTimer(() => this.flush(), isBurst ? BURST_DELAY_MS : LONE_DELAY_MS),
    );
  }

  private flush(): void {
    if (this.timer !== undefined) this.store.delete(this.timer);
    this.timer = undefined;
    this.lastFlushMs = this.clock.nowMs();
    const change: CollectedChange = this.isListed
      ? { kind: 'listed' }
      : { kind: 'updated', containers: [...this.updated.values()], removed: [...this.removed] };
    this.isListed = false;
    this.updated.clear();
    this.removed.clear();
    this.flushed(change);
  }

  dispose(): void {
    this.store.dispose();
  }
}
