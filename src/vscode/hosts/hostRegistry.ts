import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import type { Host } from './host';

/** The hosts there are, in the order they were added. Owns their engines. */
export class HostRegistry implements Disposable {
  private readonly hosts = new Map<string, Host>();
  private readonly changed = new Emitter<void>();

  /** A host was added, replaced or removed. */
  readonly onDidChange = this.changed.event;

  get all(): readonly Host[] {
    return [...this.hosts.values()];
  }

  get(id: string): Host | undefined {
    return this.hosts.get(id);
  }

  /** Adds a host, or puts it in the place of the one with the same id, whose engine is disposed. */
  set(host: Host): void {
    const replaced = this.hosts.get(host.id);
    this.hosts.set(host.id, host);
    this.changed.fire();
    if (replaced !== undefined && replaced.engine !== host.engine) replaced.engine.dispose();
  }

  remove(id: string): void {
    const host = this.hosts.get(id);
    if (host === undefined) return;
    this.hosts.delete(id);
    this.changed.fire();
    host.engine.dispose();
  }

  dispose(): void {
    for (const { engine } of this.hosts.values()) engine.dispose();
    this.hosts.clear();
    this.changed.dispose();
  }
}
