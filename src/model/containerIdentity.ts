import type { ComposeService, Container, ContainerId } from './container';

/** What stays of a container when it is created anew: its place in a Compose project, or else its name. */
export interface ContainerIdentity {
  readonly name: string;
  readonly compose?: ComposeService;
}

/** The container that has taken the place of one that was removed. */
export function findSuccessor(
  containers: Iterable<Container>,
  identity: ContainerIdentity,
  removedId: ContainerId,
): Container | undefined {
  for (const container of containers) {
    if (container.id !== removedId && isSame(container, identity)) return container;
  }
  return undefined;
}

function isSame(container: Container, { name, compose }: ContainerIdentity): boolean {
  if (!compose || !container.compose) return container.name === name;
  const { project, service, replica } = container.compose;
  return project === compose.project && service === compose.service && replica === compose.replica;
}
