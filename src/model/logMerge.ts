import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { LogLine } from './log';
import { MergeHeap, type WaitingLine } from './logMergeHeap';
import { timeKey } from './logRecordTime';

export interface MergedLine<Source> {
  readonly source: Source;
  readonly line: LogLine;
}

export interface MergeOptions<Source> {
  readonly clock: Clock;
  /** Receives the lines in their merged order; never empty. */
  readonly deliver: (batch: readonly MergedLine<Source>[]) => void;
  /** How long a line waits at most for earlier ones of other sources. */
  readonly windowMs?: number;
  /** How many lines wait at most; beyond, the earliest goes on at once. */
  readonly maxLines?: number;
}

export const MERGE_WINDOW_MS = 250;
export const MAX_MERGED_LINES = 5_000;

/** What is older by more than this is no straggler but from another clock, or a log read from earlier on. */
const MAX_LATENESS_MS = 60_000;

/**
 * Merges the logs of several containers into one stream ordered by time.
 *
 * A line goes on as soon as every open source has a line waiting, none of which is earlier; or when it has waited for the
 * window, so that a silent or dead container holds nobody up for longer; or when too many wait. The lines of one source
 * keep their order, also where their timestamps run backwards. A line that comes too late to stand in its place goes on
 * at once.
 */
export class MergeWindow<Source> implements Disposable {
  private readonly windowMs: number;
  private readonly maxLines: number;
  private readonly heap = new MergeHeap<Source>();
  /** Lines in the order they came, to know when the one that waits longest has waited enough. */
  private arrivals: WaitingLine<Source>[] = [];
  private nextArrival = 0;
  private timer: Disposable | undefined;
  /** The time of the line that went on last. */
  private lastTime = '';
  private batch: MergedLine<Source>[] = [];

  constructor(private readonly options: MergeOptions<Source>) {
    this.windowMs = options.windowMs ?? MERGE_WINDOW_MS;
    this.maxLines = options.maxLines ?? MAX_MERGED_LINES;
  }

  /** From now on, lines wait for those of this source. */
  open(source: Source): void {
    this.heap.open(source);
  }

  /** Nothing more comes from this source; what is waiting of it goes on in its turn. */
  close(source: Source): void {
    this.heap.close(source);
    this.release();
    this.hand();
  }

  /** Takes lines of a source, in its order; a source that is not open is opened. */
  add(source: Source, lines: readonly LogLine[]): void {
    const arrivedMs = this.options.clock.nowMs();
    this.heap.open(source);
    for (const line of lines) this.take(source, line, arrivedMs);
    this.release();
    this.hand();
  }

  /** Hands on all that is waiting, for example before a marker. */
  flush(): void {
    while (this.heap.size > 0) this.emitFirst();
    this.schedule();
    this.hand();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
    this.heap.clear();
    this.arrivals = [];
    this.nextArrival = 0;
  }

  private take(source: Source, line: LogLine, arrivedMs: number): void {
    const time = timeKey(line.timestamp) ?? this.lastTime;
    if (!this.heap.isWaiting(source) && isLate(time, this.lastTime)) {
      this.batch.push({ source, line });
      return;
    }
    this.arrivals.push(this.heap.push(source, line, time, arrivedMs));
    if (this.heap.size > this.maxLines) this.emitFirst();
  }

  /** Emits what need not wait any longer. */
  private release(): void {
    while (this.heap.isComplete) this.emitFirst();
    const latestMs = this.options.clock.nowMs() - this.windowMs;
    while (this.oldestArrivalMs() <= latestMs) this.emitFirst();
    this.schedule();
  }

  private emitFirst(): void {
    const first = this.heap.pop();
    if (!first) return;
    this.lastTime = first.time;
    this.batch.push({ source: first.source, line: first.line });
  }

  /** When the line came that has waited longest; infinite if none waits. */
  private oldestArrivalMs(): number {
    let oldest = this.arrivals[this.nextArrival];
    while (oldest?.isEmitted === true) oldest = this.arrivals[++this.nextArrival];
    if (!oldest) {
      this.arrivals = [];
      this.nextArrival = 0;
    } else if (this.nextArrival > this.maxLines) {
      this.arrivals = this.arrivals.slice(this.nextArrival);
      this.nextArrival = 0;
    }
    return oldest?.arrivedMs ?? Infinity;
  }

  private schedule(): void {
    const dueMs = this.oldestArrivalMs() + this.windowMs;
    if (dueMs === Infinity) {
      this.timer?.dispose();
      this.timer = undefined;
    } else {
      // A timer that comes early finds nothing to do and is set anew.
      this.timer ??= this.options.clock.setTimer(
        () => this.onTimer(),
        Math.max(0, dueMs - this.options.clock.nowMs()),
      );
    }
  }

  private onTimer(): void {
    this.timer = undefined;
    this.release();
    this.hand();
  }

  private hand(): void {
    if (this.batch.length === 0) return;
    const { batch } = this;
    this.batch = [];
    this.options.deliver(batch);
  }
}

/** Whether a line comes after others that should have followed it. */
function isLate(time: string, lastTime: string): boolean {
  return time < lastTime && Date.parse(lastTime) - Date.parse(time) <= MAX_LATENESS_MS;
}
