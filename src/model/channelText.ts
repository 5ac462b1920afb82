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
/** What gathers beyond this, because a container writes faster than a channel shows, is skipped and counted. */
const MAX_PENDING_LENGTH = 2 * 1024 * 1024;

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

  flush(): void {
    this.timer?.dispose();
    this.timer = undefined;
    if (this.pending.length === 0) return;
    const text = this.takePending();
    this.restUntilMs = this.options.clock.nowMs() + text.length / MAX_LENGTH_PER_MS;
    if (this.shownLength <= this.options.maxLength) this.options.target.append(text);
    else this.options.target.replace(this.newerHalf());
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
    const restMs = this.restUntilMs - this.options.clock.nowMs();
    const delayMs = Math.max(restMs, isFull ? LEAST_INTERVAL_MS : APPEND_INTERVAL_MS);
    this.timer = this.options.clock.setTimer(() => this.flush(), delayMs);
  }

  private skipOldest(): void {
    while (this.pendingLength > MAX_PENDING_LENGTH && this.pending.length > 1) {
      const oldest = this.pending.shift();
      this.pendingLength -= oldest?.text.length ?? 0;
      this.skippedLines += oldest?.lineCount ?? 0;
    }
  }

  private takePending(): string {
    const { skippedLines } = this;
    // The line that counts skipped lines stands for them: when it is cut off, they are counted as cut off.
    const skipped =
      skippedLines > 0
        ? [{ text: `${this.options.texts.skipped(skippedLines)}\n`, lineCount: skippedLines }]
        : [];
    const pieces = [...skipped, ...this.pending];
    this.pending = [];
    this.pendingLength = 0;
    this.skippedLines = 0;
    for (const piece of pieces) {
      this.shown.push(piece);
      this.shownLength += piece.text.length;
    }
    return pieces.map(({ text }) => text).join('');
  }

  private newerHalf(): string {
    while (this.shownLength > this.options.maxLength / 2 && this.shown.length > 1) {
      const oldest = this.shown.shift();
      this.shownLength -= oldest?.text.length ?? 0;
      this.cutOffLines += oldest?.lineCount ?? 0;
    }
    return `${this.options.texts.cutOff(this.cutOffLines)}\n${this.shown.map(({ text }) => text).join('')}`;
  }
}
