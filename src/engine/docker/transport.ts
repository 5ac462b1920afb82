import * as http from 'node:http';
import * as https from 'node:https';
import { inspect } from 'node:util';
import { assertNever } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { addressOf, type DockerEndpoint, type TcpEndpoint, type TlsEndpoint } from './endpoint';
import { joiningChunks } from './joinedChunks';
import { SshAgent } from './sshAgent';

/** How HTTP requests reach an endpoint. Disposing closes all connections, those in use too. */
export interface Transport extends Disposable {
  readonly protocol: 'http' | 'https';
  readonly target: RequestTarget;
  readonly agent: http.Agent;
  /** Of connections of its own, for logs: see {@link joiningChunks}. */
  readonly logAgent: http.Agent;
}

/** What `http.request` is told besides the agent. */
export type RequestTarget =
  | { readonly socketPath: string }
  | {
      /** IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
    };

/**
 * Keeping connections saves half of a small request's time on a local socket and a round trip on others. The number of
 * connections in use has no bound, so that streams starve no command. `timeout` closes idle connections only; requests
 * merely hear of it.
 */
const KEEP_ALIVE = { keepAlive: true, maxFreeSockets: 4, timeout: 4_000 };

/** Node gives each address of a host name 250 ms only, which is less than a round trip across an ocean can take. */
const PATIENT_CONNECT = { autoSelectFamilyAttemptTimeout: 2_500 };

/** ssh ignores it; `localhost` keeps VS Code from putting its proxy agent in place of ours. */
const SSH_TARGET: RequestTarget = { host: 'localhost', port: 80 };

/** Connects to nothing yet: the first request does. */
export function openTransport(endpoint: DockerEndpoint): Transport {
  switch (endpoint.kind) {
    case 'unix':
    case 'npipe':
      return transport('http', { socketPath: endpoint.path }, () =>
        quiet(new http.Agent(KEEP_ALIVE), endpoint),
      );
    case 'tcp':
      return transport('http', targetOf(endpoint), () =>
        quiet(new http.Agent({ ...KEEP_ALIVE, ...PATIENT_CONNECT }), endpoint),
      );
    case 'tls':
      return transport('https', targetOf(endpoint), () => quiet(tlsAgent(endpoint), endpoint));
    case 'ssh':
      return transport('http', SSH_TARGET, () => new SshAgent(endpoint));
    default:
      return assertNever(endpoint);
  }
}

function transport(
  protocol: Transport['protocol'],
  target: RequestTarget,
  makeAgent: () => http.Agent,
): Transport {
  const agent = makeAgent();
  const logAgent = joiningChunks(makeAgent());
  const dispose = (): void => [agent, logAgent].forEach((one) => one.destroy());
  return { protocol, target, agent, logAgent, dispose };
}

function targetOf({ host, port }: TcpEndpoint | TlsEndpoint): RequestTarget {
  return { host, port };
}

/** The key stays in the agent: docker-modem would write it to the console under DEBUG=modem. */
function tlsAgent({ tls }: TlsEndpoint): https.Agent {
  const { skipVerify, ...material } = tls;
  return new https.Agent({ ...KEEP_ALIVE, ...PATIENT_CONNECT, ...material, rejectUnauthorized: !skipVerify });
}

/** docker-modem inspects its request options, and with them the agent, at full depth before every request. */
function quiet<Agent extends http.Agent>(agent: Agent, endpoint: DockerEndpoint): Agent {
  return Object.defineProperty(agent, inspect.custom, { value: () => `Agent(${addressOf(endpoint)})` });
}
