import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { LogBatch, LogLine } from './log';

/** How long lines gather before they are handed on together, once a first one has gone out. */
export const BATCH_INTERVAL_MS = 2;
/** A batch is handed on as soon as its text has this many UTF-16 units, about 64 KB. */
export const BATCH_TEXT_LENGTH = 64 * 1024;

/**
 * Gathers lines into batches: a line on a quiet log goes out at once, what follows it closely is handed on every
 * {@link BATCH_INTERVAL_MS} or {@link BATCH_TEXT_LENGTH}, whichever comes first.
 */
export class LogBatcher implements Disposable {
  private lines: LogLine[] = [];
  private textLength = 0;
  private timer: Disposable | undefined;
  private isDisposed = false;

  constructor(
    private readonly deliver: (batch: LogBatch) => void,
    private readonly clock: Clock,
  ) {}

  add(line: LogLine): void {
    if (this.isDisposed) return;
    this.lines.push(line);
    this.textLength += line.text.length + 1;
    if (this.textLength >= BATCH_TEXT_LENGTH) this.flush();
    else if (!this.timer) this.flushAndRest();
  }

  /** Hands on what has gathered, for example before a marker. */
  flush(): void {
    if (this.lines.length === 0) return;
    const batch: LogBatch = { lines: this.lines, textLength: this.textLength };
    this.lines = [];
    this.textLength = 0;
    this.deliver(batch);
  }

  /** Lets the next lines gather for {@link BATCH_INTERVAL_MS}, as if a batch had just gone out. */
  rest(): void {
    if (this.isDisposed || this.timer) return;
    this.timer = this.clock.setTimer(() => {
      this.timer = undefined;
      if (this.lines.length > 0) this.flushAndRest();
    }, BATCH_INTERVAL_MS);
  }

  dispose(): void {
    this.isDisposed = true;
    this.timer?.dispose();
    this.timer = undefined;
    this.lines = [];
    this.textLength = 0;
  }

  private flushAndRest(): void {
    this.rest();
    this.flush();
  }
}
