import { Emitter } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { isOver, type Deployment } from '../../model/deployment';
import type { HostRegistry } from '../hosts/hostRegistry';
import type { DeployHost, PlacedDeployment } from './place';
import { hasDeployments } from './place';

interface Tracked {
  placed: PlacedDeployment;
  readonly store: DisposableStore;
}

/**
 * The deployments that were started in this window, until they are over. Their hosts are watched only so long: nothing
 * is asked of a host where nobody looks and nothing runs.
 */
export class DeploymentTracker implements Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new Emitter<void>());
  private readonly ended = this.store.add(new Emitter<PlacedDeployment>());
  private readonly tracked = new Map<string, Tracked>();

  /** {@link running} is another one. */
  readonly onDidChange = this.changed.event;
  readonly onDidEnd = this.ended.event;

  constructor(private readonly hosts: HostRegistry) {
    this.store.add(hosts.onDidChange(() => this.followHosts()));
  }

  /** In the order they were started. */
  get running(): readonly PlacedDeployment[] {
    return [...this.tracked.values()].map(({ placed }) => placed);
  }

  track(host: DeployHost, deployment: Deployment): void {
    const key = `${host.id}/${deployment.id}`;
    this.forget(key);
    const newest = host.deployments.current?.get(deployment.id) ?? deployment;
    const entry = { placed: { host, deployment: newest }, store: this.store.add(new DisposableStore()) };
    this.tracked.set(key, entry);
    entry.store.add(host.deployments.watch());
    entry.store.add(host.deployments.onDidChange((changed) => this.take(key, entry, changed)));
    this.take(key, entry, [newest]);
  }

  dispose(): void {
    this.tracked.clear();
    this.store.dispose();
  }

  private take(key: string, entry: Tracked, changed: readonly Deployment[]): void {
    const { host, deployment: before } = entry.placed;
    const deployment = changed.find(({ id }) => id === before.id);
    if (!deployment) return;
    entry.placed = { host, deployment };
    if (isOver(deployment.status)) {
      this.forget(key);
      this.ended.fire(entry.placed);
    }
    this.changed.fire();
  }

  /** A host may have another engine now, or be gone. */
  private followHosts(): void {
    for (const [key, { placed }] of [...this.tracked]) {
      const host = this.hosts.get(placed.host.id);
      if (host?.deployments === placed.host.deployments) continue;
      if (host && hasDeployments(host)) this.track(host, placed.deployment);
      else this.forget(key);
    }
    this.changed.fire();
  }

  private forget(key: string): void {
    const entry = this.tracked.get(key);
    if (!entry) return;
    this.tracked.delete(key);
    this.store.delete(entry.store);
  }
}
