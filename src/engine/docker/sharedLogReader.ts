import { asError } from '../../base/errors';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { LogBatch, LogCursor, LogLine, LogMarker, LogPlace, LogRequest } from '../../model/log';
import { isBeforeAll } from '../../model/logPosition';
import { isEarlier } from '../../model/logTime';
import type { LogRing, RingSpot } from '../../model/logRing';
import { isNoSuchContainer } from './finalAnswers';
import { LinesAhead } from './linesAhead';
import { guarded, type LogReader } from './logReader';

/**
 * A reader whose place is not in the ring yet looks again after so long, should the ring not have come there; ever more
 * rarely while nothing is written.
 */
const FIRST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 60_000;
/** Of what happened while a reader lagged behind, so many markers are kept for it. */
const MAX_MISSED_MARKERS = 100;

/** A log being read from the engine to its present end. */
export interface ReadingOn extends Disposable {
  /** After the last line it brought, or where the log ended if it brought none; none in an empty log. */
  readonly place: LogPlace | undefined;
}

export interface SharedLogReaderOptions {
  readOn(request: LogRequest, into: LogReader): ReadingOn;
  /** Whose log the shared one is by now. */
  containerId(): ContainerId;
  /** The number of the first entry that is of that container's log. */
  firstEntry(): number;
  /** The place before the ring's entry 0, as far as it is known by now. */
  startOfRing(): LogCursor | undefined;
  readonly clock: Clock;
  /** The reader is gone. */
  left(): void;
}

type ReaderState =
  /** It reads from the engine what the ring does not have, or has not yet. */
  | {
      readonly kind: 'catchingUp';
      readonly reading: ReadingOn;
      readonly ringEnd: number;
      /** At this place it was when the ring had moved on beyond it. */
      readonly lappedAt: LogPlace | undefined;
    }
  /** It has read to the end of the log, and the ring has not come to that place yet. */
  | { readonly kind: 'waiting'; readonly timer: Disposable }
  /** It takes entry after entry from the ring. */
  | { readonly kind: 'joined'; readonly next: number }
  | { readonly kind: 'over' };

interface MissedMarker {
  /** Its number in the ring. */
  readonly entry: number;
  readonly marker: LogMarker;
  /** It was told already, while reading from the engine. */
  readonly isTold: boolean;
}

/** One of those who read a shared log: where it is, and how it gets what it lacks. */
export class SharedLogReader implements Disposable {
  private state: ReaderState = { kind: 'joined', next: 0 };
  /** After the last line that was handed over. */
  private place: LogPlace | undefined;
  /** The reader asked not to be given more. */
  private isHeld = false;
  /** That the container stopped or began to run it hears from the ring, not from what it reads of the engine. */
  private hearsRuns: boolean;
  /** Whose log the reader knows that it gets: it is given no line of another container. */
  private containerId: ContainerId;
  /** The ring may still have the log of another container, up to this entry. */
  private firstEntry: number;
  /** What happened while it did not take from the ring. */
  private missed: readonly MissedMarker[] = [];
  private readonly ahead = new LinesAhead();
  private lookAgainMs = FIRST_LOOK_MS;
  private readonly reader: LogReader;

  constructor(
    private request: LogRequest,
    reader: LogReader,
    private readonly ring: LogRing,
    private readonly options: SharedLogReaderOptions,
  ) {
    const { resumeAt } = request;
    if (resumeAt && !isBeforeAll(resumeAt.cursor)) this.place = resumeAt;
    // Who comes back with a place lacks runs of which the ring never heard.
    this.hearsRuns = this.place === undefined;
    this.containerId = options.containerId();
    this.firstEntry = options.firstEntry();
    this.reader = guarded(reader, (error) => this.end(error));
  }

  /** It will soon go on with what the ring gets now; not one that is slow itself. */
  get isCatchingUp(): boolean {
    return !this.isHeld && (this.state.kind === 'catchingUp' || this.state.kind === 'waiting');
  }

  /** Reads from the engine what it lacks, unless the ring has its place. */
  catchUp(): void {
    if (this.tryToJoin()) return;
    const ringEnd = this.ring.end;
    const lappedAt = this.state.kind === 'joined' ? this.place : undefined;
    const { hearsRuns } = this;
    this.leaveState();
    this.ahead.resume();
    const reading = this.options.readOn(
      this.place ? { ...this.request, resumeAt: this.place } : this.request,
      {
        lines: (batch) => this.takeRead(batch),
        marker: (marker) => {
          if (hearsRuns && isOfRun(marker)) this.tellMissedRuns();
          else this.tell(marker);
        },
        ended: (error) => this.caughtUp(error),
        prime: (lines) => {
          if (this.isFresh) this.reader.prime(lines);
        },
        begun: (place) => this.begun(place),
      },
    );
    this.state = { kind: 'catchingUp', reading, ringEnd, lappedAt };
  }

  /** To be called when the ring has got another entry. */
  advance(): void {
    this.keepMarker();
    if (this.state.kind === 'waiting' && !this.tryToJoin()) this.lookSoon();
    while (this.state.kind === 'joined' && !this.isHeld) {
      const { next } = this.state;
      if (next < this.ring.first) {
        this.catchUp();
        return;
      }
      const entry = this.ring.at(next);
      if (!entry) return;
      this.state = { kind: 'joined', next: next + 1 };
      this.hearsRuns = true;
      const isTold = this.missed.some((missed) => missed.entry === next && missed.isTold);
      this.missed = this.missed.filter((missed) => missed.entry > next);
      if (entry.kind === 'lines') this.hand(entry.batch);
      else if (!isTold) this.tell(entry.marker);
    }
  }

  /** Takes lines it has behind it, where the ring begins in the middle of the log. */
  prime(lines: readonly LogLine[]): void {
    if (!this.isOver()) this.reader.prime(lines);
  }

  /** Should it be broken off before its first line, this is where it goes on. */
  begun(place: LogPlace): void {
    if (!this.isOver() && !this.place) this.reader.begun(place);
  }

  /** The log can't be read any further. */
  end(error?: Error): void {
    if (this.isOver()) return;
    this.dispose();
    this.reader.ended(error);
  }

  dispose(): void {
    if (this.isOver()) return;
    this.leaveState();
    this.state = { kind: 'over' };
    this.options.left();
  }

  /** A method, because what a property said before a call need not hold after it. */
  private isOver(): boolean {
    return this.state.kind === 'over';
  }

  /** It came back with a place, and was given nothing since. */
  private get isFresh(): boolean {
    return this.place !== undefined && this.place === this.request.resumeAt;
  }

  private takeRead(batch: LogBatch): void | Promise<void> {
    this.lookAgainMs = FIRST_LOOK_MS;
    const news = this.ahead.withoutKnown(batch);
    this.reach(news);
    if (news.lines.length === 0 || this.isOver()) return;
    return this.give(news)?.then(() => void (this.isHeld = false));
  }

  private reach(batch: LogBatch): void {
    const id = batch.place?.cursor.containerId;
    if (id !== undefined) this.tellContainer(id);
    this.ahead.note(batch, this.place);
    this.place = batch.place ?? this.place;
  }

  private caughtUp(error: Error | undefined): void {
    if (this.state.kind !== 'catchingUp') return;
    const { reading, ringEnd } = this.state;
    if (!this.place && reading.place) {
      this.place = reading.place;
      this.reader.begun(this.place);
      if (this.isOver()) return;
    }
    if (error && !isNoSuchContainer(error)) this.end(error);
    else if (error) this.joinWithout();
    // The log was empty.
    else if (!this.place && ringEnd >= this.ring.first)
      this.takeFrom({ entry: this.entryOfUnterminated(ringEnd), rest: [], before: [] });
    else if (!this.tryToJoin()) this.wait();
  }

  /** A log without a whole line can have one that broke off, which only the ring tells to be a line. */
  private entryOfUnterminated(ringEnd: number): number {
    if (this.request.tail === 0) return ringEnd;
    for (let entry = this.firstOfLog; entry < ringEnd; entry++)
      if (this.ring.at(entry)?.kind === 'lines') return entry;
    return ringEnd;
  }

  /** The oldest entry that can be of the log it reads. */
  private get firstOfLog(): number {
    return Math.max(this.firstEntry, this.ring.first);
  }

  /** The container is no more, so what the ring does not have is lost. */
  private joinWithout(): void {
    if (this.tryToJoin()) return;
    const isAhead = this.isAheadOfRing();
    const over = this.missed.find(({ marker }) => isOfContainer(marker));
    if (this.isToReadSuccessor()) this.readSuccessor();
    // What was read from the engine is still on its way into the ring.
    else if (isAhead && !over) this.wait();
    else {
      const entry = Math.max(isAhead && over ? over.entry : 0, this.firstOfLog);
      this.tellGap(entry);
      this.takeFrom({ entry, rest: [], before: [] });
    }
  }

  /** Whether all that the ring has of this container's log was read; its place is not in the ring. */
  private isAheadOfRing(): boolean {
    if (!this.place || (this.state.kind === 'catchingUp' && this.state.lappedAt === this.place)) return false;
    const newest = this.ring.timestampBefore(this.endOfLog, this.firstOfLog);
    return newest === undefined || !isEarlier(this.place.cursor.timestamp, newest);
  }

  /** Whether the ring has nothing any more of the container that it reads, but a later one's log. */
  private isToReadSuccessor(): boolean {
    if (this.containerId === this.options.containerId()) return false;
    return this.endOfLog < this.ring.first;
  }

  /** Where in the ring the next container's log begins. */
  private get endOfLog(): number {
    if (this.containerId === this.options.containerId()) return this.ring.end;
    return this.missed.find(({ marker }) => marker.kind === 'recreated')?.entry ?? -1;
  }

  /** Another container took the place of the one it was reading: all that one wrote is news. */
  private readSuccessor(): void {
    this.leaveState();
    this.state = { kind: 'joined', next: this.ring.end };
    this.tellGap(this.ring.end);
    this.place = undefined;
    this.request = { tail: 'all', follow: true };
    this.firstEntry = this.options.firstEntry();
    this.hearsRuns = true;
    this.tellMissed(this.ring.end);
    this.tellContainer(this.options.containerId());
    if (!this.isOver()) this.catchUp();
  }

  private wait(): void {
    this.leaveState();
    const timer = this.options.clock.setTimer(() => this.catchUp(), this.lookAgainMs);
    this.lookAgainMs = Math.min(this.lookAgainMs * 2, LONGEST_LOOK_MS);
    this.state = { kind: 'waiting', timer };
  }

  /** Something was written, so there is something to read. */
  private lookSoon(): void {
    if (this.lookAgainMs === 2 * FIRST_LOOK_MS) return;
    this.lookAgainMs = FIRST_LOOK_MS;
    this.wait();
  }

  private tryToJoin(): boolean {
    const start = this.options.startOfRing();
    if (start) this.ring.beginsAfter(start);
    const spot = this.place && this.ring.find(this.place.cursor);
    if (spot) this.takeFrom(spot);
    return spot !== undefined;
  }

  private takeFrom({ entry, rest, before, place }: RingSpot): void {
    this.leaveState();
    this.state = { kind: 'joined', next: entry };
    this.hearsRuns = true;
    if (this.isFresh) this.reader.prime(before);
    this.tellMissed(entry);
    if (this.isOver()) return;
    const textLength = rest.reduce((sum, { text }) => sum + text.length + 1, 0);
    if (rest.length > 0) this.hand({ lines: rest, textLength, ...(place && { place }) });
    this.advance();
  }

  private tellMissed(before: number): void {
    const { missed } = this;
    this.missed = missed.filter(({ entry, isTold }) => isTold && entry >= before);
    for (const { entry, marker, isTold } of missed) if (entry < before && !isTold) this.tell(marker);
  }

  /** The reading has come to the first line of another run. */
  private tellMissedRuns(): void {
    const { missed } = this;
    this.missed = missed.map((one) => (isOfRun(one.marker) ? { ...one, isTold: true } : one));
    for (const { marker, isTold } of missed) if (isOfRun(marker) && !isTold) this.tell(marker);
  }

  /** Who is told of another container may want no more: then it is over. */
  private tell(marker: LogMarker): void {
    if (this.isOver()) return;
    if (marker.kind === 'recreated') this.tellContainer(marker.containerId);
    else this.reader.marker(marker);
  }

  private tellContainer(containerId: ContainerId): void {
    if (this.isOver() || containerId === this.containerId) return;
    this.containerId = containerId;
    this.reader.marker({ kind: 'recreated', containerId });
  }

  private hand(batch: LogBatch): void {
    this.reach(batch);
    if (this.isOver()) return;
    this.give(batch)?.then(
      () => {
        this.isHeld = false;
        this.advance();
      },
      (error: unknown) => this.end(asError(error)),
    );
  }

  private give(batch: LogBatch): Promise<void> | undefined {
    const taken = this.reader.lines(batch) ?? undefined;
    this.isHeld = taken !== undefined;
    return taken;
  }

  /** What followed its place is lost, up to this entry of the ring. */
  private tellGap(entry: number): void {
    const from = this.place?.cursor.timestamp;
    if (from === undefined) return;
    this.tell({ kind: 'gap', from, to: this.ring.timestampFrom(entry, this.endOfLog) ?? from });
  }

  /** Lines that a held reader misses are read again; what happened is told by nobody else. */
  private keepMarker(): void {
    const entry = this.ring.end - 1;
    const newest = this.ring.at(entry);
    if (newest?.kind !== 'marker') return;
    if (!this.mayMiss(newest.marker) || this.missed.at(-1)?.entry === entry) return;
    this.missed = [...this.missed, { entry, marker: newest.marker, isTold: false }];
    if (this.missed.length <= MAX_MISSED_MARKERS) return;
    // Which container it is must be told in any case.
    const least = this.missed.find(({ marker }) => !isOfContainer(marker)) ?? this.missed[0];
    this.missed = this.missed.filter((one) => one !== least);
  }

  /** While it reads from the engine, the reading tells the rest. */
  private mayMiss(marker: LogMarker): boolean {
    if (this.state.kind === 'joined') return this.isHeld;
    return isOfContainer(marker) || (this.hearsRuns && isOfRun(marker));
  }

  private leaveState(): void {
    if (this.state.kind === 'catchingUp') this.state.reading.dispose();
    if (this.state.kind === 'waiting') this.state.timer.dispose();
  }
}

function isOfRun({ kind }: LogMarker): boolean {
  return kind === 'stopped' || kind === 'restarted' || kind === 'started';
}

function isOfContainer({ kind }: LogMarker): boolean {
  return kind === 'removed' || kind === 'recreated';
}
