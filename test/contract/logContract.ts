import assert from 'node:assert/strict';
import type { ContainerId } from '../../src/model/container';
import type { LogRequest } from '../../src/model/log';
import { EVERYTHING, type LogFilter } from '../../src/model/logFilter';
import type { Pattern } from '../../src/model/logPattern';
import { eventually } from '../support/eventually';
import { LogCollector } from '../support/logCollector';
import { FOLLOW, withCode, type ContractFixture } from './contractFixture';

/** What every engine promises about logs. To be called inside `describe`. */
export function logContract(fixture: ContractFixture): void {
  beforeEach(() => fixture.connect());

  it('gives the newest lines and goes on', async () => {
    const output = Array.from({ length: 20 }, (_, index) => ({
      stream: 'stdout' as const,
      text: `line ${index}\n`,
    }));
    const id = await fixture.world.run({ name: 'talker', output });
    await eventually('all 20 lines are there', await hasLines(id, 20));
    const log = fixture.follow(id, { tail: 5, follow: true });
    await eventually('the last lines', () => log.texts.length === 5);
    assert.deepEqual(log.texts, ['line 15', 'line 16', 'line 17', 'line 18', 'line 19']);
    await fixture.world.write(id, 'and on\n');
    await eventually('the next line', () => log.texts.length === 6);
    assert.equal(log.texts[5], 'and on');
    assert.match(log.collected[5]?.timestamp ?? '', fixture.world.expected.timestamp);
    assert.deepEqual(log.markers, []);
  });

  /** Reads the log until it has so many lines: what a container writes needs a moment to arrive in it. */
  async function hasLines(id: ContainerId, count: number): Promise<() => boolean> {
    const all = fixture.follow(id, { tail: 'all', follow: true });
    await eventually(
      () => `${count} lines, but ${all.texts.length}`,
      () => all.texts.length >= count,
    );
    return () => all.texts.length === count;
  }

  it('keeps the two streams apart and each in order', async () => {
    const output = Array.from({ length: 50 }, (_, index) => ({
      stream: index % 2 === 0 ? ('stdout' as const) : ('stderr' as const),
      text: `${index}\n`,
    }));
    const id = await fixture.world.run({ name: 'both', output, exitCode: 0 });
    const log = fixture.follow(id, { tail: 'all', follow: true });
    await eventually(
      () => `50 lines, but ${log.texts.length}`,
      () => log.texts.length === 50,
    );
    const numbers = (from: number) => Array.from({ length: 25 }, (_, index) => String(from + 2 * index));
    assert.deepEqual(log.textsOf('stdout'), numbers(0));
    assert.deepEqual(log.textsOf('stderr'), numbers(1));
  });

  it('joins long lines, decodes UTF-8 and keeps bytes that are none visible', async () => {
    const id = await fixture.world.run({
      name: 'wide',
      output: [
        { stream: 'stdout', text: '0123456789', times: 100_000 },
        { stream: 'stdout', text: '\nä€🚢\n\nend' },
      ],
      exitCode: 0,
    });
    const log = fixture.follow(id, { tail: 'all', follow: true });
    await eventually(
      () => `4 lines, but ${log.texts.length}`,
      () => log.texts.length === 4,
    );
    assert.equal(log.texts[0], '0123456789'.repeat(100_000));
    assert.deepEqual(log.texts.slice(1), ['ä€🚢', '', 'end']);
  });

  it('reads a container with a terminal', async () => {
    const long = 'x'.repeat(fixture.world.expected.longestTerminalLine);
    const output = ['prompt\n', `${long}\n`, 'last\n'].map((text) => ({ stream: 'stdout' as const, text }));
    const id = await fixture.world.run({ name: 'terminal', tty: true, output });
    const log = fixture.follow(id);
    await eventually(
      () => `3 lines, but ${log.texts.length}`,
      () => log.texts.length === 3,
    );
    assert.deepEqual(log.texts, ['prompt', long, 'last']);
    await fixture.world.write(id, 'more\n');
    await eventually('more', () => log.texts[3] === 'more');
  });

  it('waits at an empty log, and at the end of a stopped container', async () => {
    const empty = await fixture.world.run({ name: 'empty' });
    const stopped = await fixture.world.run({
      name: 'stopped',
      output: [{ stream: 'stdout', text: 'bye\n' }],
      exitCode: 4,
    });
    const emptyLog = fixture.follow(empty);
    const stoppedLog = fixture.follow(stopped);
    await eventually('the stop is told', () => stoppedLog.markers.length > 0);
    assert.deepEqual(stoppedLog.texts, ['bye']);
    assert.deepEqual(stoppedLog.markers, [{ kind: 'stopped', exitCode: 4, outOfMemory: false }]);
    assert.deepEqual([emptyLog.texts, emptyLog.markers, emptyLog.hasEnded], [[], [], false]);
    await fixture.world.write(empty, 'at last\n');
    await eventually('the first line', () => emptyLog.texts[0] === 'at last');
  });

  it('reads once to the end when it is not to follow', async () => {
    const id = await fixture.world.run({ name: 'once', output: [{ stream: 'stdout', text: 'a\nb\n' }] });
    await hasLines(id, 2);
    const log = fixture.follow(id, { tail: 'all', follow: false });
    await eventually('the end', () => log.hasEnded);
    assert.deepEqual([log.texts, log.markers, log.error], [['a', 'b'], [], undefined]);
  });

  it('goes on across restarts, each line once', async () => {
    const id = await fixture.world.run({ name: 'phoenix', output: [{ stream: 'stdout', text: 'born\n' }] });
    const log = fixture.follow(id);
    await eventually('born', () => log.texts.length === 1);
    await fixture.world.die(id, 9);
    await fixture.world.start(id);
    await eventually(
      () => `born again, but ${log.texts.join()}`,
      () => log.texts.length === 2,
    );
    await fixture.world.write(id, 'alive\n');
    await eventually('alive', () => log.texts.length === 3);
    assert.deepEqual(log.texts, ['born', 'born', 'alive']);
    assert.deepEqual(log.markers, [{ kind: 'restarted', exitCode: 9, outOfMemory: false }]);
  });

  it('goes on when the container is created anew under its name', async () => {
    const output = [{ stream: 'stdout' as const, text: 'last words\n' }];
    const id = await fixture.world.run({ name: 'reborn', output });
    const log = fixture.follow(id);
    await eventually('last words', () => log.texts.length === 1);
    await fixture.world.remove(id);
    await eventually('the removal is told', () => log.markers.length === 1);
    const newId = await fixture.world.run({
      name: 'reborn',
      output: [{ stream: 'stdout', text: 'first words\n' }],
    });
    await eventually('first words', () => log.texts.length === 2);
    await fixture.world.write(newId, 'and on\n');
    await eventually('and on', () => log.texts.length === 3);
    assert.deepEqual(log.texts, ['last words', 'first words', 'and on']);
    assert.deepEqual(log.markers, [{ kind: 'removed' }, { kind: 'recreated', containerId: newId }]);
    assert.equal(log.hasEnded, false);
  });

  it('goes on when Compose replaces the container, whatever its name meanwhile', async () => {
    const labels = {
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '1',
    };
    const id = await fixture.world.run({
      name: 'shop-web-1',
      labels,
      output: [{ stream: 'stdout', text: 'old\n' }],
    });
    const log = fixture.follow(id);
    await eventually('old', () => log.texts.length === 1);
    const spec = { name: 'abc_shop-web-1', labels, output: [{ stream: 'stdout' as const, text: 'new\n' }] };
    const newId = await fixture.world.create(spec);
    await fixture.world.remove(id);
    await fixture.world.start(newId);
    await eventually('new', () => log.texts.length === 2);
    assert.deepEqual(log.texts, ['old', 'new']);
    assert.deepEqual(log.markers, [{ kind: 'recreated', containerId: newId }]);
  });

  const PATTERN_X: Pattern = { kind: 'text', text: 'X', matchCase: false };
  const FILTERED: readonly {
    readonly what: string;
    readonly filter: Partial<LogFilter>;
    readonly texts: readonly string[];
    readonly notShown?: readonly number[];
  }[] = [
    {
      what: 'of a least level, with all that belongs to them',
      filter: { minimumLevel: 'warn', hideUnknownLevel: true },
      texts: ['ERROR two x', '    at a.b(c.js:1:1)', 'WARN five x', 'ERROR more x', '    at the end'],
    },
    {
      what: 'that are wanted, in any of several ways',
      filter: {
        include: [
          { kind: 'regex', source: 't(hree|wo)', flags: '' },
          { ...PATTERN_X, text: 'AT THE' },
        ],
      },
      texts: ['ERROR two x', '    at a.b(c.js:1:1)', 'INFO three', 'ERROR more x', '    at the end'],
    },
    {
      what: 'that are not unwanted',
      filter: { exclude: [PATTERN_X] },
      texts: ['INFO one', 'INFO three', 'INFO four'],
    },
    {
      what: 'with their context, and how many are left out between',
      filter: {
        include: [
          { ...PATTERN_X, text: 'one' },
          { ...PATTERN_X, text: 'five' },
        ],
        contextLines: 1,
      },
      texts: ['INFO one', 'ERROR two x', 'INFO four', 'WARN five x', 'ERROR more x'],
      notShown: [2],
    },
  ];
  for (const { what, filter, texts, notShown = [] } of FILTERED) {
    it(`gives only the lines ${what}`, async () => {
      const lines = [
        'INFO one',
        'ERROR two x',
        '    at a.b(c.js:1:1)',
        'INFO three',
        'INFO four',
        'WARN five x',
      ];
      const output = lines.map((text) => ({ stream: 'stdout' as const, text: `${text}\n` }));
      const id = await fixture.world.run({ name: 'filtered', output });
      await hasLines(id, lines.length);
      const request = { ...FOLLOW, filter: { ...EVERYTHING, ...filter } };
      const log = fixture.follow(id, request);
      const unfiltered = fixture.follow(id);
      await fixture.world.write(id, 'ERROR more x\n    at the end\n');
      await eventually('all lines', () => unfiltered.texts.length === lines.length + 2);
      await eventually(
        () => `${texts.join()}, but ${log.texts.join()}`,
        () => log.texts.length >= texts.length,
      );
      assert.deepEqual(log.texts, texts);
      assert.deepEqual(
        log.markers,
        notShown.map((count) => ({ kind: 'notShown', count })),
      );
      assert.deepEqual(await readOnce(id, { ...request, follow: false }), log.texts);
    });
  }

  async function readOnce(id: ContainerId, request: LogRequest): Promise<readonly string[]> {
    const log = fixture.follow(id, request);
    await eventually('the end', () => log.hasEnded);
    assert.equal(log.error, undefined);
    return log.texts;
  }

  it('lets lines of a new run belong to no record of the run before', async () => {
    const output = [{ stream: 'stdout' as const, text: '  begins in the middle\nINFO quiet\n' }];
    const id = await fixture.world.run({ name: 'filtered-again', output });
    const filter: LogFilter = { ...EVERYTHING, minimumLevel: 'error' };
    const log = fixture.follow(id, { ...FOLLOW, filter });
    await eventually('the first run', () => log.texts.length === 1);
    await fixture.world.die(id, 3);
    await fixture.world.start(id);
    await eventually('the second run', () => log.texts.length === 2);
    assert.deepEqual(log.texts, ['  begins in the middle', '  begins in the middle']);
    assert.deepEqual(log.markerKinds, ['restarted']);
  });

  it('refuses a filter that makes no sense, and says why', async () => {
    const id = await fixture.world.run({ name: 'unfiltered' });
    const exclude = [{ kind: 'regex' as const, source: 'a(b', flags: '' }];
    const log = fixture.follow(id, { ...FOLLOW, filter: { ...EVERYTHING, exclude } });
    assert.equal(log.hasEnded, false, 'nobody hears of it before they know what was begun');
    await eventually('the end', () => log.hasEnded);
    assert.ok(withCode('badRequest')(log.error), String(log.error));
    assert.match(log.error?.message ?? '', /"\(" is never closed/);
    assert.deepEqual(log.texts, []);
  });

  it('says that a log can not be read, and why', async () => {
    const id = await fixture.world.run({ name: 'mute', logDriver: 'none' });
    const log = fixture.follow(id);
    await eventually('the end', () => log.hasEnded);
    assert.ok(withCode('notSupported')(log.error), String(log.error));
  });

  it('delivers nothing more once it is disposed', async () => {
    const id = await fixture.world.run({ name: 'ignored', output: [{ stream: 'stdout', text: 'heard\n' }] });
    const collector = new LogCollector();
    const following = fixture.engine.followLog(id, FOLLOW, collector);
    const other = fixture.follow(id);
    await eventually('heard', () => collector.texts.length === 1 && other.texts.length === 1);
    following.dispose();
    await fixture.world.write(id, 'unheard\n');
    await eventually('the other reader goes on', () => other.texts.length === 2);
    assert.deepEqual(collector.texts, ['heard']);
    assert.equal(collector.hasEnded, false);
  });

  it('waits for whoever takes a log that is not followed, and ends with their error', async () => {
    const id = await fixture.world.run({
      name: 'held',
      output: [{ stream: 'stdout', text: `${'x'.repeat(999)}\n`, times: 2_000 }],
      exitCode: 0,
    });
    await fixture.becomes(id, 'exited', ({ state }) => state === 'exited');
    let taken = 0;
    let isEnded = false;
    const collect = fixture.engine.followLog(
      id,
      { tail: 'all', follow: false },
      {
        lines: async ({ lines }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          assert.equal(isEnded, false);
          taken += lines.length;
        },
        marker: () => undefined,
        ended: () => (isEnded = true),
      },
    );
    fixture.store.add(collect);
    await eventually('the end', () => isEnded);
    assert.equal(taken, 2_000);

    let failure: Error | undefined;
    const fullDisk = fixture.engine.followLog(
      id,
      { tail: 'all', follow: false },
      {
        lines: () => Promise.reject(new Error('no space left')),
        marker: () => undefined,
        ended: (error) => (failure = error),
      },
    );
    fixture.store.add(fullDisk);
    await eventually('the failure', () => failure !== undefined);
    assert.equal(failure?.message, 'no space left');
  });
}
