import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { LogLine } from './log';
import { MergeWindow, type MergedLine } from './logMerge';
import { noteOf } from './mergedText';

export interface MergedStreamOptions<Source> {
  readonly clock: Clock;
  /** Receives lines and notes in their merged order; never empty. */
  readonly deliver: (merged: readonly MergedLine<Source>[]) => void;
  readonly sources: readonly Source[];
  /** How many lines each source begins with at most. */
  readonly newestLines: number;
}

/** The newest lines of all sources are waited for this long: one has none, another is far away. */
export const BEGIN_DEADLINE_MS = 1_000;
/** After this long without a line, what the sources begin with has come. */
export const BEGIN_QUIET_MS = 100;
const BEGIN_CHECK_MS = 25;
/** More than this does not wait at the beginning; in UTF-16 units. */
const MAX_BEGIN_LENGTH = 32_000_000;
const MAX_BEGIN_LINES = 200_000;

/**
 * The logs of several containers as one stream ordered by time: first the newest lines of each, then what they write.
 * Notes keep their place among the lines of their own source and hold up, or hurry, no other.
 */
export class MergedStream<Source> implements Disposable {
  /** Those that lines are waited for. */
  private readonly speaking: Set<Source>;
  private window: MergeWindow<Source>;
  private beginning: Beginning<Source> | undefined;
  private timer: Disposable | undefined;

  constructor(private readonly options: MergedStreamOptions<Source>) {
    const { clock, deliver, sources, newestLines } = options;
    this.speaking = new Set(sources);
    if (sources.length > 1 && newestLines > 0) {
      this.beginning = new Beginning(sources, newestLines, clock);
      const bounds = { windowMs: BEGIN_DEADLINE_MS, maxLines: MAX_BEGIN_LINES };
      this.window = new MergeWindow({ clock, deliver, ...bounds });
      this.openAll();
      this.checkLater();
    } else {
      this.window = new MergeWindow({ clock, deliver });
      this.openAll();
    }
  }

  lines(source: Source, lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    this.speaking.add(source);
    this.window.add(source, lines);
    this.beginning?.took(source, lines);
    this.endBeginningIfOver();
  }

  /**
   * Something of ours to tell of a source.
   *
   * @param isSilent nothing more comes from it for now: nobody waits for it until it speaks again
   */
  note(source: Source, text: string, isSilent = false): void {
    this.speaking.add(source);
    this.window.add(source, [noteOf(text)]);
    if (isSilent) this.silence(source);
  }

  /** Nothing more comes from this source for now. */
  silence(source: Source): void {
    this.speaking.delete(source);
    this.window.close(source);
    this.beginning?.settle(source);
    this.endBeginningIfOver();
  }

  /** Hands on all that waits. */
  flush(): void {
    if (this.beginning) this.endBeginning();
    this.window.flush();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
    this.window.dispose();
  }

  private openAll(): void {
    for (const source of this.speaking) this.window.open(source);
  }

  private checkLater(): void {
    this.timer = this.options.clock.setTimer(() => {
      this.timer = undefined;
      this.endBeginningIfOver();
      if (this.beginning) this.checkLater();
    }, BEGIN_CHECK_MS);
  }

  private endBeginningIfOver(): void {
    if (this.beginning?.isOver === true) this.endBeginning();
  }

  private endBeginning(): void {
    const { clock, deliver } = this.options;
    this.beginning = undefined;
    this.timer?.dispose();
    this.timer = undefined;
    const { window } = this;
    this.window = new MergeWindow({ clock, deliver });
    this.openAll();
    window.flush();
    window.dispose();
  }
}

/** Knows when the sources have handed over the lines that their logs already had. */
class Beginning<Source> {
  private readonly startedAtMs: number;
  private lastCameAtMs: number;
  /** The lines each still may begin with. */
  private readonly missing: Map<Source, number>;
  private readonly unheard: Set<Source>;
  private textLength = 0;

  constructor(
    sources: readonly Source[],
    newestLines: number,
    private readonly clock: Clock,
  ) {
    this.startedAtMs = this.lastCameAtMs = clock.nowMs();
    this.missing = new Map(sources.map((source) => [source, newestLines]));
    this.unheard = new Set(sources);
  }

  get isOver(): boolean {
    if (this.missing.size === 0 || this.textLength > MAX_BEGIN_LENGTH) return true;
    const nowMs = this.clock.nowMs();
    // A clock that was set back must not make anybody wait.
    if (nowMs - this.startedAtMs >= BEGIN_DEADLINE_MS || nowMs < this.lastCameAtMs) return true;
    return this.unheard.size === 0 && nowMs - this.lastCameAtMs >= BEGIN_QUIET_MS;
  }

  took(source: Source, lines: readonly LogLine[]): void {
    this.lastCameAtMs = this.clock.nowMs();
    this.unheard.delete(source);
    for (const { text } of lines) this.textLength += text.length;
    const missing = (this.missing.get(source) ?? 0) - lines.length;
    if (missing > 0) this.missing.set(source, missing);
    else this.missing.delete(source);
  }

  settle(source: Source): void {
    this.unheard.delete(source);
    this.missing.delete(source);
  }
}
