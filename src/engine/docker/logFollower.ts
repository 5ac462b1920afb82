import { asError } from '../../base/errors';
import { backoffDelayMs, type BackoffBounds } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import { findSuccessor, type ContainerIdentity } from '../../model/containerIdentity';
import type { LogCursor, LogLine, LogMarker, LogPlace, LogRequest } from '../../model/log';
import { isBeforeAll } from '../../model/logPosition';
import { EngineError } from '../engine';
import type { ContainerRun, RunState } from './dockerApi';
import { removesContainer, type EngineEvent } from './engineEvent';
import { isFinalAnswer, isNoSuchContainer, type LogStay } from './finalAnswers';
import type { FollowSession, SessionSource } from './followSession';
import { LogDelivery } from './logDelivery';
import { logFidelity } from './logFidelity';
import { readByLooks } from './logLooks';
import { LogPass, type PassEnd } from './logPass';
import { beginningOf } from './logProbe';
import { LogProgress } from './logProgress';
import type { LogReader } from './logReader';
import { GRACE_MS, LossMarkers } from './lossMarkers';
import { RunForms } from './runForms';
import { RunMarkers } from './runMarkers';
import { Wakeup } from './wakeup';

const REOPEN_BACKOFF: BackoffBounds = { firstDelayMs: 100, longestDelayMs: 5_000 };

/**
 * Follows one container's log until nobody wants it any more. The engine ends a followed log whenever the container
 * stops, and breaks it off when it restarts itself: each time the log is opened again right after the last line that was
 * delivered. When the container was removed and another takes its place, that one's log goes on from its beginning.
 */
export class LogFollower implements Disposable {
  private readonly store = new DisposableStore();
  private progress: LogProgress;
  private identity: ContainerIdentity | undefined;
  private readonly delivery: LogDelivery;
  private readonly wakeup: Wakeup;
  private sessionStore = this.store.add(new DisposableStore());
  private runs = new RunMarkers((marker) => this.mark(marker));
  /** Where the log begins was looked up. */
  private hasBegun = false;
  private forms = new RunForms();
  /** The run whose log was read last. */
  private lastRun: RunState | undefined;
  private listenedTo: FollowSession | undefined;
  /** The container was removed. */
  private isGone = false;
  private isRemovalReported = false;
  private readonly loss: LossMarkers;
  private failures = 0;
  /** Where the log ended when it was begun. */
  private endAtBegin: LogCursor | undefined;

  constructor(
    id: ContainerId,
    private readonly request: LogRequest & LogStay,
    private readonly sink: LogReader,
    private readonly sessions: SessionSource,
    private readonly clock: Clock,
  ) {
    const { resumeAt } = request;
    this.progress = this.progressOf(resumeAt?.cursor.containerId ?? id);
    if (resumeAt) this.resumeAt(resumeAt);
    this.loss = new LossMarkers(clock, (marker) => this.mark(marker));
    this.delivery = new LogDelivery(sink, {
      mayWait: !request.follow,
      clock,
      place: () => this.progress.position.cursor && this.place,
      failed: (error) => this.finish(error),
    });
    this.wakeup = new Wakeup(clock);
    this.store.add(sessions.onDidChangeSession(() => this.wakeup.signal()));
    void this.run();
  }

  /** The place before the first line, where there is one by now. */
  get startCursor(): LogCursor | undefined {
    return this.progress.startCursor;
  }

  /** After the last line that was delivered, or where the log ended if none was. */
  get place(): LogPlace | undefined {
    const cursor = this.progress.position.cursor ?? this.endAtBegin;
    if (!cursor || !this.identity) return undefined;
    return { cursor, runStartedAt: this.lastRun?.startedAt ?? '', identity: this.identity };
  }

  dispose(): void {
    this.store.dispose();
    this.delivery.dispose();
    this.wakeup.signal();
  }

  /** The container that is being read at the moment. */
  private get id(): ContainerId {
    return this.progress.containerId;
  }

  private progressOf(id: ContainerId): LogProgress {
    return new LogProgress(id, this.request, {
      line: (line) => this.takeLine(line),
      marker: (marker) => this.mark(marker),
      prime: (lines) => this.sink.prime(lines),
    });
  }

  private resumeAt({ cursor, runStartedAt, identity }: LogPlace): void {
    if (isBeforeAll(cursor)) this.progress.startEmpty();
    else this.progress.startAfter(cursor, this.request.filter !== undefined);
    this.identity = identity;
    // How it ended, nobody here has heard.
    this.lastRun = { startedAt: runStartedAt, isRunning: true, outOfMemory: false };
    this.hasBegun = true;
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
        if (!(error instanceof EngineError) || isFinalAnswer(error.code, this.request)) {
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
    // It ended and began anew while the connection was away.
    if (this.lastRun && this.lastRun.startedAt !== run.startedAt) this.runs.started(this.lastRun, run);
    if (!this.hasBegun) await this.begin(session, run);
    while (!this.isOver()) {
      this.lastRun = run;
      const isComplete = await this.readLog(session, run);
      if (isComplete && !this.request.follow) {
        if (this.request.isContinued !== true) this.progress.takeLeftover();
        break;
      }
      run = isComplete ? await this.nextRun(session, run) : await this.reopen(session, run);
    }
    this.finish();
    return true;
  }

  /**
   * Where a followed log begins is looked up before it is opened: with `tail=0`, or while it is empty, opening it tells
   * no place to go back to.
   */
  private async begin(session: FollowSession, run: ContainerRun): Promise<void> {
    const { follow, isContinued = false } = this.request;
    if (follow || isContinued) await this.lookForStart(session, run);
    const fidelity = logFidelity(run.logDriver);
    if (fidelity !== 'exact') this.mark({ kind: 'fidelity', driver: run.logDriver, fidelity });
    this.hasBegun = true;
  }

  private async lookForStart(session: FollowSession, run: ContainerRun): Promise<void> {
    const log = { session, containerId: this.id, form: this.forms.of(session, run) };
    const { start, end } = await beginningOf(log, this.request);
    if (start) this.sink.begun({ cursor: start, runStartedAt: run.startedAt, identity: run.identity });
    const isTailExact = session.partStamps === 'shared';
    if (!end) this.progress.startEmpty();
    else if (start) this.progress.startAfter(start);
    else if (isTailExact) this.progress.endsAt(end);
    // Podman joins parts of lines wrongly when it looks for the newest: its answer says only that there are some.
    this.endAtBegin = isTailExact || start ? end : undefined;
  }

  private async reopen(session: FollowSession, read: ContainerRun): Promise<ContainerRun> {
    await this.pause();
    const now = await session.api.inspectRun(this.id);
    if (now.startedAt !== read.startedAt) this.runs.started(read, now);
    return now;
  }

  /** What to read after a log ended; waits for it if need be. */
  private async nextRun(session: FollowSession, read: ContainerRun): Promise<ContainerRun> {
    const now = await session.api.inspectRun(this.id);
    if (now.startedAt !== read.startedAt) {
      this.runs.started(read, now);
      return now;
    }
    // The engine closed the log early.
    if (now.isRunning) await this.pause();
    // Engines end a followed log a little before a container's last lines are in it: read on once it has stopped.
    if (now.isRunning || read.isRunning) return now;
    this.progress.takeLeftover();
    return this.awaitStart(session, now);
  }

  private listen(session: FollowSession): void {
    if (this.listenedTo === session) return;
    this.listenedTo = session;
    this.store.delete(this.sessionStore);
    this.sessionStore = this.store.add(new DisposableStore());
    this.sessionStore.add(
      session.onEvent((event) => {
        if (event.containerId === this.id) this.takeEvent(event);
      }),
    );
    this.sessionStore.add(
      session.onDidChangeContainers((change) => {
        const mayBeSuccessor =
          change.kind === 'listed' || this.successorAmong(change.containers) !== undefined;
        // A list also shows a start of which no event told.
        if (change.kind === 'listed' || (this.isGone && mayBeSuccessor)) this.wakeup.signal();
      }),
    );
  }

  private successorAmong(containers: Iterable<Container>): Container | undefined {
    return this.isGone && this.identity ? findSuccessor(containers, this.identity, this.id) : undefined;
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
    const isLive = this.request.follow && run.isRunning;
    if (!isLive) return this.readToEnd(session, run);
    // Podman's followed logs are whole, and only their end tells what a run left unterminated.
    const isToBeTrusted = !run.logRotates || session.partStamps === 'own';
    if (isToBeTrusted) return this.readOn(session, run);
    return readByLooks({
      session,
      containerId: this.id,
      clock: this.clock,
      look: async () => ({ end: await this.pass(session, run, false), newLines: this.progress.newLines }),
      isOver: () => this.isOver(),
      store: this.store,
    });
  }

  /** What was missed is read first, and only then followed: a followed log does not say that it has no such place. */
  private async readOn(session: FollowSession, run: ContainerRun): Promise<boolean> {
    const isBehind = this.progress.position.cursor !== undefined || this.runs.isStartDue;
    if (isBehind && !(await this.readToEnd(session, run))) return false;
    return (await this.pass(session, run, true)) === 'complete';
  }

  private async readToEnd(session: FollowSession, run: ContainerRun): Promise<boolean> {
    for (;;) {
      const end = await this.pass(session, run, false);
      if (end !== 'missed') return end === 'complete';
    }
  }

  private async pass(session: FollowSession, run: ContainerRun, follow: boolean): Promise<PassEnd> {
    const { progress } = this;
    const query = progress.query(follow, session.partStamps === 'shared');
    const log = { session, containerId: this.id, form: this.forms.forPass(session, run, follow) };
    const pass = new LogPass(log, query, progress.position, this.clock, {
      opened: (stream) => {
        this.delivery.opened(stream);
        this.loss.returned();
      },
      before: (line) => this.runs.beforeLine(line),
      line: (line) => progress.takeLine(line),
      passedBy: (line) => progress.passBy(line),
      engineMessage: (text) => progress.takeEngineMessage(text),
    });
    this.store.add(pass);
    progress.begin();
    try {
      const end = await pass.run();
      progress.settle(end, pass, query);
      this.forms.afterPass(run, end === 'runInDoubt');
      // Whatever the runs before this one wrote was in it.
      if (end === 'complete' && !follow) this.runs.tellDue();
      return end;
    } finally {
      this.store.delete(pass);
      this.delivery.flush();
    }
  }

  private takeLine(line: LogLine): void {
    if (this.isOver()) return;
    this.failures = 0;
    this.delivery.add(line);
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
    if (this.isOver()) return run;
    this.runs.started(stopped, run);
    // All that the run wrote was read before.
    this.runs.tellDue();
    return run;
  }

  /** Waits until a container takes the place of the one that was removed, and reads that one's log from its beginning. */
  private async awaitSuccessor(session: FollowSession): Promise<void> {
    this.listen(session);
    this.loss.returned();
    this.progress.takeLeftover();
    const successor = this.successorAmong(session.containers.values());
    if (successor) {
      this.moveTo(successor.id);
      return;
    }
    const isWoken = await this.wakeup.sleep(this.isRemovalReported ? undefined : GRACE_MS);
    if (isWoken || this.isOver()) return;
    this.isRemovalReported = true;
    this.mark({ kind: 'removed' });
  }

  private moveTo(id: ContainerId): void {
    this.progress = this.progressOf(id);
    this.progress.startEmpty();
    this.runs = new RunMarkers((marker) => this.mark(marker));
    this.lastRun = undefined;
    this.forms = new RunForms();
    this.loss.forget();
    this.isGone = this.isRemovalReported = false;
    this.mark({ kind: 'recreated', containerId: id });
  }

  private async lose(error: EngineError): Promise<void> {
    this.delivery.flush();
    // A container that is being removed has no log for a moment; that is no loss.
    // Nor is it one when the engine says in the log itself that it can't read on.
    if (error.code !== 'conflict' && !this.progress.isToldByEngine) this.loss.lost();
    await this.pause();
    this.loss.stillLost(error.message);
  }

  private async awaitSession(): Promise<void> {
    if (this.hasBegun && !this.loss.isReported) {
      // A reader that comes back with its place knows that it was away.
      if (this.listenedTo) this.loss.lost();
      if (await this.wakeup.sleep(GRACE_MS)) return;
      this.loss.report('');
    }
    await this.wakeup.sleep();
  }

  /** Waits before the log is opened again, longer each time no line came in between. */
  private async pause(): Promise<void> {
    const delayMs = backoffDelayMs(this.failures++, Math.random(), REOPEN_BACKOFF);
    await this.wakeup.sleep(delayMs);
  }

  private mark(marker: LogMarker): void {
    if (!this.isOver()) this.delivery.marker(marker);
  }

  private finish(error?: Error): void {
    if (this.isOver()) return;
    this.store.dispose();
    this.delivery.end(error);
  }
}
