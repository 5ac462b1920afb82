/** The engine's full 64-digit container id. */
export type ContainerId = string;

/** The states the Engine API documents. Engines may know others: see {@link Container.state}. */
export const KNOWN_STATES = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] as const;

export type KnownState = (typeof KNOWN_STATES)[number];

/** What the health check says; `undefined` on a container stands for "has no health check". */
export type Health = 'starting' | 'healthy' | 'unhealthy';

/** A port of the container, published on the host when `hostPort` is there. */
export interface ContainerPort {
  readonly containerPort: number;
  /** `tcp`, `udp` or `sctp`; open for what engines add. */
  readonly protocol: string;
  readonly hostPort?: number;
  /** The address the host listens on; `0.0.0.0` and `::` mean all. */
  readonly hostAddress?: string;
}

/** Which part of a Compose project a container is. */
export interface ComposeService {
  readonly project: string;
  readonly service: string;
  /** Counts the replicas of a service from 1. */
  readonly replica: number;
}

/**
 * When a container's runs began and ended, as the engine's events told; only of what happened while somebody listened to
 * them. Times in milliseconds since the Unix epoch, by the engine's clock.
 */
export interface RunTimes {
  /** When the latest run began. */
  readonly startedAtMs?: number;
  /** How the latest run that is over ended. */
  readonly end?: {
    readonly atMs: number;
    readonly exitCode?: number;
    readonly outOfMemory: boolean;
  };
}

/** One container as the last list or refresh showed it. Never mutated: a change makes a new object. */
export interface Container {
  readonly id: ContainerId;
  /** Without the engine's leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
  /** A {@link KnownState}, or whatever else the engine said: unknown states are shown, never refused. */
  readonly state: string;
  /** The engine's own words, like `Exited (137) 5 minutes ago`. Stale as soon as time passes. */
  readonly statusText: string;
  readonly health?: Health;
  /** Of the last run; only on containers that are not running. */
  readonly exitCode?: number;
  /**
   * When the current state began, in milliseconds since the Unix epoch. The list tells it only coarsely ("5 minutes
   * ago"), an event to the nanosecond.
   */
  readonly stateSinceMs?: number;
  readonly run?: RunTimes;
  readonly ports: readonly ContainerPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly compose?: ComposeService;
}

/** Whether a process is there: running, paused or about to run again. */
export function isActive(container: Container): boolean {
  return container.state === 'running' || container.state === 'paused' || container.state === 'restarting';
}

/** The first 12 digits of an id, as every Docker tool shows them. */
export function shortId(id: ContainerId): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
