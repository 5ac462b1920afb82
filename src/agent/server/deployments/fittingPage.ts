import type { DeploymentPage } from '../../../engine/deployments';
import type { Deployment } from '../../../model/deployment';

/** Well under the limit of one message, however long the last lines of failures are. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** As much of a page as fits one answer; the rest is for the next one. */
export function fitting({ deployments, hasMore }: DeploymentPage): {
  readonly deployments: readonly Deployment[];
  readonly hasMore: boolean;
} {
  let characters = 0;
  let count = 0;
  for (const deployment of deployments) {
    characters += JSON.stringify(deployment).length;
    if (count > 0 && characters > MAX_CHARACTERS) break;
    count += 1;
  }
  return { deployments: deployments.slice(0, count), hasMore: hasMore || count < deployments.length };
}
