import { Emitter } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type {
  DeploymentPage,
  DeploymentQuery,
  Deployments,
  DeploymentSink,
  DeploymentStart,
} from '../../engine/deployments';
import { EngineError } from '../../engine/engine';
import { messageOf } from '../../base/errors';
import type { Deployment, DeploymentId, DeploymentSpec } from '../../model/deployment';

/** Deployments whose code is loaded when they are first looked at or asked for something. */
export class LazyDeployments implements Deployments, Disposable {
  readonly canDeploy = true;

  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new Emitter<readonly Deployment[]>());
  private loading: Promise<Deployments> | undefined;
  private loaded: Deployments | undefined;

  readonly onDidChange = this.changed.event;

  /** @param load whatever it puts into the store is disposed with these */
  constructor(private readonly load: (store: DisposableStore) => Promise<Deployments>) {}

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    return this.loaded?.current;
  }

  watch(): Disposable {
    const store = new DisposableStore();
    this.open().then(
      (inner) => store.add(inner.watch()),
      () => undefined,
    );
    return store;
  }

  async list(query: DeploymentQuery): Promise<DeploymentPage> {
    return (await this.open()).list(query);
  }

  async start(request: DeploymentStart): Promise<Deployment> {
    return (await this.open()).start(request);
  }

  async cancel(id: DeploymentId): Promise<void> {
    await (await this.open()).cancel(id);
  }

  async retry(id: DeploymentId): Promise<Deployment> {
    return (await this.open()).retry(id);
  }

  async rollBackTo(id: DeploymentId): Promise<Deployment> {
    return (await this.open()).rollBackTo(id);
  }

  async readSpec(id: DeploymentId): Promise<DeploymentSpec> {
    return (await this.open()).readSpec(id);
  }

  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable {
    const store = new DisposableStore();
    this.open().then(
      (inner) => store.add(inner.follow(id, after, sink)),
      (error: unknown) => {
        if (!store.isDisposed) sink.ended(error as EngineError);
      },
    );
    return store;
  }

  dispose(): void {
    this.store.dispose();
  }

  private open(): Promise<Deployments> {
    this.loading ??= this.opened();
    return this.loading;
  }

  private async opened(): Promise<Deployments> {
    let inner: Deployments;
    try {
      inner = await this.load(this.store);
    } catch (error) {
      this.loading = undefined;
      throw new EngineError('engineFailure', messageOf(error), { cause: error });
    }
    this.loaded = inner;
    this.store.add(inner.onDidChange((deployments) => this.changed.fire(deployments)));
    return inner;
  }
}
