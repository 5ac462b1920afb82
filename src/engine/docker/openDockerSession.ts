import { systemClock } from '../../base/clock';
import type { Log } from './containerWatch';
import { createDockerClient } from './dockerClient';
import type { OpenSession } from './dockerEngine';
import { DockerSession } from './dockerSession';
import { findEngine } from './findEngine';
import { thisMachine } from './machine';
import { statsPlace } from './statsPlace';

export interface DockerSessionOptions {
  /** Whether statistics are shared with the other processes of this user that say so, see {@link StatsExchange}. */
  readonly sharesStats?: boolean;
}

/** Finds an engine on this machine and opens a session with it. */
export function dockerSessionOpener(
  dockerHost: () => string | undefined,
  log: Log,
  { sharesStats = false }: DockerSessionOptions = {},
): OpenSession {
  return async (signal) => {
    const machine = thisMachine();
    const { endpoint, info } = await findEngine({ dockerHost: dockerHost(), machine, signal });
    const client = await createDockerClient(endpoint, info.apiVersion);
    const place = sharesStats ? await statsPlace(info.address, machine) : undefined;
    return new DockerSession(client, info, endpoint.kind, systemClock, log, place);
  };
}
