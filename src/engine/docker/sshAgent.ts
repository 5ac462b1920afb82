import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { addressOf, type SshEndpoint } from './endpoint';
import { SshSocket } from './sshSocket';

/** A new connection costs a handshake across the network, so a few are kept a while for the next request. */
const KEPT_CONNECTIONS = 2;
const KEPT_FOR_MS = 30_000;

/**
 * An agent for `http.request` whose connections are `ssh` processes, one for each request under way. Their number has
 * no bound, so that streams starve no command; idle ones are few and end after half a minute. `destroy` ends them all.
 */
export class SshAgent extends Agent {
  constructor(private readonly endpoint: SshEndpoint) {
    super({ keepAlive: true, maxFreeSockets: KEPT_CONNECTIONS, timeout: KEPT_FOR_MS });
  }

  override createConnection(): Duplex {
    return new SshSocket(this.endpoint);
  }

  /** docker-modem inspects its request options, and with them the agent, at full depth before every request. */
  [inspect.custom](): string {
    return `SshAgent(${addressOf(this.endpoint)})`;
  }
}
