import { contextOutcome } from './cliContext';
import { parseDockerHost, shownDockerHost } from './dockerHost';
import { found, type Candidate } from './endpoint';
import { toEngineError } from './errors';
import { environmentVariable, type Machine } from './machine';
import { environmentWantsTls, withEnvironmentTls } from './tlsMaterial';
import { usualSockets } from './usualSockets';

export interface DiscoveryInput {
  /** The setting `quaywatch.dockerHost`; empty counts as not set. */
  readonly dockerHost: string | undefined;
  readonly machine: Machine;
}

/**
 * Who names an engine here, in order of preference. Reads files but connects to nothing, and never rejects: what
 * makes no sense is in the list with its error.
 *
 * 1. The setting, and then nothing else.
 * 2. DOCKER_HOST, and then nothing else, as for the docker CLI.
 * 3. The CLI's current context; after a remote or missing one nothing else.
 * 4. The usual sockets of the platform.
 */
export async function discoverEndpoints({
  dockerHost,
  machine,
}: DiscoveryInput): Promise<readonly Candidate[]> {
  const setting = dockerHost?.trim();
  if (setting) return [await namedCandidate('setting', setting, machine)];
  const variable = environmentVariable(machine, 'DOCKER_HOST');
  if (variable !== undefined) return [await namedCandidate('DOCKER_HOST', variable, machine)];
  const { candidate, goOn } = await contextOutcome(machine);
  const named = candidate === undefined ? [] : [candidate];
  return goOn ? withoutRepeats([...named, ...usualSockets(machine)]) : named;
}

async function namedCandidate(source: string, text: string, machine: Machine): Promise<Candidate> {
  try {
    const host = parseDockerHost(text, { platform: machine.platform, secure: environmentWantsTls(machine) });
    return found(source, await withEnvironmentTls(host, machine));
  } catch (error) {
    return { source, address: shownDockerHost(text), error: toEngineError(error, `use ${source}`) };
  }
}

/** A context often names one of the usual sockets; that one is tried once, as the context's. */
function withoutRepeats(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ address }) => {
    const isRepeat = seen.has(address);
    seen.add(address);
    return !isRepeat;
  });
}
