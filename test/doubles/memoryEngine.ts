import { Emitter } from '../../src/base/emitter';
import { DisposableStore, toDisposable } from '../../src/base/lifecycle';
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
} from '../../src/engine/engine';
import type { Container, ContainerId } from '../../src/model/container';
import { filteredLog } from '../../src/model/filteredSink';
import type { LogRequest, LogSink } from '../../src/model/log';
import { MemoryMetrics } from './memoryMetrics';

export const MEMORY_ENGINE_INFO: EngineInfo = {
  product: 'Memory',
  version: '1.0',
  apiVersion: '1.41',
  operatingSystem: 'linux',
  address: 'memory://',
  source: 'test',
};

/** A container with what a test cares for; the rest is made up from its name. */
export function makeContainer(name: string, fields: Partial<Container> = {}): Container {
  const container: Container = {
    id: idFor(name),
    name,
    image: 'busybox:latest',
    imageId: 'sha256:0',
    command: 'sleep infinity',
    createdAtMs: 0,
    state: 'running',
    statusText: '',
    ports: [],
    labels: {},
  };
  return { ...container, ...fields };
}

/** 64 hexadecimal digits that begin with the name's bytes, as far as there is room. */
export function idFor(name: string): ContainerId {
  return Buffer.from(name).toString('hex').slice(0, 64).padEnd(64, '0');
}

export function inProject(project: string, service: string, replica = 1): Pick<Container, 'compose'> {
  return { compose: { project, service, replica } };
}

/** A log somebody follows on a {@link MemoryEngine}. */
export interface FollowedLog {
  readonly id: ContainerId;
  readonly request: LogRequest;
  /** Takes the whole log; a filter of the request is behind it. */
  readonly sink: LogSink;
  isStopped: boolean;
}

/** A process somebody started on a {@link MemoryEngine}; the test plays its part. */
export class MemoryExec implements ExecSession {
  private readonly store = new DisposableStore();
  private readonly data = this.store.add(new Emitter<Uint8Array>());
  private readonly exit = this.store.add(new Emitter<{ readonly exitCode?: number }>());
  readonly written: Uint8Array[] = [];
  readonly sizes: TerminalSize[] = [];
  readonly onData = this.data.event;
  readonly onExit = this.exit.event;
  isHeld = false;

  constructor(
    readonly id: ContainerId,
    readonly command: readonly string[],
  ) {}

  get isDisposed(): boolean {
    return this.store.isDisposed;
  }

  write(data: Uint8Array, taken?: () => void): void {
    this.written.push(data);
    taken?.();
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size);
  }

  say(data: Uint8Array): void {
    this.data.fire(data);
  }

  end(exitCode?: number): void {
    this.exit.fire(exitCode === undefined ? {} : { exitCode });
  }

  dispose(): void {
    this.store.dispose();
  }
}

/**
 * A {@link ContainerEngine} that lives in memory and does what the test says: it connects, fails and changes its
 * containers at once and only when told. Commands are recorded and change nothing unless {@link onPerform} does.
 */
export class MemoryEngine implements ContainerEngine {
  readonly capabilities = { lifecycle: true, exec: true };

  private readonly store = new DisposableStore();
  private readonly connectionChanged = this.store.add(new Emitter<EngineConnection>());
  private readonly containersChanged = this.store.add(new Emitter<ContainersChange>());
  private state: EngineConnection = { kind: 'idle' };
  private known: Map<ContainerId, Container> | undefined;
  private serial = 0;

  readonly onDidChangeConnection = this.connectionChanged.event;
  readonly onDidChangeContainers = this.containersChanged.event;

  readonly performed: ContainerCommand[] = [];
  readonly follows: FollowedLog[] = [];
  readonly execs: MemoryExec[] = [];
  readonly metrics = new MemoryMetrics();
  connectCalls = 0;
  retryCalls = 0;
  /** Carries a command out, or throws. */
  onPerform: (command: ContainerCommand) => void = () => undefined;
  /** Answers `inspect`, or throws. */
  onInspect: (id: ContainerId) => unknown = (id) => ({ Id: id });

  get connection(): EngineConnection {
    return this.state;
  }

  get containers(): ReadonlyMap<ContainerId, Container> | undefined {
    return this.known;
  }

  get isDisposed(): boolean {
    return this.store.isDisposed;
  }

  /** Somebody wants a connection; it comes with {@link becomeReady} or {@link fail}. */
  connect(): void {
    this.connectCalls += 1;
    if (this.state.kind === 'idle') this.setConnecting();
  }

  retryNow(): void {
    this.retryCalls += 1;
    if (this.state.kind === 'idle' || this.state.kind === 'waiting') this.setConnecting();
  }

  /** The connection is there, and the list came. */
  becomeReady(containers: readonly Container[], info: EngineInfo = MEMORY_ENGINE_INFO): void {
    this.serial += 1;
    this.setState({ kind: 'ready', attempt: 0, serial: this.serial, info, sinceMs: 0 });
    this.list(containers);
  }

  /** The attempt failed, or the connection broke. Containers stay known. */
  fail(error: EngineError = new EngineError('connectionLost', 'The connection was cut.')): void {
    this.setState({ kind: 'waiting', attempt: 0, serial: this.serial, failure: error, retryAtMs: 0 });
  }

  list(containers: readonly Container[]): void {
    this.known = new Map(containers.map((container) => [container.id, container]));
    this.containersChanged.fire({ kind: 'listed' });
  }

  /** Containers came or changed. */
  update(...containers: readonly Container[]): void {
    this.change(containers, []);
  }

  remove(...ids: readonly ContainerId[]): void {
    this.change([], ids);
  }

  private change(containers: readonly Container[], removed: readonly ContainerId[]): void {
    this.known ??= new Map();
    for (const id of removed) this.known.delete(id);
    for (const container of containers) this.known.set(container.id, container);
    this.containersChanged.fire({ kind: 'updated', containers, removed });
  }

  perform(command: ContainerCommand): Promise<void> {
    this.performed.push(command);
    return attempt(() => this.onPerform(command));
  }

  inspect(id: ContainerId): Promise<unknown> {
    return attempt(() => this.onInspect(id));
  }

  followLog(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow {
    const filtered = filteredLog(request.filter, sink);
    if (filtered.kind === 'filterError') throw new EngineError('badRequest', filtered.message);
    const follow: FollowedLog = { id, request, sink: filtered.sink, isStopped: false };
    this.follows.push(follow);
    return toDisposable(() => (follow.isStopped = true));
  }

  exec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<ExecSession> {
    const session = new MemoryExec(id, command);
    session.resize(size);
    this.execs.push(session);
    return Promise.resolve(session);
  }

  dispose(): void {
    this.state = { kind: 'closed' };
    this.store.dispose();
  }

  private setConnecting(): void {
    this.serial += 1;
    const failure = this.state.kind === 'waiting' ? { lastFailure: this.state.failure } : {};
    this.setState({ kind: 'connecting', attempt: 0, serial: this.serial, ...failure });
  }

  private setState(state: EngineConnection): void {
    this.state = state;
    this.connectionChanged.fire(state);
  }
}

function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}
