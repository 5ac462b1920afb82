import type { Event } from '../base/emitter';
import type { Disposable } from '../base/lifecycle';
import type { ConnectionState } from '../model/connection';
import type { Container, ContainerId } from '../model/container';
import type { LogRequest, LogSink } from '../model/log';
import type { EngineMetrics } from './metrics';

/** Why an engine could not do something. Branch on the code, never on the message. */
export type EngineErrorCode =
  /** No endpoint was found at all; the error is an {@link EngineNotFoundError}. */
  | 'engineNotFound'
  /** The endpoint is there but this user may not use it. */
  | 'permissionDenied'
  /** Nothing listens, the host name is unknown, or the network is down. */
  | 'unreachable'
  /** It accepted the connection and did not answer in time. */
  | 'timeout'
  /** It answered something that is not the Engine API. */
  | 'badResponse'
  /** Its API is older than any version this client speaks. */
  | 'unsupportedVersion'
  /** Certificates are missing, wrong or refused. */
  | 'tlsFailed'
  /** A setting, environment variable or context names an endpoint that makes no sense. */
  | 'badEndpoint'
  /** The connection broke while something was under way. */
  | 'connectionLost'
  | 'noSuchContainer'
  | 'noSuchDeployment'
  /** The host's agent does not let this token do it. */
  | 'forbidden'
  /** The host's agent does not know the token, or no longer; or there is none to show it. */
  | 'tokenRefused'
  /** What answered could not show that it knows the token: it is not the agent that was paired with. */
  | 'agentNotTrusted'
  /** The agent asks to come back later. */
  | 'agentBusy'
  /** The agent is there, but its engine is not; the cause is what the agent says of it. */
  | 'agentEngineAway'
  /** The agent failed by itself, or does not follow the protocol. */
  | 'agentFailure'
  /** The agent's certificate is not the one that is pinned; the error is a {@link CertificateChangedError}. */
  | 'certificateChanged'
  /** This side and the agent speak no common version of the protocol. */
  | 'versionMismatch'
  /** The container's state forbids the action, or the name is taken. */
  | 'conflict'
  /** This engine can't do it, for example read logs of the driver `none`. */
  | 'notSupported'
  | 'badRequest'
  /** The engine failed by itself (HTTP 5xx). */
  | 'engineFailure'
  /** It may have been done or not, and nobody can tell. */
  | 'outcomeUnknown';

export class EngineError extends Error {
  override readonly name: string = 'EngineError';

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** One endpoint that was tried, and what came of it. */
export interface TriedEndpoint {
  /** Who named it: `setting`, `DOCKER_HOST`, `context NAME`, or the product a usual socket belongs to. */
  readonly source: string;
  /** For people, like `unix:///var/run/docker.sock`. Never holds credentials. */
  readonly address: string;
  readonly error: EngineError;
}

/** No engine answered; carries all that was tried, in order. */
export class EngineNotFoundError extends EngineError {
  override readonly name = 'EngineNotFoundError';

  constructor(readonly tried: readonly TriedEndpoint[]) {
    super(decisiveCode(tried), describeTried(tried));
  }
}

/** If the only endpoint that exists refuses us, that is the news, not that the others are absent. */
function decisiveCode(tried: readonly TriedEndpoint[]): EngineErrorCode {
  const present = tried.filter(({ error }) => error.code !== 'engineNotFound');
  return present[0]?.error.code ?? 'engineNotFound';
}

function describeTried(tried: readonly TriedEndpoint[]): string {
  const rows = tried.map(({ source, address, error }) => `${source}: ${address}: ${error.message}`);
  return ['No Docker engine answered. Tried:', ...rows].join('\n');
}

/** The public key of an agent's certificate is another one than that it was paired with. */
export class CertificateChangedError extends EngineError {
  override readonly name = 'CertificateChangedError';

  /** Fingerprints: SHA-256 of the `SubjectPublicKeyInfo`, base64url. */
  constructor(
    readonly pinnedKey: string,
    readonly seenKey: string,
  ) {
    super('certificateChanged', `The certificate's key is SHA256:${seenKey}, not SHA256:${pinnedKey}.`);
  }
}

/** What a ready connection knows of the engine behind it. */
export interface EngineInfo {
  /** As the engine names itself, for example `Docker` or `Libpod`. */
  readonly product: string;
  readonly version: string;
  /** The version both sides agreed on, like `1.41`. */
  readonly apiVersion: string;
  /** `linux` or `windows`. */
  readonly operatingSystem: string;
  /** Where it was found, for people. Never holds credentials. */
  readonly address: string;
  /** Who named the address, as in {@link TriedEndpoint.source}. */
  readonly source: string;
}

export type EngineConnection = ConnectionState<EngineInfo, EngineError>;

/** A change of {@link ContainerEngine.containers}; the map already shows the new state when it is announced. */
export type ContainersChange =
  /** A complete list came; anything may have changed. */
  | { readonly kind: 'listed' }
  | {
      readonly kind: 'updated';
      readonly containers: readonly Container[];
      readonly removed: readonly ContainerId[];
    };

/** What to do with a container, as data, so that it can be logged, confirmed and sent across a wire. */
export type ContainerCommand =
  | { readonly kind: 'start' | 'stop' | 'restart' | 'pause' | 'unpause'; readonly id: ContainerId }
  | { readonly kind: 'kill'; readonly id: ContainerId; readonly signal: string }
  | { readonly kind: 'rename'; readonly id: ContainerId; readonly name: string }
  | {
      readonly kind: 'remove';
      readonly id: ContainerId;
      /** Kill it first if it runs. */
      readonly force: boolean;
      /** Remove its anonymous volumes with it. */
      readonly volumes: boolean;
    };

/** The size of a terminal, in character cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** An interactive process inside a container, attached to a terminal. */
export interface ExecSession extends Disposable {
  readonly onData: Event<Uint8Array>;
  /** The process ended, or the connection did: then there is no exit code. */
  readonly onExit: Event<{ readonly exitCode?: number }>;
  /**
   * Types. `taken` is called when the bytes have left for the process, or never will: whoever types much waits for it.
   */
  write(data: Uint8Array, taken?: () => void): void;
  resize(size: TerminalSize): void;
  /** While it is held, what the process writes stays with it, and it waits; a little may still come. */
  hold(isHeld: boolean): void;
}

/** What a host can do; what it can't is not offered. */
export interface EngineCapabilities {
  readonly lifecycle: boolean;
  /** Rename and remove; as `lifecycle` where it is left out. */
  readonly manage?: boolean;
  readonly exec: boolean;
}

/** A log being followed. Disposing stops it; `ended` is not called then. */
export type LogFollow = Disposable;

/**
 * The port: everything the editor may ask of a host. Its sides are the Docker Engine API and, across a WebSocket, the
 * Quaywatch agent. All promises reject with {@link EngineError} only, each within a deadline.
 */
export interface ContainerEngine extends Disposable {
  readonly capabilities: EngineCapabilities;

  readonly connection: EngineConnection;
  readonly onDidChangeConnection: Event<EngineConnection>;

  /** Starts connecting, and reconnecting whenever the connection is lost. Nothing is read before this is called. */
  connect(): void;
  /** Tries at once instead of waiting for the next attempt. */
  retryNow(): void;

  /** The last known containers, also while the connection is away; `undefined` before the first list. */
  readonly containers: ReadonlyMap<ContainerId, Container> | undefined;
  readonly onDidChangeContainers: Event<ContainersChange>;

  /** Succeeds too where the container already is in the state asked for. */
  perform(command: ContainerCommand): Promise<void>;

  /** The engine's complete description of a container, as it sent it. */
  inspect(id: ContainerId): Promise<unknown>;

  followLog(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow;

  /** Starts a process with a terminal. `command` is an argument vector; no shell reads it. */
  exec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<ExecSession>;

  /** What its containers and its machine use; left out where the host tells no figures. */
  readonly metrics?: EngineMetrics;
}
