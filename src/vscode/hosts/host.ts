import type { ContainerEngine, EngineError } from '../../engine/engine';
import type { Container, ContainerId } from '../../model/container';

/** A machine whose containers are shown. Everything about it goes through its engine. */
export interface Host {
  /** Stable, and part of the tree's ids. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly engine: ContainerEngine;
}

/** The containers of a host are known, but no longer known to be current. */
export function isStale(host: Host): boolean {
  return host.engine.containers !== undefined && host.engine.connection.kind !== 'ready';
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
