import type { LogStream } from '../../../src/model/log';
import { IntervalSet, type Interval } from './intervals';
import { parseOracleLine } from './oracleLine';
import { compare, STREAMS, writerName, type Position } from './position';
import { IRREGULAR_LENGTH, type IrregularLine } from './streamTrack';

/** A line as a direct read of the engine's log gave it. */
export interface StoredLine {
  readonly stream: LogStream;
  readonly text: string;
}

/** What the engine has or had of one stream of one run. */
export interface RunTruth {
  /** The sequence of the last line the engine recorded. */
  last: number;
  irregulars: readonly IrregularLine[];
  /** Every line that a direct read showed. */
  readonly seen: IntervalSet;
  /** From the first to the last line of each direct read. */
  readonly spans: Interval[];
}

/** Lines before the last that the writer wrote and the engine never recorded, because no direct read shows them. */
export function neverRecorded({ seen, spans }: RunTruth): IntervalSet {
  const never = new IntervalSet();
  for (const span of spans) for (const hole of seen.missing(span)) addAll(never, hole);
  return never;
}

/**
 * The truth a reader is measured by: what the engine has or had in its log of one container, which is not what the
 * container wrote. A writer numbers its lines, and the engine records a pipe in order, so within a run the engine had
 * every line up to the last it recorded, with two exceptions, and both happen only where a run ends or the engine dies:
 *
 * - What was in a pipe or in the engine's memory when the writer or the engine was killed was never recorded. The last
 *   line of a run is therefore taken from the engine's own log, read directly and not through the faults, before the
 *   next run can rotate it away. A hole in that direct read within a run is a loss inside the engine, not the reader's.
 * - A kill tears a line in two. Whatever piece of it the engine recorded is a line of the log as good as any other: the
 *   reader must deliver it, once.
 *
 * Lines that rotation removed need no direct read: their numbers say that they were there.
 */
export class LogTruth {
  private readonly streams: Readonly<Record<LogStream, Map<number, RunTruth>>> = {
    stdout: new Map(),
    stderr: new Map(),
  };

  constructor(private readonly container: string) {}

  /** The truth of every run a stream has, by run. */
  runsOf(stream: LogStream): ReadonlyMap<number, RunTruth> {
    return this.streams[stream];
  }

  get lines(): number {
    let total = 0;
    for (const runs of Object.values(this.streams)) {
      for (const run of runs.values()) total += run.last - neverRecorded(run).size;
    }
    return total;
  }

  /**
   * Begins to take a direct read of the newest part of the log, or of all of it.
   *
   * @param isQuiet whether nothing is written meanwhile. What is missing in a read of a log that rotates under it proves
   * nothing.
   */
  observe(isQuiet = true): Observation {
    const runs = {
      stdout: new StoredRuns(writerName(this.container, 'stdout')),
      stderr: new StoredRuns(writerName(this.container, 'stderr')),
    };
    return {
      take: ({ stream, text }) => runs[stream].take(text),
      done: () => {
        for (const stream of STREAMS) {
          for (const [run, found] of runs[stream].runs) this.learn(stream, run, found, isQuiet);
        }
      },
    };
  }

  /**
   * A line that came whole, with its number and its checksum, is a line that the engine had, whatever a direct read
   * showed: engine 20.10 leaves out whole files of a log of the driver `local` as long as somebody else reads it slowly
   * and it rotates meanwhile, and a direct read may be the victim.
   */
  learnDelivered(stream: LogStream, run: number, last: number): void {
    if (last === 0) return;
    const truth = this.of(stream, run);
    truth.last = Math.max(truth.last, last);
  }

  private of(stream: LogStream, run: number): RunTruth {
    const truth = this.streams[stream].get(run) ?? {
      last: 0,
      irregulars: [],
      seen: new IntervalSet(),
      spans: [],
    };
    this.streams[stream].set(run, truth);
    return truth;
  }

  private learn(stream: LogStream, run: number, found: FoundRun, isQuiet: boolean): void {
    const { sequences, irregulars, hasBeginning } = found;
    const { last = 0 } = sequences;
    const first = hasBeginning ? 1 : (sequences.first ?? 1);
    const truth = this.of(stream, run);
    truth.last = Math.max(truth.last, last);
    for (const interval of sequences) addAll(truth.seen, interval);
    if (!isQuiet) return;
    truth.spans.push({ first, last });
    // An earlier read may have begun in the middle of the run, a later one after it was rotated away.
    if (irregulars.length > truth.irregulars.length) truth.irregulars = irregulars;
  }
}

/** A direct read under way; it counts when it is done. */
export interface Observation {
  take(line: StoredLine): void;
  done(): void;
}

interface FoundRun {
  readonly sequences: IntervalSet;
  readonly irregulars: IrregularLine[];
  /** The read shows the end of the run before, and so everything the engine has of this one's beginning. */
  readonly hasBeginning: boolean;
}

/** The runs of one stream that a direct read shows. */
class StoredRuns {
  readonly runs = new Map<number, FoundRun>();
  private latest: Position | undefined;

  constructor(private readonly writer: string) {}

  take(text: string): void {
    const line = parseOracleLine(text);
    if (line?.writer === this.writer) {
      if (!this.latest || compare(line, this.latest) > 0) this.latest = line;
      this.of(line.run).sequences.add(line.sequence);
    } else if (this.latest) {
      const { run, sequence } = this.latest;
      this.of(run).irregulars.push({ after: { run, sequence }, text: text.slice(0, IRREGULAR_LENGTH) });
    }
  }

  private of(run: number): FoundRun {
    let found = this.runs.get(run);
    if (!found) {
      found = { sequences: new IntervalSet(), irregulars: [], hasBeginning: this.runs.size > 0 };
      this.runs.set(run, found);
    }
    return found;
  }
}

function addAll(set: IntervalSet, { first, last }: Interval): void {
  for (let value = first; value <= last; value++) set.add(value);
}
