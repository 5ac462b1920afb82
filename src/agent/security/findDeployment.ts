import type { Clock } from '../../base/clock';
import { deferred, type Deferred } from '../../base/async';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import { EngineError } from '../../engine/engine';
import type { Deployment, DeploymentId } from '../../model/deployment';

/** How long it may take to know what there is. */
const DEADLINE_MS = 10_000;

type Looked = Pick<Deployments, 'current' | 'onDidChange' | 'watch' | 'follow'>;

/**
 * A deployment as it is: one of those that run or are among the newest, or else what its journal says in the end. Rejects
 * with EngineError `noSuchDeployment`.
 */
export async function findDeployment(
  deployments: Looked,
  id: DeploymentId,
  clock: Clock,
): Promise<Deployment> {
  const store = new DisposableStore();
  const found = deferred<Deployment>();
  const late = (): void =>
    found.reject(new EngineError('timeout', 'The deployments of this host could not be read in time.'));
  store.add(clock.setTimer(late, DEADLINE_MS));
  store.add(deployments.watch());
  let isDecided = false;
  const look = (): void => {
    const { current } = deployments;
    if (isDecided || current === undefined) return;
    isDecided = true;
    const known = current.get(id);
    if (known) found.resolve(known);
    else store.add(readToTheEnd(deployments, id, found));
  };
  store.add(deployments.onDidChange(look));
  look();
  try {
    return await found.promise;
  } finally {
    store.dispose();
  }
}

/** What is not among the newest is over, so that its journal has an end. */
function readToTheEnd(
  deployments: Pick<Looked, 'follow'>,
  id: DeploymentId,
  found: Deferred<Deployment>,
): Disposable {
  let last: Deployment | undefined;
  return deployments.follow(id, 0, {
    entries: (entries) => {
      for (const entry of entries) if (entry.kind === 'state') last = entry.deployment;
    },
    ended: (error) => {
      if (last) found.resolve(last);
      else found.reject(isAbsent(error) ? noSuchDeployment() : error);
    },
  });
}

function isAbsent(error: EngineError | undefined): boolean {
  return error === undefined || error.code === 'noSuchDeployment';
}

export function noSuchDeployment(): EngineError {
  return new EngineError('noSuchDeployment', 'No such deployment.');
}
