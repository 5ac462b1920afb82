import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { LogLine } from '../../model/log';
import type { LogPosition } from '../../model/logPosition';
import { newestLine, type ProbedLog } from './logProbe';

/** While the cursor is looked for, the engine sends what it has without a pause; this long without a line is doubtful. */
const SEEK_IDLE_MS = 500;
/** A followed log that has been silent this long is compared with what the engine has; then ever more rarely. */
const FIRST_SILENCE_MS = 60_000;
const LONGEST_SILENCE_MS = 600_000;
/** A line that is on its way arrives well within this. */
const ARRIVAL_MS = 2_000;

export interface VigilHandlers {
  /** The cursor's line does not come by. */
  missed(): void;
  /** The engine has newer lines than it sends, as after a log file was truncated from outside. */
  stuck(): void;
  /** Looking failed; the stream itself will break if the connection did. */
  failed(error: unknown): void;
}

/**
 * Watches over one opened, followed log: whether the cursor it was resumed at comes by, and later whether its silence is
 * the container's or the stream's.
 */
export class LogVigil implements Disposable {
  private readonly store = new DisposableStore();
  private timer: Disposable | undefined;
  private silenceMs = FIRST_SILENCE_MS;
  private lineCount = 0;
  private isLooking = false;

  constructor(
    private readonly log: ProbedLog,
    private readonly position: LogPosition,
    private readonly clock: Clock,
    private readonly handlers: VigilHandlers,
  ) {
    this.schedule();
  }

  /** To be called for every line, before the position takes it. */
  sawLine(line: LogLine): void {
    this.lineCount++;
    if (this.position.isSeeking && this.position.isOverdueAt(line)) this.handlers.missed();
  }

  dispose(): void {
    this.timer?.dispose();
    this.store.dispose();
  }

  /** One timer that looks whether lines came since it was set, instead of one that is set anew for every line. */
  private schedule(): void {
    if (this.store.isDisposed) return;
    const before = this.lineCount;
    const { isSeeking } = this.position;
    this.timer = this.clock.setTimer(
      () => {
        const isSilent = this.lineCount === before;
        if (!isSilent) this.silenceMs = FIRST_SILENCE_MS;
        if (isSilent && this.position.isSeeking) this.handlers.missed();
        else if (isSilent) this.look(() => this.lookForNewer());
        this.schedule();
      },
      isSeeking ? SEEK_IDLE_MS : this.silenceMs,
    );
  }

  private look(work: () => Promise<void>): void {
    if (this.isLooking) return;
    this.isLooking = true;
    work()
      .catch((error: unknown) => this.handlers.failed(error))
      .finally(() => (this.isLooking = false));
  }

  private async lookForNewer(): Promise<void> {
    this.silenceMs = Math.min(this.silenceMs * 2, LONGEST_SILENCE_MS);
    const before = this.lineCount;
    const newest = await newestLine(this.log);
    if (newest === undefined || this.position.isAt(newest)) return;
    this.store.add(
      this.clock.setTimer(() => {
        if (this.lineCount === before) this.handlers.stuck();
      }, ARRIVAL_MS),
    );
  }
}
