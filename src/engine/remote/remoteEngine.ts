import { randomBytes as randomBytesOfSystem } from 'node:crypto';
import { systemClock, type Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import { compileFilter } from '../../model/logFilter';
import type { LogRequest, LogSink } from '../../model/log';
import { encodeBase64url } from '../../protocol/base64url';
import { LIMITS } from '../../protocol/limits';
import type {
  Ack,
  AgentEvent,
  CommandAction,
  CommandData,
  CommandResult,
  EngineState,
} from '../../protocol/messages';
import {
  EngineError,
  type ContainerCommand,
  type ContainerEngine,
  type EngineCapabilities,
  type EngineConnection,
  type ExecSession,
  type LogFollow,
  type TerminalSize,
} from '../engine';
import { addressOf, isLoopback, type AgentAccess, type AgentEndpoint } from './agentAccess';
import type {
  AgentConnection,
  AgentConnectionOptions,
  Established,
  RequestOptions,
  Resumption,
} from './agentConnection';
import { AgentRefusal, closedByUs, connectionLost } from './agentErrors';
import type { OpenAgentSocket } from './agentSocket';
import { RemoteCommands } from './remoteCommands';
import { RemoteContainers } from './remoteContainers';
import { RemoteDeployments } from './remoteDeployments';
import { RemoteExec } from './remoteExec';
import { RemoteLink } from './remoteLink';
import { RemoteLog } from './remoteLog';
import { RemoteMetrics } from './remoteMetrics';
import { RemoteStreams } from './remoteStreams';
import type { ConnectOptions } from './secureConnection';
import { agentSocketOpener, type TokenAccess } from './webSocket';

export type RemoteLogLevel = 'debug' | 'info' | 'warn';

export interface RemoteEngineOptions extends ConnectOptions {
  /** Asked for before each attempt, so that a new token or certificate counts at the next one. */
  readonly access: () => Promise<AgentAccess>;
  readonly log: (level: RemoteLogLevel, message: string) => void;
  /** Of the extension, for the agent's log. */
  readonly clientVersion: string;
  /** Whether logs come compressed; unless said, they do from other machines. */
  readonly compressesLogs?: boolean;
  readonly openSocket?: (access: TokenAccess, options: ConnectOptions) => OpenAgentSocket;
  readonly clock?: Clock;
  /** In [0, 1); jitters the delay between attempts. */
  readonly random?: () => number;
  /** For nonces and ids. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

const CLIENT_NAME = 'quaywatch';
const ID_BYTES = 16;

/**
 * The port over the agent's protocol. Making one does nothing; `connect` connects to the agent and stays with it. It is
 * `ready` when the agent is connected to its engine and has sent its containers; while only the engine is away behind a
 * living agent, it is `waiting` with a failure `agentEngineAway`.
 * A failure that only a person can mend is waited out without an end, `retryAtMs` being infinite.
 */
export class RemoteEngine implements ContainerEngine {
  private readonly store = new DisposableStore();
  private readonly didChangeConnection = this.store.add(new Emitter<EngineConnection>());
  readonly onDidChangeConnection = this.didChangeConnection.event;

  private readonly clock: Clock;
  private readonly randomBytes: (count: number) => Uint8Array;
  private readonly link: RemoteLink;
  private readonly streams: RemoteStreams;
  private readonly commands: RemoteCommands;
  private readonly known: RemoteContainers;
  readonly metrics: RemoteMetrics;
  /** Of the agent's host, where it has any. */
  readonly deployments: RemoteDeployments;
  private readonly logs = new Set<RemoteLog>();
  private readonly execs = new Set<RemoteExec>();
  private shown: EngineConnection = { kind: 'idle' };
  private agentConnection: AgentConnection | undefined;
  private session: Pick<Established, 'session' | 'epoch'> | undefined;
  private engine: { readonly state: EngineState; readonly sinceMs: number } | undefined;
  /** Where the attempt or connection of the moment goes. */
  private endpoint: AgentEndpoint = { host: '', port: 0 };
  private granted: EngineCapabilities = { lifecycle: false, exec: false };

  constructor(private readonly options: RemoteEngineOptions) {
    const { clock = systemClock, randomBytes = randomBytesOfSystem } = options;
    this.clock = clock;
    this.randomBytes = randomBytes;
    this.streams = new RemoteStreams(clock);
    this.commands = this.store.add(new RemoteCommands(clock, () => this.uniqueId()));
    this.known = this.store.add(new RemoteContainers(() => this.requestState()));
    this.metrics = this.store.add(
      new RemoteMetrics({
        streams: this.streams,
        clock,
        requireConnection: () => this.requireConnection(),
      }),
    );
    this.deployments = this.store.add(this.makeDeployments());
    this.link = this.makeLink();
  }

  get capabilities(): EngineCapabilities {
    return this.granted;
  }

  get connection(): EngineConnection {
    return this.shown;
  }

  get containers(): ReadonlyMap<ContainerId, Container> | undefined {
    return this.known.current;
  }

  get onDidChangeContainers(): ContainerEngine['onDidChangeContainers'] {
    return this.known.onDidChange;
  }

  connect(): void {
    this.link.connect();
  }

  retryNow(): void {
    this.link.retryNow();
  }

  async perform(command: ContainerCommand): Promise<void> {
    this.requireConnection();
    await this.commands.perform(command);
  }

  async inspect(id: ContainerId): Promise<unknown> {
    const { container } = await this.ask('inspect', { container_id: id });
    return container;
  }

  followLog(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow {
    const log = new RemoteLog(id, request, sink, {
      streams: this.streams,
      clock: this.clock,
      compresses: () => this.compresses,
      left: (over) => this.logs.delete(over),
    });
    this.logs.add(log);
    // A sink hears nothing before the call that began the following has returned.
    queueMicrotask(() => this.begin(log, request));
    return log;
  }

  async exec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<ExecSession> {
    const connection = this.requireConnection();
    const exec = new RemoteExec({ streams: this.streams, left: (over) => this.execs.delete(over) });
    this.execs.add(exec);
    try {
      const data = {
        stream: exec.stream,
        container_id: id,
        command,
        size,
        credit: LIMITS.initialCreditBytes,
      };
      await this.ask('start_exec', data, { id: this.uniqueId(), isSigned: true }, ({ credit }) =>
        exec.started(connection, credit),
      );
      return exec;
    } catch (error) {
      exec.dispose();
      throw error;
    }
  }

  dispose(): void {
    if (this.store.isDisposed) return;
    for (const disposable of [...this.logs, ...this.execs]) disposable.dispose();
    this.streams.disconnected();
    this.link.close();
    this.shown = { kind: 'closed' };
    this.didChangeConnection.fire(this.shown);
    this.store.dispose();
  }

  private makeDeployments(): RemoteDeployments {
    return new RemoteDeployments({
      streams: this.streams,
      commands: this.commands,
      clock: this.clock,
      uniqueId: () => this.uniqueId(),
      compresses: () => this.compresses,
      requireConnection: () => this.requireConnection(),
    });
  }

  private get compresses(): boolean {
    return this.options.compressesLogs ?? !isLoopback(this.endpoint.host);
  }

  private makeLink(): RemoteLink {
    const options = {
      prepare: () => this.prepare(),
      clock: this.clock,
      random: this.options.random ?? Math.random,
    };
    return new RemoteLink(options, {
      connected: (connection, established) => this.connected(connection, established),
      disconnected: (failure) => this.disconnected(failure),
      message: (message) => this.takeMessage(message),
      frame: (frame) => this.streams.takeFrame(frame),
      changed: () => this.linkChanged(),
    });
  }

  private async prepare(): Promise<AgentConnectionOptions> {
    const { openSocket = agentSocketOpener, clientVersion } = this.options;
    const access = await this.options.access();
    const { token, security } = access;
    if (!token)
      throw new EngineError('tokenRefused', 'There is no token for this agent. Pair with it again.');
    this.endpoint = access;
    return {
      openSocket: openSocket({ ...access, token }, this.options),
      clock: this.clock,
      randomBytes: this.randomBytes,
      token,
      serverKey: security.kind === 'pinned' ? security.key : '',
      client: { name: CLIENT_NAME, version: clientVersion },
      resumption: () => this.resumption(),
    };
  }

  private uniqueId(): string {
    return encodeBase64url(this.randomBytes(ID_BYTES));
  }

  private resumption(): Resumption | undefined {
    if (!this.session) return undefined;
    const { lastSequence } = this.known;
    return {
      ...this.session,
      ...(lastSequence !== undefined && { containers: lastSequence }),
      streams: this.streams.positions,
    };
  }

  private connected(connection: AgentConnection, established: Established): void {
    const { session, epoch, resumed, engine, capabilities } = established;
    this.agentConnection = connection;
    this.session = { session, epoch };
    this.granted = {
      lifecycle: capabilities['lifecycle'] === true,
      manage: capabilities['manage'] === true,
      exec: capabilities['exec'] === true,
    };
    this.known.connected(resumed);
    this.takeEngineState(engine);
    for (const exec of this.execs) exec.connected(connection);
    this.deployments.connecting(connection);
    this.streams.connected(connection, established);
    this.metrics.connected(connection, resumed);
    for (const log of this.logs) log.connected(connection);
    this.deployments.connected(connection, established);
    this.commands.connected(connection);
    const { name, version } = established.agent;
    this.options.log('info', `Connected to ${name} ${version} at ${addressOf(this.endpoint)}.`);
  }

  private disconnected(failure: EngineError): void {
    this.agentConnection = undefined;
    this.streams.disconnected();
    this.commands.disconnected();
    this.metrics.disconnected();
    this.deployments.disconnected();
    for (const exec of this.execs) exec.disconnected();
    for (const log of this.logs) log.disconnected(failure.message);
  }

  private linkChanged(): void {
    const { state } = this.link;
    if (state.kind === 'waiting') {
      const { failure } = state;
      this.options.log('info', `Not connected (${failure.code}): ${failure.message}`);
      if (this.link.isStuck) this.giveUp(failure);
    }
    this.show();
  }

  /** Only a person can help: what somebody waits for fails. What is followed goes on should they. */
  private giveUp(failure: EngineError): void {
    this.commands.failAll(failure);
    this.deployments.giveUp(failure);
    for (const log of [...this.logs]) if (!log.isFollowed) log.fail(failure);
  }

  private takeMessage(message: AgentEvent | Ack): void {
    if (message.type === 'ack') {
      this.streams.takeAck(message.data);
      return;
    }
    switch (message.action) {
      case 'initial_state':
        this.known.takeSnapshot(message.data);
        break;
      case 'container_state_change':
        this.known.takeChange(message.data);
        break;
      case 'engine_state':
        this.takeEngineState(message.data.engine);
        break;
      case 'error':
        this.options.log('warn', `The agent says (${message.data.code}): ${message.data.message}`);
        break;
      default:
        this.deployments.take(message);
        return;
    }
    this.show();
  }

  private takeEngineState(state: EngineState): void {
    this.engine = { state, sinceMs: this.clock.nowMs() };
  }

  private show(): void {
    const before = this.shown;
    const after = this.derive();
    const isSame =
      before.kind === 'ready' &&
      after.kind === 'ready' &&
      before.serial === after.serial &&
      before.sinceMs === after.sinceMs;
    if (isSame || after === before || this.store.isDisposed) return;
    this.shown = after;
    this.didChangeConnection.fire(after);
  }

  /** The engine's connection, as far as the agent is reached. */
  private derive(): EngineConnection {
    const { state } = this.link;
    if (state.kind !== 'ready') return state;
    const { attempt, serial } = state;
    const before = this.shown.kind === 'waiting' ? this.shown.failure : undefined;
    const connecting = {
      kind: 'connecting',
      attempt,
      serial,
      ...(before && { lastFailure: before }),
    } as const;
    if (!this.engine) return connecting;
    const { state: engine, sinceMs } = this.engine;
    if (engine.kind === 'away') {
      const failure = new EngineError('agentEngineAway', engine.error.message, {
        cause: new AgentRefusal(engine.error),
      });
      return { kind: 'waiting', attempt, serial, failure, retryAtMs: sinceMs + engine.retryInMs };
    }
    if (engine.kind === 'connecting' || !this.known.isCurrent) return connecting;
    const address = `${addressOf(this.endpoint)} (${engine.info.address})`;
    return { kind: 'ready', attempt, serial, info: { ...engine.info, address }, sinceMs };
  }

  private begin(log: RemoteLog, { filter }: LogRequest): void {
    const compiled = filter && compileFilter(filter);
    if (compiled?.kind === 'filterError') log.fail(new EngineError('badRequest', compiled.message));
    else if (this.agentConnection && this.logs.has(log)) log.connected(this.agentConnection);
  }

  private requestState(): void {
    this.agentConnection?.request('request_state', {}, { done: () => undefined, failed: () => undefined });
  }

  /** @param done called before any message that follows the response is looked at */
  private ask<Action extends CommandAction>(
    action: Action,
    data: CommandData<Action>,
    options: RequestOptions = {},
    done: (result: CommandResult<Action>) => void = () => undefined,
  ): Promise<CommandResult<Action>> {
    const connection = this.requireConnection();
    return new Promise((resolve, reject) => {
      const finish = (result: CommandResult<Action>): void => {
        done(result);
        resolve(result);
      };
      connection.request(action, data, { done: finish, failed: reject }, options);
    });
  }

  private requireConnection(): AgentConnection {
    if (this.agentConnection) return this.agentConnection;
    if (this.store.isDisposed) throw closedByUs();
    const { state } = this.link;
    if (state.kind === 'waiting') throw state.failure;
    throw connectionLost();
  }
}
