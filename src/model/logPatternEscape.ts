import {
  complement,
  DIGITS,
  LAST_CODE_POINT,
  normalized,
  single,
  WHITE_SPACE,
  WORD_CHARACTERS,
  type CharacterSet,
  type CodeRange,
} from './logPatternCharacters';
import type { PatternSource } from './logPatternSource';
import { fail, type PatternNode } from './logPatternSyntax';

const CLASS_ESCAPES: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ['d', DIGITS],
  ['w', WORD_CHARACTERS],
  ['s', WHITE_SPACE],
]);
const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
  ['0', 0x00],
]);
const BACKSPACE = 0x08;

/** Reads what begins with a backslash outside a class. */
export function readEscape(source: PatternSource): PatternNode {
  const position = source.position;
  const letter = source.text.charAt(position + 1);
  if (letter === 'b' || letter === 'B') {
    source.position += 2;
    return { kind: 'assertion', assertion: letter === 'b' ? 'wordBoundary' : 'noWordBoundary' };
  }
  if (/[1-9k]/.test(letter))
    fail(
      'backreference',
      position,
      `Backreferences (\\${letter}) are not supported: they can take for ever.`,
    );
  const classSet = readClassEscape(source);
  return { kind: 'character', set: classSet ?? single(readCharacterEscape(source)) };
}

/** Reads `[…]`. */
export function readClass(source: PatternSource): CharacterSet {
  const opened = source.position;
  source.next();
  const isNegated = source.take('^');
  const ranges: CodeRange[] = [];
  while (!source.take(']')) {
    if (source.isAtEnd)
      fail('unclosedClass', opened, 'This "[" is never closed. Write \\[ for the character.');
    ranges.push(...readClassItem(source));
  }
  return { ranges: normalized(ranges), isNegated };
}

function readClassItem(source: PatternSource): readonly CodeRange[] {
  const position = source.position;
  const first = readClassAtom(source);
  const isRange = source.peek() === '-' && source.text.charAt(source.position + 1) !== ']';
  // As in ECMAScript without `u`, a hyphen beside \d and its like is a character.
  if (typeof first !== 'number' || !isRange) return asRanges(first);
  source.next();
  if (source.isAtEnd) return asRanges(first);
  const last = readClassAtom(source);
  if (typeof last !== 'number') return [...asRanges(first), [0x2d, 0x2d], ...last];
  if (last < first)
    fail('rangeOutOfOrder', position, 'The ends of this range of characters are the wrong way round.');
  return [[first, last]];
}

function asRanges(atom: number | readonly CodeRange[]): readonly CodeRange[] {
  return typeof atom === 'number' ? [[atom, atom]] : atom;
}

function readClassAtom(source: PatternSource): number | readonly CodeRange[] {
  if (source.peek() !== '\\') return source.nextCodePoint();
  if (source.take('\\b')) return BACKSPACE;
  if (source.take('\\-')) return 0x2d;
  const set = readClassEscape(source);
  if (!set) return readCharacterEscape(source);
  return set.isNegated ? complement(set.ranges) : set.ranges;
}

/** Reads `\d`, `\D` and their like; `undefined`, without moving, when something else is escaped. */
function readClassEscape(source: PatternSource): CharacterSet | undefined {
  const letter = source.text.charAt(source.position + 1);
  const ranges = CLASS_ESCAPES.get(letter.toLowerCase());
  if (!ranges) return undefined;
  source.position += 2;
  return { ranges, isNegated: letter !== letter.toLowerCase() };
}

/** Reads an escape that stands for one character and returns its code point. */
function readCharacterEscape(source: PatternSource): number {
  const position = source.position;
  source.next();
  if (source.isAtEnd) fail('endsWithBackslash', position, 'The pattern ends with a lone "\\".');
  const hexadecimal = source.takeMatch(/x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}/y);
  if (hexadecimal) return codePointOf(hexadecimal, position);
  const control = source.takeMatch(/c([A-Za-z])/y);
  if (control) return (control[1] ?? '').charCodeAt(0) % 32;
  const codePoint = source.nextCodePoint();
  const character = String.fromCodePoint(codePoint);
  const known = CONTROL_ESCAPES.get(character);
  if (known !== undefined) return known;
  if (/[A-Za-z0-9]/.test(character))
    fail(
      'unknownEscape',
      position,
      `"\\${character}" has no meaning here. Write ${character} for the character.`,
    );
  return codePoint;
}

function codePointOf(match: RegExpExecArray, position: number): number {
  const codePoint = parseInt(match[1] ?? match[2] ?? match[3] ?? '', 16);
  if (codePoint > LAST_CODE_POINT) fail('unknownEscape', position, 'There is no character with this number.');
  return codePoint;
}
