/** Lines in one piece. */
interface Piece {
  readonly text: string;
  readonly lineCount: number;
}

/** Keeps the newest part of a text that is too long to keep whole, and counts the lines it let go. */
export class NewestText {
  private pieces: Piece[] = [];
  /** The first piece that is still kept: shifting a long array for each would take quadratic time. */
  private first = 0;
  private length = 0;
  private keptLines = 0;
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
    this.pieces.push({ text, lineCount });
    this.length += text.length;
    this.keptLines += lineCount;
    while (this.isTooMuch() && this.first < this.pieces.length - 1) this.dropOldest();
  }

  toString(): string {
    return this.pieces
      .slice(this.first)
      .map(({ text }) => text)
      .join('');
  }

  private isTooMuch(): boolean {
    return this.length > this.maxLength || this.keptLines > this.maxLines;
  }

  private dropOldest(): void {
    const oldest = this.pieces[this.first++];
    this.length -= oldest?.text.length ?? 0;
    this.keptLines -= oldest?.lineCount ?? 0;
    this.droppedCount += oldest?.lineCount ?? 0;
    if (this.first < 1_000) return;
    this.pieces = this.pieces.slice(this.first);
    this.first = 0;
  }
}
