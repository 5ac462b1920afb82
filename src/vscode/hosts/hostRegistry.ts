import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import type { Host } from './host';

/** The hosts there are, in the order they are shown. Owns their engines. */
export class HostRegistry implements Disposable {
  private readonly hosts = new Map<string, Host>();
  private readonly changed = new Emitter<void>();

  /** Hosts were added, replaced, removed, renamed or put in another order. */
  readonly onDidChange = this.changed.event;

  get all(): readonly Host[] {
    return [...this.hosts.values()];
  }

  get(id: string): Host | undefined {
    return this.hosts.get(id);
  }

  /** Adds a host, or puts it in the place of the one with the same id. */
  set(host: Host): void {
    const before = this.all;
    const isKnown = this.hosts.has(host.id);
    this.replaceAll(isKnown ? before.map((one) => (one.id === host.id ? host : one)) : [...before, host]);
  }

  remove(id: string): void {
    if (this.hosts.has(id)) this.replaceAll(this.all.filter((host) => host.id !== id));
  }

  /** Makes these all the hosts there are. Engines that no host has any more are disposed. */
  replaceAll(hosts: readonly Host[]): void {
    const before = this.all;
    this.hosts.clear();
    for (const host of hosts) this.hosts.set(host.id, host);
    const isGone = ({ id }: Host): boolean => !this.hosts.has(id);
    // Whoever hears of a host that is gone finds its engine closed; that of a replaced one works until all have heard.
    for (const host of before) if (isGone(host)) host.engine.dispose();
    this.changed.fire();
    const kept = new Set(hosts.map(({ engine }) => engine));
    for (const host of before) if (!isGone(host) && !kept.has(host.engine)) host.engine.dispose();
  }

  dispose(): void {
    for (const { engine } of this.hosts.values()) engine.dispose();
    this.hosts.clear();
    this.changed.dispose();
  }
}
