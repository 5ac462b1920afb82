import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import type { Turns } from '../base/turns';
import { latePiece, pieceOf, TextPieces, type TextPiece } from './textPieces';

/** Where the text goes: an output channel. */
export interface TextTarget {
  append(text: string): void;
  clear(): void;
  /** Whether it can take this in addition; if not, it wants to be cleared. A target without this always can. */
  hasRoomFor?(text: string): boolean;
  /**
   * How much text may wait for it, in UTF-16 units; half as much may be kept to go on with after a cut. Asked often,
   * because it depends on how many targets there are. Without it only the channel's own length bounds both.
   */
  memoryLength?(): number;
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
  /** Shared with the other channels, which may all have much to append. */
  readonly turns: Turns;
  readonly texts: OmissionTexts;
  /** How much the channel holds, in UTF-16 units, before its older part is cut off. */
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
/** Where most is skipped anyway, nobody can read 5 MB a second: it only wears out the window. */
const OVERLOADED_LENGTH_PER_MS = 500;
/** About the most that is appended at once; the window sends it back to the extension host whole. */
const MAX_APPEND_LENGTH = 128 * 1024;
const LEAST_PIECE_LENGTH = 16 * 1024;
/** So many lines of ours stay when those around them are skipped. */
const MOST_OWN_LINES = 100;
/**
 * This part of a full channel is left when it is cut, and so much of it waits while more comes than is shown: what lives
 * as long as it takes to gather more is dear to collect.
 */
const KEPT_PART = 1 / 4;
/** The clock may be set back: no append waits longer than this. */
const LONGEST_REST_MS = 5_000;

/**
 * Writes lines to a channel in batches and keeps the channel bounded: when it is full, it is cleared and its newest part
 * appended again, after a line that says exactly how many lines were cut off.
 */
export class ChannelText implements Disposable {
  /** The newest part of what the channel shows. */
  private readonly kept: TextPieces;
  private shownLength = 0;
  /** Lines that were shown since the channel was empty, or skipped with a line that says so. */
  private toldLines = 0;
  private readonly pending = new TextPieces();
  private skippedLines = 0;
  /** More came than was shown, and what waits has not all been appended since. */
  private isOverloaded = false;
  /** Lines of ours that stood among the skipped ones. */
  private rescued: TextPiece[] = [];
  private timer: Disposable | undefined;
  private isTimerShort = false;
  /** No append before this, in milliseconds since the Unix epoch. */
  private restUntilMs = 0;

  constructor(private readonly options: ChannelTextOptions) {
    this.kept = new TextPieces(Math.min(LEAST_PIECE_LENGTH, options.maxLength / 32));
  }

  /** @param text whole lines, each with its line ending */
  add(text: string, lineCount: number): void {
    this.take(pieceOf(text, lineCount));
  }

  /**
   * Like {@link add}, for text that is made only when it is shown, while more comes than is shown. Otherwise it is made at
   * once: the lines it is made of are many small things, which are cheap to collect only while they are young.
   *
   * @param length about the text's, in UTF-16 units
   */
  addLate(length: number, lineCount: number, makeText: () => string): void {
    this.take(this.isOverloaded ? latePiece(length, lineCount, makeText) : pieceOf(makeText(), lineCount));
  }

  private take(piece: TextPiece): void {
    this.pending.add(piece);
    this.skipOldest();
    this.schedule();
  }

  /** Empties the channel, for a reader who begins anew. */
  clear(): void {
    this.pending.clear();
    this.kept.clear();
    this.skippedLines = this.toldLines = this.shownLength = 0;
    this.rescued = [];
    this.options.target.clear();
  }

  /** Appends everything that has gathered. */
  flush(): void {
    this.timer?.dispose();
    this.timer = undefined;
    while (!this.pending.isEmpty) this.appendSome();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
  }

  private schedule(): void {
    const isFull = this.pending.length >= APPEND_LENGTH;
    if (this.timer && (this.isTimerShort || !isFull)) return;
    this.timer?.dispose();
    this.isTimerShort = isFull;
    const restMs = Math.min(LONGEST_REST_MS, this.restUntilMs - this.options.clock.nowMs());
    const delayMs = Math.max(restMs, isFull ? LEAST_INTERVAL_MS : APPEND_INTERVAL_MS);
    this.timer = this.options.clock.setTimer(() => this.onTimer(), delayMs);
  }

  private onTimer(): void {
    const { turns } = this.options;
    if (turns.hasTime) {
      this.appendAndGoOn();
      return;
    }
    this.isTimerShort = true;
    this.timer = turns.later(() => this.appendAndGoOn());
  }

  private appendAndGoOn(): void {
    this.timer = undefined;
    this.appendSome();
    if (this.pending.isEmpty) this.isOverloaded = false;
    else this.schedule();
  }

  private appendSome(): void {
    const { target, clock, maxLength } = this.options;
    const lengthPerMs = this.skippedLines > 0 ? OVERLOADED_LENGTH_PER_MS : MAX_LENGTH_PER_MS;
    let text = this.takePending();
    if (this.shownLength > maxLength || !(target.hasRoomFor?.(text) ?? true)) {
      this.cut();
      text = this.takePending();
    }
    this.restUntilMs = clock.nowMs() + text.length / lengthPerMs;
    target.append(text);
  }

  /**
   * What is kept waits again, like what is new. Put in at once, so much text would hold up the window, which sends it back
   * to the extension host; and VS Code shows a text twice that replaces another one shortly after it did so before.
   */
  private cut(): void {
    this.options.target.clear();
    this.kept.keepNewest(Math.max(0, this.mostWaiting - this.pending.length));
    const cutOffLines = this.toldLines - this.kept.lineCount;
    this.shownLength = this.toldLines = 0;
    const again = this.kept.takeAll();
    if (cutOffLines > 0) again.unshift(pieceOf(`${this.options.texts.cutOff(cutOffLines)}\n`, cutOffLines));
    this.pending.putBack(again);
  }

  /** No more gathers than the channel could hold anyway. */
  private skipOldest(): void {
    if (this.pending.length <= this.mostWaiting) return;
    this.isOverloaded = true;
    // Some more than needed, so that one line of ours tells of many.
    this.pending.keepNewest(this.mostWaiting * 0.75, (piece) => {
      this.skippedLines += piece.lineCount;
      if (piece.lineCount === 0 && this.rescued.length < MOST_OWN_LINES) this.rescued.push(piece);
    });
  }

  private takePending(): string {
    const taken: string[] = [];
    const take = ({ text, lineCount }: TextPiece): void => {
      taken.push(text);
      this.show(pieceOf(text, lineCount));
    };
    this.takeSkipped().forEach(take);
    for (let length = 0; length < MAX_APPEND_LENGTH;) {
      const piece = this.pending.take();
      if (!piece) break;
      take(piece);
      length += piece.length;
    }
    this.kept.keepNewest(Math.min(this.options.maxLength * KEPT_PART, this.memoryLength() / 2));
    return taken.join('');
  }

  private get mostWaiting(): number {
    const { maxLength } = this.options;
    return Math.min(this.isOverloaded ? maxLength * KEPT_PART : maxLength, this.memoryLength());
  }

  /** The line that counts skipped lines stands for them: when it is cut off, they are counted as cut off. */
  private takeSkipped(): TextPiece[] {
    const { skippedLines, rescued } = this;
    this.skippedLines = 0;
    this.rescued = [];
    if (skippedLines === 0) return rescued;
    return [pieceOf(`${this.options.texts.skipped(skippedLines)}\n`, skippedLines), ...rescued];
  }

  private memoryLength(): number {
    return this.options.target.memoryLength?.() ?? Number.POSITIVE_INFINITY;
  }

  private show(piece: TextPiece): void {
    this.shownLength += piece.length;
    this.toldLines += piece.lineCount;
    this.kept.add(piece);
  }
}
