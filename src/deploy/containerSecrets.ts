import type { ContainerDetails, DeployEngine } from '../engine/deployEngine';

/** What containers have in their environment that their images have not: that came with a deployment, and is secret. */
export async function containerSecrets(
  engine: DeployEngine,
  containers: readonly ContainerDetails[],
): Promise<readonly string[]> {
  const values: string[] = [];
  for (const { environment, imageId } of containers) {
    const known = new Set((await engine.inspectImage(imageId))?.environment ?? []);
    const own = environment.filter((entry) => !known.has(entry));
    values.push(...own.map((entry) => entry.slice(entry.indexOf('=') + 1)));
  }
  return values;
}
