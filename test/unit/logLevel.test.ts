import assert from 'node:assert/strict';
import { isAtLeast, LOG_LEVELS, levelOfNumber, levelOfSeverity } from '../../src/model/logLevel';
import { detectLevel } from '../../src/model/logLevelDetect';
import { HeadReader } from '../../src/model/logLevelHead';
import { seededRandom } from '../support/random';
import { FORMS } from './logLevelForms';

describe('detectLevel', () => {
  for (const [writer, lines] of Object.entries(FORMS)) {
    describe(writer, () => {
      for (const [line, level] of lines) {
        it(`${level ?? 'none'}: ${line.slice(0, 100)}`, () => assert.equal(detectLevel(line), level));
      }
    });
  }

  it('is not led astray by what follows the head', () => {
    for (const [line, level] of Object.values(FORMS).flat()) {
      if (level === undefined || /^[{]|:\d+$|^\s*\S+Exception$|^ERROR$/.test(line)) continue;
      assert.equal(detectLevel(`${line} then level=trace [TRACE] TRACE: {"level":"trace"}`), level, line);
    }
  });

  it('says the same whatever lines came before', () => {
    const random = seededRandom(5);
    const lines = Object.values(FORMS).flat();
    for (let round = 0; round < 20_000; round++) {
      const [line, level] = lines[Math.floor(random() * lines.length)] ?? ['', undefined];
      assert.equal(detectLevel(line), level, line);
    }
  });

  it('is not led astray by digits where the line before had none that matter', () => {
    const pairs = [
      ['{"level":700,"severity":"error"}', 'error', '{"level":200,"severity":"error"}', 'info'],
      ['{"s":"I","level":"warn"}', 'info', '{"s":"info","level":"warn"}', 'warn'],
      ['{"n":1,"level":"warn"}', 'warn', '{"n":2,"level":"warned"}', undefined],
      ['{"n":1,"level":"warn"}', 'warn', '{"n":2,"level":"FATAL"}', 'fatal'],
      ['ts=1 level=info msg=a', 'info', 'ts=2 level=error msg=b', 'error'],
      ['ts=1 level=info msg=a', 'info', 'ts=2 level=unknown level=debug', 'debug'],
      ['ts=1 level="info" msg=a', 'info', 'ts=2 level="warn" msg=b', 'warn'],
    ] as const;
    for (const [before, levelBefore, line, level] of pairs) {
      assert.equal(detectLevel(before), levelBefore, before);
      assert.equal(detectLevel(line), level, line);
    }
  });

  it('never fails on cut lines', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 20_000; round++) {
      const level = detectLevel(mutated(random));
      assert.ok(level === undefined || LOG_LEVELS.includes(level));
    }
  });

  it('ends on hostile lines', function () {
    this.timeout(30_000);
    const starts = [
      '',
      '{"a":',
      '1.2.3.4 - - [21/Nov/2026:07:38:14 +0000] "',
      'msg="',
      '2026-11-21 07:38:14 ',
    ];
    for (const unit of [
      '[',
      '{"',
      '{"a":{',
      '- ',
      'a=b ',
      '"',
      '\\"',
      '{"a":"\\',
      '2026 ',
      'ERROR_',
      '" ',
      '| ',
    ]) {
      for (const start of starts) assert.equal(detectLevel(start + unit.repeat(500_000)), undefined);
    }
  });

  it('states the same for a line whatever lines it has read before', () => {
    const random = seededRandom(4);
    const experienced = new HeadReader();
    for (let round = 0; round < 40_000; round++) {
      const line = mutated(random);
      assert.equal(experienced.read(line), new HeadReader().read(line), line);
    }
  });
});

const LINES = Object.values(FORMS).flatMap((forms) => forms.map(([line]) => line));

/** A real line with other digits, perhaps with another's end or with a character changed or left out. */
function mutated(random: () => number): string {
  const pick = (): string => LINES[Math.floor(random() * LINES.length)] ?? '';
  const line = pick().replace(/\d/g, (digit) => (random() < 0.3 ? String(Math.floor(random() * 10)) : digit));
  const at = Math.floor(random() * Math.min(line.length, 50));
  const kind = random();
  if (kind < 0.4) return line;
  if (kind < 0.6) return line.slice(0, at) + pick().slice(at);
  if (kind < 0.8) return line.slice(0, at) + line.slice(at + 1);
  return line.slice(0, at) + ' :|-]['.charAt(Math.floor(random() * 6)) + line.slice(at);
}

describe('levels', () => {
  it('are ordered', () => {
    assert.ok(isAtLeast('error', 'warn') && isAtLeast('warn', 'warn') && !isAtLeast('info', 'warn'));
    for (const [index, level] of LOG_LEVELS.entries()) {
      assert.deepEqual(
        LOG_LEVELS.filter((other) => isAtLeast(other, level)),
        LOG_LEVELS.slice(index),
      );
    }
  });

  it('have numbers', () => {
    const of = (...numbers: number[]) => numbers.map(levelOfNumber);
    assert.deepEqual(of(10, 20, 30, 40, 50, 60), [...LOG_LEVELS]);
    assert.deepEqual(of(100, 200, 300, 400, 500, 600), ['debug', 'info', 'warn', 'error', 'fatal', 'fatal']);
    assert.deepEqual(of(0, 7, 9, 70, 99, 601, NaN), Array(7).fill(undefined));
    assert.deepEqual([0, 3, 4, 6, 7, 8, -1].map(levelOfSeverity), [
      'fatal',
      'error',
      'warn',
      'info',
      'debug',
      undefined,
      undefined,
    ]);
  });
});
