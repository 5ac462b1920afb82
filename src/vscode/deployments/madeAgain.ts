import type { Deployments } from '../../engine/deployments';
import { EngineError } from '../../engine/engine';
import type { DeploymentId } from '../../model/deployment';

/**
 * Whether a container is made anew by retrying the deployment that made it: its host knows that one, and it was built. Of an
 * image there may be a newer one, so that somebody is asked; and another journal may have made the container.
 */
export async function isMadeAgain(
  deployments: Pick<Deployments, 'readSpec'>,
  id: DeploymentId,
): Promise<boolean> {
  try {
    return (await deployments.readSpec(id)).source.kind !== 'image';
  } catch (error) {
    if (error instanceof EngineError && error.code === 'noSuchDeployment') return false;
    throw error;
  }
}
