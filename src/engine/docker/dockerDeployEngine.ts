import { systemClock, type Clock } from '../../base/clock';
import { Emitter, type Event } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type {
  BuildOutput,
  ContainerDetails,
  DeployEngine,
  DeployEvent,
  ImageBuild,
  ImageDetails,
  LayerProgress,
  NewContainer,
  RegistrySignIn,
} from '../deployEngine';
import { EngineError, type EngineInfo } from '../engine';
import type { DeployApi } from './deployApi';
import type { EngineEvent } from './engineEvent';

/** How long a request waits for a connection that is away. */
const PATIENCE_MS = 20_000;

/** A live connection as deployments see it. */
export interface DeploySession {
  readonly deploys: DeployApi;
  readonly info: EngineInfo;
  readonly onEvent: Event<EngineEvent>;
}

/** Where deployments find the connection of the moment: a `DockerEngine`. */
export interface DeploySessionSource {
  readonly session: DeploySession | undefined;
  readonly onDidChangeSession: Event<unknown>;
}

/** What deployments need of an engine, over the Docker Engine API, across lost and new connections. */
export class DockerDeployEngine implements DeployEngine, Disposable {
  private readonly store = new DisposableStore();
  private readonly events = this.store.add(new Emitter<DeployEvent>());
  private readonly changed = this.store.add(new Emitter<unknown>());
  private readonly sessionStore = this.store.add(new DisposableStore());
  private lastInfo: EngineInfo | undefined;

  readonly onEvent = this.events.event;
  readonly onDidChangeConnection = this.changed.event;

  constructor(
    private readonly source: DeploySessionSource,
    private readonly clock: Clock = systemClock,
  ) {
    this.store.add(source.onDidChangeSession(() => this.listen()));
    this.listen();
  }

  get info(): EngineInfo | undefined {
    return this.source.session?.info ?? this.lastInfo;
  }

  get isConnected(): boolean {
    return this.source.session !== undefined;
  }

  async identify(): Promise<string | undefined> {
    const { session } = this.source;
    // Podman makes up another id for each answer, but none of its own is Docker's.
    return session?.info.product === 'Libpod' ? 'podman' : session?.deploys.engineId();
  }

  async build(build: ImageBuild, output: BuildOutput, signal: AbortSignal): Promise<string> {
    return (await this.api(signal)).build(build, output, signal);
  }

  async pull(
    image: string,
    signIn: RegistrySignIn | undefined,
    progress: (progress: LayerProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.api(signal)).pull(image, signIn, progress, signal);
  }

  async inspectImage(image: string, signal?: AbortSignal): Promise<ImageDetails | undefined> {
    return (await this.api(signal)).inspectImage(image, signal);
  }

  async tagImage(image: string, repository: string, tag: string): Promise<void> {
    await (await this.api()).tagImage(image, repository, tag);
  }

  async removeImage(name: string): Promise<void> {
    await (await this.api()).removeImage(name);
  }

  async listContainers(labels: readonly string[]): Promise<readonly ContainerDetails[]> {
    return (await this.api()).listContainers(labels);
  }

  async inspectContainer(idOrName: string): Promise<ContainerDetails | undefined> {
    return (await this.api()).inspectContainer(idOrName);
  }

  async createContainer(container: NewContainer): Promise<string> {
    return (await this.api()).createContainer(container);
  }

  async startContainer(id: string): Promise<void> {
    await (await this.api()).startContainer(id);
  }

  async stopContainer(id: string): Promise<void> {
    await (await this.api()).stopContainer(id);
  }

  async renameContainer(id: string, name: string): Promise<void> {
    await (await this.api()).renameContainer(id, name);
  }

  async removeContainer(id: string, volumes?: 'kept'): Promise<void> {
    await (await this.api()).removeContainer(id, volumes);
  }

  async readLastLines(container: ContainerDetails, count: number): Promise<readonly string[]> {
    return (await this.api()).readLastLines(container, count);
  }

  dispose(): void {
    this.store.dispose();
  }

  private listen(): void {
    this.sessionStore.clear();
    const { session } = this.source;
    if (session) {
      this.lastInfo = session.info;
      this.sessionStore.add(
        session.onEvent(({ containerId, action, attributes }) =>
          this.events.fire({ containerId, action, labels: attributes }),
        ),
      );
    }
    this.changed.fire(undefined);
  }

  private async api(signal?: AbortSignal): Promise<DeployApi> {
    signal?.throwIfAborted();
    if (!this.source.session) await this.waitForSession(signal);
    const { session } = this.source;
    if (session) return session.deploys;
    throw new EngineError('connectionLost', 'The engine is not connected. See whether it runs.');
  }

  /** Over when there is one, after a while, or with the signal. */
  private async waitForSession(signal: AbortSignal | undefined): Promise<void> {
    const waiting = new DisposableStore();
    try {
      await new Promise<void>((resolve, reject) => {
        waiting.add(this.clock.setTimer(resolve, PATIENCE_MS));
        waiting.add(this.source.onDidChangeSession(() => this.source.session && resolve()));
        const abort = (): void => reject(signal?.reason as Error);
        signal?.addEventListener('abort', abort, { once: true });
        waiting.add({ dispose: () => signal?.removeEventListener('abort', abort) });
      });
    } finally {
      waiting.dispose();
    }
  }
}
