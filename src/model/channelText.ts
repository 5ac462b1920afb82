import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';

/** Where the text goes: an output channel. */
export interface TextTarget {
  append(text: string): void;
  replace(text: string): void;
}

/** Texts for what was left out, each one line without its line ending. */
export interface OmissionTexts {
  /** At the channel's beginning: so many earlier lines were cut off. */
  cutOff(lines: number): string;
  /** Between lines: so many came faster than a channel can show them. */
  skipped(lines: number): string;
}

export interface ChannelTextOptions {
  readonly target: TextTarget;
  readonly clock: Clock;
  readonly texts: OmissionTexts;
  /** How much the channel holds, in UTF-16 units, before its older half is cut off. */
  readonly maxLength: number;
}

/** Text gathers this long before it is appended: each append is a message to the window. */
const APPEND_INTERVAL_MS = 50;
/** This much is appended without waiting for the interval. */
const APPEND_LENGTH = 64 * 1024;
/** Appends follow each other no faster than this. */
const LEAST_INTERVAL_MS = 10;
/** After much text the next append waits in proportion, which leaves the window time to draw: 5 MB a second. */
const MAX_LENGTH_PER_MS = 5_000;
/** The most that is appended at once. */
const MAX_APPEND_LENGTH = 1024 * 1024;
const LEAST_PIECE_LENGTH = 16 * 1024;
/** The clock may be set back: no append waits longer than this. */
const LONGEST_REST_MS = 5_000;

/** Lines in one piece, with how many of the container's lines it stands for. */
interface Piece {
  readonly text: string;
  readonly lineCount: number;
}

/**
 * Writes lines to a channel in batches and keeps the channel bounded: when it is full, it is replaced by its newer half
 * with a line at its beginning that says exactly how many lines were cut off.
 */
export class ChannelText implements Disposable {
  /** What the channel shows, oldest first. */
  private shown: Piece[] = [];
  private shownLength = 0;
  private cutOffLines = 0;
  private pending: Piece[] = [];
  private pendingLength = 0;
  private skippedLines = 0;
  private timer: Disposable | undefined;
  private isTimerShort = false;
  /** No append before this, in milliseconds since the Unix epoch. */
  private restUntilMs = 0;

  constructor(private readonly options: ChannelTextOptions) {}

  /** @param text whole lines, each with its line ending */
  add(text: string, lineCount: number): void {
    this.pending.push({ text, lineCount });
    this.pendingLength += text.length;
    this.skipOldest();
    this.schedule();
  }

  /** Empties the channel, for a reader who begins anew. */
  clear(): void {
    this.pending = [];
    this.pendingLength = 0;
    this.skippedLines = 0;
    this.shown = [];
    this.shownLength = 0;
    this.cutOffLines = 0;
    this.options.target.replace('');
  }

  /** Appends everything that has gathered. */
  flush(): void {
    this.timer?.dispose();
    this.timer = undefined;
    while (this.pending.length > 0) this.appendSome();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
  }

  private schedule(): void {
    const isFull = this.pendingLength >= APPEND_LENGTH;
    if (this.timer && (this.isTimerShort || !isFull)) return;
    this.timer?.dispose();
    this.isTimerShort = isFull;
    const restMs = Math.min(LONGEST_REST_MS, this.restUntilMs - this.options.clock.nowMs());
    const delayMs = Math.max(restMs, isFull ? LEAST_INTERVAL_MS : APPEND_INTERVAL_MS);
    this.timer = this.options.clock.setTimer(() => this.onTimer(), delayMs);
  }

  private onTimer(): void {
    this.timer = undefined;
    this.appendSome();
    if (this.pending.length > 0) this.schedule();
  }

  private appendSome(): void {
    const text = this.takePending();
    this.restUntilMs = this.options.clock.nowMs() + text.length / MAX_LENGTH_PER_MS;
    if (this.shownLength <= this.options.maxLength) this.options.target.append(text);
    else this.options.target.replace(this.newerHalf());
  }

  /** No more gathers than the channel could hold anyway. */
  private skipOldest(): void {
    const { maxLength } = this.options;
    if (this.pendingLength <= maxLength) return;
    // Some more than needed, so that this is not done again for every line.
    const { kept, dropped, length } = newest(this.pending, this.pendingLength, maxLength * 0.75);
    this.pending = kept;
    this.pendingLength = length;
    this.skippedLines += dropped;
  }

  private takePending(): string {
    const { skippedLines } = this;
    const taken: string[] = [];
    const take = (piece: Piece): void => {
      taken.push(piece.text);
      this.show(piece);
    };
    // The line that counts skipped lines stands for them: when it is cut off, they are counted as cut off.
    if (skippedLines > 0)
      take({ text: `${this.options.texts.skipped(skippedLines)}\n`, lineCount: skippedLines });
    this.skippedLines = 0;
    let count = 0;
    for (let length = 0; length < MAX_APPEND_LENGTH && count < this.pending.length; count++) {
      const piece = this.pending[count];
      if (!piece) break;
      take(piece);
      length += piece.text.length;
      this.pendingLength -= piece.text.length;
    }
    this.pending = this.pending.slice(count);
    return taken.join('');
  }

  /** Small pieces are kept as one: a quiet log would be tens of thousands of them. */
  private show(piece: Piece): void {
    const last = this.shown[this.shown.length - 1];
    this.shownLength += piece.text.length;
    if (last && last.text.length < LEAST_PIECE_LENGTH && this.options.maxLength > 4 * LEAST_PIECE_LENGTH) {
      const merged = { text: last.text + piece.text, lineCount: last.lineCount + piece.lineCount };
      this.shown[this.shown.length - 1] = merged;
    } else {
      this.shown.push(piece);
    }
  }

  private newerHalf(): string {
    const { kept, dropped, length } = newest(this.shown, this.shownLength, this.options.maxLength / 2);
    this.shown = kept;
    this.shownLength = length;
    this.cutOffLines += dropped;
    return `${this.options.texts.cutOff(this.cutOffLines)}\n${this.shown.map(({ text }) => text).join('')}`;
  }
}

/** The newest pieces that fit, at least one, and how many lines the others stand for. */
function newest(
  pieces: Piece[],
  length: number,
  maxLength: number,
): { readonly kept: Piece[]; readonly dropped: number; readonly length: number } {
  let dropped = 0;
  let first = 0;
  for (; length > maxLength && first < pieces.length - 1; first++) {
    const piece = pieces[first];
    length -= piece?.text.length ?? 0;
    dropped += piece?.lineCount ?? 0;
  }
  return { kept: first === 0 ? pieces : pieces.slice(first), dropped, length };
}
