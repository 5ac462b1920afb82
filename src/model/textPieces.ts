/** Lines in one piece, with how many of a container's lines it stands for. */
export interface TextPiece {
  /** About the text's, in UTF-16 units. */
  readonly length: number;
  /** Whole lines, each with its line ending. */
  readonly text: string;
  readonly lineCount: number;
}

export function pieceOf(text: string, lineCount: number): TextPiece {
  return { length: text.length, text, lineCount };
}

/** A piece whose text is made when it is asked for: most of a flood is never shown. */
export function latePiece(length: number, lineCount: number, makeText: () => string): TextPiece {
  return {
    length,
    lineCount,
    get text() {
      return makeText();
    },
  };
}

/** The places of removed pieces are let go together: shifting a long array for each would take quadratic time. */
const LEAST_REMOVED = 1_000;
const NOTHING = pieceOf('', 0);

/** Pieces of text in their order, with their sums. */
export class TextPieces {
  private pieces: TextPiece[] = [];
  private first = 0;
  private lengthSum = 0;
  private lineSum = 0;

  constructor(
    /** A piece shorter than this takes in the next: a quiet log would be tens of thousands of them. */
    private readonly leastLength = 0,
  ) {}

  /** In UTF-16 units. */
  get length(): number {
    return this.lengthSum;
  }

  get lineCount(): number {
    return this.lineSum;
  }

  get count(): number {
    return this.pieces.length - this.first;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  add(piece: TextPiece): void {
    this.lengthSum += piece.length;
    this.lineSum += piece.lineCount;
    const last = this.isEmpty ? undefined : this.pieces[this.pieces.length - 1];
    if (!last || last.length >= this.leastLength) this.pieces.push(piece);
    else
      this.pieces[this.pieces.length - 1] = pieceOf(last.text + piece.text, last.lineCount + piece.lineCount);
  }

  /** Removes the oldest piece. */
  take(): TextPiece | undefined {
    const piece = this.pieces[this.first];
    if (!piece) return undefined;
    this.pieces[this.first++] = NOTHING;
    this.lengthSum -= piece.length;
    this.lineSum -= piece.lineCount;
    if (this.isEmpty || this.first >= LEAST_REMOVED) {
      this.pieces = this.pieces.slice(this.first);
      this.first = 0;
    }
    return piece;
  }

  /** Removes the oldest until the rest is no longer than this; the newest piece always stays. */
  keepNewest(maxLength: number, removed?: (piece: TextPiece) => void): void {
    while (this.lengthSum > maxLength && this.count > 1) {
      const piece = this.take();
      if (piece) removed?.(piece);
    }
  }

  /** Removes all. */
  takeAll(): TextPiece[] {
    const all = this.pieces.slice(this.first);
    this.clear();
    return all;
  }

  /** Before all others. */
  putBack(pieces: readonly TextPiece[]): void {
    this.pieces = [...pieces, ...this.pieces.slice(this.first)];
    this.first = 0;
    for (const { length, lineCount } of pieces) {
      this.lengthSum += length;
      this.lineSum += lineCount;
    }
  }

  clear(): void {
    this.pieces = [];
    this.first = this.lengthSum = this.lineSum = 0;
  }

  toString(): string {
    return this.pieces
      .slice(this.first)
      .map(({ text }) => text)
      .join('');
  }
}
