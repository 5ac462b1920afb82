import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { LogRequest, LogSink } from '../../model/log';
import { LogRing, type RingBounds } from '../../model/logRing';
import type { SessionSource } from './followSession';
import { LogFollower } from './logFollower';
import type { LogReader } from './logReader';
import { SharedLogReader } from './sharedLogReader';

/** While somebody catches up, the ring holds what comes in the meantime, up to so much text in UTF-16 units. */
const CATCH_UP_LENGTH = 1024 * 1024;
const MAX_ENTRIES = 4_096;

export interface SharedLogHandlers {
  /** How much text a ring may hold for readers who are a little late, in UTF-16 units. */
  ringLength(): number;
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
  }

  private bounds(): RingBounds {
    let maxTextLength = this.handlers.ringLength();
    for (const { isCatchingUp } of this.readers) if (isCatchingUp) maxTextLength = CATCH_UP_LENGTH;
    return { maxTextLength, maxEntries: MAX_ENTRIES };
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
        ring.add({ kind: 'lines', batch });
        this.advance();
      },
      marker: (marker) => {
        if (marker.kind === 'recreated') {
          this.handlers.moved(this.id, marker.containerId);
          this.id = marker.containerId;
          this.firstEntry = ring.end + 1;
        }
        ring.add({ kind: 'marker', marker });
        this.advance();
      },
      ended: (error) => {
        for (const reader of [...this.readers]) reader.end(error);
      },
    };
    return { ...sink, prime: (lines) => first.prime(lines), begun: (place) => first.begun(place) };
  }

  private advance(): void {
    for (const reader of this.readers) reader.advance();
  }
}
