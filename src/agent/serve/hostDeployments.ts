import { systemClock, type Clock } from '../../base/clock';
import { Emitter, type Event } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { LocalDeployments } from '../../deploy/localDeployments';
import { machineTools } from '../../deploy/machineTools';
import { DockerDeployEngine, type DeploySessionSource } from '../../engine/docker/dockerDeployEngine';
import type { DockerEngine } from '../../engine/docker/dockerEngine';
import type { Deployments } from '../../engine/deployments';
import { isOver, type Deployment } from '../../model/deployment';
import type { EngineLease, LeasedEngine } from './engineLease';
import type { AgentLogger } from './logger';

export interface HostDeploymentsOptions {
  /** Of the journals. */
  readonly folder: string;
  readonly engine: EngineLease<DockerEngine>;
  readonly log: AgentLogger;
}

/** After the last one is over there are still images to tidy up. */
const LINGER_MS = 10_000;

/** Enough to find what an earlier agent left unfinished: no more of them may wait on a host. */
const NEWEST = 200;

/**
 * The deployments of the agent's host. The engine that clients share is needed while one waits or runs, also with nobody
 * connected; with none under way the agent asks it for nothing.
 */
export class HostDeploymentsRunner implements Disposable {
  private readonly store = new DisposableStore();
  private readonly sessions: LeasedSessions;
  private readonly local: LocalDeployments;
  /** As long as it is held. */
  private watching: Disposable | undefined;
  private asking = 0;
  private linger: Disposable | undefined;

  constructor(
    { folder, engine, log }: HostDeploymentsOptions,
    private readonly clock: Clock = systemClock,
  ) {
    this.sessions = this.store.add(new LeasedSessions(engine));
    const deployEngine = this.store.add(new DockerDeployEngine(this.sessions));
    this.local = this.store.add(
      new LocalDeployments({
        engine: deployEngine,
        folder,
        startedBy: 'agent',
        log: (level, message) => log[level](message),
        tools: machineTools(),
      }),
    );
    this.store.add(this.local.onDidChange((changed) => this.look(changed)));
  }

  /** Has what an earlier agent left unfinished taken over, if there is any. */
  async recover(): Promise<void> {
    const { deployments } = await this.local.list({ limit: NEWEST });
    this.look(deployments);
  }

  get deployments(): Deployments {
    const { local } = this;
    return {
      canDeploy: local.canDeploy,
      get current() {
        return local.current;
      },
      onDidChange: local.onDidChange,
      watch: () => local.watch(),
      list: (query) => local.list(query),
      readSpec: (id) => local.readSpec(id),
      follow: (id, after, sink) => local.follow(id, after, sink),
      start: (request) => this.changing(() => local.start(request)),
      cancel: (id) => this.changing(() => local.cancel(id)),
      retry: (id, origin) => this.changing(() => local.retry(id, origin)),
      rollBackTo: (id, origin) => this.changing(() => local.rollBackTo(id, origin)),
    };
  }

  dispose(): void {
    this.linger?.dispose();
    this.watching?.dispose();
    this.store.dispose();
  }

  private async changing<T>(work: () => Promise<T>): Promise<T> {
    this.asking += 1;
    this.hold();
    try {
      return await work();
    } finally {
      this.asking -= 1;
      this.letGoIfIdle();
    }
  }

  private look(changed: readonly Deployment[]): void {
    if (changed.some(({ status }) => !isOver(status))) this.hold();
    else this.letGoIfIdle();
  }

  private hold(): void {
    if (this.store.isDisposed) return;
    this.linger?.dispose();
    this.linger = undefined;
    this.watching ??= this.local.watch();
    this.sessions.hold();
  }

  private letGoIfIdle(): void {
    const all = [...(this.local.current?.values() ?? [])];
    if (this.asking > 0 || !this.watching || all.some(({ status }) => !isOver(status))) return;
    this.linger ??= this.clock.setTimer(() => {
      this.linger = undefined;
      this.watching?.dispose();
      this.watching = undefined;
      this.sessions.release();
    }, LINGER_MS);
  }
}

/** The sessions of the shared engine, as long as it is held. */
class LeasedSessions implements DeploySessionSource, Disposable {
  private readonly changed = new Emitter<unknown>();
  private readonly holding = new DisposableStore();
  private lease: LeasedEngine<DockerEngine> | undefined;

  constructor(private readonly engine: EngineLease<DockerEngine>) {}

  get session(): DockerEngine['session'] {
    return this.lease?.engine.session;
  }

  get onDidChangeSession(): Event<unknown> {
    return this.changed.event;
  }

  hold(): void {
    if (this.lease || this.holding.isDisposed) return;
    this.lease = this.holding.add(this.engine.acquire());
    this.holding.add(this.lease.engine.onDidChangeSession(() => this.changed.fire(undefined)));
    this.changed.fire(undefined);
  }

  release(): void {
    if (!this.lease) return;
    this.lease = undefined;
    this.holding.clear();
    this.changed.fire(undefined);
  }

  dispose(): void {
    this.lease = undefined;
    this.holding.dispose();
    this.changed.dispose();
  }
}
