import { systemClock } from '../../base/clock';
import type { Log } from './containerWatch';
import { createDockerClient } from './dockerClient';
import type { OpenSession } from './dockerEngine';
import { DockerSession } from './dockerSession';
import { findEngine } from './findEngine';
import { thisMachine } from './machine';

/** Finds an engine on this machine and opens a session with it. */
export function dockerSessionOpener(dockerHost: () => string | undefined, log: Log): OpenSession {
  return async (signal) => {
    const { endpoint, info } = await findEngine({ dockerHost: dockerHost(), machine: thisMachine(), signal });
    const client = await createDockerClient(endpoint, info.apiVersion);
    return new DockerSession(client, info, endpoint.kind, systemClock, log);
  };
}
