import type { LogStream } from '../../../src/model/log';
import type { Interval } from './intervals';
import type { LogChecker, ReportedGap } from './logChecker';
import { AFTER_ALL, compare, STREAMS, type Position } from './position';
import type { CoveredHole, IrregularLine, StreamTrack } from './streamTrack';
import { neverRecorded, type LogTruth } from './truth';

/** For each gap marker, by its index, the oldest line of each stream that the engine still had when the marker came. */
export type OldestAtGaps = ReadonlyMap<number, Partial<Readonly<Record<LogStream, Position>>>>;

/**
 * What became of a log, in lines.
 *
 * - `lost`: the engine has or had them and the reader never got them, unless rotation had removed them before the
 *   reader came to them and a gap marker says so.
 * - `unreported`: those of the missing lines that no gap marker stands for, and one more for each gap marker that is
 *   not exact: nothing is missing there, its count is wrong, or its times are not those of the lines around it.
 * - `removed`: missing because rotation had removed them, and reported. No fault.
 * - `corrupted`: delivered, and not as they were written, nor a torn line that the engine has so.
 */
export interface Verdict {
  readonly lines: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly unreported: number;
  readonly corrupted: number;
  readonly gaps: number;
  readonly removed: number;
  /** Lost inside the engine, where it or a writer was killed, before it recorded them; among none of the others. */
  readonly neverRecorded: number;
  /** What is wrong, for people; bounded. */
  readonly problems: readonly string[];
}

const PROBLEMS_KEPT = 20;

/** Judges one container. The log must be at rest: nothing of the truth is still to come. */
export function judge(checker: LogChecker, truth: LogTruth, oldestAtGaps: OldestAtGaps): Verdict {
  const tally = new Tally(checker.gaps);
  for (const stream of STREAMS) {
    const track = checker.tracks[stream];
    track.close(AFTER_ALL);
    for (const run of track.runsSeen) truth.learnDelivered(stream, run, track.deliveredOf(run).last ?? 0);
    for (const [run, known] of truth.runsOf(stream)) {
      const never = neverRecorded(known);
      tally.neverRecorded += never.size;
      const holes = track.deliveredOf(run).missing({ first: 1, last: known.last });
      for (const missing of holes.flatMap((hole) => never.missing(hole)))
        tally.missing(stream, run, missing, track.holes, oldestAtGaps);
    }
    tally.compareIrregulars(stream, track, truth);
  }
  return tally.verdict(checker, truth);
}

class Tally {
  neverRecorded = 0;
  private lost = 0;
  private unreported = 0;
  private removed = 0;
  private corrupted = 0;
  private readonly problems: string[] = [];
  private readonly missingByGap = new Map<number, number>();

  constructor(private readonly gaps: readonly ReportedGap[]) {}

  missing(
    stream: LogStream,
    run: number,
    interval: Interval,
    holes: readonly CoveredHole[],
    oldestAtGaps: OldestAtGaps,
  ): void {
    const place = `${stream} run ${run} lines ${interval.first}..${interval.last}`;
    const length = interval.last - interval.first + 1;
    const covering = holes.filter(
      ({ after, before }) =>
        compare({ run, sequence: interval.first }, after) > 0 &&
        compare({ run, sequence: interval.last }, before) < 0,
    );
    const [hole] = covering;
    if (!hole) {
      this.lost += length;
      this.unreported += length;
      this.say(`${place} are lost and not reported`);
      return;
    }
    for (const { gap } of covering) this.missingByGap.set(gap, (this.missingByGap.get(gap) ?? 0) + length);
    const oldest = oldestAtGaps.get(hole.gap)?.[stream];
    const wasThere = oldest ? countFrom(run, interval, oldest) : 0;
    this.lost += wasThere;
    this.removed += length - wasThere;
    if (wasThere > 0) this.say(`${place}: a gap was reported, but the engine still had ${wasThere} of them`);
  }

  /** A torn line must come out once and at its place, like any other. */
  compareIrregulars(stream: LogStream, { irregulars: delivered, holes }: StreamTrack, truth: LogTruth): void {
    const expected = new Map<string, number>();
    for (const { irregulars } of truth.runsOf(stream).values()) {
      for (const line of irregulars) change(expected, keyOf(line), 1);
    }
    for (const line of delivered) change(expected, keyOf(line), -1);
    // Rotation removes torn lines like any others.
    for (const { irregulars } of truth.runsOf(stream).values()) {
      for (const line of irregulars) {
        if ((expected.get(keyOf(line)) ?? 0) > 0 && isWithin(holes, line)) change(expected, keyOf(line), -1);
      }
    }
    this.tellIrregulars(stream, expected);
  }

  private tellIrregulars(stream: LogStream, surplus: ReadonlyMap<string, number>): void {
    for (const [key, count] of surplus) {
      if (count === 0) continue;
      if (count > 0) this.lost += count;
      else this.corrupted -= count;
      this.say(`${stream}: ${count > 0 ? 'lost' : 'not as written'} after ${key}`);
    }
  }

  verdict(checker: LogChecker, truth: LogTruth): Verdict {
    this.gaps.forEach((gap, index) => this.judgeGap(gap, index));
    const tracks = Object.values(checker.tracks);
    return {
      lines: truth.lines,
      lost: this.lost,
      duplicated: tracks.reduce((sum, track) => sum + track.duplicated, 0),
      reordered: tracks.reduce((sum, track) => sum + track.reordered, 0),
      unreported: this.unreported,
      corrupted: this.corrupted,
      gaps: this.gaps.length,
      removed: this.removed,
      neverRecorded: this.neverRecorded,
      problems: this.problems,
    };
  }

  private judgeGap(gap: ReportedGap, index: number): void {
    const missing = this.missingByGap.get(index) ?? 0;
    const faults = [
      missing === 0 && 'nothing is missing there',
      gap.count !== undefined && gap.count !== missing && `it says ${gap.count}, but ${missing} are missing`,
      !gap.fromIsRight && 'it does not begin at the line before it',
      gap.toIsRight === false && 'it does not end at the line after it',
    ].filter((fault) => fault !== false);
    if (faults.length === 0) return;
    this.unreported++;
    this.say(`the gap from ${gap.from} to ${gap.to}: ${faults.join('; ')}`);
  }

  private say(problem: string): void {
    if (this.problems.length < PROBLEMS_KEPT) this.problems.push(problem);
  }
}

/** How many of a run's lines are `oldest` or newer. */
function countFrom(run: number, { first, last }: Interval, oldest: Position): number {
  if (run !== oldest.run) return run > oldest.run ? last - first + 1 : 0;
  return Math.max(0, last - Math.max(first, oldest.sequence) + 1);
}

function isWithin(holes: readonly CoveredHole[], { after: place }: IrregularLine): boolean {
  return holes.some(({ after, before }) => compare(place, after) >= 0 && compare(place, before) < 0);
}

function keyOf({ after, text }: IrregularLine): string {
  return `run ${after.run} line ${after.sequence}: ${JSON.stringify(text)}`;
}

function change(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
