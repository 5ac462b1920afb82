/** A reading position in a pattern's source. */
export class PatternSource {
  constructor(
    readonly text: string,
    public position: number,
  ) {}

  get isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The UTF-16 unit at the position; empty at the end. */
  peek(): string {
    return this.text.charAt(this.position);
  }

  next(): string {
    return this.text.charAt(this.position++);
  }

  /** Goes past a character, which may be two UTF-16 units. */
  nextCodePoint(): number {
    const codePoint = this.text.codePointAt(this.position) ?? 0;
    this.position += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** Goes past `expected` if it comes next. */
  take(expected: string): boolean {
    const isNext = this.text.startsWith(expected, this.position);
    if (isNext) this.position += expected.length;
    return isNext;
  }

  /** Goes past what a sticky expression matches here. */
  takeMatch(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.text);
    if (!match) return undefined;
    this.position = sticky.lastIndex;
    return match;
  }
}
