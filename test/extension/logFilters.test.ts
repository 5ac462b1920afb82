import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import type { LogBatch } from '../../src/model/log';
import { compileFilter, EVERYTHING, MAX_PATTERNS, type LogFilter } from '../../src/model/logFilter';
import { typedPattern } from '../../src/model/logFilterText';
import {
  readTyped,
  summaryItems,
  typedItems,
  withLevel,
  withoutPattern,
  withPattern,
  type FilterItem,
} from '../../src/vscode/commands/logFilterItems';
import type { Host } from '../../src/vscode/hosts/host';
import { filterInWords, filterProblemInWords } from '../../src/vscode/logs/filterWords';
import { FILTERED_TAIL_LINES, LogTails } from '../../src/vscode/logs/logTails';
import { MOST_SAVED_FILTERS, SavedFilters } from '../../src/vscode/logs/savedFilters';
import { FakeClock } from '../doubles/fakeClock';
import { FakeTurns } from '../doubles/fakeTurns';
import { inProject, makeContainer, MemoryEngine, type FollowedLog } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';

const web = makeContainer('web');
const WARNINGS: LogFilter = {
  ...EVERYTHING,
  minimumLevel: 'warn',
  include: [typedPattern('timeout')],
  exclude: [typedPattern('/health/')],
};
const WORDS = 'warning and above · "timeout" · not /health/';

/** Keeps values as VS Code does: as data. */
class FakeMemento implements vscode.Memento {
  readonly values = new Map<string, string>();

  keys(): readonly string[] {
    return [...this.values.keys()];
  }

  get(key: string): unknown;
  get<T>(key: string, fallback: T): T;
  get(key: string): unknown {
    const value = this.values.get(key);
    return value === undefined ? undefined : JSON.parse(value);
  }

  update(key: string, value: unknown): Thenable<void> {
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, JSON.stringify(value));
    return Promise.resolve();
  }
}

describe('filters of logs', () => {
  checkForLeaks();
  describe('saved', savedCases);
  describe('in channels', tailCases);
  describe('in words', wordCases);
  describe('in the pick', pickCases);
});

function savedCases(): void {
  const host = { id: 'h' };
  let memento: FakeMemento;
  let filters: SavedFilters;
  let nowMs: number;

  beforeEach(() => {
    memento = new FakeMemento();
    nowMs = 0;
    filters = new SavedFilters(memento, () => nowMs++);
  });
  afterEach(() => filters.dispose());

  it('are those of a host and a name, whatever its container', async () => {
    await filters.save(host, web, WARNINGS);
    assert.deepEqual(filters.filterFor(host, { name: 'web' }), WARNINGS);
    assert.equal(filters.filterFor({ id: 'other' }, web), undefined);
    assert.equal(filters.filterFor(host, makeContainer('api')), undefined);
  });

  it('are those of a Compose service, whatever its name', async () => {
    await filters.save(host, makeContainer('shop-web-1', inProject('shop', 'web')), WARNINGS);
    assert.deepEqual(filters.filterFor(host, makeContainer('x', inProject('shop', 'web', 2))), WARNINGS);
    assert.equal(filters.filterFor(host, makeContainer('x', inProject('other', 'web'))), undefined);
    assert.equal(filters.filterFor(host, makeContainer('shop-web-1')), undefined);
  });

  it('are told when they change, and gone when nothing is filtered', async () => {
    const seen: (LogFilter | undefined)[] = [];
    const subscription = filters.onDidChange(() => seen.push(filters.filterFor(host, web)));
    await filters.save(host, web, WARNINGS);
    await filters.save(host, web, { ...EVERYTHING, contextLines: 3 });
    subscription.dispose();
    assert.deepEqual(seen, [WARNINGS, undefined]);
    assert.deepEqual(memento.keys(), []);
  });

  it('are checked when they are read', async () => {
    await filters.save(host, web, WARNINGS);
    const [key = ''] = memento.keys();
    for (const value of ['x', null, {}, { filter: { minimumLevel: 'loud' } }, { filter: EVERYTHING }]) {
      await memento.update(key, value);
      assert.equal(filters.filterFor(host, web), undefined);
    }
  });

  it('are bounded in number, the oldest forgotten first', async () => {
    const names = Array.from({ length: MOST_SAVED_FILTERS + 2 }, (_, index) => `c${index}`);
    for (const name of names.slice(0, -1)) await filters.save(host, { name }, WARNINGS);
    await filters.save(host, { name: 'c1' }, WARNINGS);
    await filters.save(host, { name: names.at(-1) ?? '' }, WARNINGS);
    assert.equal(memento.keys().length, MOST_SAVED_FILTERS);
    const gone = names.filter((name) => filters.filterFor(host, { name }) === undefined);
    assert.deepEqual(gone, ['c0', 'c2']);
  });
}

function tailCases(): void {
  let engine: MemoryEngine;
  let tails: LogTails;
  let clock: FakeClock;
  let channels: { readonly name: string; text: string }[];
  let filter: LogFilter | undefined;
  const host = (id = 'h'): Host => ({ id, name: 'H', engine });
  const newest = (): FollowedLog => {
    const follow = engine.follows.at(-1);
    assert.ok(follow);
    return follow;
  };
  const say = (...texts: string[]): void => {
    const lines = texts.map((text) => ({ timestamp: '', stream: 'stdout' as const, text }));
    const batch: LogBatch = { lines, textLength: texts.join('\n').length + 1 };
    void newest().sink.lines(batch);
  };
  const shown = (index = 0): string => {
    clock.advance(100);
    return channels[index]?.text ?? '';
  };

  beforeEach(() => {
    engine = new MemoryEngine();
    clock = new FakeClock();
    channels = [];
    filter = undefined;
    tails = new LogTails({
      openChannel: (name) => {
        const channel = { name, text: '' };
        channels.push(channel);
        return {
          append: (text: string) => void (channel.text += text),
          clear: () => void (channel.text = ''),
          show: () => undefined,
          dispose: () => undefined,
        };
      },
      tailLines: () => 100,
      hasTimestamps: () => false,
      jsonStyle: () => 'compact',
      filterFor: () => filter,
      maxChannelLength: () => 1_000_000,
      onFailed: () => undefined,
      clock,
      turns: new FakeTurns(),
    });
  });
  afterEach(() => {
    tails.dispose();
    engine.dispose();
  });

  it('are named at the beginning, and asked of the engine, which looks at more lines', () => {
    filter = WARNINGS;
    tails.tail(host(), web);
    assert.deepEqual(newest().request, { tail: FILTERED_TAIL_LINES, follow: true, filter });
    say('INFO timeout', 'WARN timeout', 'ERROR health timeout');
    assert.equal(shown(), `── filter: ${WORDS} ──\nWARN timeout\n`);
    assert.deepEqual(tails.tailed[0]?.filter, filter);
  });

  it('have a tail begin anew, as it was chosen', () => {
    const from = { tail: 7 };
    tails.tail(host(), web, { from, hasTimestamps: false, isUnfiltered: true });
    say('x', 'timeout');
    assert.equal(shown(), 'x\ntimeout\n');
    filter = { ...EVERYTHING, include: [typedPattern('timeout')] };
    tails.applyFilter(host(), web);
    assert.deepEqual([engine.follows[0]?.isStopped, engine.follows.length], [true, 2]);
    assert.deepEqual(newest().request, { ...from, follow: true, filter });
    say('x', 'timeout');
    assert.equal(shown(), '── filter: "timeout" ──\ntimeout\n');
  });

  it('that are cleared have a tail begin anew, and a line that says so', () => {
    filter = WARNINGS;
    tails.tail(host(), web);
    filter = undefined;
    tails.applyFilter(host(), web);
    assert.deepEqual(newest().request, { tail: 100, follow: true });
    say('x');
    assert.equal(shown(), '── filter cleared ──\nx\n');
  });

  it('are left out of a tail that was chosen without', () => {
    filter = WARNINGS;
    tails.tail(host(), web, { from: { tail: 7 }, hasTimestamps: false, isUnfiltered: true });
    assert.deepEqual(newest().request, { tail: 7, follow: true });
    say('x');
    assert.equal(shown(), 'x\n');
  });

  it('with context say how many lines are left out', () => {
    filter = { ...EVERYTHING, include: [typedPattern('x')], contextLines: 1 };
    tails.tail(host(), web);
    say('x', 'a', 'b', 'c', 'd', 'x');
    say('nothing');
    assert.equal(
      shown(),
      '── filter: "x" · 1 line of context ──\nx\na\n── 2 lines not shown ──\nd\nx\nnothing\n',
    );
  });

  it('look at JSON as it is, and show it compactly', () => {
    filter = { ...EVERYTHING, include: [typedPattern('"order":7')] };
    tails.tail(host(), web);
    say('{"level":"warn","msg":"late","order":7}', '{"level":"warn","msg":"late","order":8}');
    assert.match(shown(), / ──\nWARN late order=7\n$/);
  });

  it('and tails of hosts with the same name have channels of their own', () => {
    tails.tail(host('one'), web);
    say('one');
    tails.tail(host('two'), web);
    say('two');
    assert.deepEqual([shown(0), shown(1)], ['one\n', 'two\n']);
    assert.deepEqual(
      channels.map(({ name }) => name),
      ['web · H', 'web · H'],
    );
  });
}

function wordCases(): void {
  it('tell all their parts, and no more of many patterns than one can read', () => {
    assert.equal(filterInWords(EVERYTHING), '');
    assert.equal(filterInWords(WARNINGS), WORDS);
    const many = Array.from({ length: 8 }, (_, index) => typedPattern(`p${index}`));
    assert.equal(
      filterInWords({
        minimumLevel: 'fatal',
        hideUnknownLevel: true,
        include: many,
        exclude: [],
        contextLines: 2,
      }),
      'fatal · none without a level · "p0", "p1", "p2", "p3", "p4", +3 · 2 lines of context',
    );
    assert.ok(filterInWords({ ...EVERYTHING, include: [typedPattern('x\n'.repeat(500))] }).length < 70);
  });

  const problems: Readonly<Record<string, RegExp>> = {
    'a(b': /^At character 2: \( is never closed. Type \\\( /,
    'a)': /^At character 2: \) closes nothing/,
    '[a': /^\[ is never closed/,
    '*': /^There is nothing here that can be repeated/,
    'a{2,1}': /^At character 2: These counts/,
    '(?=a)': /^Lookahead/,
    '(a)\\1': /^At character 4: References/,
    '(a{1000}){1000}': /^The repetitions multiply/,
    'a\\': /^At character 2: The pattern ends with \\\. Type \\\\ /,
    ['x'.repeat(2_000)]: /^At character 1001: The pattern is longer than 1000 /,
  };
  for (const [source, words] of Object.entries(problems)) {
    it(`say what is wrong with ${source.slice(0, 20)}`, () => {
      const compiled = compileFilter({ ...EVERYTHING, include: [{ kind: 'regex', source, flags: '' }] });
      assert.ok(compiled.kind === 'filterError');
      assert.match(filterProblemInWords(compiled), words);
    });
  }
}

function pickCases(): void {
  const labels = (items: readonly FilterItem[]): string[] => items.map(({ label }) => label);

  it('show part by part, with what can be done with each', () => {
    assert.deepEqual(labels(summaryItems(EVERYTHING)), [
      'Apply',
      'Level',
      'Minimum level',
      'Only lines with',
      'Only lines with…',
      'Without lines with',
      'Without lines with…',
      'Around what is found',
      'Lines of context',
    ]);
    const items = summaryItems(WARNINGS);
    assert.equal(items[0]?.description, WORDS);
    assert.deepEqual(items.find(({ label }) => label === '/health/')?.step, {
      kind: 'edit',
      list: 'exclude',
      index: 0,
    });
    assert.ok(labels(items).includes('Lines without a level'));
    assert.equal(items.at(-1)?.label, 'Clear Filter');
  });

  it('offer what is typed for both lists, or say what is wrong with it', () => {
    assert.deepEqual(labels(typedItems(EVERYTHING, 'time out')), [
      'Only lines with "time out"',
      'Without lines with "time out"',
    ]);
    assert.deepEqual(labels(typedItems(EVERYTHING, '!/health/')), ['Without lines with /health/']);
    assert.deepEqual(readTyped('!a'), { list: 'exclude', text: 'a' });
    assert.deepEqual(readTyped('!'), { list: 'include', text: '!' });
    const [bad, ...none] = typedItems(EVERYTHING, '/a(b/');
    assert.match(bad?.label ?? '', /is never closed/);
    assert.deepEqual([bad?.step.kind, none], ['nothing', []]);
    assert.deepEqual(labels(typedItems(EVERYTHING, '$(trash)')), [
      'Only lines with "$ (trash)"',
      'Without lines with "$ (trash)"',
    ]);
  });

  it('forget what is about a level with the level', () => {
    const hiding = { ...withLevel(WARNINGS, 'error'), hideUnknownLevel: true };
    assert.equal(filterInWords(hiding).split(' · ')[1], 'none without a level');
    assert.deepEqual(withLevel(hiding, 'info'), { ...hiding, minimumLevel: 'info' });
    assert.deepEqual(withLevel(hiding, undefined), {
      include: WARNINGS.include,
      exclude: WARNINGS.exclude,
      contextLines: 0,
    });
  });

  it('take a pattern once, and so many at most', () => {
    const once = withPattern(WARNINGS, 'include', typedPattern('timeout'));
    assert.deepEqual(once, WARNINGS);
    const two = withPattern(WARNINGS, 'include', typedPattern('b'));
    assert.deepEqual(withPattern(two, 'include', typedPattern('b'), 0).include, [typedPattern('b')]);
    assert.deepEqual(withoutPattern(two, 'include', 0).include, [typedPattern('b')]);
    const full = Array.from({ length: MAX_PATTERNS }, (_, index) => typedPattern(`p${index}`));
    const items = typedItems({ ...EVERYTHING, exclude: full }, 'one more');
    assert.deepEqual(labels(items), [`A filter has at most ${MAX_PATTERNS} patterns.`]);
  });
}
