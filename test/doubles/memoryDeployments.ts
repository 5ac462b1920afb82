import { Emitter } from '../../src/base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../src/base/lifecycle';
import type {
  DeploymentPage,
  DeploymentQuery,
  Deployments,
  DeploymentSink,
  DeploymentStart,
} from '../../src/engine/deployments';
import { EngineError } from '../../src/engine/engine';
import {
  isOver,
  type Deployment,
  type DeploymentEntry,
  type DeploymentFailure,
  type DeploymentId,
  type DeploymentSpec,
  type DeploymentStage,
  type DeploymentStatus,
} from '../../src/model/deployment';

/** What changes of a deployment when a test says so. */
export type DeploymentChange = Partial<
  Pick<Deployment, 'message' | 'imageId' | 'commit' | 'failure' | 'canRollBackTo'>
>;

interface KeptDeployment {
  readonly spec: DeploymentSpec;
  readonly entries: DeploymentEntry[];
  deployment: Deployment;
}

interface Follower {
  readonly id: DeploymentId;
  readonly sink: DeploymentSink;
  next: number;
}

/** The status and percentage a deployment has when it enters a stage. */
const STAGES: Readonly<{ [Stage in DeploymentStage]: readonly [DeploymentStatus, number] }> = {
  queued: ['pending', 0],
  cloning_repo: ['building', 1],
  pulling_image: ['building', 25],
  building_image: ['building', 25],
  stopping_old: ['deploying', 75],
  starting_new: ['deploying', 78],
  health_check: ['deploying', 80],
  rolling_back: ['deploying', 80],
  completed: ['success', 100],
};

/**
 * {@link Deployments} that live in memory and go from stage to stage when the test says so: {@link enter},
 * {@link progress}, {@link log}, {@link succeed}, {@link fail}. What is asked of it is recorded. Cancelling ends a
 * deployment at once.
 */
export class MemoryDeployments implements Deployments {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new Emitter<readonly Deployment[]>());
  private readonly records = new Map<DeploymentId, KeptDeployment>();
  private readonly followers = new Set<Follower>();
  private count = 0;

  readonly onDidChange = this.changed.event;
  /** All that was started, in order, with retries and roll-backs. */
  readonly starts: DeploymentStart[] = [];
  readonly cancelled: DeploymentId[] = [];
  watchers = 0;
  canDeploy = true;
  isKnown = true;
  startedBy = 'test';
  nowMs = Date.UTC(2026, 0, 1);
  /** Thrown by the next request, once. */
  nextError: EngineError | undefined;

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    if (!this.isKnown) return undefined;
    return new Map([...this.records].map(([id, { deployment }]) => [id, deployment]));
  }

  get followed(): readonly DeploymentId[] {
    return [...this.followers].map(({ id }) => id);
  }

  watch(): Disposable {
    this.watchers += 1;
    return toDisposable(() => (this.watchers -= 1));
  }

  async list({ app, before, limit }: DeploymentQuery): Promise<DeploymentPage> {
    await this.answer();
    const all = [...this.records.values()]
      .map(({ deployment }) => deployment)
      .filter((deployment) => app === undefined || deployment.app === app)
      .filter(({ id }) => before === undefined || id < before)
      .sort((left, right) => (left.id < right.id ? 1 : -1));
    return { deployments: all.slice(0, limit), hasMore: all.length > limit };
  }

  async start(request: DeploymentStart): Promise<Deployment> {
    await this.answer();
    return this.add(request);
  }

  async cancel(id: DeploymentId): Promise<void> {
    await this.answer();
    const { deployment } = this.record(id);
    this.cancelled.push(id);
    if (!isOver(deployment.status)) this.finish(id, 'cancelled', { message: 'Cancelled.' });
  }

  async retry(id: DeploymentId): Promise<Deployment> {
    await this.answer();
    return this.add({ spec: this.record(id).spec });
  }

  async rollBackTo(id: DeploymentId): Promise<Deployment> {
    await this.answer();
    const { spec, deployment } = this.record(id);
    if (!deployment.canRollBackTo)
      throw new EngineError('conflict', 'The image of this deployment is gone; deploy its source again.');
    return this.add({ spec }, { rollBackTo: id });
  }

  async readSpec(id: DeploymentId): Promise<DeploymentSpec> {
    await this.answer();
    return this.record(id).spec;
  }

  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable {
    const follower: Follower = { id, sink, next: after };
    this.followers.add(follower);
    // The port's sinks are never called before the call that asked returned.
    queueMicrotask(() => this.feed(follower));
    return toDisposable(() => this.followers.delete(follower));
  }

  /** It enters a stage, with that stage's status and least percentage. */
  enter(id: DeploymentId, stage: DeploymentStage, change: DeploymentChange = {}): void {
    const { deployment } = this.record(id);
    const [status, progress] = STAGES[stage];
    const stages = [...ended(deployment, this.nowMs), { stage, startedAtMs: this.nowMs }];
    this.change(id, {
      ...change,
      status,
      stage,
      stages,
      progress: Math.max(progress, deployment.progress),
    });
  }

  progress(id: DeploymentId, progress: number, message = ''): void {
    this.change(id, { progress: Math.max(progress, this.record(id).deployment.progress), message });
  }

  log(id: DeploymentId, text: string, stream: 'stdout' | 'stderr' | 'system' = 'stdout'): void {
    this.append(id, (place) => ({ ...place, kind: 'log', stream, text }));
  }

  succeed(id: DeploymentId, change: DeploymentChange = {}): void {
    this.finish(id, 'success', { imageId: 'sha256:1', canRollBackTo: true, ...change });
  }

  /** @param status `rolled_back` where the old version was stopped already and runs again */
  fail(
    id: DeploymentId,
    failure: Partial<DeploymentFailure> = {},
    status: 'failed' | 'rolled_back' = 'failed',
  ): void {
    const { stage } = this.record(id).deployment;
    const message = 'It went wrong.';
    this.finish(id, status, { message, failure: { stage, message, lastLines: [], ...failure } });
  }

  /** Changes anything at all and announces it. */
  change(id: DeploymentId, change: Partial<Deployment>): void {
    const record = this.record(id);
    record.deployment = { ...record.deployment, ...change };
    const { deployment } = record;
    this.append(id, (place) => ({ ...place, kind: 'state', deployment }));
    this.changed.fire([deployment]);
    if (isOver(deployment.status)) this.feedAll(id);
  }

  /** Everybody who follows hears that it can't go on. */
  breakFollowers(error: EngineError): void {
    for (const follower of [...this.followers]) {
      this.followers.delete(follower);
      follower.sink.ended(error);
    }
  }

  dispose(): void {
    this.followers.clear();
    this.store.dispose();
  }

  private add(request: DeploymentStart, more: Partial<Deployment> = {}): Deployment {
    this.starts.push(request);
    this.count += 1;
    const id = `d${String(this.count).padStart(6, '0')}`;
    const { app, source } = request.spec;
    const deployment: Deployment = {
      id,
      app,
      sourceKind: source.kind,
      sourceText: sourceText(source),
      startedBy: this.startedBy,
      createdAtMs: this.nowMs,
      status: 'pending',
      stage: 'queued',
      progress: 0,
      message: '',
      stages: [{ stage: 'queued', startedAtMs: this.nowMs }],
      canRollBackTo: false,
      ...more,
    };
    this.records.set(id, { spec: request.spec, entries: [], deployment });
    this.change(id, {});
    return deployment;
  }

  private finish(id: DeploymentId, status: DeploymentStatus, change: DeploymentChange): void {
    const { deployment } = this.record(id);
    const isSuccess = status === 'success';
    this.change(id, {
      ...change,
      status,
      stage: isSuccess ? 'completed' : deployment.stage,
      progress: isSuccess ? 100 : deployment.progress,
      stages: ended(deployment, this.nowMs),
      endedAtMs: this.nowMs,
    });
  }

  private append(
    id: DeploymentId,
    make: (place: { readonly sequence: number; readonly timeMs: number }) => DeploymentEntry,
  ): void {
    const { entries } = this.record(id);
    entries.push(make({ sequence: entries.length + 1, timeMs: this.nowMs }));
    this.feedAll(id);
  }

  private feedAll(id: DeploymentId): void {
    for (const follower of [...this.followers]) if (follower.id === id) this.feed(follower);
  }

  private feed(follower: Follower): void {
    if (!this.followers.has(follower)) return;
    const record = this.records.get(follower.id);
    if (!record) {
      this.followers.delete(follower);
      follower.sink.ended(noSuchDeployment(follower.id));
      return;
    }
    const entries = record.entries.slice(follower.next);
    follower.next = Math.max(follower.next, record.entries.length);
    if (entries.length > 0) follower.sink.entries(entries);
    if (isOver(record.deployment.status) && this.followers.delete(follower)) follower.sink.ended();
  }

  private record(id: DeploymentId): KeptDeployment {
    const record = this.records.get(id);
    if (!record) throw noSuchDeployment(id);
    return record;
  }

  /** Also makes every request asynchronous. */
  private async answer(): Promise<void> {
    await Promise.resolve();
    const error = this.nextError;
    this.nextError = undefined;
    if (error) throw error;
  }
}

function noSuchDeployment(id: DeploymentId): EngineError {
  return new EngineError('noSuchDeployment', `There is no deployment ${id} here.`);
}

/** Its stages, with the last one ended. */
function ended({ stages }: Deployment, nowMs: number): Deployment['stages'] {
  return stages.map((timing) => (timing.endedAtMs === undefined ? { ...timing, endedAtMs: nowMs } : timing));
}

function sourceText(source: DeploymentSpec['source']): string {
  switch (source.kind) {
    case 'git':
      return source.ref === undefined ? source.repository : `${source.repository} (${source.ref})`;
    case 'folder':
      return source.folder;
    case 'image':
      return source.image;
    case 'compose':
      return source.files.join(', ');
  }
}
