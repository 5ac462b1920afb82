import type { LogLine } from '../../../src/model/log';
import type { PartStamps } from '../../../src/model/logLines';
import { IntervalSet } from './intervals';
import { beginsLikeOracleLine, parseOracleLine } from './oracleLine';
import { BEFORE_ALL, compare, type Position } from './position';

/** Lines between two positions, both excluded, that a gap marker stands for. */
export interface CoveredHole {
  readonly gap: number;
  readonly after: Position;
  readonly before: Position;
}

/** A line that is no oracle line, in short. */
export interface IrregularLine {
  readonly after: Position;
  readonly text: string;
}

const IRREGULARS_KEPT = 2_000;
/** Enough to tell one from the other; the whole may be megabytes. */
export const IRREGULAR_LENGTH = 200;

/** What a reader delivered of one stream of one container. */
export class StreamTrack {
  readonly irregulars: IrregularLine[] = [];
  readonly holes: CoveredHole[] = [];
  duplicated = 0;
  reordered = 0;
  delivered = 0;
  /** The line furthest on in the stream that was delivered. */
  furthest: Position = BEFORE_ALL;
  private readonly runs = new Map<number, IntervalSet>();
  /** Gap markers since the latest line that went further than those before. */
  private openGaps: number[] = [];
  private hasHeadless = false;

  /**
   * @param partStamps with `own`, as Podman has it, nothing in the log says where a line ends that a run left
   * unterminated: one that comes together with the next run's first line is no fault
   */
  constructor(
    private readonly writer: string,
    private readonly partStamps: PartStamps = 'shared',
  ) {}

  /** Takes the next line and says whether it is one the writer wrote. */
  take(line: LogLine): boolean {
    const glued = this.partStamps === 'own' ? this.gluedAt(line.text) : undefined;
    if (glued === undefined) return this.takeOne(line);
    this.takeOne({ ...line, text: line.text.slice(0, glued) });
    return this.take({ ...line, text: line.text.slice(glued) });
  }

  /** Where within a line the next one begins. */
  private gluedAt(text: string): number | undefined {
    if (parseOracleLine(text)) return undefined;
    const at = text.indexOf(`${this.writer} `, 1);
    return at > 0 && beginsLikeOracleLine(text.slice(at)) ? at : undefined;
  }

  private takeOne(line: LogLine): boolean {
    this.delivered++;
    const parsed = parseOracleLine(line.text);
    if (parsed?.writer !== this.writer) {
      if (this.isHeadless()) return false;
      if (this.irregulars.length < IRREGULARS_KEPT)
        this.irregulars.push({ after: this.furthest, text: line.text.slice(0, IRREGULAR_LENGTH) });
      return false;
    }
    this.count(parsed);
    return true;
  }

  gap(index: number): void {
    this.openGaps.push(index);
    this.hasHeadless = false;
  }

  /** The log is over: nothing comes after the gaps that are still open. */
  close(end: Position): void {
    this.closeGaps(end);
  }

  deliveredOf(run: number): IntervalSet {
    let set = this.runs.get(run);
    if (!set) this.runs.set(run, (set = new IntervalSet()));
    return set;
  }

  get runsSeen(): readonly number[] {
    return [...this.runs.keys()];
  }

  /** How far the stream has come, in lines, whether all of them were delivered or not. */
  get reach(): number {
    let reach = 0;
    for (const set of this.runs.values()) reach += set.last ?? 0;
    return reach;
  }

  /**
   * Rotation may remove the first parts of a long line and leave the others: after a gap, the first line of a stream
   * may be the rest of one that is gone.
   */
  private isHeadless(): boolean {
    const isFirst = this.openGaps.length > 0 && !this.hasHeadless;
    this.hasHeadless ||= isFirst;
    return isFirst;
  }

  private count({ run, sequence }: Position): void {
    const position = { run, sequence };
    if (!this.deliveredOf(run).add(sequence)) this.duplicated++;
    else if (compare(position, this.furthest) < 0) this.reordered++;
    else {
      this.closeGaps(position);
      this.furthest = position;
    }
  }

  private closeGaps(before: Position): void {
    for (const gap of this.openGaps) this.holes.push({ gap, after: this.furthest, before });
    this.openGaps = [];
  }
}
