import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Host } from './host';
import type { HostRegistry } from './hostRegistry';

/**
 * Runs `watch` for every host there is and ever will be. What it registers in the host's store is disposed when the
 * host goes or its engine is replaced.
 */
export function watchHosts(
  hosts: HostRegistry,
  watch: (host: Host, store: DisposableStore) => void,
): Disposable {
  const store = new DisposableStore();
  const watched = new Map<Host, DisposableStore>();
  const sync = (): void => {
    const current = new Set(hosts.all);
    for (const [host, hostStore] of watched) {
      if (current.has(host)) continue;
      watched.delete(host);
      store.delete(hostStore);
    }
    for (const host of current) {
      if (watched.has(host)) continue;
      const hostStore = store.add(new DisposableStore());
      watched.set(host, hostStore);
      watch(host, hostStore);
    }
  };
  store.add(hosts.onDidChange(sync));
  sync();
  return store;
}
