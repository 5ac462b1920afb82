/** What a character can begin in the head of a log line. */
export const OTHER = 0;
export const BLANK = 1;
export const DIGIT = 2;
export const LETTER = 3;
/** Stands between the parts of a head: dashes, bars, stars and the like. */
export const SEPARATOR = 4;
/** `[`, `(`, `{` or `<`. */
export const OPENING = 5;

const KINDS = new Uint8Array(128);
function assign(characters: string, kind: number): void {
  for (let index = 0; index < characters.length; index++) KINDS[characters.charCodeAt(index)] = kind;
}
assign(' \t', BLANK);
// A plus begins the offset of a time zone.
assign('0123456789+', DIGIT);
assign('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_', LETTER);
assign('-|*#>:=', SEPARATOR);
assign('[({<', OPENING);

/** The kind of a character; a symbol such as ✖ or an emoji before the level counts as a separator. */
export function kindOf(code: number): number {
  if (code < 128) return KINDS[code] ?? OTHER;
  return isSymbol(code) ? SEPARATOR : OTHER;
}

/** General punctuation to arrows and miscellaneous symbols, the surrogates of emoji, and the selector after them. */
function isSymbol(code: number): boolean {
  return (
    (code >= 0x2000 && code < 0x2c00) ||
    (code >= 0xd83c && code <= 0xd83e) ||
    (code >= 0xdc00 && code <= 0xdfff) ||
    code === 0xfe0f
  );
}

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isUpperCase(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

/** A set of ASCII characters that is quick to ask. */
export class AsciiSet {
  private readonly members = new Uint8Array(128);

  constructor(characters: string) {
    for (let index = 0; index < characters.length; index++) this.members[characters.charCodeAt(index)] = 1;
  }

  has(code: number): boolean {
    return code < 128 && this.members[code] === 1;
  }
}

const DIGITS = '0123456789';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_';
const WORD = new AsciiSet(LETTERS + DIGITS);
/** No key, name or level is longer. */
const LONGEST_WORD = 64;

/** A letter, digit or underscore. */
export function isWordCharacter(code: number): boolean {
  return WORD.has(code);
}

export function blanksEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && isBlank(text.charCodeAt(end))) end++;
  return end;
}

/** Where the text that begins at `start` has its next blank, or `limit`. */
export function tokenEnd(text: string, start: number, limit: number): number {
  let end = start;
  while (end < limit && !isBlank(text.charCodeAt(end))) end++;
  return end;
}

/** Where the word that begins at `start` ends, or is too long to be of interest. */
export function wordEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + LONGEST_WORD);
  let end = start;
  while (end < limit && WORD.has(text.charCodeAt(end))) end++;
  return end;
}
