import assert from 'node:assert/strict';
import { LogStamps } from '../../src/model/logStamp';

describe('the stamp of a line', () => {
  const expected = (date: Date): string => {
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  };

  it('is local time with milliseconds, always as long', () => {
    const stamps = new LogStamps();
    const date = new Date(Date.UTC(2026, 10, 21, 9, 32, 16));
    assert.equal(stamps.format('2026-11-21T09:32:16.123456789Z'), `${expected(date)}.123`);
    assert.equal(
      stamps.format('2026-11-21T09:32:16.999999999Z'),
      `${expected(date)}.999`,
      'never rounded up',
    );
    assert.equal(stamps.format('2026-11-21T09:32:16.5Z'), `${expected(date)}.500`);
    assert.equal(stamps.format('2026-11-21T09:32:16Z'), `${expected(date)}.000`);
    const next = new Date(Date.UTC(2026, 10, 21, 9, 32, 17));
    assert.equal(stamps.format('2026-11-21T09:32:17.000000001Z'), `${expected(next)}.000`);
  });

  it('is blank where the engine sent none', () => {
    const stamps = new LogStamps();
    assert.equal(stamps.format(''), ' '.repeat(23));
    assert.equal(stamps.format('nonsense'), ' '.repeat(23));
  });
});
