import { systemClock } from '../base/clock';
import { messageOf } from '../base/errors';
import { DisposableStore, toDisposable, type Disposable } from '../base/lifecycle';
import type {
  DeploymentOrigin,
  DeploymentPage,
  DeploymentQuery,
  Deployments,
  DeploymentSink,
  DeploymentStart,
} from '../engine/deployments';
import { EngineError } from '../engine/engine';
import { isOver, type Deployment, type DeploymentId, type DeploymentSpec } from '../model/deployment';
import { handedOver } from './completeSpec';
import { DeploymentStore } from './deploymentStore';
import { failureMessage } from './failure';
import { JournalFolder } from './journal/journalFolder';
import { JournalFollow } from './journalFollow';
import { Keeper } from './keeper';
import { DEPLOYMENT_LIMITS, type LocalDeploymentsOptions } from './localOptions';
import { checkSpec } from './specCheck';

/**
 * The deployments of the engine beside which this process runs. Making one reads nothing: that comes with the first
 * request, or with the engine's connection, which also has it take over what a process that was ended left unfinished.
 */
export class LocalDeployments implements Deployments, Disposable {
  readonly canDeploy = true;
  private readonly disposables = new DisposableStore();
  private readonly folder: JournalFolder;
  private readonly known: DeploymentStore;
  private readonly keeper: Keeper;
  private readonly follows = new Map<DisposableStore, JournalFollow | undefined>();
  private opening: Promise<void> | undefined;

  readonly onDidChange: Deployments['onDidChange'];

  constructor(private readonly options: LocalDeploymentsOptions) {
    const clock = options.clock ?? systemClock;
    this.folder = new JournalFolder(options.folder, clock);
    this.known = this.disposables.add(new DeploymentStore(this.folder, clock));
    this.onDidChange = this.known.onDidChange;
    const limits = { ...DEPLOYMENT_LIMITS, ...options.limits };
    this.keeper = this.disposables.add(
      new Keeper({ ...options, clock, limits, journals: this.folder, known: this.known }),
    );
    this.disposables.add(this.known.onDidLook(() => this.readOn()));
    this.disposables.add(this.known.onDidLinger(() => this.recoverAbandoned()));
    const { engine } = options;
    this.disposables.add(engine.onDidChangeConnection(() => this.recoverIfConnected()));
    queueMicrotask(() => this.recoverIfConnected());
  }

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    return this.known.current;
  }

  watch(): Disposable {
    const store = new DisposableStore();
    this.open().then(
      () => !store.isDisposed && store.add(this.known.watch()),
      (error: unknown) => this.options.log('warn', `The deployments can't be read: ${messageOf(error)}`),
    );
    return store;
  }

  async list(query: DeploymentQuery): Promise<DeploymentPage> {
    return this.guarded(async () => {
      await this.open();
      return this.known.list(query);
    });
  }

  async start(request: DeploymentStart): Promise<Deployment> {
    return this.guarded(async () => {
      checkSpec(request.spec);
      await this.open();
      return this.keeper.begin(request);
    });
  }

  async cancel(id: DeploymentId): Promise<void> {
    await this.guarded(async () => {
      const deployment = await this.find(id);
      if (!isOver(deployment.status)) await this.keeper.cancel(id);
    });
  }

  async retry(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment> {
    return this.guarded(async () => {
      const { rollBackTo, isHandedOver } = await this.find(id);
      if (isHandedOver === true) throw handedOver();
      const request = this.keeper.remembered(id) ?? (await this.keeper.complete(id));
      return this.keeper.begin(withOrigin(request, origin), rollBackTo);
    });
  }

  async rollBackTo(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment> {
    return this.guarded(async () => {
      const { canRollBackTo } = await this.find(id);
      if (!canRollBackTo)
        throw new EngineError(
          'conflict',
          'The image of this deployment is not kept any more. Deploy its source again.',
        );
      return this.keeper.begin(withOrigin(await this.keeper.completeRollBack(id), origin), id);
    });
  }

  async readSpec(id: DeploymentId): Promise<DeploymentSpec> {
    return this.guarded(async () => {
      await this.find(id);
      const { opening } = await this.folder.summarize(id);
      if (!opening) throw new EngineError('engineFailure', 'The journal of this deployment can not be read.');
      return opening.spec;
    });
  }

  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable {
    const store = new DisposableStore();
    this.follows.set(store, undefined);
    store.add(toDisposable(() => this.follows.delete(store)));
    void this.beginFollow(id, after, sink, store);
    return store;
  }

  /** What is under way is left as it is: the next process takes it over. */
  dispose(): void {
    for (const store of this.follows.keys()) store.dispose();
    this.disposables.dispose();
  }

  private async beginFollow(
    id: DeploymentId,
    after: number,
    sink: DeploymentSink,
    store: DisposableStore,
  ): Promise<void> {
    try {
      await this.guarded(() => this.find(id));
    } catch (error) {
      if (store.isDisposed) return;
      store.dispose();
      sink.ended(error as EngineError);
      return;
    }
    if (store.isDisposed) return;
    const path = this.folder.journalPath(id);
    const follow = new JournalFollow(
      path,
      after,
      sink,
      (one) => this.keeper.present(one),
      () => (this.known.isUnwritten(id) ? this.known.get(id) : undefined),
      () => store.dispose(),
    );
    this.follows.set(store, follow);
    store.add(follow);
    store.add(this.known.watch());
    await follow.read();
  }

  private readOn(): void {
    for (const follow of this.follows.values()) void follow?.read();
  }

  private async find(id: DeploymentId): Promise<Deployment> {
    await this.open();
    const deployment = await this.known.find(id);
    if (deployment) return deployment;
    throw new EngineError('noSuchDeployment', 'There is no such deployment on this host.');
  }

  private open(): Promise<void> {
    this.opening ??= this.folder
      .create()
      .then(() => this.known.load())
      .catch((error: unknown) => {
        this.opening = undefined;
        throw error;
      });
    return this.opening;
  }

  private recoverIfConnected(): void {
    if (!this.options.engine.isConnected || this.disposables.isDisposed) return;
    this.open()
      .then(() => this.keeper.recover())
      .catch((error: unknown) =>
        this.options.log('warn', `Unfinished deployments were not taken over: ${messageOf(error)}`),
      );
  }

  private recoverAbandoned(): void {
    if (!this.options.engine.isConnected) return;
    this.keeper
      .recoverAbandoned()
      .catch((error: unknown) =>
        this.options.log('debug', `Unfinished deployments were not taken over: ${messageOf(error)}`),
      );
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const { folder } = this.options;
      const why = failureMessage(error);
      throw new EngineError('engineFailure', `The journals in ${folder} can't be used: ${why}`, {
        cause: error,
      });
    }
  }
}

/** The same asked for by somebody else: who asked the first time is not who asks now. */
function withOrigin(
  { spec, context }: DeploymentStart,
  origin: DeploymentOrigin | undefined,
): DeploymentStart {
  return { spec, ...(context && { context }), ...(origin && { origin }) };
}
