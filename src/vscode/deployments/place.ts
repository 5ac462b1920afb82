import type { Deployments } from '../../engine/deployments';
import type { Deployment, DeploymentId } from '../../model/deployment';
import type { Host } from '../hosts/host';
import type { HostRegistry } from '../hosts/hostRegistry';

/** Which deployment is meant, as commands and pages name it. */
export interface DeploymentPlace {
  readonly hostId: string;
  readonly id: DeploymentId;
}

/** A host that deployments can be asked of. */
export type DeployHost = Host & { readonly deployments: Deployments };

/** A deployment with the host it is on. */
export interface PlacedDeployment {
  readonly host: DeployHost;
  readonly deployment: Deployment;
}

export function hasDeployments(host: Host): host is DeployHost {
  return host.deployments !== undefined;
}

/** The hosts that deployments can be asked of, in their order. */
export function deployHosts(hosts: HostRegistry): DeployHost[] {
  return hosts.all.filter(hasDeployments);
}

/** What a command was called on, if it is a deployment's place. */
export function asPlace(value: unknown): DeploymentPlace | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { hostId, id } = value as Readonly<Record<string, unknown>>;
  return typeof hostId === 'string' && typeof id === 'string' ? { hostId, id } : undefined;
}
