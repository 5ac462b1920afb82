import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type {
  DeploymentOrigin,
  DeploymentPage,
  DeploymentQuery,
  Deployments,
  DeploymentSink,
  DeploymentStart,
} from '../../engine/deployments';
import { EngineError } from '../../engine/engine';
import type { Deployment, DeploymentId, DeploymentSpec } from '../../model/deployment';
import { APP_LABEL } from '../../model/deploymentLabels';
import { findDeployment, noSuchDeployment } from './findDeployment';
import { mayDo, type Action, type Rights } from './permissions';
import type { ScopedEngine } from './scopedEngine';

const PAGE_SIZE = 200;

/**
 * A host's deployments as somebody with these rights sees them. With a scope these are the deployments of apps of which a
 * container is in it, known by its label, and of Compose projects that it names or of which a container is in it; the others do not exist. Several of these share one host's; disposing one leaves
 * that alone, and ends what was followed through it.
 */
export class ScopedDeployments implements Deployments, Disposable {
  private readonly store = new DisposableStore();
  private readonly didChange = this.store.add(new Emitter<readonly Deployment[]>());
  /** Also fires, with nothing, where it is the scope that shows or hides some. */
  readonly onDidChange = this.didChange.event;

  constructor(
    private readonly deployments: Deployments,
    private readonly engine: Pick<ScopedEngine, 'containers' | 'onDidChangeContainers'>,
    private readonly rights: Rights,
    private readonly clock: Clock,
  ) {
    const fire = (changed: readonly Deployment[]): void =>
      this.didChange.fire(changed.filter((one) => this.isVisible(one)));
    this.store.add(deployments.onDidChange(fire));
    if (rights.scope) this.store.add(engine.onDidChangeContainers(() => this.didChange.fire([])));
  }

  get canDeploy(): boolean {
    return this.deployments.canDeploy && mayDo(this.rights, 'deploy');
  }

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    const { current } = this.deployments;
    if (this.rights.scope === undefined || current === undefined) return current;
    return new Map([...current].filter(([, deployment]) => this.isVisible(deployment)));
  }

  watch(): Disposable {
    const watching = this.store.add(this.deployments.watch());
    return toDisposable(() => this.store.delete(watching));
  }

  async list(query: DeploymentQuery): Promise<DeploymentPage> {
    this.require('deployments');
    if (this.rights.scope === undefined) return this.deployments.list(query);
    return this.listVisible(query);
  }

  /** Rejects with `noSuchDeployment`. */
  async find(id: DeploymentId): Promise<Deployment> {
    this.require('deployments');
    const found = await findDeployment(this.deployments, id, this.clock);
    if (!this.isVisible(found)) throw noSuchDeployment();
    return found;
  }

  async readSpec(id: DeploymentId): Promise<DeploymentSpec> {
    await this.find(id);
    return this.deployments.readSpec(id);
  }

  async start(request: DeploymentStart): Promise<Deployment> {
    this.require('deploy');
    return this.deployments.start(request);
  }

  async cancel(id: DeploymentId): Promise<void> {
    this.require('deploy');
    await this.deployments.cancel(id);
  }

  async retry(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment> {
    this.require('deploy');
    return this.deployments.retry(id, origin);
  }

  async rollBackTo(id: DeploymentId, origin?: DeploymentOrigin): Promise<Deployment> {
    this.require('deploy');
    return this.deployments.rollBackTo(id, origin);
  }

  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable {
    const follow = this.store.add(new DisposableStore());
    const end = (error?: EngineError): void => {
      if (follow.isDisposed) return;
      this.store.delete(follow);
      sink.ended(error);
    };
    void this.beginFollow(id, after, { entries: (entries) => sink.entries(entries), ended: end }, follow);
    return toDisposable(() => this.store.delete(follow));
  }

  dispose(): void {
    this.store.dispose();
  }

  /** Only with a scope it has to be known first whose deployment it is. */
  private async beginFollow(
    id: DeploymentId,
    after: number,
    sink: DeploymentSink,
    follow: DisposableStore,
  ): Promise<void> {
    try {
      this.require('deployments');
      if (this.rights.scope !== undefined) await this.holdInScope(id, sink, follow);
      if (!follow.isDisposed) follow.add(this.deployments.follow(id, after, sink));
    } catch (error) {
      // Whoever asked hears nothing before the call that asked has returned.
      queueMicrotask(() => sink.ended(error instanceof EngineError ? error : noSuchDeployment()));
    }
  }

  /** Ends the following as soon as no container of the app is in the scope any more. */
  private async holdInScope(id: DeploymentId, sink: DeploymentSink, follow: DisposableStore): Promise<void> {
    const deployment = await this.find(id);
    const look = (): void => {
      if (!this.isVisible(deployment)) sink.ended(noSuchDeployment());
    };
    follow.add(this.engine.onDidChangeContainers(look));
  }

  /** Looks through the whole journal if it must; how long that is, is bounded by how much of it is kept. */
  private async listVisible({ app, before, limit }: DeploymentQuery): Promise<DeploymentPage> {
    const visible: Deployment[] = [];
    let last = before;
    for (;;) {
      const { deployments, hasMore } = await this.deployments.list({
        ...(app !== undefined && { app }),
        ...(last !== undefined && { before: last }),
        limit: PAGE_SIZE,
      });
      visible.push(...deployments.filter((one) => this.isVisible(one)));
      last = deployments.at(-1)?.id;
      if (visible.length > limit) return { deployments: visible.slice(0, limit), hasMore: true };
      if (!hasMore || last === undefined) return { deployments: visible, hasMore: false };
    }
  }

  private isVisible({ app, project }: Deployment): boolean {
    const { scope } = this.rights;
    if (scope === undefined) return true;
    if (project !== undefined && scope.projects.includes(project)) return true;
    for (const { labels, compose } of this.engine.containers?.values() ?? []) {
      const isOfApp = Object.hasOwn(labels, APP_LABEL) && labels[APP_LABEL] === app;
      if (project === undefined ? isOfApp : compose?.project === project) return true;
    }
    return false;
  }

  private require(action: Action): void {
    if (!mayDo(this.rights, action))
      throw new EngineError('forbidden', `This token may not do this (${action}).`);
  }
}
