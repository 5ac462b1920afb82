import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Clock } from '../../base/clock';
import type { EngineConnection } from '../../engine/engine';
import { RetainedBytes, type FlowPosition } from '../../protocol/flowControl';
import type { ReceivedFrame } from '../../protocol/dataFrames';
import type { CommandData, StreamPosition } from '../../protocol/messages';
import { LIMITS } from '../../protocol/limits';
import type { ScopedDeployments } from '../security/scopedDeployments';
import type { ScopedEngine } from '../security/scopedEngine';
import { ContainerFeed, type ControlOutlet } from './containerFeed';
import { FrameMemory, StreamOutput, type DataFrame } from './dataFrame';
import { DeploymentFeed } from './deployments/deploymentFeed';
import type { SessionUploads } from './deployments/sessionUploads';
import type { Principal } from './principal';
import type { SessionStream } from './sessionStream';
import { eventEncoder } from './texts';
import { AgentError, engineStateOf } from './wireErrors';

/** The connection a session has at the moment. */
export interface SessionConnection extends ControlOutlet {
  sendBulk(frame: DataFrame): void;
  dropBulk(stream: number): void;
  /** Another connection has taken the session. */
  takenOver(): void;
  /** The session was ended, for the reason that its owner knows. */
  sessionEnded(reason: SessionEnd): void;
}

export type SessionEnd = 'tokenRevoked' | 'tokenExpired' | 'permissionsChanged' | 'sessionTakenOver';

type Resume = NonNullable<CommandData<'open_session'>['resume']>;

/** Of the kinds that have a bound of their own. */
const MOST_STREAMS: Partial<Record<SessionStream['kind'], number>> = {
  exec: LIMITS.maxExecStreams,
  metrics: LIMITS.maxMetricsStreams,
};

/** How many commands that began streams are remembered, should a client repeat one. */
const MAX_REMEMBERED_STARTS = 2 * LIMITS.maxStreams;

/** What all sessions of a token have together. */
export interface TokenShare {
  readonly retained: RetainedBytes;
  /** Whether there may be another stream. */
  hasRoomForStream(): boolean;
}

/** What a session has of deployments, where its agent runs any. */
export interface SessionDeployments {
  readonly deployments: ScopedDeployments;
  readonly uploads: SessionUploads;
}

/** What outlives a connection: streams with their unacknowledged frames, changes, ids. It belongs to one token. */
export class Session implements Disposable {
  private readonly store = new DisposableStore();
  private readonly streams = new Map<number, SessionStream>();
  private readonly retained: RetainedBytes;
  private readonly frameMemory = new FrameMemory();
  private readonly feed: ContainerFeed;
  private readonly encode = eventEncoder('e');
  /** As long as the connection that asked for it. */
  private deploymentFeed: DeploymentFeed | undefined;
  /** The stream that a command began, by the command's id. */
  private readonly starts = new Map<string, number>();
  private lastStream = 0;
  /** Numbers of streams that were dropped, which may begin anew. */
  private readonly reusable = new Set<number>();
  private connection: SessionConnection | undefined;
  /** What a connection that was just taken is to be sent first. */
  private pending:
    { readonly resent: readonly DataFrame[]; readonly applied: number | undefined } | undefined;
  /** Ends it, should nobody come back. */
  private retention: Disposable | undefined;
  /** When it was left without a connection. */
  detachedAtMs: number | undefined;

  constructor(
    readonly id: string,
    readonly principal: Principal,
    readonly engine: ScopedEngine,
    private readonly clock: Clock,
    readonly ofToken: TokenShare,
    private readonly ofDeployments?: SessionDeployments,
  ) {
    this.retained = new RetainedBytes(LIMITS.sessionRetainedBytes, ofToken.retained);
    this.store.add(engine);
    if (ofDeployments) this.store.add(ofDeployments.deployments);
    const { encode } = this;
    this.feed = this.store.add(new ContainerFeed(engine, encode));
    const tell = (connection: EngineConnection): void =>
      this.connection?.sendControl(encode('engine_state', { engine: engineStateOf(connection, Date.now()) }));
    this.store.add(engine.onDidChangeConnection(tell));
  }

  get deployments(): ScopedDeployments | undefined {
    return this.ofDeployments?.deployments;
  }

  get uploads(): SessionUploads | undefined {
    return this.ofDeployments?.uploads;
  }

  get isDisposed(): boolean {
    return this.store.isDisposed;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** Binds it to disposables that end with it. */
  own(item: Disposable): void {
    this.store.add(item);
  }

  /**
   * Takes a connection, from another one if there is one.
   *
   * @returns the streams that go on, and how far the client's frames came in each
   * @throws ProtocolError `flowViolation`
   */
  attach(connection: SessionConnection, resume?: Resume): readonly { stream: number; sequence: number }[] {
    const former = this.connection;
    this.detach();
    former?.takenOver();
    this.detachedAtMs = undefined;
    this.retention?.dispose();
    const resent = this.resumeStreams(resume?.streams ?? []);
    this.connection = connection;
    this.pending = { resent, applied: resume?.containers };
    return [...this.streams.values()].map(({ stream, receivedSequence }) => ({
      stream,
      sequence: receivedSequence,
    }));
  }

  /** To be called when the client has been told of the session: sends what it lacks. */
  begin(): void {
    const { connection, pending } = this;
    this.pending = undefined;
    if (!connection || !pending) return;
    this.feed.attach(connection, pending.applied);
    for (const frame of pending.resent) connection.sendBulk(frame);
    for (const stream of this.streams.values()) stream.proceed();
  }

  /** Has no connection any more. The retention is disposed when it has one again, or ends. */
  wait(retention: Disposable): void {
    this.detach();
    this.retention = retention;
  }

  /** Ends it, and the connection it has. */
  end(reason: SessionEnd): void {
    const { connection } = this;
    this.dispose();
    connection?.sessionEnded(reason);
  }

  dispose(): void {
    this.unwatchDeployments();
    this.connection = undefined;
    this.retention?.dispose();
    for (const stream of this.streams.values()) stream.dispose();
    this.streams.clear();
    this.uploads?.dispose();
    this.store.dispose();
  }

  sendSnapshot(): void {
    this.feed.sendSnapshot();
  }

  /** Tells the connection of the moment of deployments, from a list on. */
  watchDeployments(deployments: ScopedDeployments): void {
    this.unwatchDeployments();
    const { connection } = this;
    if (connection)
      this.deploymentFeed = new DeploymentFeed(deployments, connection, this.encode, this.clock);
  }

  unwatchDeployments(): void {
    this.deploymentFeed?.dispose();
    this.deploymentFeed = undefined;
  }

  controlWritten(): void {
    this.feed.proceed();
    this.deploymentFeed?.proceed();
  }

  /** @throws ProtocolError `flowViolation` */
  acknowledge(positions: readonly StreamPosition[]): void {
    const wasFull = this.isFull();
    for (const position of positions) this.acknowledgeOne(position);
    if (wasFull && !this.isFull()) for (const stream of this.streams.values()) stream.proceed();
  }

  /** @throws ProtocolError */
  receive(frame: ReceivedFrame): void {
    // One that has ended may still be typed into by a client that does not know yet.
    this.streams.get(frame.stream)?.receive(frame);
  }

  /** The stream that this very command began, if it did; whether or not it is still there. */
  startedBy(commandId: string, stream: number): boolean {
    return this.starts.get(commandId) === stream;
  }

  hasStream(stream: number, kind: SessionStream['kind']): boolean {
    return this.streams.get(stream)?.kind === kind;
  }

  stream(stream: number): SessionStream | undefined {
    return this.streams.get(stream);
  }

  /**
   * Takes the number of a new stream for good.
   *
   * @throws AgentError
   */
  reserve(stream: number, kind: SessionStream['kind'], commandId: string): void {
    if (stream <= this.lastStream && !this.reusable.has(stream))
      throw new AgentError('streamInUse', 'The stream number is not greater than all before it.');
    const sameKind = [...this.streams.values()].filter((other) => other.kind === kind);
    if (
      sameKind.length >= (MOST_STREAMS[kind] ?? LIMITS.maxStreams) ||
      this.streams.size >= LIMITS.maxStreams
    )
      throw new AgentError('tooManyStreams', 'The session has as many streams as it may.');
    if (!this.ofToken.hasRoomForStream())
      throw new AgentError('tooManyStreams', 'The sessions of the token have as many streams as they may.');
    this.reusable.delete(stream);
    this.lastStream = Math.max(this.lastStream, stream);
    this.remember(commandId, stream);
  }

  output(stream: number, credit: number): StreamOutput {
    const transmit = (frame: DataFrame): void => this.connection?.sendBulk(frame);
    return new StreamOutput(stream, credit, this.retained, this.frameMemory, transmit);
  }

  add(stream: SessionStream): void {
    if (this.isDisposed) stream.dispose();
    else this.streams.set(stream.stream, stream);
  }

  /** Ends a stream; false if there is none of this number and kind. */
  stop(number: number, kind: SessionStream['kind']): boolean {
    const stream = this.streams.get(number);
    if (stream?.kind !== kind) return false;
    this.remove(stream);
    this.connection?.dropBulk(number);
    return true;
  }

  sendControl(text: string): void {
    this.connection?.sendControl(text);
  }

  private detach(): void {
    this.connection = undefined;
    this.pending = undefined;
    this.feed.detach();
    this.unwatchDeployments();
    this.detachedAtMs = this.clock.nowMs();
  }

  /** Nothing is sent on any stream. A method, because it changes in between. */
  private isFull(): boolean {
    return this.retained.isFull;
  }

  private acknowledgeOne(position: StreamPosition): void {
    const stream = this.streams.get(position.stream);
    if (stream === undefined) return;
    stream.acknowledge(position);
    if (stream.isOver) this.remove(stream);
  }

  private remove(stream: SessionStream): void {
    this.streams.delete(stream.stream);
    const wasFull = this.isFull();
    stream.dispose();
    if (wasFull) for (const other of this.streams.values()) other.proceed();
  }

  private resumeStreams(positions: readonly StreamPosition[]): readonly DataFrame[] {
    const wanted = new Map<number, FlowPosition>(positions.map((position) => [position.stream, position]));
    const resent: DataFrame[] = [];
    for (const stream of [...this.streams.values()]) {
      const position = wanted.get(stream.stream);
      const frames = position && stream.resume(position);
      if (frames === undefined) this.drop(stream);
      else if (stream.isOver) this.remove(stream);
      else resent.push(...frames);
    }
    return resent;
  }

  /** The client does not know of it, or can't go on with it: should it ask for it again, it begins anew. */
  private drop(stream: SessionStream): void {
    this.remove(stream);
    for (const [commandId, started] of this.starts) {
      if (started === stream.stream) this.starts.delete(commandId);
    }
    this.reusable.add(stream.stream);
  }

  private remember(commandId: string, stream: number): void {
    this.starts.set(commandId, stream);
    for (const oldest of this.starts.keys()) {
      if (this.starts.size <= MAX_REMEMBERED_STARTS) return;
      this.starts.delete(oldest);
    }
  }
}
