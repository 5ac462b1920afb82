import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import { isOver } from '../../model/deployment';

/**
 * Watches a host's deployments, so that what nobody runs any more is taken over, until they were read and none is
 * unfinished. Then calls `done`, once.
 */
export function untilOver(deployments: Deployments, done: () => void): Disposable {
  const store = new DisposableStore();
  const look = (): void => {
    const { current } = deployments;
    if (store.isDisposed || !current) return;
    if ([...current.values()].some(({ status }) => !isOver(status))) return;
    store.dispose();
    done();
  };
  store.add(deployments.onDidChange(look));
  store.add(deployments.watch());
  look();
  return store;
}
