const LETTER_E = 0x65;
const PLUS = 0x2b;
const EPOCH_DIGITS = 10;

/** What the characters of numbers and times are; 0 for what is none of theirs. */
const DIGIT = 1;
const COLON = 2;
/** Holds the parts of dates and addresses together. */
const JOINT = 3;
/** May also stand within: letters, offsets, fractions, process ids. */
const OTHER = 4;
/** May follow directly. */
const END = 5;

const KINDS = new Uint8Array(128);
function assign(characters: string, kind: number): void {
  for (let index = 0; index < characters.length; index++) KINDS[characters.charCodeAt(index)] = kind;
}
assign('0123456789', DIGIT);
assign(':', COLON);
assign('-/.', JOINT);
assign('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_+,#', OTHER);
assign(' \t|[]', END);

/** Reads numbers, times, dates and addresses in the head of a line. */
export class NumberReader {
  /** Where the number ends that was read last. */
  end = 0;
  /** Whether it has the form of a time or date. */
  isTime = false;

  /** False when what begins at `start` is glued to something else, as in `3rd"` or `50%`. */
  read(text: string, start: number, limit: number): boolean {
    let digits = 0;
    let colons = 0;
    let joints = 0;
    let end = start;
    for (; end < limit; end++) {
      const code = text.charCodeAt(end);
      const kind = code < 128 ? KINDS[code] : 0;
      if (kind === DIGIT) digits++;
      else if (kind === COLON) colons++;
      else if (kind === JOINT) joints++;
      else if (kind === END) break;
      else if (kind !== OTHER) return false;
    }
    this.end = end;
    const isTime = colons > 0 || joints > 1 || digits >= EPOCH_DIGITS || isExponential(text, start, end);
    this.isTime = isTime && digits > 1;
    return true;
  }
}

/** zap writes seconds as `1.795e+09`. */
function isExponential(text: string, start: number, end: number): boolean {
  const plus = end - 3;
  return plus > start && text.charCodeAt(plus) === PLUS && text.charCodeAt(plus - 1) === LETTER_E;
}
