import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import { LogPosition, sinceParameter } from '../../src/model/logPosition';

function line(nanoseconds: number, text: string): LogLine {
  return {
    timestamp: `2026-11-21T07:38:14.${String(nanoseconds).padStart(9, '0')}Z`,
    stream: 'stdout',
    text,
  };
}

describe('LogPosition', () => {
  const log = [
    line(1, 'a'),
    line(1, 'b'),
    line(2, 'c'),
    line(2, 'c'),
    line(2, 'c'),
    line(5, 'd'),
    line(7, 'e'),
  ];

  it('continues without loss or repetition from wherever reading broke off', () => {
    for (let cut = 1; cut <= log.length; cut++) {
      const position = new LogPosition('id');
      const read = log.slice(0, cut).filter((entry) => position.accept(entry));
      const since = position.cursor?.timestamp ?? '';
      position.reopen();
      const rest = log.filter((entry) => entry.timestamp >= since).filter((entry) => position.accept(entry));
      assert.deepEqual([...read, ...rest], log, `cut after ${cut}`);
    }
  });

  it('survives being cut again while it repeats', () => {
    const position = new LogPosition('id');
    const read = log.slice(0, 4).filter((entry) => position.accept(entry));
    position.reopen();
    log.slice(2, 3).forEach((entry) => position.accept(entry));
    position.reopen();
    const rest = log.slice(2).filter((entry) => position.accept(entry));
    assert.deepEqual([...read, ...rest], log);
  });

  it('takes what comes after the repetition was rotated away', () => {
    const position = new LogPosition('id');
    log.slice(0, 3).forEach((entry) => position.accept(entry));
    position.reopen();
    assert.deepEqual(
      log.slice(5).filter((entry) => position.accept(entry)),
      log.slice(5),
    );
  });

  it('has no cursor before the first line', () => {
    assert.equal(new LogPosition('id').cursor, undefined);
  });
});

describe('sinceParameter', () => {
  it('gives seconds and nine digits of nanoseconds, exactly', () => {
    assert.equal(sinceParameter('1970-01-01T00:00:01.000000001Z'), '1.000000001');
    assert.equal(sinceParameter('2026-11-21T07:38:14.12Z'), '1795246694.120000000');
    assert.equal(sinceParameter('2026-11-21T07:38:14Z'), '1795246694.000000000');
  });

  it('reads local offsets as Podman writes them', () => {
    assert.equal(sinceParameter('2026-11-21T08:38:14.5+01:00'), '1795246694.500000000');
  });

  it('refuses anything else', () => {
    for (const text of ['', 'yesterday', '2026-11-21', '2026-13-45T99:99:99Z']) {
      assert.equal(sinceParameter(text), undefined, text);
    }
  });
});
