import { isIPv6 } from 'node:net';
import { assertNever } from '../../base/errors';
import type { EngineError } from '../engine';

/** What a TLS connection needs, as PEM text. Holds a private key: never log, show or send it. */
export interface TlsMaterial {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string;
  /** The client's certificate; comes with `key` or not at all. */
  readonly cert?: string;
  readonly key?: string;
  /** Accept any server certificate. */
  readonly skipVerify: boolean;
}

export interface UnixEndpoint {
  readonly kind: 'unix';
  /** Absolute. */
  readonly path: string;
}

export interface PipeEndpoint {
  readonly kind: 'npipe';
  /** With forward slashes, like `//./pipe/docker_engine`. */
  readonly path: string;
}

export interface TcpEndpoint {
  readonly kind: 'tcp';
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface TlsEndpoint {
  readonly kind: 'tls';
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMaterial;
}

export interface SshEndpoint {
  readonly kind: 'ssh';
  /** A name, an address or an alias of the ssh configuration. */
  readonly host: string;
  /** Left to the ssh configuration when absent, as is `port`. */
  readonly user?: string;
  readonly port?: number;
  /** The engine's socket over there; the remote `docker` command decides when absent. */
  readonly socketPath?: string;
}

/** Where an engine listens, complete enough to connect to it. */
export type DockerEndpoint = UnixEndpoint | PipeEndpoint | TcpEndpoint | TlsEndpoint | SshEndpoint;

/** An endpoint somebody named. */
export interface FoundEndpoint {
  /** Who named it: `setting`, `DOCKER_HOST`, `context NAME`, or the product a usual socket belongs to. */
  readonly source: string;
  /** For people; never holds credentials. */
  readonly address: string;
  readonly endpoint: DockerEndpoint;
}

/** Somebody named an endpoint that makes no sense. */
export interface RefusedEndpoint {
  readonly source: string;
  readonly address: string;
  readonly error: EngineError;
}

export type Candidate = FoundEndpoint | RefusedEndpoint;

/** The endpoint for people: without credentials, and understood by `parseDockerHost`. */
export function addressOf(endpoint: DockerEndpoint): string {
  switch (endpoint.kind) {
    case 'unix':
    case 'npipe':
      return `${endpoint.kind}://${endpoint.path}`;
    case 'tcp':
      return `tcp://${bracketed(endpoint.host)}:${endpoint.port}`;
    case 'tls':
      return `https://${bracketed(endpoint.host)}:${endpoint.port}`;
    case 'ssh':
      return sshAddress(endpoint);
    default:
      return assertNever(endpoint);
  }
}

export function found(source: string, endpoint: DockerEndpoint): FoundEndpoint {
  return { source, address: addressOf(endpoint), endpoint };
}

/** A host as it stands in a URL. */
export function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

function sshAddress({ host, user, port, socketPath }: SshEndpoint): string {
  const userPart = user === undefined ? '' : `${user}@`;
  const portPart = port === undefined ? '' : `:${port}`;
  return `ssh://${userPart}${bracketed(host)}${portPart}${socketPath ?? ''}`;
}
