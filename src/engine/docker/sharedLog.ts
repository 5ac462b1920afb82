import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { LogRequest, LogSink } from '../../model/log';
import { LogRing, type RingBounds, type RingEntry } from '../../model/logRing';
import type { SessionSource } from './followSession';
import { LogFollower } from './logFollower';
import type { LogReader } from './logReader';
import { SharedLogReader } from './sharedLogReader';

const MAX_ENTRIES = 4_096;

export interface SharedLogHandlers {
  /** How much text a ring may hold that holds so much at the moment, in UTF-16 units. */
  ringLength(held: number, isCaughtUpWith: boolean): number;
  /** The ring has got longer, or shorter. */
  ringChanged(by: number): void;
  /** The container was created anew: from now on the log is that of another one. */
  moved(from: ContainerId, to: ContainerId): void;
  /** Nobody reads it any more, or it can't be read. */
  over(last: ContainerId): void;
}

/**
 * One container's log, followed once for all who read it. It goes into a bounded ring at the speed of the engine. A reader
 * takes it from there; one that comes later, or lags so far behind that the ring has moved on, first reads what it lacks
 * from the engine.
 */
export class SharedLog implements Disposable {
  private readonly readers = new Set<SharedLogReader>();
  private ring: LogRing | undefined;
  private source: LogFollower | undefined;
  /** The entry with which the ring begins to be the log of the container of the moment. */
  private firstEntry = 0;
  /** How much text the ring holds, as the others were told. */
  private heldLength = 0;

  constructor(
    private id: ContainerId,
    private readonly sessions: SessionSource,
    private readonly clock: Clock,
    private readonly handlers: SharedLogHandlers,
  ) {}

  /** The first reader's wish decides where the log begins. */
  begin(request: LogRequest, reader: LogReader): Disposable {
    const ring = new LogRing(() => this.bounds());
    this.ring = ring;
    const first = this.addReader(request, reader, ring);
    this.source = new LogFollower(this.id, request, this.intoRing(ring, first), this.sessions, this.clock);
    return first;
  }

  join(request: LogRequest, reader: LogReader): Disposable {
    if (!this.ring) return this.begin(request, reader);
    const late = this.addReader(request, reader, this.ring);
    late.catchUp();
    return late;
  }

  dispose(): void {
    this.source?.dispose();
    for (const reader of [...this.readers]) reader.dispose();
    this.holds(0);
  }

  private bounds(): RingBounds {
    let isCaughtUpWith = false;
    for (const { isCatchingUp } of this.readers) isCaughtUpWith ||= isCatchingUp;
    return {
      maxTextLength: this.handlers.ringLength(this.heldLength, isCaughtUpWith),
      maxEntries: MAX_ENTRIES,
    };
  }

  private add(ring: LogRing, entry: RingEntry): void {
    ring.add(entry);
    this.holds(ring.length);
    for (const reader of this.readers) reader.advance();
  }

  private holds(length: number): void {
    this.handlers.ringChanged(length - this.heldLength);
    this.heldLength = length;
  }

  private addReader(request: LogRequest, sink: LogReader, ring: LogRing): SharedLogReader {
    const reader = new SharedLogReader(request, sink, ring, {
      readOn: (wanted, into) =>
        new LogFollower(
          this.id,
          { ...wanted, follow: false, isContinued: true },
          into,
          this.sessions,
          this.clock,
        ),
      containerId: () => this.id,
      firstEntry: () => this.firstEntry,
      startOfRing: () => this.source?.startCursor,
      clock: this.clock,
      left: () => this.remove(reader),
    });
    this.readers.add(reader);
    return reader;
  }

  private remove(reader: SharedLogReader): void {
    if (!this.readers.delete(reader) || this.readers.size > 0) return;
    this.source?.dispose();
    this.handlers.over(this.id);
  }

  private intoRing(ring: LogRing, first: SharedLogReader): LogReader {
    const sink: LogSink = {
      lines: (batch) => {
        this.add(ring, { kind: 'lines', batch });
      },
      marker: (marker) => {
        if (marker.kind === 'recreated') {
          this.handlers.moved(this.id, marker.containerId);
          this.id = marker.containerId;
          this.firstEntry = ring.end + 1;
        }
        this.add(ring, { kind: 'marker', marker });
      },
      ended: (error) => {
        for (const reader of [...this.readers]) reader.end(error);
      },
    };
    return { ...sink, prime: (lines) => first.prime(lines), begun: (place) => first.begun(place) };
  }
}
