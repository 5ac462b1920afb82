import assert from 'node:assert/strict';
import { readLogFilter } from '../../src/model/logFilterData';
import { isSamePattern, patternAsTyped, patternInQuotes, typedPattern } from '../../src/model/logFilterText';
import { compilePattern, type Pattern } from '../../src/model/logPattern';

const text = (wanted: string, matchCase = false): Pattern => ({ kind: 'text', text: wanted, matchCase });

describe('a typed pattern', () => {
  it('is a regular expression between slashes, with flags behind', () => {
    assert.deepEqual(typedPattern('/time.?out/'), { kind: 'regex', source: 'time.?out', flags: '' });
    assert.deepEqual(typedPattern('/a/b/i'), { kind: 'regex', source: 'a/b', flags: 'i' });
  });

  it('is a text in any case otherwise, also when it is a path', () => {
    for (const typed of ['timeout', '/health', '/api/users', '//', 'a/b/', ' 500 '])
      assert.deepEqual(typedPattern(typed), text(typed));
  });

  it('shows as it would be typed', () => {
    for (const typed of ['timeout', '/a.b/i', '/api/users', '//'])
      assert.equal(patternAsTyped(typedPattern(typed)), typed);
    assert.equal(patternInQuotes(text('timeout')), '"timeout"');
    assert.equal(patternInQuotes(typedPattern('/a.b/')), '/a.b/');
  });

  for (const { pattern, found, missed } of [
    { pattern: text('/health/'), found: 'GET /HEALTH/', missed: 'health' },
    { pattern: text('a.(b)[c]$', true), found: '-a.(b)[c]$-', missed: 'A.(b)[c]$' },
  ]) {
    it(`finds the same when ${JSON.stringify(pattern)} is typed again`, () => {
      const again = typedPattern(patternAsTyped(pattern));
      for (const each of [pattern, again]) {
        const matcher = compilePattern(each);
        assert.ok(matcher.kind === 'matcher');
        assert.deepEqual([matcher.test(found), matcher.test(missed)], [true, false]);
      }
      assert.ok(isSamePattern(pattern, again));
    });
  }
});

describe('a stored filter', () => {
  it('is read as it was saved', () => {
    const filter = {
      minimumLevel: 'warn',
      hideUnknownLevel: true,
      include: [text('a'), { kind: 'regex', source: 'b+', flags: 'i' }],
      exclude: [text('c', true)],
      contextLines: 2,
    };
    assert.deepEqual(readLogFilter(JSON.parse(JSON.stringify(filter))), filter);
    assert.deepEqual(readLogFilter({}), { include: [], exclude: [], contextLines: 0 });
  });

  for (const value of [
    undefined,
    null,
    'warn',
    [],
    { minimumLevel: 'loud' },
    { include: 'a' },
    { include: [{ kind: 'text' }] },
    { include: [{ kind: 'glob', text: '*' }] },
    { exclude: [{ kind: 'regex', source: '(', flags: '' }] },
    { contextLines: '2' },
    { contextLines: 1_000_000 },
  ]) {
    it(`is none when it is ${JSON.stringify(value)}`, () => {
      assert.equal(readLogFilter(value), undefined);
    });
  }
});
