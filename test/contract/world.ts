import type { ContainerId } from '../../src/model/container';

/** What a container writes when it starts. */
export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** How often the text is written without a pause; 1 unless said. */
  readonly times?: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly output?: readonly Output[];
  /** A shell command instead of the output; real engines only. */
  readonly command?: string;
  /** Files in the container's root folder; real engines only. */
  readonly files?: Readonly<Record<string, Buffer>>;
  /** The process ends with this code after its output; without it, it stays until stopped. */
  readonly exitCode?: number;
  /** Has a health check that always fails. */
  readonly failingHealthCheck?: boolean;
  readonly logDriver?: 'json-file' | 'local' | 'none';
}

/** What the port is expected to say of an engine. */
export interface Expected {
  readonly product: string;
  readonly version: RegExp;
  readonly apiVersion: string;
  /** The form of a line's timestamp. */
  readonly timestamp: RegExp;
  /** Longer lines of a terminal are cut by the engine in a way that nobody can put together. */
  readonly longestTerminalLine: number;
}

export const NANOSECOND_TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)$/;
export const ANY_LINE_LENGTH = 40_000;

/** An engine with its surroundings: what happens on it from outside, not through the port. */
export interface World {
  readonly dockerHost: string;
  readonly expected: Expected;

  /** Creates and starts a container. */
  run(spec: ContainerSpec): Promise<ContainerId>;
  create(spec: ContainerSpec): Promise<ContainerId>;
  start(id: ContainerId): Promise<void>;
  stop(id: ContainerId): Promise<void>;
  pause(id: ContainerId): Promise<void>;
  unpause(id: ContainerId): Promise<void>;
  rename(id: ContainerId, name: string): Promise<void>;
  remove(id: ContainerId): Promise<void>;
  /** The process ends by itself with this code. */
  die(id: ContainerId, exitCode: number): Promise<void>;
  /** The running process writes to its standard output. */
  write(id: ContainerId, text: string): Promise<void>;

  /** Stops the engine, politely or at once, and later starts it again. Containers of the engine may stop with it. */
  stopEngine(how: 'politely' | 'killed'): Promise<void>;
  startEngine(): Promise<void>;

  /** Removes every container it made. */
  cleanUp(): Promise<void>;
}
