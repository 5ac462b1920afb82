/** Code points from the first up to and including the second. */
export type CodeRange = readonly [first: number, last: number];

/** Sorted, disjoint ranges, or what lies outside them. */
export interface CharacterSet {
  readonly ranges: readonly CodeRange[];
  readonly isNegated: boolean;
}

export const LAST_CODE_POINT = 0x10ffff;

export const DIGITS: readonly CodeRange[] = [[0x30, 0x39]];
export const WORD_CHARACTERS: readonly CodeRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
/** ECMAScript's white space and line terminators. */
export const WHITE_SPACE: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_TERMINATORS: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

export const ANY_BUT_LINE_END: CharacterSet = { ranges: LINE_TERMINATORS, isNegated: true };
export const ANY: CharacterSet = { ranges: [], isNegated: true };

export function single(codePoint: number): CharacterSet {
  return { ranges: [[codePoint, codePoint]], isNegated: false };
}

/** The ranges sorted and joined where they touch. */
export function normalized(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const joined: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** What normalized ranges leave out. */
export function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const gaps: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST_CODE_POINT) gaps.push([next, LAST_CODE_POINT]);
  return gaps;
}

export function isInRanges(ranges: readonly CodeRange[], codePoint: number): boolean {
  for (const [first, last] of ranges) {
    if (codePoint <= last) return codePoint >= first;
  }
  return false;
}

const LAST_ASCII = 0x7f;
const DOTLESS_I = 0x131;

/**
 * The representative of all characters that differ only in case, as ECMAScript's `iu` flags see it: Unicode's simple
 * case folding. It is had from the upper and lower case mappings, of which those to several characters don't count.
 */
export function caseFolded(codePoint: number): number {
  if (codePoint <= LAST_ASCII) return codePoint >= 0x41 && codePoint <= 0x5a ? codePoint + 0x20 : codePoint;
  // Its upper case is I, but Unicode does not fold it.
  if (codePoint === DOTLESS_I) return codePoint;
  return oneCharacter(oneCharacter(codePoint, 'toUpperCase'), 'toLowerCase');
}

function oneCharacter(codePoint: number, mapping: 'toUpperCase' | 'toLowerCase'): number {
  const mapped = String.fromCodePoint(codePoint)[mapping]();
  const first = mapped.codePointAt(0) ?? codePoint;
  return mapped.length === (first > 0xffff ? 2 : 1) ? first : codePoint;
}

/** Sets of more characters than this are not folded one by one: they hold both cases of what they hold anyway. */
const MOST_FOLDED_CHARACTERS = 1_024;

/** Tests characters against a set, on request without regard to case. */
export class CharacterTest {
  private readonly ranges: readonly CodeRange[];

  constructor(
    private readonly set: CharacterSet,
    private readonly ignoreCase: boolean,
  ) {
    this.ranges = ignoreCase ? normalized([...set.ranges, ...foldedRanges(set.ranges)]) : set.ranges;
  }

  has(codePoint: number): boolean {
    return this.isListed(codePoint) !== this.set.isNegated;
  }

  private isListed(codePoint: number): boolean {
    if (isInRanges(this.ranges, codePoint)) return true;
    if (!this.ignoreCase) return false;
    const folded = caseFolded(codePoint);
    return isInRanges(this.ranges, folded) || isInRanges(this.ranges, oneCharacter(folded, 'toUpperCase'));
  }
}

function foldedRanges(ranges: readonly CodeRange[]): CodeRange[] {
  const folded: CodeRange[] = [];
  for (const [first, last] of ranges) {
    if (last - first >= MOST_FOLDED_CHARACTERS) continue;
    for (let codePoint = first; codePoint <= last; codePoint++) {
      const representative = caseFolded(codePoint);
      if (representative !== codePoint) folded.push([representative, representative]);
    }
  }
  return folded;
}
