import type { Container } from './container';
import type { DeploymentSpec } from './deployment';
import { APP_LABEL } from './deploymentLabels';

/** The container that a deployment would replace though no deployment made it: it has the name that the new one gets. */
export function foreignContainer(
  { app, source, run }: DeploymentSpec,
  containers: Iterable<Container>,
): Container | undefined {
  // Compose replaces what is its own.
  if (source.kind === 'compose') return undefined;
  const name = run?.name ?? app;
  for (const container of containers)
    if (container.name === name) return container.labels[APP_LABEL] === undefined ? container : undefined;
  return undefined;
}
