const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

/**
 * Goes through the members of a JSON object without parsing their values: keys and values are given as places in the
 * text. On text that is no JSON it ends early or finds members of no use, but it never fails and stays linear.
 */
export class JsonMembers {
  /** The key, between its quotes. */
  keyStart = 0;
  keyEnd = 0;
  /** The value, with its quotes if it is a string. */
  valueStart = 0;
  valueEnd = 0;
  private position: number;

  /** @param brace where the object's `{` is */
  constructor(
    private readonly text: string,
    brace: number,
  ) {
    this.position = brace + 1;
  }

  /** Goes to the next member; false when there is none. */
  next(): boolean {
    const { text } = this;
    let at = skipBlanks(text, this.position);
    if (text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1);
    if (text.charCodeAt(at) !== QUOTE) return false;
    const keyEnd = stringEnd(text, at);
    const colon = skipBlanks(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return false;
    this.keyStart = at + 1;
    this.keyEnd = keyEnd - 1;
    this.valueStart = skipBlanks(text, colon + 1);
    this.valueEnd = valueEnd(text, this.valueStart);
    this.position = this.valueEnd;
    return this.valueEnd > this.valueStart;
  }

  get key(): string {
    return this.text.slice(this.keyStart, this.keyEnd);
  }

  get value(): string {
    return this.text.slice(this.valueStart, this.valueEnd);
  }

  get isString(): boolean {
    return this.text.charCodeAt(this.valueStart) === QUOTE;
  }

  get isObject(): boolean {
    return this.text.charCodeAt(this.valueStart) === OPEN_BRACE;
  }
}

/** The first place from `at` on that holds no blank. */
export function skipBlanks(text: string, at: number): number {
  let position = at;
  while (text.charCodeAt(position) <= SPACE) position++;
  return position;
}

/** The place after the string that begins at `quote`, or the text's end. */
export function stringEnd(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(text, start);
  let end = start;
  while (end < text.length && !endsScalar(text.charCodeAt(end))) end++;
  return end;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= SPACE;
}

function nestedEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return text.length;
}
