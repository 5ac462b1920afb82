import type { ContainerDetails } from '../engine/deployEngine';
import { EngineError } from '../engine/engine';
import type { DeploymentId, DeploymentSpec } from '../model/deployment';
import type { JournalOpening } from './journal/journalRecord';
import { imageTag } from './naming';

/**
 * The inputs of a deployment, with the values of its environment from containers that have them: a journal holds none.
 *
 * @throws EngineError `conflict` that names what is nowhere any more
 */
export function completeFrom(
  { spec, missing, isHandedOver }: Pick<JournalOpening, 'spec' | 'missing' | 'isHandedOver'>,
  containers: readonly ContainerDetails[],
): DeploymentSpec {
  if (isHandedOver) throw handedOver();
  if (missing.length === 0) return spec;
  const values = new Map<string, string>();
  for (const { environment } of containers) {
    for (const entry of environment) {
      const equals = entry.indexOf('=');
      values.set(entry.slice(0, equals), entry.slice(equals + 1));
    }
  }
  const names = Object.keys(spec.run?.environment ?? {});
  const absent = missing.filter(
    (text) => !names.some((name) => values.has(name) && text === `the environment variable ${name}`),
  );
  if (absent.length > 0)
    throw new EngineError(
      'conflict',
      `Secrets are not kept: ${absent.join(', ')}. Deploy it again from where you have them.`,
    );
  const environment = Object.fromEntries(names.map((name) => [name, values.get(name) ?? '']));
  return { ...spec, run: { ...spec.run, environment } };
}

/** To run a deployment's image again: of its inputs, how it is run is all that is needed. */
export function rollBackSpec({ app, run, health }: DeploymentSpec, id: DeploymentId): DeploymentSpec {
  const source = { kind: 'image', image: imageTag(app, id), pull: 'never' } as const;
  return { app, source, ...(run && { run }), ...(health && { health }) };
}

export function handedOver(): EngineError {
  return new EngineError(
    'conflict',
    'The folder that was deployed was handed over and is not kept. Deploy it again from where it is.',
  );
}
