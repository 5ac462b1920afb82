import type { DeploymentId } from '../model/deployment';

interface Waiting {
  readonly id: DeploymentId;
  readonly app: string;
}

/** Who may run: as many at once as the limit says, one for each app, in the order in which they came. */
export class DeploymentQueue {
  private readonly waiting: Waiting[] = [];
  private readonly running = new Map<DeploymentId, string>();

  constructor(
    private readonly mostAtOnce: number,
    private readonly mostWaiting: number,
  ) {}

  get isFull(): boolean {
    return this.waiting.length >= this.mostWaiting;
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.running.size === 0;
  }

  add(id: DeploymentId, app: string): void {
    this.waiting.push({ id, app });
  }

  /** Takes one that waits out of the queue; `false` where it does not wait. */
  withdraw(id: DeploymentId): boolean {
    const index = this.waiting.findIndex((entry) => entry.id === id);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }

  /** The next that may run, which runs from now on. */
  next(): DeploymentId | undefined {
    if (this.running.size >= this.mostAtOnce) return undefined;
    const apps = new Set(this.running.values());
    const index = this.waiting.findIndex(({ app }) => !apps.has(app));
    const [entry] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (entry) this.running.set(entry.id, entry.app);
    return entry?.id;
  }

  /** One that ran already, before this process: it counts, whatever the limit says. */
  startNow(id: DeploymentId, app: string): void {
    this.running.set(id, app);
  }

  finished(id: DeploymentId): void {
    this.running.delete(id);
  }
}
