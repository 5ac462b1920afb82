import type { DirectReader } from './engines/directReader';
import type { RigWriter } from './engines/rigEngine';
import type { LogStream } from '../../src/model/log';
import type { PartStamps } from '../../src/model/logLines';
import { LogChecker } from './oracle/logChecker';
import { BEFORE_ALL, compare, STREAMS, type Position } from './oracle/position';
import { LogTruth } from './oracle/truth';
import { judge, type Verdict } from './oracle/verdict';

/**
 * How much of a log is read for the end of a run: more than a writer writes in the time between that end and the read,
 * and so much that a kill of the engine lies within it.
 */
const TAIL_RECORDS = 20_000;

/** So many steps, and lines, may be written and not read before the writer has to wait for the reader. */
const BACKLOG_STEPS = 4;
const SMALLEST_BACKLOG = 500;

/** One container of the rig: its writer, what the engine has of its log, and what the reader got of it. */
export class RigLog {
  readonly checker: LogChecker;
  readonly truth: LogTruth;
  /** Whether a run is under way as far as the rig is concerned. */
  isUp = false;
  private readonly oldestAtGaps = new Map<number, Partial<Record<LogStream, Position>>>();
  private readonly pending = new Set<Promise<void>>();
  private allowed = 0;

  constructor(
    readonly writer: RigWriter,
    private readonly direct: DirectReader,
    partStamps: PartStamps,
  ) {
    this.truth = new LogTruth(writer.spec.name);
    this.checker = new LogChecker(writer.spec.name, (gap) => this.lookAtOldest(gap), partStamps);
  }

  get streams(): readonly LogStream[] {
    return this.writer.spec.hasTerminal ? ['stdout'] : STREAMS;
  }

  /** Allows the writer so many more lines than it was allowed, or has written, so far. */
  allowMore(lines: number, isLast = false): void {
    this.allowed = Math.max(this.allowed, this.writer.written()) + lines;
    this.writer.allow(this.allowed, isLast);
  }

  /** Allows so many more lines if the writer has come close to what it may write, and the reader to what was written. */
  keepWriting(lines: number): void {
    const backlog = this.writer.written() - this.checker.reach;
    if (backlog < BACKLOG_STEPS * lines + SMALLEST_BACKLOG) this.writeOn(lines);
  }

  /** The same, wherever the reader is. */
  writeOn(lines: number): void {
    if (this.allowed - this.writer.written() < lines) this.allowMore(lines);
  }

  /**
   * Learns from the engine how far its log has come; to be called whenever a run has ended.
   *
   * @param isQuiet whether the next run has not begun yet
   */
  async observe(isQuiet: boolean, tail: number | 'all' = TAIL_RECORDS): Promise<void> {
    const observation = this.truth.observe(isQuiet);
    await this.direct.readLines(tail, (line) => observation.take(line));
    observation.done();
  }

  /** Whether the reader has something of every stream: what rotation removes before that, nobody can tell it of. */
  get hasBegun(): boolean {
    return this.streams.every((stream) => this.checker.tracks[stream].furthest.run > 0);
  }

  /** Whether the engine no longer has the line after the last that the reader got, in every stream. */
  async isRotatedPastReader(): Promise<boolean> {
    for (const stream of this.streams) {
      const oldest = await this.direct.oldest(stream);
      const { run, sequence } = this.checker.tracks[stream].furthest;
      if (!oldest || compare(oldest, { run, sequence: sequence + 1 }) <= 0) return false;
    }
    return true;
  }

  /** Whether the reader has come to the end of all that is known of this log. */
  get isSettled(): boolean {
    return this.streams.every((stream) => {
      const ends = [...this.truth.runsOf(stream)].filter(([, { last }]) => last > 0);
      const [run, truth] = ends.reduce(
        (latest, end) => (end[0] > latest[0] ? end : latest),
        ends[0] ?? [0, undefined],
      );
      const end = truth ? { run, sequence: truth.last } : BEFORE_ALL;
      return compare(this.checker.tracks[stream].furthest, end) >= 0;
    });
  }

  /** Only when nothing is written any more, and after the whole log was observed. */
  async judge(): Promise<Verdict> {
    await Promise.all(this.pending);
    return judge(this.checker, this.truth, this.oldestAtGaps);
  }

  private lookAtOldest(gap: number): void {
    const look = async (): Promise<void> => {
      const found: Partial<Record<LogStream, Position>> = {};
      this.oldestAtGaps.set(gap, found);
      for (const stream of this.streams) {
        const oldest = await this.direct.oldest(stream).catch(() => undefined);
        if (oldest) found[stream] = oldest;
      }
    };
    const looking = look().finally(() => this.pending.delete(looking));
    this.pending.add(looking);
  }
}
