import type { Readable } from 'node:stream';
import { backoffDelayMs, type BackoffBounds } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import { findSuccessor, type ContainerIdentity } from '../../model/containerIdentity';
import type { LogBatch, LogLine, LogMarker, LogRequest, LogSink } from '../../model/log';
import { LogBatcher } from '../../model/logBatcher';
import { LogPosition } from '../../model/logPosition';
import { parseTimestamp, sinceParameter } from '../../model/logTime';
import { EngineError, type EngineErrorCode } from '../engine';
import type { ContainerRun, LogQuery } from './dockerApi';
import { removesContainer, type EngineEvent } from './engineEvent';
import type { FollowSession, SessionSource } from './followSession';
import type { ProbedLog } from './logProbe';
import { readLogStream } from './logStream';
import { LogVigil } from './logVigil';
import { RunMarkers } from './runMarkers';
import { Wakeup } from './wakeup';

/** Being away for less than this is not worth a line: only the restart or reconnect is reported. */
const GRACE_MS = 2_000;
/** An opened log that has lines begins to send them well within this time. */
const BACKLOG_BEGINS_MS = 1_000;
const REOPEN_BACKOFF: BackoffBounds = { firstDelayMs: 100, longestDelayMs: 5_000 };

/** Trouble with the connection, which passes; anything else is an answer, and final. */
const PASSING_TROUBLE: ReadonlySet<EngineErrorCode> = new Set<EngineErrorCode>([
  'engineNotFound',
  'permissionDenied',
  'unreachable',
  'timeout',
  'connectionLost',
  // Of a container that is being removed.
  'conflict',
]);

/**
 * Follows one container's log until nobody wants it any more. The engine ends a followed log whenever the container
 * stops, and breaks it off when it restarts itself: each time the log is opened again right after the last line that was
 * delivered. When the container was removed and another takes its place, that one's log goes on from its beginning.
 */
export class LogFollower implements Disposable {
  private readonly store = new DisposableStore();
  private position: LogPosition;
  private identity: ContainerIdentity | undefined;
  private readonly batcher: LogBatcher;
  private readonly wakeup: Wakeup;
  private sessionStore = this.store.add(new DisposableStore());
  private runs = new RunMarkers((marker) => this.mark(marker));
  /** The log was read once and had no line: whatever it has later is new. */
  private isKnownEmpty = false;
  /** The log was rotated or truncated beyond the last line delivered: all it has is new. */
  private isCursorGone = false;
  /** The container was removed. */
  private isGone = false;
  private isRemovalReported = false;
  private stream: Readable | undefined;
  /** Settles when the sink has taken all lines of a log that is not followed. */
  private held: Promise<void> = Promise.resolve();
  private isCancelled = false;
  /** Since when the log can't be read, in milliseconds since the Unix epoch. */
  private lostAtMs: number | undefined;
  private isLossReported = false;
  private failures = 0;

  constructor(
    private id: ContainerId,
    private readonly request: LogRequest,
    private readonly sink: LogSink,
    private readonly sessions: SessionSource,
    private readonly clock: Clock,
  ) {
    this.position = new LogPosition(id);
    this.batcher = this.store.add(new LogBatcher((batch) => this.deliver(batch), clock));
    this.wakeup = new Wakeup(clock);
    this.store.add(sessions.onDidChangeSession(() => this.wakeup.signal()));
    void this.run();
  }

  dispose(): void {
    this.isCancelled = true;
    this.store.dispose();
    this.wakeup.signal();
  }

  /** A method, because what a property said before an `await` need not hold after it. */
  private isOver(): boolean {
    return this.store.isDisposed;
  }

  private async run(): Promise<void> {
    while (!this.isOver()) {
      const session = this.sessions.session;
      try {
        if (!session) await this.awaitSession();
        else if (this.isGone) await this.awaitSuccessor(session);
        else if (await this.readWhileConnected(session)) return;
      } catch (error) {
        if (this.isOver()) return;
        this.isGone = this.request.follow && isNoSuchContainer(error);
        if (this.isGone) continue;
        if (!(error instanceof EngineError) || !PASSING_TROUBLE.has(error.code)) {
          this.finish(asError(error));
          return;
        }
        await this.lose(error);
      }
    }
  }

  /** Reads until the connection breaks (then throws) or there is nothing more to come (then true). */
  private async readWhileConnected(session: FollowSession): Promise<boolean> {
    this.listen(session);
    let run = await session.api.inspectRun(this.id);
    this.identity = run.identity;
    while (!this.isOver()) {
      const isComplete = await this.readLog(session, run);
      if (isComplete && !this.request.follow) break;
      run = isComplete ? await this.nextRun(session, run) : await session.api.inspectRun(this.id);
    }
    if (!this.isOver()) this.finish();
    return true;
  }

  /** What to read after a log ended; waits for it if need be. */
  private async nextRun(session: FollowSession, read: ContainerRun): Promise<ContainerRun> {
    const now = await session.api.inspectRun(this.id);
    if (now.startedAt !== read.startedAt) {
      this.runs.started(read);
      return now;
    }
    // The engine closed the log early.
    if (now.isRunning) await this.pause();
    // Engines end a followed log a little before a container's last lines are in it: read on once it has stopped.
    if (now.isRunning || read.isRunning) return now;
    return this.awaitStart(session, now);
  }

  private listen(session: FollowSession): void {
    this.store.delete(this.sessionStore);
    this.sessionStore = this.store.add(new DisposableStore());
    this.sessionStore.add(
      session.onEvent((event) => {
        if (event.containerId === this.id) this.takeEvent(event);
      }),
    );
    this.sessionStore.add(
      session.onDidChangeContainers(() => {
        if (this.isGone) this.wakeup.signal();
      }),
    );
  }

  private takeEvent(event: EngineEvent): void {
    this.runs.takeEvent(event);
    if (event.action === 'start' || removesContainer(event)) this.wakeup.signal();
  }

  /**
   * Reads the log from the last line that was delivered on, to its end.
   *
   * @returns whether it did; false when the log must be opened again
   */
  private async readLog(session: FollowSession, run: ContainerRun): Promise<boolean> {
    const query = this.query(run);
    const stream = await session.api.openLog(this.id, query);
    const store = this.store.add(new DisposableStore());
    store.add({ dispose: () => stream.destroy() });
    this.stream = stream;
    const form = { hasTerminal: run.hasTerminal, partStamps: session.partStamps };
    const openedAtMs = this.clock.nowMs();
    this.reportReturn();
    try {
      const vigil = query.follow
        ? store.add(this.keepVigil({ session, containerId: this.id, form }, store))
        : undefined;
      await readLogStream(stream, form, {
        line: (line) => this.takeLine(line, vigil),
        engineMessage: (text) => this.mark({ kind: 'engineMessage', text }),
      });
      this.isKnownEmpty = true;
      // The whole log was read and the cursor's line was not in it.
      if (this.position.isSeeking) this.loseCursor();
      return !this.isCursorGone;
    } catch (error) {
      if (store.isDisposed && !this.isOver()) return false;
      throw error;
    } finally {
      this.isKnownEmpty ||= this.clock.nowMs() - openedAtMs >= BACKLOG_BEGINS_MS;
      this.store.delete(store);
      this.batcher.flush();
    }
  }

  private keepVigil(log: ProbedLog, store: DisposableStore): LogVigil {
    return new LogVigil(log, this.position, this.clock, {
      cursorGone: () => {
        this.loseCursor();
        store.dispose();
      },
      stuck: () => store.dispose(),
      // The stream notices a lost connection by itself; a log that can't be looked into is no reason to stop reading.
      failed: () => undefined,
    });
  }

  private loseCursor(): void {
    this.isCursorGone = true;
    this.position.abandonSeek();
  }

  private query(run: ContainerRun): LogQuery {
    const follow = this.request.follow && run.isRunning;
    if (this.isCursorGone) return { follow, tail: 'all' };
    const { since } = this.position;
    if (since === undefined) return { follow, ...this.firstPart() };
    this.position.seek();
    return { follow, since };
  }

  private firstPart(): Pick<LogQuery, 'tail' | 'since'> {
    const { tail, since } = this.request;
    const timestamp = since === undefined ? undefined : parseTimestamp(since);
    return { tail: this.isKnownEmpty ? 'all' : tail, ...(timestamp && { since: sinceParameter(timestamp) }) };
  }

  private deliver(batch: LogBatch): void {
    const taken = this.sink.lines(batch);
    if (!taken || this.request.follow) return;
    const { stream } = this;
    stream?.pause();
    this.held = Promise.all([this.held, taken]).then(() => void stream?.resume());
    this.held.catch((error: unknown) => this.finish(asError(error)));
  }

  private takeLine(line: LogLine, vigil: LogVigil | undefined): void {
    if (this.isOver()) return;
    vigil?.sawLine(line);
    if (this.isCursorGone) this.reportGap(line);
    if (!this.position.accept(line)) return;
    this.failures = 0;
    this.runs.beforeLine(line);
    this.batcher.add(line);
  }

  private reportGap(firstLine: LogLine): void {
    this.isCursorGone = false;
    const from = this.position.cursor?.timestamp;
    if (from !== undefined) this.mark({ kind: 'gap', from, to: firstLine.timestamp });
  }

  /** Waits until the stopped container runs anew. */
  private async awaitStart(session: FollowSession, stopped: ContainerRun): Promise<ContainerRun> {
    let run = stopped;
    while (run.startedAt === stopped.startedAt && !this.isOver()) {
      const isWoken = await this.wakeup.sleep(this.runs.isStopNews(stopped) ? GRACE_MS : undefined);
      if (this.isOver()) return run;
      if (this.sessions.session !== session) {
        throw new EngineError('connectionLost', 'The engine went away.');
      }
      if (!isWoken) this.runs.stopped(stopped);
      run = await session.api.inspectRun(this.id);
    }
    this.runs.started(stopped);
    return run;
  }

  /** Waits until a container takes the place of the one that was removed, and reads that one's log from its beginning. */
  private async awaitSuccessor(session: FollowSession): Promise<void> {
    this.listen(session);
    const { identity } = this;
    const successor = identity && findSuccessor(session.containers.values(), identity, this.id);
    if (successor) {
      this.id = successor.id;
      this.position = new LogPosition(successor.id);
      this.isGone = this.isCursorGone = this.isRemovalReported = false;
      this.isKnownEmpty = true;
      this.runs = new RunMarkers((marker) => this.mark(marker));
      this.lostAtMs = undefined;
      this.mark({ kind: 'recreated', containerId: successor.id });
      return;
    }
    const isWoken = await this.wakeup.sleep(this.isRemovalReported ? undefined : GRACE_MS);
    if (isWoken || this.isOver()) return;
    this.isRemovalReported = true;
    this.mark({ kind: 'removed' });
  }

  private async lose(error: EngineError): Promise<void> {
    this.batcher.flush();
    this.lostAtMs ??= this.clock.nowMs();
    await this.pause();
    if (this.clock.nowMs() - this.lostAtMs >= GRACE_MS) this.reportLoss(error.message);
  }

  private async awaitSession(): Promise<void> {
    const hasBegun = this.isKnownEmpty || this.position.cursor !== undefined;
    if (hasBegun && !this.isLossReported) {
      this.lostAtMs ??= this.clock.nowMs();
      if (await this.wakeup.sleep(GRACE_MS)) return;
      this.reportLoss('');
    }
    await this.wakeup.sleep();
  }

  private reportLoss(reason: string): void {
    if (this.isLossReported || this.isOver()) return;
    this.isLossReported = true;
    this.mark({ kind: 'connectionLost', reason });
  }

  private reportReturn(): void {
    if (this.lostAtMs !== undefined) this.mark({ kind: 'reconnected' });
    this.lostAtMs = undefined;
    this.isLossReported = false;
  }

  /** Waits before the log is opened again, longer each time no line came in between. */
  private async pause(): Promise<void> {
    const delayMs = backoffDelayMs(this.failures++, Math.random(), REOPEN_BACKOFF);
    await this.wakeup.sleep(delayMs);
  }

  private mark(marker: LogMarker): void {
    this.batcher.flush();
    this.sink.marker(marker);
  }

  private finish(error?: Error): void {
    if (this.isOver()) return;
    this.batcher.flush();
    this.store.dispose();
    if (this.request.follow || error) this.sink.ended(error);
    else void this.endWhenTaken();
  }

  private async endWhenTaken(): Promise<void> {
    const failure = await this.held.then(() => undefined, asError);
    if (!this.isCancelled) this.sink.ended(failure);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isNoSuchContainer(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'noSuchContainer';
}
