import assert from 'node:assert/strict';
import type { LogLine, LogStream } from '../../src/model/log';
import {
  compileFilter,
  EVERYTHING,
  MAX_CONTEXT_LINES,
  MAX_PATTERNS,
  type CompiledFilter,
  type LogFilter,
} from '../../src/model/logFilter';
import { FilterRun, type ShownLine } from '../../src/model/logFilterRun';
import { LineGrouper } from '../../src/model/logGrouping';
import type { Pattern } from '../../src/model/logPattern';
import { seededRandom } from '../support/random';

const text = (wanted: string): Pattern => ({ kind: 'text', text: wanted, matchCase: false });
const regex = (source: string): Pattern => ({ kind: 'regex', source, flags: '' });

function compiled(filter: Partial<LogFilter>): CompiledFilter {
  const result = compileFilter({ ...EVERYTHING, ...filter });
  assert.ok(result.kind === 'filter', result.kind === 'filterError' ? result.message : '');
  return result;
}

function toLine(each: string, stream: LogStream = 'stdout'): LogLine {
  return { timestamp: '', stream, text: each };
}

/** What shows, with `… n` where n lines were left out and `~` before lines of context. */
function filtered(filter: Partial<LogFilter>, lines: readonly (string | LogLine)[]): string[] {
  const shown: string[] = [];
  const run = new FilterRun(compiled(filter), ({ line, isContext, notShownBefore }) => {
    if (notShownBefore > 0) shown.push(`… ${notShownBefore}`);
    shown.push(`${isContext ? '~' : ''}${line.text}`);
  });
  for (const each of lines) run.push(typeof each === 'string' ? toLine(each) : each);
  if (run.notShown > 0) shown.push(`… ${run.notShown}`);
  return shown;
}

const TRACE = [
  'INFO fine',
  'ERROR order 7 failed',
  'java.io.IOException: broken pipe',
  '\tat com.example.Io.write(Io.java:99)',
  'DEBUG detail',
  'plain',
  'WARN slow',
];

describe('a log filter', () => {
  it('that wants everything shows everything', () => {
    assert.deepEqual(filtered({}, TRACE), TRACE);
    assert.equal(compiled({}).passesEverything, true);
    assert.equal(compiled({ exclude: [text('x')] }).passesEverything, false);
  });

  it('shows records of a level or above whole, and those of no level', () => {
    assert.deepEqual(filtered({ minimumLevel: 'error' }, TRACE), [
      '… 1',
      ...TRACE.slice(1, 4),
      '… 1',
      'plain',
      '… 1',
    ]);
    assert.deepEqual(filtered({ minimumLevel: 'warn', hideUnknownLevel: true }, TRACE), [
      '… 1',
      ...TRACE.slice(1, 4),
      '… 2',
      'WARN slow',
    ]);
  });

  it('shows a record whole when its first line is wanted', () => {
    assert.deepEqual(filtered({ include: [regex('order \\d+')] }, TRACE), [
      '… 1',
      ...TRACE.slice(1, 4),
      '… 3',
    ]);
  });

  it('shows a record whole when a later line is wanted', () => {
    assert.deepEqual(filtered({ include: [text('io.java')] }, TRACE), ['… 1', ...TRACE.slice(1, 4), '… 3']);
  });

  it('shows what any of several patterns wants', () => {
    assert.deepEqual(filtered({ include: [text('slow'), text('fine')] }, TRACE), [
      'INFO fine',
      '… 5',
      'WARN slow',
    ]);
  });

  it('wants both the level and the pattern', () => {
    assert.deepEqual(filtered({ minimumLevel: 'warn', include: [text('fine'), text('slow')] }, TRACE), [
      '… 6',
      'WARN slow',
    ]);
  });

  it('leaves out what is excluded, even if it is wanted', () => {
    assert.deepEqual(filtered({ exclude: [text('order')] }, TRACE), ['INFO fine', '… 3', ...TRACE.slice(4)]);
    assert.deepEqual(filtered({ include: [text('order')], exclude: [text('failed')] }, TRACE), ['… 7']);
  });

  it('leaves out a record from its excluded line on, and whole while it has not been shown', () => {
    assert.deepEqual(filtered({ exclude: [text('io.java')] }, TRACE), [
      ...TRACE.slice(0, 3),
      '… 1',
      ...TRACE.slice(4),
    ]);
    assert.deepEqual(filtered({ include: [text('broken')], exclude: [text('order 7')] }, TRACE), ['… 7']);
    assert.deepEqual(
      filtered({ include: [text('io.java')], exclude: [text('broken')], contextLines: 1 }, TRACE),
      ['… 7'],
    );
  });

  it('looks for patterns in the text without colours', () => {
    const colored = '\u001b[31mERROR\u001b[0m fai\u001b[1mled\u001b[0m';
    assert.deepEqual(
      filtered({ minimumLevel: 'error', include: [text('error failed')] }, ['INFO x', colored]),
      ['… 1', colored],
    );
  });

  it('does not wait for the end of a record', () => {
    const shown: string[] = [];
    const run = new FilterRun(compiled({ include: [text('broken')] }), ({ line }) => shown.push(line.text));
    run.push(toLine('ERROR order 7 failed'));
    assert.deepEqual(shown, []);
    assert.equal(run.notShown, 1, 'as long as nothing wanted has come');
    run.push(toLine('java.io.IOException: broken pipe'));
    assert.deepEqual(shown, ['ERROR order 7 failed', 'java.io.IOException: broken pipe']);
    assert.equal(run.notShown, 0);
    run.push(toLine('\tat x.y(Z.java:1)'));
    assert.equal(shown.length, 3);
  });

  it('goes on with no record across a restart', () => {
    const shown: ShownLine[] = [];
    const run = new FilterRun(compiled({ minimumLevel: 'error' }), (each) => shown.push(each));
    run.push(toLine('INFO a'));
    run.restart();
    run.push(toLine('  b'));
    assert.deepEqual(
      shown.map(({ line, place }) => [line.text, place.isHead, place.level]),
      [['  b', true, undefined]],
    );
  });

  it('keeps the records of the streams apart', () => {
    const lines = [
      toLine('ERROR a', 'stderr'),
      toLine('INFO b'),
      toLine('\tat wanted(X.java:1)', 'stderr'),
      toLine('  c'),
    ];
    assert.deepEqual(filtered({ include: [text('wanted')] }, lines), [
      'ERROR a',
      '\tat wanted(X.java:1)',
      '… 2',
    ]);
  });
});

describe('the context of a filter', () => {
  const numbered = Array.from({ length: 12 }, (_, index) => `INFO ${index}`);

  it('is shown before and after, with a count of what is left out', () => {
    assert.deepEqual(filtered({ include: [regex(' 5$')], contextLines: 2 }, numbered), [
      '… 3',
      '~INFO 3',
      '~INFO 4',
      'INFO 5',
      '~INFO 6',
      '~INFO 7',
      '… 4',
    ]);
  });

  it('is not shown twice where it overlaps', () => {
    assert.deepEqual(filtered({ include: [regex(' [48]$')], contextLines: 2 }, numbered), [
      '… 2',
      '~INFO 2',
      '~INFO 3',
      'INFO 4',
      '~INFO 5',
      '~INFO 6',
      '~INFO 7',
      'INFO 8',
      '~INFO 9',
      '~INFO 10',
      '… 1',
    ]);
  });

  it('stands around whole records', () => {
    assert.deepEqual(filtered({ include: [text('broken')], contextLines: 1 }, TRACE), [
      '~INFO fine',
      ...TRACE.slice(1, 4),
      '~DEBUG detail',
      '… 2',
    ]);
  });

  it('is shown for a level alone too', () => {
    assert.deepEqual(
      filtered({ minimumLevel: 'warn', contextLines: 1 }, ['INFO a', 'INFO b', 'WARN c', 'INFO d', 'INFO e']),
      ['… 1', '~INFO b', 'WARN c', '~INFO d', '… 1'],
    );
  });

  it('never holds what is excluded, but counts it where it was', () => {
    const lines = [
      'INFO a',
      'INFO secret',
      'INFO b',
      'INFO secret',
      'WARN c',
      'INFO secret',
      'INFO d',
      'INFO e',
    ];
    assert.deepEqual(filtered({ minimumLevel: 'warn', exclude: [text('secret')], contextLines: 2 }, lines), [
      '~INFO a',
      '… 1',
      '~INFO b',
      '… 1',
      'WARN c',
      '… 1',
      '~INFO d',
      '~INFO e',
    ]);
  });

  it('takes in the lines of both streams, in their order', () => {
    const lines = [
      toLine('INFO a'),
      toLine('INFO b', 'stderr'),
      toLine('INFO c'),
      toLine('WARN d', 'stderr'),
    ];
    assert.deepEqual(filtered({ include: [text('warn')], contextLines: 2 }, lines), [
      '… 1',
      '~INFO b',
      '~INFO c',
      'WARN d',
    ]);
  });

  it('shows a record that began as context whole when it turns out to be wanted', () => {
    const lines = ['WARN wanted', 'INFO b', '  b2', '  b3 wanted', 'INFO c', 'INFO d'];
    assert.deepEqual(filtered({ include: [text('wanted')], contextLines: 1 }, lines), [
      'WARN wanted',
      '~INFO b',
      '  b2',
      '  b3 wanted',
      '~INFO c',
      '… 1',
    ]);
  });
});

describe('the cost of a filter', () => {
  it('looks at each line once for what is unwanted, however long its record waits', () => {
    const filter = compiled({ include: [text('wanted')], exclude: [text('never')], contextLines: 1 });
    let looks = 0;
    const excludes = (line: string): boolean => ++looks > 0 && filter.excludes(line);
    const run = new FilterRun({ ...filter, excludes }, () => undefined);
    run.push(toLine('ERROR it broke'));
    for (let count = 0; count < 1_000; count++) run.push(toLine(`\tat x.y(Z.java:${count})`));
    run.push(toLine('\tat wanted(Z.java:1)'));
    assert.equal(looks, 1_002);
  });
});

describe('a filter that can not be used', () => {
  it('says which pattern is wrong, where and why', () => {
    const result = compileFilter({
      ...EVERYTHING,
      include: [text('fine')],
      exclude: [text('x'), regex('a(b')],
    });
    assert.deepEqual(result, {
      kind: 'filterError',
      code: 'unclosedGroup',
      list: 'exclude',
      index: 1,
      position: 1,
      message: 'This "(" is never closed. Write \\( for the character.',
    });
  });

  it('has too many patterns', () => {
    const include = Array.from({ length: MAX_PATTERNS }, () => text('x'));
    assert.equal(compileFilter({ ...EVERYTHING, include }).kind, 'filter');
    const result = compileFilter({ ...EVERYTHING, include, exclude: [text('y')] });
    assert.ok(result.kind === 'filterError' && result.code === 'tooManyPatterns');
  });

  for (const contextLines of [-1, 1.5, NaN, MAX_CONTEXT_LINES + 1]) {
    it(`has ${contextLines} lines of context`, () => {
      const result = compileFilter({ ...EVERYTHING, contextLines });
      assert.ok(result.kind === 'filterError' && result.code === 'badContextLines');
    });
  }

  it('is plain data', () => {
    const filter: LogFilter = {
      minimumLevel: 'warn',
      include: [regex('a')],
      exclude: [text('b')],
      contextLines: 3,
    };
    assert.deepEqual(compiled(JSON.parse(JSON.stringify(filter)) as LogFilter).filter, filter);
  });
});

const WORDS = ['INFO', 'WARN', 'ERROR', ' ', '  ', 'apple', 'berry', 'cherry', 'DEBUG', 'date'] as const;

function randomLines(random: () => number, streams: readonly LogStream[]): LogLine[] {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  return Array.from({ length: 60 }, (_, index) =>
    toLine(`${pick(WORDS) ?? ''} ${pick(WORDS) ?? ''} ${index}`, pick(streams) ?? 'stdout'),
  );
}

function randomFilter(random: () => number, contextLines: number): LogFilter {
  const patterns = (chance: number): Pattern[] =>
    ['apple', 'berry', 'cherry', 'date'].filter(() => random() < chance).map(text);
  return {
    ...(random() < 0.5 ? { minimumLevel: 'warn' as const } : {}),
    hideUnknownLevel: random() < 0.5,
    include: patterns(0.3),
    exclude: patterns(0.1),
    contextLines,
  };
}

describe('filters beside a plain reference', () => {
  it('show exactly the records that pass (1,000 random logs of one stream)', () => {
    const random = seededRandom(11);
    for (let round = 0; round < 1_000; round++) {
      const filter = randomFilter(random, 0);
      const lines = randomLines(random, ['stdout']);
      const shown: LogLine[] = [];
      const run = new FilterRun(compiled(filter), ({ line }) => shown.push(line));
      for (const line of lines) run.push(line);
      assert.deepEqual(
        shown.map((line) => line.text),
        reference(filter, lines),
        JSON.stringify(filter),
      );
    }
  });

  it('account for every line, in order, whole, and never show what is excluded (1,000 random logs of two streams)', () => {
    const random = seededRandom(12);
    for (let round = 0; round < 1_000; round++) {
      const filter = randomFilter(random, Math.floor(random() * 4));
      const lines = randomLines(random, ['stdout', 'stderr']);
      const shown: ShownLine[] = [];
      const run = new FilterRun(compiled(filter), (each) => shown.push(each));
      for (const line of lines) run.push(line);
      const notShown = shown.reduce((sum, each) => sum + each.notShownBefore, run.notShown);
      assert.equal(shown.length + notShown, lines.length, JSON.stringify(filter));
      for (const stream of ['stdout', 'stderr'] as const) {
        const of = shown.filter(({ line }) => line.stream === stream).map(({ line }) => lines.indexOf(line));
        assert.deepEqual(
          of,
          [...new Set(of)].sort((a, b) => a - b),
          'once each, in order',
        );
        const alone = lines.filter((line) => line.stream === stream);
        const passing = reference(filter, alone);
        const texts = new Set(shown.map(({ line }) => line.text));
        assert.ok(
          passing.every((each) => texts.has(each)),
          `whole records: ${JSON.stringify(filter)}`,
        );
      }
      const { excludes } = compiled(filter);
      assert.ok(shown.every(({ line }) => !excludes(line.text)));
    }
  });

  it('show so many lines of context as a plain search does (1,000 random logs)', () => {
    const random = seededRandom(13);
    for (let round = 0; round < 1_000; round++) {
      const contextLines = 1 + Math.floor(random() * 3);
      const lines = Array.from({ length: 40 }, (_, index) => `INFO ${random() < 0.1 ? 'x' : 'y'} ${index}`);
      const expected = lines.filter((_, index) =>
        lines
          .slice(Math.max(0, index - contextLines), index + contextLines + 1)
          .some((each) => each.includes('x')),
      );
      const shown: string[] = [];
      const run = new FilterRun(compiled({ include: [text('x')], contextLines }), ({ line }) =>
        shown.push(line.text),
      );
      for (const each of lines) run.push(toLine(each));
      assert.deepEqual(shown, expected);
    }
  });
});

/** What passes, without context, worked out with the whole log at hand. */
function reference(filter: LogFilter, lines: readonly LogLine[]): string[] {
  const grouper = new LineGrouper();
  const records: { passesLevel: boolean; texts: string[] }[] = [];
  const wanted = compiled(filter);
  for (const line of lines) {
    const place = grouper.place(line);
    if (place.isHead) records.push({ passesLevel: wanted.passesLevel(place.level), texts: [] });
    records.at(-1)?.texts.push(line.text);
  }
  return records.flatMap((record) => {
    if (!record.passesLevel) return [];
    const firstExcluded = record.texts.findIndex((each) => wanted.excludes(each));
    const end = firstExcluded < 0 ? record.texts.length : firstExcluded;
    const isWanted =
      filter.include.length === 0 || record.texts.slice(0, end).some((each) => wanted.includes(each));
    return isWanted ? record.texts.slice(0, end) : [];
  });
}
