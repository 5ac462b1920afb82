import type { ComposeService, Container, ContainerId } from './container';

/** What stays of a container when it is created anew: its place in a Compose project, or else its name. */
export interface ContainerIdentity {
  readonly name: string;
  readonly compose?: ComposeService;
}

/** The newest container that has taken the place of one that was removed. */
export function findSuccessor(
  containers: Iterable<Container>,
  identity: ContainerIdentity,
  removedId: ContainerId,
): Container | undefined {
  let newest: Container | undefined;
  for (const container of containers) {
    if (container.id === removedId || !isSame(container, identity)) continue;
    if (!newest || container.createdAtMs > newest.createdAtMs) newest = container;
  }
  return newest;
}

function isSame(container: Container, { name, compose }: ContainerIdentity): boolean {
  if (!compose || !container.compose) return container.name === name;
  if (isOneOff(container)) return false;
  const { project, service, replica } = container.compose;
  return project === compose.project && service === compose.service && replica === compose.replica;
}

/** Made by `docker compose run`, which gives its containers the service's labels, too. */
export function isOneOff({ labels }: Pick<Container, 'labels'>): boolean {
  return labels['com.docker.compose.oneoff'] === 'True';
}
