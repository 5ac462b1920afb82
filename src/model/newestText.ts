import { pieceOf, TextPieces } from './textPieces';

/** Keeps the newest part of a text that is too long to keep whole, and counts the lines it let go. */
export class NewestText {
  private readonly pieces = new TextPieces();
  private droppedCount = 0;

  constructor(
    /** In UTF-16 units. */
    private readonly maxLength: number,
    private readonly maxLines: number,
  ) {}

  /** Lines that were let go. */
  get droppedLines(): number {
    return this.droppedCount;
  }

  /** @param text whole lines, each with its line ending */
  add(text: string, lineCount: number): void {
    this.pieces.add(pieceOf(text, lineCount));
    while (this.isTooMuch() && this.pieces.count > 1) this.droppedCount += this.pieces.take()?.lineCount ?? 0;
  }

  toString(): string {
    return this.pieces.toString();
  }

  private isTooMuch(): boolean {
    return this.pieces.length > this.maxLength || this.pieces.lineCount > this.maxLines;
  }
}
