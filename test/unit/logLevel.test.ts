import assert from 'node:assert/strict';
import { isAtLeast, LOG_LEVELS, levelOfNumber, levelOfSeverity } from '../../src/model/logLevel';
import { detectLevel } from '../../src/model/logLevelDetect';
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

  it('never fails and stays linear on cut and on random lines', () => {
    const random = seededRandom(3);
    const lines = Object.values(FORMS).flatMap((forms) => forms.map(([line]) => line));
    for (let round = 0; round < 20_000; round++) {
      const line = lines[Math.floor(random() * lines.length)] ?? '';
      const other = lines[Math.floor(random() * lines.length)] ?? '';
      const cut = line.slice(Math.floor(random() * line.length), Math.floor(random() * 80));
      const level = detectLevel(cut + other.slice(0, Math.floor(random() * other.length)));
      assert.ok(level === undefined || LOG_LEVELS.includes(level));
    }
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
      'ERROR ',
      '" ',
      '| ',
    ]) {
      const startedMs = performance.now();
      for (const start of ['', '{"a":', '1.2.3.4 - - [21/Nov/2026:07:38:14 +0000] "', 'msg="'])
        detectLevel(start + unit.repeat(500_000));
      assert.ok(performance.now() - startedMs < 2_000, unit);
    }
  });
});

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
