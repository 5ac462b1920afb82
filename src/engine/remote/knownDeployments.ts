import type { Deployment, DeploymentId } from '../../model/deployment';
import type { EventData } from '../../protocol/messages';

/** The deployments that an agent tells of: a list in parts, then changes. What was known stays until there is a new list. */
export class KnownDeployments {
  private known: Map<DeploymentId, Deployment> | undefined;
  private parts: Map<DeploymentId, Deployment> | undefined;
  /** Changes count only after the list they change. */
  private isListed = false;

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    return this.known;
  }

  disconnected(): void {
    this.parts = undefined;
    this.isListed = false;
  }

  /** @returns whether that was all of it */
  takePart({ part, last, deployments }: EventData<'deployment_list'>): boolean {
    if (part === 0) this.parts = new Map();
    for (const deployment of deployments) this.parts?.set(deployment.id, deployment);
    if (!last || !this.parts) return false;
    this.known = this.parts;
    this.parts = undefined;
    this.isListed = true;
    return true;
  }

  /** @returns whether it changes anything that is known */
  takeChange({ updated, removed }: EventData<'deployment_state_change'>): boolean {
    if (!this.isListed || !this.known) return false;
    const known = new Map(this.known);
    for (const deployment of updated) known.set(deployment.id, deployment);
    for (const id of removed) known.delete(id);
    this.known = known;
    return true;
  }
}
