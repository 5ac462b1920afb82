import type { Event } from '../base/emitter';
import type { ContainerId } from '../model/container';
import type { HealthOptions, RunOptions } from '../model/deployment';
import { EngineError, type EngineInfo } from './engine';

/** An image as a deployment needs to know it. */
export interface ImageDetails {
  readonly id: string;
  /** Names with tags by which it is known. */
  readonly tags: readonly string[];
  /** `NAME=value`, as the image sets it for its containers. */
  readonly environment: readonly string[];
  readonly hasHealthCheck: boolean;
}

/** A container as a deployment needs to know it. */
export interface ContainerDetails {
  readonly id: ContainerId;
  readonly name: string;
  /** The id of its image. */
  readonly imageId: string;
  /** What the engine calls it: `created`, `running`, `exited`, …. */
  readonly state: string;
  readonly isRunning: boolean;
  /** Tells one run from the next. */
  readonly startedAt: string;
  /** How often the engine restarted it by its restart policy. */
  readonly restartCount: number;
  /** Its name as the engine knows it: `no`, `always`, …. */
  readonly restartPolicy: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** What the engine says of why it could not be started. */
  readonly error: string;
  /** `NAME=value`; secret. */
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly hasTerminal: boolean;
  /** Made with `--rm`: the engine removes it as soon as it ends. */
  readonly removesItself: boolean;
  /** There where the container has a health check. */
  readonly health?: { readonly status: string; readonly lastOutput: string };
}

/** What happened to a container, in the engine's own word: `start`, `die`, `health_status`, …. */
export interface DeployEvent {
  readonly containerId: ContainerId;
  readonly action: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image to build from the bytes of a tar archive. */
export interface ImageBuild {
  readonly context: AsyncIterable<Uint8Array>;
  /** In the context. */
  readonly dockerfile: string;
  readonly tag: string;
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  /** Sign-ins by registry, for images that the build begins with. Secret. */
  readonly registries: Readonly<Record<string, RegistrySignIn>>;
}

/** A sign-in at a registry, as the engine takes it. Secret. */
export type RegistrySignIn =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string };

/** The build came to a step that failed, or could not begin. The message is the engine's. */
export class BuildFailedError extends EngineError {
  override readonly name = 'BuildFailedError';

  constructor(
    message: string,
    /** Of the command of the step, where it was one. */
    readonly exitCode: number | undefined,
  ) {
    super('badRequest', message);
  }
}

/** What the engine says while it builds: text for the log. */
export type BuildOutput = (text: string) => void;

/** How far one layer of an image is pulled. */
export interface LayerProgress {
  readonly layer: string;
  /** The engine's words, like `Downloading`. */
  readonly status: string;
  readonly currentBytes?: number;
  readonly totalBytes?: number;
}

/** A container to create. */
export interface NewContainer {
  readonly name: string;
  readonly image: string;
  readonly run: RunOptions;
  readonly health: HealthOptions | undefined;
  /** Beside those of `run`. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What deployments need of an engine. Each request waits a little for a connection that is away, ends within a deadline
 * or with `signal`, and rejects with {@link EngineError} or the signal's reason. What is already as it was asked for is
 * no error: started, stopped, removed.
 */
export interface DeployEngine {
  /** Of the connection of the moment, or of the last one. */
  readonly info: EngineInfo | undefined;
  readonly isConnected: boolean;
  readonly onDidChangeConnection: Event<unknown>;

  /** Containers' events, as long as the connection lasts. After a break things may have changed unannounced. */
  readonly onEvent: Event<DeployEvent>;

  /**
   * What tells this engine from others wherever it is found, also after a restart. All that have no such thing, as Podman,
   * are one. Undefined while none is connected.
   */
  identify(): Promise<string | undefined>;

  /** Resolves with the id of the image; rejects with a {@link BuildFailedError} where a step fails. */
  build(build: ImageBuild, output: BuildOutput, signal: AbortSignal): Promise<string>;

  pull(
    image: string,
    signIn: RegistrySignIn | undefined,
    progress: (progress: LayerProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;

  /** `undefined` where there is none. */
  inspectImage(image: string, signal?: AbortSignal): Promise<ImageDetails | undefined>;
  tagImage(image: string, repository: string, tag: string): Promise<void>;
  /** Takes a name away, and the image with its last one. One that is in use or away stays so. */
  removeImage(name: string): Promise<void>;

  /** Containers, also stopped ones, that have all these labels (`name` or `name=value`). */
  listContainers(labels: readonly string[]): Promise<readonly ContainerDetails[]>;
  /** By id or name; `undefined` where there is none. */
  inspectContainer(idOrName: string): Promise<ContainerDetails | undefined>;
  createContainer(container: NewContainer): Promise<ContainerId>;
  startContainer(id: ContainerId): Promise<void>;
  /** Waits for the container's own stop time-out. */
  stopContainer(id: ContainerId): Promise<void>;
  renameContainer(id: ContainerId, name: string): Promise<void>;
  /** Kills it first where it runs. Its anonymous volumes go with it, unless they are to be kept. */
  removeContainer(id: ContainerId, volumes?: 'kept'): Promise<void>;
  /** The newest lines it wrote, oldest first, of both streams. */
  readLastLines(container: ContainerDetails, count: number): Promise<readonly string[]>;
}
