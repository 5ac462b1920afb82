import type { LogBatch, LogCursor, LogLine, LogMarker, LogPlace } from './log';
import { CursorFinder } from './logPosition';

/** One thing a followed log brought. */
export type RingEntry =
  | { readonly kind: 'lines'; readonly batch: LogBatch }
  | { readonly kind: 'marker'; readonly marker: LogMarker };

export interface RingBounds {
  /** In UTF-16 units, as {@link LogBatch.textLength}. */
  readonly maxTextLength: number;
  readonly maxEntries: number;
}

/** Where in a ring reading goes on: with `rest`, lines of an entry of which others were read before, then at `entry`. */
export interface RingSpot {
  readonly entry: number;
  readonly rest: readonly LogLine[];
  /** After `rest`. */
  readonly place?: LogPlace;
  /** The newest lines before the spot, which tell what record goes on there. */
  readonly before: readonly LogLine[];
}

/** The newest part of a followed log, for all who read it. Entries are numbered from 0 on. */
export class LogRing {
  private entries: RingEntry[] = [];
  private firstNumber = 0;
  private textLength = 0;

  /** The place before the oldest entry, as far as it is known. */
  private start: LogCursor | undefined;

  /** @param bounds what it may hold at the moment */
  constructor(private readonly bounds: () => RingBounds) {}

  /** Nothing lies between this place and entry 0. */
  beginsAfter(start: LogCursor): void {
    if (this.firstNumber === 0) this.start = start;
  }

  /** The number of the oldest entry that is still there. */
  get first(): number {
    return this.firstNumber;
  }

  /** The number of the entry that comes next. */
  get end(): number {
    return this.firstNumber + this.entries.length;
  }

  /** Of the text it holds, in UTF-16 units. */
  get length(): number {
    return this.textLength;
  }

  at(number: number): RingEntry | undefined {
    return this.entries[number - this.firstNumber];
  }

  add(entry: RingEntry): void {
    this.entries.push(entry);
    this.textLength += textLengthOf(entry);
    const bounds = this.bounds();
    let dropped = 0;
    while (this.isOverFull(dropped, bounds)) {
      const oldest = this.entries[dropped++];
      if (!oldest) break;
      this.textLength -= textLengthOf(oldest);
      if (oldest.kind === 'lines') this.start = oldest.batch.place?.cursor;
      else if (oldest.marker.kind === 'recreated') this.start = undefined;
    }
    if (dropped === 0) return;
    this.entries.splice(0, dropped);
    this.firstNumber += dropped;
  }

  /** Where to go on for somebody who has read up to a place; `undefined` when that is not in the ring. */
  find(place: LogCursor): RingSpot | undefined {
    if (this.start && isSamePlace(this.start, place))
      return { entry: this.firstNumber, rest: [], before: [] };
    if (this.mayLackEquals(place)) return undefined;
    const finder = new CursorFinder(place);
    for (const [index, entry] of this.entries.entries()) {
      if (entry.kind !== 'lines' || !isOf(entry.batch, place)) continue;
      const { lines } = entry.batch;
      const found = lines.findIndex((line) => finder.isCursor(line));
      if (found < 0) continue;
      const before = [...this.linesBefore(index), ...lines.slice(0, found + 1)];
      const { place: after } = entry.batch;
      return {
        entry: this.firstNumber + index + 1,
        rest: lines.slice(found + 1),
        before,
        ...(after && { place: after }),
      };
    }
    return undefined;
  }

  /** Lines that are equal to that of a place are told apart by their number, which counts those before the ring, too. */
  private mayLackEquals({ timestamp }: LogCursor): boolean {
    if (this.start) return this.start.timestamp === timestamp;
    return this.firstNumber > 0 && this.timestampFrom(this.firstNumber, this.end) === timestamp;
  }

  /** The timestamp of the first line from one entry on, before another one. */
  timestampFrom(from: number, before: number): string | undefined {
    for (let number = Math.max(from, this.firstNumber); number < before; number++) {
      const entry = this.at(number);
      if (!entry) return undefined;
      const line = entry.kind === 'lines' ? entry.batch.lines[0] : undefined;
      if (line) return line.timestamp;
    }
    return undefined;
  }

  /** The timestamp of the last line before an entry, down to another one. */
  timestampBefore(before: number, from: number): string | undefined {
    for (let number = Math.min(before, this.end) - 1; number >= from; number--) {
      const entry = this.at(number);
      const line = entry?.kind === 'lines' ? entry.batch.lines.at(-1) : undefined;
      if (line) return line.timestamp;
    }
    return undefined;
  }

  private linesBefore(index: number): readonly LogLine[] {
    return this.entries.slice(0, index).flatMap((entry) => (entry.kind === 'lines' ? entry.batch.lines : []));
  }

  /** The newest entry always stays: nobody would ever see a batch that is too big. */
  private isOverFull(dropped: number, { maxEntries, maxTextLength }: RingBounds): boolean {
    const left = this.entries.length - dropped;
    return left > 1 && (left > maxEntries || this.textLength > maxTextLength);
  }
}

function textLengthOf(entry: RingEntry): number {
  return entry.kind === 'lines' ? entry.batch.textLength : 1;
}

/** A ring can have the log of a container and that of its successor. */
function isOf({ place }: LogBatch, { containerId }: LogCursor): boolean {
  return place === undefined || place.cursor.containerId === containerId;
}

function isSamePlace(one: LogCursor, other: LogCursor): boolean {
  return (
    one.containerId === other.containerId &&
    one.timestamp === other.timestamp &&
    one.stream === other.stream &&
    one.ordinal === other.ordinal &&
    one.hash === other.hash
  );
}
