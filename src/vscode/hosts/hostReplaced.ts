import type { Disposable } from '../../base/lifecycle';
import type { Host } from './host';
import type { HostRegistry } from './hostRegistry';

/** Tells once that a host is gone or has another engine: nothing comes from the one it had. */
export type OnHostReplaced = (host: Host, listener: () => void) => Disposable;

export function hostReplacements(hosts: Pick<HostRegistry, 'get' | 'onDidChange'>): OnHostReplaced {
  return (host, listener) => {
    const subscription = hosts.onDidChange(() => {
      if (hosts.get(host.id) === host) return;
      subscription.dispose();
      listener();
    });
    return subscription;
  };
}
