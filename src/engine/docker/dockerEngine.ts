import { systemClock, type Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { messageOf } from '../../base/errors';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { reduceConnection, type ConnectionInput } from '../../model/connection';
import type { Container, ContainerId } from '../../model/container';
import { filteredLog } from '../../model/filteredSink';
import type { LogRequest, LogSink } from '../../model/log';
import {
  EngineError,
  type ContainerCommand,
  type ContainerEngine,
  type ContainersChange,
  type EngineConnection,
  type EngineInfo,
  type ExecSession,
  type LogFollow,
  type TerminalSize,
} from '../engine';
import type { Log } from './containerWatch';
import type { DockerSession } from './dockerSession';
import { DockerExecSession } from './execSession';
import { DockerMetrics } from './dockerMetrics';
import { MetricsMemory } from './metricsMemory';
import type { SessionSource } from './followSession';
import { readerOf } from './logReader';
import { SharedLogs } from './sharedLogs';
import { refusedLog } from './refusedLog';

/** Opens a session with whichever engine is found; rejects with {@link EngineError}. */
export type OpenSession = (signal: AbortSignal) => Promise<DockerSession>;

export interface DockerEngineOptions {
  /** Finds an engine and connects to it. Called anew for every attempt, so changed settings count at the next one. */
  readonly openSession: OpenSession;
  readonly log: Log;
  /** Where figures are remembered; in one of its own unless said. */
  readonly metricsMemory?: MetricsMemory;
  readonly clock?: Clock;
  /** In [0, 1); jitters the delay between attempts. */
  readonly random?: () => number;
}

/** The port over the Docker Engine API. Making one does nothing; `connect` finds the engine and stays with it. */
export class DockerEngine implements ContainerEngine, SessionSource {
  readonly capabilities = { lifecycle: true, exec: true };

  private readonly store = new DisposableStore();
  private readonly didChangeConnection = this.store.add(new Emitter<EngineConnection>());
  readonly onDidChangeConnection = this.didChangeConnection.event;
  private readonly didChangeContainers = this.store.add(new Emitter<ContainersChange>());
  readonly onDidChangeContainers = this.didChangeContainers.event;
  private readonly didChangeSession = this.store.add(new Emitter<DockerSession | undefined>());
  readonly onDidChangeSession = this.didChangeSession.event;

  private state: EngineConnection = { kind: 'idle' };
  private currentSession: DockerSession | undefined;
  private lastKnown: ReadonlyMap<ContainerId, Container> | undefined;
  /** What belongs to the attempt or connection of the moment. */
  private readonly attemptStore = this.store.add(new DisposableStore());

  private readonly clock: Clock;
  private readonly logs: SharedLogs;
  readonly metrics: DockerMetrics;

  constructor(private readonly options: DockerEngineOptions) {
    this.clock = options.clock ?? systemClock;
    this.logs = this.store.add(new SharedLogs(this, this.clock));
    this.metrics = this.store.add(
      new DockerMetrics(this, this.clock, options.metricsMemory ?? new MetricsMemory()),
    );
  }

  get connection(): EngineConnection {
    return this.state;
  }

  get containers(): ReadonlyMap<ContainerId, Container> | undefined {
    return this.lastKnown;
  }

  get session(): DockerSession | undefined {
    return this.currentSession;
  }

  connect(): void {
    this.input({ kind: 'connect' });
  }

  retryNow(): void {
    this.input({ kind: 'retryNow' });
  }

  async perform(command: ContainerCommand): Promise<void> {
    await this.requireSession().api.perform(command);
  }

  async inspect(id: ContainerId): Promise<unknown> {
    return this.requireSession().api.inspect(id);
  }

  followLog(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow {
    const filtered = filteredLog(request.filter, sink);
    if (filtered.kind === 'filterError') return refusedLog(filtered.message, sink);
    return this.logs.read(id, request, readerOf(filtered));
  }

  async exec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<ExecSession> {
    const attached = await this.requireSession().api.openExec(id, command, size);
    const session = new DockerExecSession(
      () => this.requireSession().api,
      attached,
      (error) => this.options.log('debug', `The terminal was not resized: ${messageOf(error)}`),
    );
    session.resize(size);
    return session;
  }

  dispose(): void {
    this.input({ kind: 'close' });
    this.store.dispose();
  }

  private requireSession(): DockerSession {
    if (this.currentSession) return this.currentSession;
    const { state } = this;
    if (state.kind === 'waiting') throw state.failure;
    throw new EngineError('connectionLost', 'The engine is not connected yet.');
  }

  private input(input: ConnectionInput<EngineInfo, EngineError>): void {
    const random = this.options.random ?? Math.random;
    const before = this.state;
    const after = reduceConnection(before, input, { nowMs: this.clock.nowMs(), random: random() });
    if (after === before) return;
    this.state = after;
    if (after.kind !== 'ready') this.leave();
    this.enter(after);
    this.didChangeConnection.fire(after);
  }

  private enter(state: EngineConnection): void {
    if (state.kind === 'connecting') void this.attempt(state.serial);
    if (state.kind === 'waiting') {
      const { serial, retryAtMs, failure } = state;
      this.options.log('info', `Not connected (${failure.code}): ${failure.message}`);
      const delayMs = Math.max(0, retryAtMs - this.clock.nowMs());
      this.attemptStore.add(this.clock.setTimer(() => this.input({ kind: 'retryDue', serial }), delayMs));
    }
  }

  /** Ends what belonged to the state before. The last known containers stay. */
  private leave(): void {
    this.attemptStore.clear();
    if (!this.currentSession) return;
    this.currentSession = undefined;
    this.didChangeSession.fire(undefined);
  }

  private async attempt(serial: number): Promise<void> {
    const abort = new AbortController();
    this.attemptStore.add({ dispose: () => abort.abort() });
    try {
      const session = await this.options.openSession(abort.signal);
      if (abort.signal.aborted) session.dispose();
      else await this.begin(session, serial);
    } catch (error) {
      this.input({ kind: 'lost', serial, failure: asEngineError(error) });
    }
  }

  /** Subscribe, list, and only then say that the engine is ready. */
  private async begin(session: DockerSession, serial: number): Promise<void> {
    this.attemptStore.add(session);
    this.attemptStore.add(
      session.watch.onDidLose((failure) => this.input({ kind: 'lost', serial, failure })),
    );
    this.attemptStore.add(this.showLive(session));
    await session.watch.start();
    if (this.state.kind !== 'connecting' || this.state.serial !== serial) return;
    this.currentSession = session;
    this.options.log('info', `Connected to ${describe(session.info)}.`);
    this.input({ kind: 'connected', serial, info: session.info });
    this.didChangeSession.fire(session);
  }

  private showLive(session: DockerSession): Disposable {
    return session.watch.onDidChange((change) => {
      this.lastKnown = session.watch.current;
      this.didChangeContainers.fire(change);
    });
  }
}

function asEngineError(error: unknown): EngineError {
  return error instanceof EngineError
    ? error
    : new EngineError('engineFailure', messageOf(error), { cause: error });
}

function describe(info: EngineInfo): string {
  return `${info.product} ${info.version}, API ${info.apiVersion}, at ${info.address} (${info.source})`;
}
