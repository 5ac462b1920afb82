import type { ContainerDetails } from '../engine/deployEngine';
import { EngineError } from '../engine/engine';
import type { DeploymentSpec } from '../model/deployment';
import type { JournalOpening } from './journal/journalRecord';

/**
 * The inputs of a deployment, with the values of its environment from containers that have them: a journal holds none.
 *
 * @throws EngineError `conflict` that names what is nowhere any more
 */
export function completeFrom(
  { spec, missing, isHandedOver }: JournalOpening,
  containers: readonly ContainerDetails[],
): DeploymentSpec {
  if (isHandedOver && spec.source.kind !== 'image')
    throw new EngineError(
      'conflict',
      'The folder that was deployed was handed over and is not kept. Deploy it again.',
    );
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
