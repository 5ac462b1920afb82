import type { LogLine, LogStream } from './log';
import type { CompiledFilter } from './logFilter';
import { ContextRing, type HeldLine } from './logFilterContext';
import { LineGrouper, type RecordPlace } from './logGrouping';
import type { LogLevel } from './logLevel';
import { plainLine } from './plainText';

/** A line that passes a filter. */
export interface ShownLine {
  readonly line: LogLine;
  readonly place: RecordPlace;
  /** It does not pass by itself, but stands near a record that does. */
  readonly isContext: boolean;
  /** How many lines were left out since the line shown before. */
  readonly notShownBefore: number;
}

/**
 * What becomes of a stream's newest record: `waiting` for a line that contains a wanted pattern, or `excluded` from the
 * line on that contained an unwanted one.
 */
type Decision = 'shown' | 'hidden' | 'waiting' | 'excluded';

interface StreamRecord {
  decision: Decision;
  /** The number of its head. */
  head: number;
  /** Its lines so far while it is waiting, but for those shown as context. */
  waiting: HeldLine[];
}

/** Most records that wait are a single line; an array is made only for those that are there. */
const NONE: HeldLine[] = [];

/**
 * Lets the lines of one container through a filter, record by record. A record shows whole: from the line on that
 * contains a wanted pattern without delay, and before it the lines of the record that had to wait for it. Nothing waits
 * for a record's end.
 *
 * Lines keep their order within a stream. Every line is either shown or counted, in `notShownBefore` or at last in
 * {@link notShown}.
 */
export class FilterRun {
  private readonly grouper = new LineGrouper();
  private readonly ring: ContextRing;
  private readonly records: Readonly<Record<LogStream, StreamRecord>> = {
    stdout: { decision: 'hidden', head: 0, waiting: NONE },
    stderr: { decision: 'hidden', head: 0, waiting: NONE },
  };
  private lines = 0;
  /** So many more lines are shown as the context of what passed before. */
  private contextAfter = 0;
  private isPriming = false;

  constructor(
    private readonly filter: CompiledFilter,
    private readonly show: (shown: ShownLine) => void,
  ) {
    this.ring = new ContextRing(filter.contextLines);
  }

  /** How many lines were not shown since the last one that was; those that are still undecided count. */
  get notShown(): number {
    const { stdout, stderr } = this.records;
    return this.ring.count + stdout.waiting.length + stderr.waiting.length;
  }

  /** @param text the line's text without control sequences, if it is at hand */
  push(line: LogLine, text: string = searchText(line.text)): void {
    this.lines++;
    const place = this.grouper.place(line, text);
    const record = line.stream === 'stderr' ? this.records.stderr : this.records.stdout;
    if (place.isHead) this.begin(record, place.level);
    if (record.decision === 'waiting') this.pushWaiting(record, line, place, text);
    else if (this.isLeftOut(record, text)) this.leaveOut(record);
    else if (record.decision === 'shown') this.showMember(record, line, place);
    else this.hold(record, { line, place, text, number: this.lines, leftOutBefore: 0 });
  }

  private pushWaiting(record: StreamRecord, line: LogLine, place: RecordPlace, text: string): void {
    const { filter } = this;
    const isWanted = filter.includes(text);
    // Where it can't be context, a line that nobody wants need not be looked at for what is unwanted, until one is.
    if ((isWanted || filter.contextLines > 0) && this.isExcluded(record, text)) this.leaveOut(record);
    else if (isWanted) this.release(record, line, place);
    else this.hold(record, { line, place, text, number: this.lines, leftOutBefore: 0 });
  }

  /**
   * Takes lines that a reader has behind it, so that what follows is judged as if all had gone through here. None of
   * them is shown now. Later, with a record that turns out to be wanted or as context, only those are of which it is sure
   * that they have not been shown before: not the first record of each stream, which may have begun earlier, nor what
   * may have been its context.
   */
  prime(lines: readonly LogLine[]): void {
    const heads: Record<LogStream, number> = { stdout: 0, stderr: 0 };
    let unsure = this.lines;
    this.isPriming = true;
    for (const line of lines) {
      this.push(line);
      if (this.records[line.stream].head === this.lines) heads[line.stream]++;
      if (heads[line.stream] === 1) unsure = this.lines;
    }
    this.isPriming = false;
    this.forget(unsure + this.filter.contextLines);
  }

  /** Lines up to this number are not shown any more. */
  private forget(number: number): void {
    this.ring.takeBetween(0, number + 1);
    for (const record of Object.values(this.records)) {
      const kept = record.waiting.filter((held) => held.number > number);
      record.waiting = kept.length > 0 ? kept : NONE;
    }
  }

  /** A new run of the container begins: what comes belongs to no record before. */
  restart(): void {
    this.grouper.reset();
  }

  private begin(record: StreamRecord, level: LogLevel | undefined): void {
    if (record.waiting.length > 0) this.giveUp(record);
    record.head = this.lines;
    if (!this.filter.passesLevel(level)) record.decision = 'hidden';
    else record.decision = this.filter.hasIncludes ? 'waiting' : 'shown';
  }

  /** The record is over and nothing wanted has come in it. */
  private giveUp(record: StreamRecord): void {
    if (this.filter.contextLines === 0) this.ring.leaveOut(record.waiting.length);
    else for (const held of record.waiting) this.ring.push(held);
    record.waiting = NONE;
  }

  private isLeftOut(record: StreamRecord, text: string): boolean {
    if (record.decision === 'excluded') return true;
    // What is hidden anyway matters only as context.
    if (record.decision === 'hidden' && this.filter.contextLines === 0) return true;
    return this.isExcluded(record, text);
  }

  private isExcluded(record: StreamRecord, text: string): boolean {
    const { excludes, contextLines } = this.filter;
    // Those that could be context were looked at before they were held.
    const isUnsure = record.decision === 'waiting' && contextLines === 0;
    if (!excludes(text) && !(isUnsure && record.waiting.some((held) => excludes(held.text)))) return false;
    record.decision = 'excluded';
    return true;
  }

  private leaveOut(record: StreamRecord): void {
    this.ring.leaveOut(1 + record.waiting.length);
    record.waiting = NONE;
  }

  private hold(record: StreamRecord, held: HeldLine): void {
    if (record.waiting !== NONE) {
      // It can't be shown before the lines that wait.
      record.waiting.push(held);
    } else if (this.contextAfter > 0) {
      this.contextAfter--;
      held.leftOutBefore = this.ring.giveUp();
      this.showContext(held);
    } else if (record.decision === 'waiting') {
      record.waiting = [held];
    } else {
      this.ring.push(held);
    }
  }

  private showMember(record: StreamRecord, line: LogLine, place: RecordPlace): void {
    if (place.isHead && this.filter.contextLines > 0) this.showContextBefore(record);
    this.showMatch(line, place);
  }

  /** The record contains a wanted pattern: shows what it has so far, with its context before. */
  private release(record: StreamRecord, line: LogLine, place: RecordPlace): void {
    record.decision = 'shown';
    if (this.filter.contextLines > 0) this.showContextBefore(record);
    for (const held of record.waiting) this.showMatch(held.line, held.place);
    record.waiting = NONE;
    this.showMatch(line, place);
  }

  private showContextBefore(record: StreamRecord): void {
    const { stdout, stderr } = this.records;
    const other = record === stdout ? stderr : stdout;
    const candidates = [...this.ring.numbers(), ...other.waiting.map((held) => held.number)]
      .filter((number) => number < record.head)
      .sort((a, b) => a - b)
      .slice(-this.filter.contextLines);
    const first = candidates[0] ?? record.head;
    const context = [...this.ring.takeBetween(first, record.head), ...takeWaiting(other, first, record.head)];
    for (const held of context.sort((a, b) => a.number - b.number)) this.showContext(held);
  }

  private showMatch(line: LogLine, place: RecordPlace): void {
    this.contextAfter = this.filter.contextLines;
    const notShownBefore = this.ring.giveUp();
    if (!this.isPriming) this.show({ line, place, isContext: false, notShownBefore });
  }

  private showContext({ line, place, leftOutBefore }: HeldLine): void {
    if (!this.isPriming) this.show({ line, place, isContext: true, notShownBefore: leftOutBefore });
  }
}

/**
 * Takes out the waiting lines of a record if all of them lie from `from` up to `to`. Else none: it may yet turn out to be
 * wanted, and then shows whole and in its order.
 */
function takeWaiting(record: StreamRecord, from: number, to: number): HeldLine[] {
  const { waiting } = record;
  if (!waiting.every((held) => held.number >= from && held.number < to)) return [];
  record.waiting = NONE;
  return waiting;
}

/** The text that levels and patterns are looked for in. That a line needs no work is told faster here. */
function searchText(text: string): string {
  return text.includes('\u001b') ? plainLine(text) : text;
}
