import { EngineError } from '../engine/engine';
import type { ContainerDetails, DeployEngine } from '../engine/deployEngine';
import type { OldContainer } from './journal/journalRecord';
import { LABELS, plainName } from './naming';
import type { Step } from './step';

/** The name that the new container gets. */
export function runName(spec: { readonly app: string; readonly run?: { readonly name?: string } }): string {
  return spec.run?.name ?? spec.app;
}

/**
 * The containers that a new version of an app replaces: those that earlier deployments of it made, and whatever has the
 * name it gets. Those that another deployment has put aside are that one's business.
 *
 * @throws EngineError `conflict` where the name is another app's, and where one could not be put back
 */
export async function findOld(
  engine: DeployEngine,
  spec: { readonly app: string; readonly run?: { readonly name?: string } },
  id: string,
): Promise<readonly OldContainer[]> {
  const name = runName(spec);
  const labelled = await engine.listContainers([`${LABELS.app}=${spec.app}`]);
  const named = await engine.inspectContainer(name);
  const owner = named?.labels[LABELS.app];
  if (named?.name === name && owner !== undefined && owner !== spec.app)
    throw new EngineError(
      'conflict',
      `The container ${name} belongs to the app "${owner}". Name another with "run.name".`,
    );
  const all = new Map<string, ContainerDetails>();
  for (const container of labelled) all.set(container.id, container);
  if (named?.name === name) all.set(named.id, named);
  const old = [...all.values()]
    .filter((container) => container.labels[LABELS.deployment] !== id)
    .filter((container) => plainName(container.name) === container.name);
  const fleeting = old.find(({ removesItself }) => removesItself);
  if (fleeting)
    throw new EngineError(
      'conflict',
      `The container ${fleeting.name} was made with --rm: stopping it would remove it, and it could not be put back. Remove it yourself, and deploy again.`,
    );
  return old.map(({ id: containerId, name: oldName, isRunning }) => ({
    id: containerId,
    name: oldName,
    wasRunning: isRunning,
  }));
}

/** Containers that this deployment made. */
export async function findNew(engine: DeployEngine, id: string): Promise<readonly ContainerDetails[]> {
  return engine.listContainers([`${LABELS.deployment}=${id}`]);
}

/** Whether the container that this deployment made has the name it was made for. */
export async function hasNewInPlace(step: Pick<Step, 'id' | 'engine' | 'spec'>): Promise<boolean> {
  const name = runName(step.spec);
  return (await findNew(step.engine, step.id)).some((container) => container.name === name);
}

/**
 * Takes away a container that the engine was about to remove when it was ended. In no other state: what a build says of
 * its containers may be the word of a command that it ran.
 */
export async function removeDead(engine: DeployEngine, id: string): Promise<void> {
  const container = await engine.inspectContainer(id);
  if (container?.state === 'dead') await engine.removeContainer(container.id);
}
