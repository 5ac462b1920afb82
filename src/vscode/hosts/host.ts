import type { Deployments } from '../../engine/deployments';
import type { ContainerEngine, EngineError } from '../../engine/engine';
import type { Container, ContainerId } from '../../model/container';
import type { RemoteHostConfig } from './remoteHostConfig';

/** A machine whose containers are shown. Everything about it goes through its engine. */
export interface Host {
  /** Stable, and part of the tree's ids. */
  readonly id: string;
  /** For people. Another one after the host was renamed. */
  readonly name: string;
  readonly engine: ContainerEngine;
  /** How its agent is reached; `undefined` for this machine's own engine. */
  readonly remote?: RemoteHostConfig;
  /** What is deployed on it; `undefined` where its agent knows nothing of deployments. */
  readonly deployments?: Deployments | undefined;
}

/** The containers of a host are known, but no longer known to be current. */
export function isStale(host: Host): boolean {
  return host.engine.containers !== undefined && host.engine.connection.kind !== 'ready';
}

/** Somebody disconnected it: nothing comes of its engine any more. */
export function isDisconnected(host: Host): boolean {
  return host.engine.connection.kind === 'closed';
}

/** Why the host is not connected, as far as an attempt has told. */
export function lastFailure(host: Host): EngineError | undefined {
  const { connection } = host.engine;
  if (connection.kind === 'waiting') return connection.failure;
  return connection.kind === 'connecting' ? connection.lastFailure : undefined;
}

export function findContainer(host: Host, id: ContainerId): Container | undefined {
  return host.engine.containers?.get(id);
}
