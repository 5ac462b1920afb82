import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';

const WRITE_INTERVAL_MS = 50;
/** With the interval: 5 MB a second, which leaves the window time to draw. */
const MAX_WRITE_LENGTH = 256 * 1024;
const MAX_PENDING_LENGTH = 2 * 1024 * 1024;
/** So many lines of ours stay when those around them are skipped. */
const MOST_OWN_LINES = 100;

interface Piece {
  readonly text: string;
  readonly lineCount: number;
}

/** Hands text to a terminal no faster than it can show it; what comes faster than that is skipped and counted. */
export class TerminalText implements Disposable {
  private pending: Piece[] = [];
  private pendingLength = 0;
  private skippedLines = 0;
  /** Lines of ours that stood among the skipped ones. */
  private rescued: Piece[] = [];
  private timer: Disposable | undefined;

  constructor(
    private readonly write: (text: string) => void,
    private readonly skippedText: (lines: number) => string,
    private readonly clock: Clock,
  ) {}

  /** @param text whole lines */
  add(text: string, lineCount: number): void {
    this.pending.push({ text, lineCount });
    this.pendingLength += text.length;
    while (this.pendingLength > MAX_PENDING_LENGTH && this.pending.length > 1) {
      const oldest = this.pending.shift();
      if (oldest) this.skip(oldest);
    }
    this.timer ??= this.clock.setTimer(() => this.flush(), WRITE_INTERVAL_MS);
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
    this.pending = [];
    this.rescued = [];
  }

  private skip(piece: Piece): void {
    this.pendingLength -= piece.text.length;
    this.skippedLines += piece.lineCount;
    if (piece.lineCount === 0 && this.rescued.length < MOST_OWN_LINES) this.rescued.push(piece);
  }

  private flush(): void {
    this.timer = undefined;
    const texts = this.skippedLines > 0 ? [this.skippedText(this.skippedLines)] : [];
    texts.push(...this.rescued.map(({ text }) => text));
    this.skippedLines = 0;
    this.rescued = [];
    let length = 0;
    while (this.pending.length > 0 && length < MAX_WRITE_LENGTH) {
      const text = this.pending.shift()?.text ?? '';
      this.pendingLength -= text.length;
      length += text.length;
      texts.push(text);
    }
    if (this.pending.length > 0) this.timer = this.clock.setTimer(() => this.flush(), WRITE_INTERVAL_MS);
    this.write(texts.join(''));
  }
}
