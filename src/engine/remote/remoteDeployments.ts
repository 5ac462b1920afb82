import type { Clock } from '../../base/clock';
import { deferred, type Deferred } from '../../base/async';
import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type { Deployment, DeploymentId, DeploymentSpec } from '../../model/deployment';
import { specFromWire, specToWire } from '../../protocol/deploymentSchemas';
import { LIMITS } from '../../protocol/limits';
import type { AgentEvent, CommandAction, CommandData, CommandResult } from '../../protocol/messages';
import type {
  ContextArchive,
  DeploymentPage,
  DeploymentQuery,
  Deployments,
  DeploymentSink,
  DeploymentStart,
} from '../deployments';
import { EngineError } from '../engine';
import type { AgentConnection, Established } from './agentConnection';
import { AgentRefusal, closedByUs, connectionLost } from './agentErrors';
import type { RemoteCommands } from './remoteCommands';
import { RemoteDeploymentStream } from './remoteDeploymentStream';
import { KnownDeployments } from './knownDeployments';
import type { RemoteStreams } from './remoteStreams';
import { RemoteUpload, UploadLost, type Uploaded } from './remoteUpload';

/** What was uploaded may be gone before it is deployed, with its session. */
const MOST_UPLOADS = 3;

export interface RemoteDeploymentsOptions {
  readonly streams: RemoteStreams;
  readonly commands: RemoteCommands;
  readonly clock: Clock;
  /** Makes ids that are unique for ever. */
  readonly uniqueId: () => string;
  /** Whether compressing is worth it, over the connection of the moment. */
  readonly compresses: () => boolean;
  /** The connection of the moment; throws EngineError while there is none. */
  readonly requireConnection: () => AgentConnection;
}

/**
 * The deployments of an agent's host. The last known ones stay while the agent is away. What is followed goes on after
 * it, and so do uploads and what was asked for; see {@link Deployments}.
 */
export class RemoteDeployments implements Deployments, Disposable {
  private readonly store = new DisposableStore();
  private readonly didChange = this.store.add(new Emitter<readonly Deployment[]>());
  readonly onDidChange = this.didChange.event;
  private readonly known = new KnownDeployments();
  private readonly follows = new Set<RemoteDeploymentStream>();
  private readonly uploads = new Set<RemoteUpload>();
  /** Who waits for a connection. */
  private readonly waiting = new Set<Deferred<AgentConnection>>();
  private connection: AgentConnection | undefined;
  private watchers = 0;
  private isOffered = false;
  private isAllowed = false;

  constructor(private readonly options: RemoteDeploymentsOptions) {}

  /** As the agent said when it was connected last. */
  get canDeploy(): boolean {
    return this.isAllowed;
  }

  /** Whether the agent has deployments at all. */
  get isAvailable(): boolean {
    return this.isOffered;
  }

  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    return this.known.current;
  }

  watch(): Disposable {
    this.watchers += 1;
    if (this.watchers === 1) this.tellWatch('watch_deployments');
    return toDisposable(() => {
      this.watchers -= 1;
      if (this.watchers === 0) this.tellWatch('unwatch_deployments');
    });
  }

  list({ app, before, limit }: DeploymentQuery): Promise<DeploymentPage> {
    return this.ask('list_deployments', {
      ...(app !== undefined && { app }),
      ...(before !== undefined && { before }),
      limit: Math.max(1, Math.min(limit, LIMITS.maxDeploymentsPerPage)),
    });
  }

  async readSpec(id: DeploymentId): Promise<DeploymentSpec> {
    const { spec } = await this.ask('read_deployment_spec', { deployment_id: id });
    return specFromWire(spec);
  }

  /** Who asks is known by the token; `origin` is not looked at. */
  async start({ spec, context }: DeploymentStart): Promise<Deployment> {
    this.options.requireConnection();
    const wire = specToWire(spec);
    if (!context) return this.change('start_deployment', { spec: wire });
    for (let count = 1; ; count++) {
      try {
        return await this.change('start_deployment', { spec: wire, context: await this.upload(context) });
      } catch (error) {
        if (count >= MOST_UPLOADS || !isUploadLost(error)) throw error;
      }
    }
  }

  async cancel(id: DeploymentId): Promise<void> {
    this.options.requireConnection();
    const data = { deployment_id: id };
    await this.options.commands.run('cancel_deployment', data, () => Promise.resolve({}));
  }

  async retry(id: DeploymentId): Promise<Deployment> {
    this.options.requireConnection();
    return this.change('retry_deployment', { deployment_id: id });
  }

  async rollBackTo(id: DeploymentId): Promise<Deployment> {
    this.options.requireConnection();
    return this.change('roll_back_deployment', { deployment_id: id });
  }

  follow(id: DeploymentId, after: number, sink: DeploymentSink): Disposable {
    const { streams, compresses } = this.options;
    const left = (over: RemoteDeploymentStream): boolean => this.follows.delete(over);
    const follow = new RemoteDeploymentStream({ id, after, sink, streams, compresses, left });
    this.follows.add(follow);
    // A sink hears nothing before the call that began the following has returned.
    queueMicrotask(() => {
      if (this.connection && this.follows.has(follow)) follow.connected(this.connection);
    });
    return follow;
  }

  dispose(): void {
    this.giveUp(closedByUs());
    for (const follow of [...this.follows]) follow.dispose();
    this.store.dispose();
  }

  // --- What the engine tells

  /** Before the streams are told which of them go on. */
  connecting(connection: AgentConnection): void {
    for (const upload of this.uploads) upload.connected(connection);
  }

  /** After the streams were told. */
  connected(connection: AgentConnection, { capabilities }: Established): void {
    this.connection = connection;
    const before = [this.isOffered, this.isAllowed];
    this.isOffered = capabilities['deployments'] === true;
    this.isAllowed = capabilities['deploy'] === true;
    for (const follow of this.follows) follow.connected(connection);
    for (const waiting of this.waiting) waiting.resolve(connection);
    if (this.watchers > 0) this.tellWatch('watch_deployments');
    if (before[0] !== this.isOffered || before[1] !== this.isAllowed) this.didChange.fire([]);
  }

  disconnected(): void {
    this.connection = undefined;
    this.known.disconnected();
    for (const upload of this.uploads) upload.disconnected();
    for (const follow of this.follows) follow.disconnected();
  }

  /** Only a person can help: what somebody waits for fails. What is followed goes on should they. */
  giveUp(failure: EngineError): void {
    for (const upload of this.uploads) upload.fail(failure);
    for (const waiting of this.waiting) waiting.reject(failure);
  }

  take(event: AgentEvent): void {
    if (event.action === 'deployment_list') {
      if (this.known.takePart(event.data)) this.didChange.fire([...(this.known.current?.values() ?? [])]);
    } else if (event.action === 'deployment_state_change') {
      if (this.known.takeChange(event.data)) this.didChange.fire(event.data.updated);
    }
  }

  private tellWatch(action: 'watch_deployments' | 'unwatch_deployments'): void {
    if (!this.isOffered) return;
    this.connection?.request(action, {}, { done: ignore, failed: ignore });
  }

  private async change<Action extends 'start_deployment' | 'retry_deployment' | 'roll_back_deployment'>(
    action: Action,
    data: CommandData<Action>,
  ): Promise<Deployment> {
    const find = async (id: string): Promise<{ deployment: Deployment }> => ({
      deployment: await this.findStarted(id),
    });
    // All three answer with a deployment.
    const result = await this.options.commands.run(
      action,
      data,
      find as (id: string) => Promise<CommandResult<Action>>,
    );
    return result.deployment;
  }

  /** The agent began it and lost its answer. */
  private async findStarted(commandId: string): Promise<Deployment> {
    const { deployments } = await this.list({ limit: LIMITS.maxDeploymentsPerPage });
    const found = deployments.find((one) => one.commandId === commandId);
    if (found) return found;
    throw new EngineError(
      'outcomeUnknown',
      'The deployment was begun, but is not among the newest any more.',
    );
  }

  private async upload(context: ContextArchive): Promise<Uploaded> {
    const connection = await this.whenConnected();
    const { streams, clock, uniqueId } = this.options;
    const upload = new RemoteUpload({ id: uniqueId(), streams, clock });
    this.uploads.add(upload);
    try {
      return await upload.run(context, connection);
    } finally {
      this.uploads.delete(upload);
    }
  }

  private async whenConnected(): Promise<AgentConnection> {
    if (this.connection?.isConnected === true) return this.connection;
    const waiting = deferred<AgentConnection>();
    this.waiting.add(waiting);
    const late = (): void => waiting.reject(connectionLost());
    const timer = this.options.clock.setTimer(late, LIMITS.sessionRetentionMs);
    try {
      return await waiting.promise;
    } finally {
      timer.dispose();
      this.waiting.delete(waiting);
    }
  }

  private ask<Action extends CommandAction>(
    action: Action,
    data: CommandData<Action>,
  ): Promise<CommandResult<Action>> {
    return new Promise((resolve, reject) => {
      const connection = this.options.requireConnection();
      connection.request(action, data, { done: resolve, failed: reject });
    });
  }
}

function isUploadLost(error: unknown): boolean {
  if (error instanceof UploadLost) return true;
  return error instanceof AgentRefusal && error.wire.code === 'noSuchUpload';
}

function ignore(): void {
  return undefined;
}
