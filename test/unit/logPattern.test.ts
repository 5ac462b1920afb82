import assert from 'node:assert/strict';
import {
  compilePattern,
  MAX_PATTERN_LENGTH,
  type LineMatcher,
  type Pattern,
} from '../../src/model/logPattern';
import type { PatternProblemCode } from '../../src/model/logPatternSyntax';

function matcher(pattern: Pattern): LineMatcher {
  const compiled = compilePattern(pattern);
  assert.ok(compiled.kind === 'matcher', compiled.kind === 'patternError' ? compiled.message : '');
  return compiled;
}

const regex = (source: string, flags = ''): LineMatcher => matcher({ kind: 'regex', source, flags });
const text = (wanted: string, matchCase = false): LineMatcher =>
  matcher({ kind: 'text', text: wanted, matchCase });

describe('a text pattern', () => {
  const cases: readonly (readonly [wanted: string, matchCase: boolean, line: string, matches: boolean])[] = [
    ['timeout', true, 'a timeout occurred', true],
    ['timeout', true, 'a Timeout occurred', false],
    ['timeout', false, 'a TIMEOUT occurred', true],
    ['a.c', true, 'abc', false],
    ['a.c', false, 'abc', false],
    ['[ERROR] (x*)', false, 'at [error] (X*) all', true],
    ['straße', false, 'STRAßE', true],
    ['ÄÖÜ', false, 'äöü', true],
    ['οδοσ', false, 'ΟΔΟΣ', true],
    ['ЖУРНАЛ', false, 'журнал', true],
    ['🚢', false, 'a 🚢 sails', true],
    ['🚢', true, 'a 🚣 rows', false],
  ];
  for (const [wanted, matchCase, line, matches] of cases) {
    it(`${wanted}${matchCase ? ' with case' : ''} ${matches ? 'is' : 'is not'} in ${line}`, () =>
      assert.equal(text(wanted, matchCase).test(line), matches));
  }

  it('may be long, and is still found at once in a hostile line', () => {
    const long = 'a'.repeat(MAX_PATTERN_LENGTH - 1) + 'b';
    const inTheWay = 'a'.repeat(100_000);
    assert.equal(text(long).test(inTheWay), false);
    assert.equal(text(long).test(`${inTheWay}B`), true);
    assert.equal(text(long, true).test(inTheWay), false);
  });
});

describe('a regular expression', () => {
  const cases: readonly (readonly [source: string, flags: string, line: string, matches: boolean])[] = [
    ['error.*timeout', '', 'an error after a timeout, a timeout', true],
    ['error.*timeout', '', 'a timeout after an error', false],
    ['^GET /api/v\\d+/users$', '', 'GET /api/v12/users', true],
    ['^GET /api/v\\d+/users$', '', 'GET /api/v12/users?x', false],
    ['\\b5\\d\\d\\b', '', 'status 503 sent', true],
    ['\\b5\\d\\d\\b', '', 'status 5031 sent', false],
    ['(?i)Connection (refused|reset)', '', 'CONNECTION RESET by peer', true],
    ['connection (?:refused|reset)', 'i', 'Connection refused', true],
    ['(?<code>[A-F0-9]{4,8})!', '', 'x 1A2F!', true],
    ['took [1-9]\\d{3,}ms', '', 'took 999ms', false],
    ['took [1-9]\\d{3,}ms', '', 'took 1000ms', true],
    ['[^\\s"]+@example\\.com', '', 'mail to x.y@example.com now', true],
    ['a{2', '', 'a{2', true],
    ['{"level"', '', '{"level":1}', true],
    ['\\x41\\u0042\\u{1f6a2}\\t', '', 'AB🚢\t', true],
    ['^.$', '', '🚢', true],
    ['^..$', '', '🚢', false],
    ['^[🚢🚣]+$', '', '🚢🚣🚢', true],
    ['^[^a]$', '', '🚢', true],
    ['[\\d-x]', '', '-', true],
    ['[\\b]', '', 'a\bc', true],
    ['[]', '', 'anything', false],
    ['^[^]$', '', 'x', true],
    ['[\\]\\\\]', '', ']', true],
    ['a|b|', '', '', true],
    ['^$', '', '', true],
    ['^\\B$', '', '', true],
    ['x*', '', '', true],
    ['((a*)*)*b$', '', 'aaab', true],
    ['\\Bend\\b', '', 'the weekend', true],
    ['(a|ab)(c|bcd)(d*)$', '', 'abcd', true],
    ['(ab?)?(ab?)?a$', '', 'aba', true],
    ['[à-ü]+x\\d+y', 'i', 'ÀÉX12Y', true],
    ['a+é{2}z', 'i', 'AAÉéZ', true],
    ['[^k]+z$', 'i', '\u212az', false],
    ['\\w+-\\w+z', 'i', '\u017f-\u017fz', true],
    ['.', 's', '\n', true],
    ['.', '', '\n', false],
  ];
  for (const [source, flags, line, matches] of cases) {
    it(`/${source}/${flags} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(line)}`, () =>
      assert.equal(regex(source, flags).test(line), matches));
  }
});

describe('a pattern that can not be used', () => {
  const cases: readonly (readonly [source: string, code: PatternProblemCode, position: number])[] = [
    ['', 'empty', 0],
    ['x'.repeat(MAX_PATTERN_LENGTH + 1), 'tooLong', MAX_PATTERN_LENGTH],
    ['a(b|(c)', 'unclosedGroup', 1],
    ['a)b', 'unopenedGroup', 1],
    ['ab[c-', 'unclosedClass', 2],
    ['ab[', 'unclosedClass', 2],
    ['[z-a]', 'rangeOutOfOrder', 1],
    ['*a', 'nothingToRepeat', 0],
    ['a|+', 'nothingToRepeat', 2],
    ['a**', 'nothingToRepeat', 2],
    ['a++', 'nothingToRepeat', 2],
    ['a{2}{3}', 'nothingToRepeat', 4],
    ['^*', 'nothingToRepeat', 1],
    ['\\b+', 'nothingToRepeat', 2],
    ['a{3,2}', 'repeatOutOfOrder', 1],
    ['a{1001}', 'repeatTooOften', 1],
    ['a\\', 'endsWithBackslash', 1],
    ['[\\', 'endsWithBackslash', 1],
    ['a\\y', 'unknownEscape', 1],
    ['\\u{110000}', 'unknownEscape', 0],
    ['\\p{L}', 'unknownEscape', 0],
    ['(a)\\1', 'backreference', 3],
    ['(?<x>a)\\k<x>', 'backreference', 7],
    ['a(?=b)', 'lookaround', 1],
    ['a(?!b)', 'lookaround', 1],
    ['(?<=a)b', 'lookaround', 0],
    ['(?<!a)b', 'lookaround', 0],
    ['(?>a)', 'unsupportedGroup', 0],
    ['b(?i)a', 'unsupportedGroup', 1],
    ['(a{100}){100}', 'tooLarge', 0],
    ['((a{900}){900}){900}', 'tooLarge', 0],
    ['((((?:|){1000}){1000}){1000}){1000}', 'tooLarge', 0],
    ['('.repeat(60) + ')'.repeat(60), 'tooDeep', 50],
  ];
  for (const [source, code, position] of cases) {
    it(`is refused as ${code}: ${source.slice(0, 40)}`, () => {
      const compiled = compilePattern({ kind: 'regex', source, flags: '' });
      assert.ok(compiled.kind === 'patternError');
      assert.deepEqual([compiled.code, compiled.position], [code, position]);
      assert.match(compiled.message, /^[A-Z"].*\.$/);
    });
  }

  it('is refused for a flag there is none of', () => {
    const compiled = compilePattern({ kind: 'regex', source: 'a', flags: 'iy' });
    assert.ok(compiled.kind === 'patternError');
    assert.deepEqual([compiled.code, compiled.message], ['unknownFlag', 'There is no flag "y"; use i or s.']);
  });

  it('is refused as a text only when empty or too long', () => {
    assert.equal(compilePattern({ kind: 'text', text: '', matchCase: true }).kind, 'patternError');
    assert.equal(compilePattern({ kind: 'text', text: '(?=*[', matchCase: false }).kind, 'matcher');
  });
});
