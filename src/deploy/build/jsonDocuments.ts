export type Fields = Readonly<Record<string, unknown>>;

/** Of one object; what is longer is not kept. */
const LONGEST_DOCUMENT = 8 * 1024 * 1024;

/** What a line completes: an object, or text that is none, or `broken` for an object that can't be read. */
export type DocumentLine =
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'broken' };

/** Finds JSON objects among lines: one a line, as newer programs write them, or indented over many. */
export class JsonDocuments {
  private open: string[] | undefined;
  private openLength = 0;

  /** `undefined` while an object goes on. */
  take(line: string): DocumentLine | undefined {
    if (this.open === undefined) {
      if (line !== '{') return line.startsWith('{') ? read(line) : { kind: 'text', text: line };
      this.open = [];
      this.openLength = 0;
    }
    this.openLength += line.length;
    if (this.openLength <= LONGEST_DOCUMENT) this.open.push(line);
    // What is indented ends with the brace that is not.
    if (line !== '}') return undefined;
    const text = this.open.join('');
    this.open = undefined;
    return read(text);
  }
}

function read(text: string): DocumentLine {
  try {
    return { kind: 'object', fields: JSON.parse(text) as Fields };
  } catch {
    return { kind: 'broken' };
  }
}
