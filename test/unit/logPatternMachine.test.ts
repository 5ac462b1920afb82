import assert from 'node:assert/strict';
import { compilePattern, type LineMatcher } from '../../src/model/logPattern';
import { caseFolded } from '../../src/model/logPatternCharacters';
import { backtrackingCost } from '../../src/model/logPatternCost';
import { PatternMachine } from '../../src/model/logPatternMachine';
import { parsePattern } from '../../src/model/logPatternParse';
import { buildProgram } from '../../src/model/logPatternProgram';
import { seededRandom } from '../support/random';

function regex(source: string, flags = ''): LineMatcher {
  const compiled = compilePattern({ kind: 'regex', source, flags });
  assert.ok(compiled.kind === 'matcher', compiled.kind === 'patternError' ? compiled.message : '');
  return compiled;
}

function machine(source: string, flags: string): PatternMachine {
  const { root, ignoreCase } = parsePattern(source, flags);
  return new PatternMachine(buildProgram(root, ignoreCase));
}

type Random = () => number;
const pick = <T>(random: Random, from: readonly [T, ...T[]]): T =>
  from[Math.floor(random() * from.length)] ?? from[0];

const CHARACTERS = [
  'a',
  'b',
  'A',
  'k',
  '1',
  '_',
  ' ',
  '-',
  'é',
  'É',
  'ß',
  'ſ',
  '\u212a',
  'σ',
  'ς',
  '🚢',
  '𐐀',
  '𐐨',
] as const;
const CLASSES = [
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '\\W',
  '\\S',
  '[ab]',
  '[^ab]',
  '[a-z]',
  '[^\\d]',
  '[^é🚢]',
  '[🚢-🚣b]',
  '[à-ü]',
  '[k-m]',
  '[^k]',
  '[]',
  '[^]',
] as const;
const REPEATS = ['*', '+', '?', '*?', '+?', '??', '{2}', '{1,}', '{0,2}', '{1,3}?'] as const;
const ASSERTIONS = ['^', '$', '\\b', '\\B'] as const;

/** A pattern that means the same to us and to ECMAScript with the flag `u`. */
function randomPattern(random: Random, depth: number): string {
  const kind = random();
  if (depth === 0 || kind < 0.35) return pick(random, random() < 0.6 ? CHARACTERS : CLASSES);
  if (kind < 0.43) return pick(random, ASSERTIONS);
  if (kind < 0.65) return `(?:${randomPattern(random, depth - 1)})${pick(random, REPEATS)}`;
  if (kind < 0.75) return `(${randomPattern(random, depth - 1)}|${randomPattern(random, depth - 1)})`;
  return randomPattern(random, depth - 1) + randomPattern(random, depth - 1);
}

function randomLine(random: Random): string {
  return Array.from({ length: Math.floor(random() * 12) }, () => pick(random, CHARACTERS)).join('');
}

function isWithinCharacter(line: string, index: number): boolean {
  return index > 0 && (line.codePointAt(index - 1) ?? 0) > 0xffff;
}

describe('matching beside ECMAScript', function () {
  this.timeout(30_000);

  for (const flags of ['', 'i']) {
    it(`agrees on 6,000 random patterns${flags === '' ? '' : ' without regard to case'}, 8 lines each`, () => {
      const random = seededRandom(flags === '' ? 31 : 32);
      let matches = 0;
      for (let round = 0; round < 6_000; round++) {
        const source = randomPattern(random, 4);
        const native = new RegExp(source, `${flags}u`);
        const ours = regex(source, flags);
        const always = machine(source, flags);
        for (let count = 0; count < 8; count++) {
          const line = randomLine(random);
          const match = native.exec(line);
          // V8 lets \B match between the two halves of a character.
          if (match && isWithinCharacter(line, match.index)) continue;
          const expected = match !== null;
          if (expected) matches++;
          assert.equal(ours.test(line), expected, `/${source}/${flags} on ${JSON.stringify(line)}`);
          assert.equal(
            always.test(line),
            expected,
            `machine: /${source}/${flags} on ${JSON.stringify(line)}`,
          );
        }
      }
      assert.ok(matches > 5_000 && matches < 43_000, `${matches} matches are no fair mixture`);
    });
  }

  it('folds case as the flags iu do', () => {
    const differing: number[] = [];
    for (let codePoint = 0; codePoint <= 0x1ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
      const folded = caseFolded(codePoint);
      if (folded === codePoint) continue;
      const native = new RegExp(`^\\u{${codePoint.toString(16)}}$`, 'iu');
      if (!native.test(String.fromCodePoint(folded))) differing.push(codePoint);
    }
    assert.deepEqual(
      differing.map((codePoint) => codePoint.toString(16)),
      [],
    );
  });
});

const HOSTILE: readonly (readonly [source: string, unit: string])[] = [
  ['(a+)+$', 'a'],
  ['(a*)*b', 'a'],
  ['(a|aa)+$', 'a'],
  ['(a|a?)+b', 'a'],
  ['(.*a){20}x', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['(x+x+)+y', 'x'],
  ['\\d+x', '1'],
  ['a.*b.*c', 'ab'],
  ['(a?){50}a{50}b', 'a'],
  ['\\s+$', ' '],
  ['^\\s*(\\w+\\s*)+:$', 'a '],
  ['(?:a|b|ab)*c', 'ab'],
  ['([ab]*a[ab]{12})+c', 'abaab'],
  ['a\\w+ b', 'a'],
  ['x\\d+y\\d+z', 'x1y1'],
  ['"[^"]*"x', '"a'],
  [' \\d+ [a-z]+ \\d+!', ' 1 a'],
];

describe('hostile patterns and lines', function () {
  this.timeout(30_000);

  // Backtracking would take minutes to centuries here: a hang shows as the suite's timeout.
  for (const [source, unit] of HOSTILE) {
    it(`/${source}/ ends on 100 KB of ${JSON.stringify(unit)}`, () => {
      const line = `${unit.repeat(100_000 / unit.length)}~`;
      assert.equal(regex(source).test(line), false);
      assert.equal(regex(source, 'i').test(line), false);
    });
  }

  it('stay right, and bounded, when a pattern needs more states than are kept', () => {
    const random = seededRandom(5);
    const line = Array.from({ length: 20_000 }, () => (random() < 0.5 ? 'a' : 'b')).join('');
    const tail = `a${'b'.repeat(14)}`;
    assert.equal(regex('a[ab]{14}c').test(line), false);
    assert.equal(regex('(a[ab]{14})+c').test(`${line}${tail}c`), true);
    assert.equal(regex('(a[ab]{14})+c').test(line), false);
    assert.equal(
      regex('(a[ab]{14})+c').test(`x${tail}c`),
      true,
      'usable again after a line without kept states',
    );
  });
});

describe('the cost of backtracking', () => {
  const cost = (source: string, flags = ''): number => {
    const { root, ignoreCase } = parsePattern(source, flags);
    return backtrackingCost(root, ignoreCase).steps;
  };

  for (const source of ['(a+)+$', '(a|b)*c', 'a.*b', '\\d+x', 'a\\w+ b', '(a?){50}a{50}', '(?:x\\d+y){2}']) {
    it(`is too high for /${source}/`, () => assert.ok(cost(source) > 500));
  }

  for (const source of [
    'timeout',
    'error|warn|fatal',
    '\\d{1,3}(?:\\.\\d{1,3}){3}',
    'took \\d+ ms',
    '"[^"]*"x',
    'user=\\w+ ',
    'a b+c d',
  ]) {
    it(`is low for /${source}/`, () => assert.ok(cost(source) <= 500));
  }

  it('sees characters that are the same but for their case', () => {
    assert.ok(cost('A[a-f]+ x') < Infinity);
    assert.equal(cost('A[a-f]+ x', 'i'), Infinity);
    assert.equal(cost('\u212a[a-z]+ x', 'i'), Infinity);
    assert.ok(cost('é\\d+ x', 'i') < Infinity);
  });
});
