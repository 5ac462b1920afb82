import type { LogBatch, LogLine, LogMarker, LogPlace, LogSink } from './log';
import { compileFilter, type CompiledFilter, type FilterError, type LogFilter } from './logFilter';
import { FilterRun, type ShownLine } from './logFilterRun';

/** A reader with a filter before it. */
export interface FilteredLog {
  readonly kind: 'filteredLog';
  /** Takes the whole log; the reader gets what passes. */
  readonly sink: LogSink;
  /**
   * Takes lines the reader has behind it, where reading goes on in the middle of a log: lines that follow are judged as
   * parts of the records these belong to. See {@link FilterRun.prime}.
   */
  prime(lines: readonly LogLine[]): void;
}

/** Puts a filter before a reader. Costs nothing where nothing is filtered. */
export function filteredLog(filter: LogFilter | undefined, reader: LogSink): FilteredLog | FilterError {
  const compiled = filter && compileFilter(filter);
  if (compiled?.kind === 'filterError') return compiled;
  if (!compiled || compiled.passesEverything) {
    return { kind: 'filteredLog', sink: reader, prime: () => undefined };
  }
  const sink = new FilteredSink(compiled, reader);
  return { kind: 'filteredLog', sink, prime: (lines) => sink.prime(lines) };
}

/** What a reader is handed on: lines together, or a marker between them. */
type Piece = readonly LogLine[] | LogMarker;

/**
 * Hands on the lines that pass. A batch keeps its place, and is handed on without a line where only the place is news.
 * The place is also past lines that wait to be judged: whoever reads on from it primes with what is before it.
 *
 * With lines of context a marker tells how many lines were left out between what is shown.
 */
class FilteredSink implements LogSink {
  private readonly run: FilterRun;
  private readonly hasContext: boolean;
  private pieces: Piece[] = [];
  private shown: LogLine[] = [];
  /** Something was shown, which a marker can tell apart from what is next. */
  private hasShown = false;

  constructor(
    filter: CompiledFilter,
    private readonly reader: LogSink,
  ) {
    this.run = new FilterRun(filter, (shown) => this.take(shown));
    this.hasContext = filter.contextLines > 0;
  }

  prime(lines: readonly LogLine[]): void {
    this.run.prime(lines);
  }

  lines({ lines, place }: LogBatch): void | Promise<void> {
    for (const line of lines) this.run.push(line);
    const pieces = this.takePieces();
    if (pieces.length > 0) return this.handOn(pieces, place);
    return place && this.reader.lines(batchOf([], place));
  }

  marker(marker: LogMarker): void {
    if (endsRecords(marker)) this.run.restart();
    this.reader.marker(marker);
  }

  ended(error?: Error): void {
    this.reader.ended(error);
  }

  private take({ line, notShownBefore }: ShownLine): void {
    if (this.hasContext && this.hasShown && notShownBefore > 0) {
      this.endPiece();
      this.pieces.push({ kind: 'notShown', count: notShownBefore });
    }
    this.shown.push(line);
    this.hasShown = true;
  }

  private endPiece(): void {
    if (this.shown.length > 0) this.pieces.push(this.shown);
    this.shown = [];
  }

  private takePieces(): readonly Piece[] {
    this.endPiece();
    const { pieces } = this;
    if (pieces.length > 0) this.pieces = [];
    return pieces;
  }

  /** One after the other, and no further while the reader is busy. The last one, which has lines, gets the place. */
  private handOn(pieces: readonly Piece[], place: LogPlace | undefined): void | Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (isMarker(piece)) {
        this.reader.marker(piece);
        continue;
      }
      const isLast = index === pieces.length - 1;
      const taken = this.reader.lines(batchOf(piece, isLast ? place : undefined));
      if (isLast) return taken;
      if (taken) return taken.then(() => this.handOn(pieces.slice(index + 1), place));
    }
  }
}

function isMarker(piece: Piece): piece is LogMarker {
  return !Array.isArray(piece);
}

function batchOf(lines: readonly LogLine[], place: LogPlace | undefined): LogBatch {
  let textLength = 0;
  for (const { text } of lines) textLength += text.length + 1;
  return { lines, textLength, ...(place && { place }) };
}

/** What comes after it goes on with no record before. */
function endsRecords({ kind }: LogMarker): boolean {
  return kind === 'restarted' || kind === 'started' || kind === 'recreated' || kind === 'gap';
}
