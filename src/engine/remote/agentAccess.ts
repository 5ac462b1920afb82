import type { PairingSecurity, Token } from '../../protocol/pairingLink';

/** All that is needed to open a connection to an agent. */
export interface AgentAccess {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly security: PairingSecurity;
  /** `undefined` where none is kept: then the agent is not even asked. */
  readonly token: Token | undefined;
}

export type AgentEndpoint = Pick<AgentAccess, 'host' | 'port'>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** Whether what is sent there never leaves this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The address for people and for HTTP. */
export function addressOf({ host, port }: AgentEndpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
