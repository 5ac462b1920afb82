import { Emitter } from '../../src/base/emitter';
import { DisposableStore } from '../../src/base/lifecycle';
import type {
  ContainerDetails,
  DeployEngine,
  DeployEvent,
  ImageDetails,
  NewContainer,
} from '../../src/engine/deployEngine';
import { EngineError, type EngineInfo } from '../../src/engine/engine';

/** A container to put there, as if somebody else had made it. */
export type MadeContainer = Partial<Omit<ContainerDetails, 'id'>> & { readonly name: string };

/**
 * A {@link DeployEngine} in memory. Containers run as soon as they are started, for ever; {@link change} has them end.
 * {@link before} is called before a request is carried out, and may change anything, wait, or throw.
 */
export class MemoryDeployEngine implements DeployEngine {
  private readonly store = new DisposableStore();
  private readonly events = this.store.add(new Emitter<DeployEvent>());
  private readonly connected = this.store.add(new Emitter<unknown>());
  private readonly containers = new Map<string, ContainerDetails>();
  private readonly lines = new Map<string, readonly string[]>();
  private count = 0;

  readonly info: EngineInfo | undefined = undefined;
  id = 'engine-1';
  isConnected = true;
  readonly onDidChangeConnection = this.connected.event;
  readonly onEvent = this.events.event;
  /** Removed containers whose anonymous volumes stayed. */
  readonly keptVolumes: string[] = [];
  /** Ids by name. */
  readonly images = new Map<string, string>();
  before: (request: string, target: string) => void | Promise<void> = () => undefined;

  identify(): Promise<string | undefined> {
    return Promise.resolve(this.id);
  }

  get all(): readonly ContainerDetails[] {
    return [...this.containers.values()];
  }

  named(name: string): ContainerDetails | undefined {
    return this.all.find((one) => one.name === name);
  }

  add(made: MadeContainer): ContainerDetails {
    this.count += 1;
    const container: ContainerDetails = {
      id: String(this.count).padStart(64, '0'),
      imageId: 'sha256:0',
      state: 'running',
      isRunning: true,
      startedAt: '',
      restartCount: 0,
      restartPolicy: 'no',
      exitCode: 0,
      outOfMemory: false,
      error: '',
      environment: [],
      labels: {},
      hasTerminal: false,
      removesItself: false,
      ...made,
    };
    this.containers.set(container.id, container);
    return container;
  }

  change(id: string, change: Partial<ContainerDetails>, action = 'update'): void {
    const container = this.find(id);
    this.containers.set(container.id, { ...container, ...change });
    this.events.fire({ containerId: container.id, action, labels: container.labels });
  }

  /** Somebody else removes it. */
  lose(id: string): void {
    this.containers.delete(id);
  }

  wrote(id: string, lines: readonly string[]): void {
    this.lines.set(id, lines);
  }

  dispose(): void {
    this.store.dispose();
  }

  async build(): Promise<string> {
    await this.before('build', '');
    return 'sha256:built';
  }

  async pull(image: string): Promise<void> {
    await this.before('pull', image);
    this.images.set(image, `sha256:${image}`);
  }

  async inspectImage(image: string): Promise<ImageDetails | undefined> {
    await this.before('inspectImage', image);
    const id = this.images.get(image) ?? [...this.images.values()].find((one) => one === image);
    if (id === undefined) return undefined;
    const tags = [...this.images].filter(([, one]) => one === id).map(([name]) => name);
    return { id, tags, environment: [], hasHealthCheck: false };
  }

  async tagImage(image: string, repository: string, tag: string): Promise<void> {
    await this.before('tagImage', image);
    this.images.set(`${repository}:${tag}`, image);
  }

  async removeImage(name: string): Promise<void> {
    await this.before('removeImage', name);
    this.images.delete(name);
  }

  async listContainers(labels: readonly string[]): Promise<readonly ContainerDetails[]> {
    await this.before('listContainers', labels.join());
    return this.all.filter((container) =>
      labels.every((label) => {
        const [name = '', ...value] = label.split('=');
        const has = container.labels[name];
        return value.length === 0 ? has !== undefined : has === value.join('=');
      }),
    );
  }

  async inspectContainer(idOrName: string): Promise<ContainerDetails | undefined> {
    await this.before('inspectContainer', idOrName);
    return this.containers.get(idOrName) ?? this.named(idOrName);
  }

  async createContainer({ name, image, run, labels }: NewContainer): Promise<string> {
    await this.before('createContainer', name);
    const imageId = this.images.get(image) ?? image;
    const environment = Object.entries(run.environment ?? {}).map(([one, value]) => `${one}=${value}`);
    const all = { ...run.labels, ...labels };
    return this.add({ name, imageId, environment, labels: all, state: 'created', isRunning: false }).id;
  }

  async startContainer(id: string): Promise<void> {
    await this.before('startContainer', this.find(id).name);
    this.count += 1;
    this.change(id, { state: 'running', isRunning: true, startedAt: String(this.count) }, 'start');
  }

  async stopContainer(id: string): Promise<void> {
    await this.before('stopContainer', this.find(id).name);
    if (this.find(id).removesItself) this.containers.delete(id);
    else this.change(id, { state: 'exited', isRunning: false }, 'die');
  }

  async renameContainer(id: string, name: string): Promise<void> {
    await this.before('renameContainer', name);
    if (this.named(name)) throw new EngineError('conflict', `The name ${name} is taken.`);
    this.change(id, { name }, 'rename');
  }

  async removeContainer(id: string, volumes?: 'kept'): Promise<void> {
    await this.before('removeContainer', this.containers.get(id)?.name ?? id);
    if (volumes === 'kept' && this.containers.has(id)) this.keptVolumes.push(id);
    this.containers.delete(id);
  }

  async readLastLines({ id }: ContainerDetails, count: number): Promise<readonly string[]> {
    await this.before('readLastLines', id);
    return (this.lines.get(id) ?? []).slice(-count);
  }

  private find(id: string): ContainerDetails {
    const container = this.containers.get(id);
    if (!container) throw new EngineError('noSuchContainer', `There is no container ${id}.`);
    return container;
  }
}
