import assert from 'node:assert/strict';
import type { LogLine, LogStream } from '../../src/model/log';
import { StoredRecords } from '../rig/engines/storedRecords';
import { IntervalSet } from '../rig/oracle/intervals';
import { LogChecker } from '../rig/oracle/logChecker';
import { formatOracleLine, makePayload, parseOracleLine } from '../rig/oracle/oracleLine';
import { makePayloads } from '../rig/oracle/payloads';
import { writerName } from '../rig/oracle/position';
import { StreamTrack } from '../rig/oracle/streamTrack';
import { LogTruth, type StoredLine } from '../rig/oracle/truth';
import { judge, type OldestAtGaps, type Verdict } from '../rig/oracle/verdict';
import { seededRandom } from '../support/random';

const PAYLOAD = makePayload('two 🐳 words');

function text(run: number, sequence: number, stream: LogStream = 'stdout'): string {
  return formatOracleLine(writerName('c1', stream), run, sequence, PAYLOAD);
}

/** The time of a line: its run and number, so that lines of one run are some nanoseconds apart. */
function line(run: number, sequence: number, stream: LogStream = 'stdout'): LogLine {
  const timestamp = `2026-01-01T00:00:0${run}.${String(sequence).padStart(9, '0')}Z`;
  return { timestamp, stream, text: text(run, sequence, stream) };
}

function lines(run: number, first: number, last: number, stream: LogStream = 'stdout'): LogLine[] {
  return Array.from({ length: last - first + 1 }, (_, index) => line(run, first + index, stream));
}

interface Case {
  /** Runs that the engine has, by their last line, in stdout. */
  readonly truth: readonly StoredLine[];
  readonly deliver: (checker: LogChecker) => void;
  readonly oldest?: OldestAtGaps;
}

function verdictOf({ truth, deliver, oldest = new Map() }: Case): Partial<Verdict> {
  const checker = new LogChecker('c1');
  deliver(checker);
  const known = new LogTruth('c1');
  const observation = known.observe();
  truth.forEach((stored) => observation.take(stored));
  observation.done();
  const { problems, ...counts } = judge(checker, known, oldest);
  assert.equal(
    problems.length > 0,
    counts.lost + counts.unreported + counts.corrupted > 0,
    problems.join('\n'),
  );
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

describe('the rig: oracle lines', () => {
  it('are read as they were written', () => {
    assert.deepEqual(parseOracleLine(text(3, 42)), { writer: 'c1-out', run: 3, sequence: 42 });
    const empty = formatOracleLine('c1-err', 1, 1, makePayload(''));
    assert.deepEqual(parseOracleLine(empty), { writer: 'c1-err', run: 1, sequence: 1 });
  });

  it('are known to be damaged whichever byte is', () => {
    const whole = text(3, 42);
    for (let index = 0; index < whole.length; index++) {
      const other = whole[index] === '1' ? '2' : '1';
      const damaged = whole.slice(0, index) + other + whole.slice(index + 1);
      const parsed = parseOracleLine(damaged);
      // The writer's name is compared, not summed.
      assert.ok(parsed === undefined || parsed.writer !== 'c1-out', damaged);
    }
    assert.equal(parseOracleLine(whole.slice(0, -1)), undefined);
    assert.equal(parseOracleLine(`${whole} `), undefined);
  });

  it('have payloads of every kind, the same ones from the same seed', () => {
    const pool = makePayloads({ random: seededRandom(1), hasWideLongLines: true });
    assert.deepEqual(pool, makePayloads({ random: seededRandom(1), hasWideLongLines: true }));
    assert.ok(pool.some(({ lengthBytes }) => lengthBytes === 0));
    assert.ok(pool.some(({ lengthBytes }) => lengthBytes > 3 * 16 * 1024));
    assert.ok(pool.some(({ text: payload, lengthBytes }) => lengthBytes > payload.length));
    assert.ok(pool.every(({ text: payload }) => !/[\r\n]/.test(payload)));
  });
});

describe('the rig: sets of numbers', () => {
  it('know what they have and what is missing, in any order of arrival', () => {
    const random = seededRandom(5);
    const set = new IntervalSet();
    const model = new Set<number>();
    for (let round = 0; round < 2_000; round++) {
      const value = 1 + Math.floor(random() * 300);
      assert.equal(set.add(value), !model.has(value));
      model.add(value);
      if (model.size > 250) break;
    }
    assert.equal(set.size, model.size);
    const missing = set
      .missing({ first: 1, last: 300 })
      .flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
    assert.deepEqual(
      missing,
      Array.from({ length: 300 }, (_, index) => index + 1).filter((value) => !model.has(value)),
    );
    for (let value = 0; value <= 301; value++) assert.equal(set.has(value), model.has(value));
  });

  it('keep a million numbers in order as one interval', () => {
    const set = new IntervalSet();
    for (let value = 1; value <= 1_000_000; value++) set.add(value);
    assert.deepEqual([...set], [{ first: 1, last: 1_000_000 }]);
  });
});

describe('the rig: the verdict', () => {
  const ten = lines(1, 1, 10);

  it('finds nothing wrong with a log that came as it is', () => {
    assert.deepEqual(verdictOf({ truth: ten, deliver: (checker) => checker.lines({ lines: ten }) }), {
      lines: 10,
    });
  });

  it('counts what is lost, at the end too', () => {
    const deliver = (checker: LogChecker): void =>
      checker.lines({ lines: [...lines(1, 1, 3), ...lines(1, 6, 9)] });
    assert.deepEqual(verdictOf({ truth: ten, deliver }), { lines: 10, lost: 3, unreported: 3 });
  });

  it('counts a run that never came', () => {
    const truth = [...ten, ...lines(2, 1, 4), ...lines(3, 1, 1)];
    const deliver = (checker: LogChecker): void => checker.lines({ lines: [...ten, line(3, 1)] });
    assert.deepEqual(verdictOf({ truth, deliver }), { lines: 15, lost: 4, unreported: 4 });
  });

  it('counts what is doubled', () => {
    const deliver = (checker: LogChecker): void => checker.lines({ lines: [...ten, ...lines(1, 8, 10)] });
    assert.deepEqual(verdictOf({ truth: ten, deliver }), { lines: 10, duplicated: 3 });
  });

  it('counts what is out of order, within a stream only', () => {
    const [first, second, ...rest] = ten;
    assert.ok(first && second);
    const deliver = (checker: LogChecker): void => checker.lines({ lines: [second, first, ...rest] });
    assert.deepEqual(verdictOf({ truth: ten, deliver }), { lines: 10, reordered: 1 });
    const errors = lines(1, 1, 5, 'stderr');
    const mixed = (checker: LogChecker): void => checker.lines({ lines: [...errors, ...ten] });
    assert.deepEqual(verdictOf({ truth: [...ten, ...errors], deliver: mixed }), { lines: 15 });
  });

  it('counts a line of the stream it was not written to', () => {
    const deliver = (checker: LogChecker): void =>
      checker.lines({ lines: [...lines(1, 1, 9), { ...line(1, 10), stream: 'stderr' }] });
    assert.deepEqual(verdictOf({ truth: ten, deliver }), { lines: 10, lost: 1, unreported: 1, corrupted: 1 });
  });

  describe('on gaps', () => {
    const gap = (after: LogLine, before: LogLine, count?: number) =>
      ({
        kind: 'gap',
        from: after.timestamp,
        to: before.timestamp,
        ...(count !== undefined && { count }),
      }) as const;
    const withGap =
      (count?: number) =>
      (checker: LogChecker): void => {
        checker.lines({ lines: lines(1, 1, 3) });
        checker.marker(gap(line(1, 3), line(1, 8), count));
        checker.lines({ lines: lines(1, 8, 10) });
      };

    it('takes lines for removed that the engine did not have any more', () => {
      const oldest: OldestAtGaps = new Map([[0, { stdout: { run: 1, sequence: 8 } }]]);
      assert.deepEqual(verdictOf({ truth: ten, deliver: withGap(), oldest }), {
        lines: 10,
        gaps: 1,
        removed: 4,
      });
      assert.deepEqual(verdictOf({ truth: ten, deliver: withGap(4), oldest }), {
        lines: 10,
        gaps: 1,
        removed: 4,
      });
    });

    it('takes lines for lost that the engine still had', () => {
      const oldest: OldestAtGaps = new Map([[0, { stdout: { run: 1, sequence: 6 } }]]);
      const verdict = verdictOf({ truth: ten, deliver: withGap(), oldest });
      assert.deepEqual(verdict, { lines: 10, gaps: 1, removed: 2, lost: 2 });
    });

    it('wants the right count, the right times, and something missing', () => {
      assert.deepEqual(verdictOf({ truth: ten, deliver: withGap(5) }), {
        lines: 10,
        gaps: 1,
        removed: 4,
        unreported: 1,
      });
      const nothing = (checker: LogChecker): void => {
        checker.lines({ lines: lines(1, 1, 3) });
        checker.marker(gap(line(1, 3), line(1, 4)));
        checker.lines({ lines: lines(1, 4, 10) });
      };
      assert.deepEqual(verdictOf({ truth: ten, deliver: nothing }), { lines: 10, gaps: 1, unreported: 1 });
      const elsewhere = (checker: LogChecker): void => {
        checker.lines({ lines: lines(1, 1, 3) });
        checker.marker(gap(line(1, 2), line(1, 8)));
        checker.lines({ lines: lines(1, 8, 10) });
      };
      assert.deepEqual(verdictOf({ truth: ten, deliver: elsewhere }), {
        lines: 10,
        gaps: 1,
        removed: 4,
        unreported: 1,
      });
    });

    it('does not excuse what is missing elsewhere', () => {
      const deliver = (checker: LogChecker): void => {
        checker.lines({ lines: [line(1, 1), line(1, 3)] });
        checker.marker(gap(line(1, 3), line(1, 8)));
        checker.lines({ lines: lines(1, 8, 10) });
      };
      assert.deepEqual(verdictOf({ truth: ten, deliver }), {
        lines: 10,
        gaps: 1,
        removed: 4,
        lost: 1,
        unreported: 1,
      });
    });

    it('accepts the rest of a line whose first parts are gone, once', () => {
      const rest = { ...line(1, 7), text: 'the rest of a long line' };
      const deliver =
        (times: number) =>
        (checker: LogChecker): void => {
          checker.lines({ lines: lines(1, 1, 3) });
          checker.marker(gap(line(1, 3), rest));
          checker.lines({ lines: [...Array<LogLine>(times).fill(rest), ...lines(1, 8, 10)] });
        };
      assert.deepEqual(verdictOf({ truth: ten, deliver: deliver(1) }), { lines: 10, gaps: 1, removed: 4 });
      assert.deepEqual(verdictOf({ truth: ten, deliver: deliver(2) }), {
        lines: 10,
        gaps: 1,
        removed: 4,
        corrupted: 1,
      });
    });
  });

  it('wants the lines of Podman apart only where the log tells them apart', () => {
    const track = new StreamTrack('c1-out', 'own');
    const lines = [1, 2].map((run) => formatOracleLine('c1-out', run, 1, makePayload('payload')));
    track.take({ timestamp: '', stream: 'stdout', text: lines.join('') });
    assert.deepEqual([track.deliveredOf(1).size, track.deliveredOf(2).size, track.irregulars], [1, 1, []]);
    track.take({ timestamp: '', stream: 'stdout', text: `c1-out 2 2 7 1 torn` });
    assert.equal(track.irregulars.length, 1);
  });

  describe('on what a kill leaves', () => {
    const torn: LogLine = { ...line(1, 11), text: 'c1-out 1 11 17 30' };

    it('wants a torn line that the engine has, once and in its place', () => {
      const truth = [...ten, torn, ...lines(2, 1, 2)];
      const all = (checker: LogChecker): void => checker.lines({ lines: [...ten, torn, ...lines(2, 1, 2)] });
      assert.deepEqual(verdictOf({ truth, deliver: all }), { lines: 12 });
      const without = (checker: LogChecker): void => checker.lines({ lines: [...ten, ...lines(2, 1, 2)] });
      assert.deepEqual(verdictOf({ truth, deliver: without }), { lines: 12, lost: 1 });
      const twice = (checker: LogChecker): void =>
        checker.lines({ lines: [...ten, torn, torn, ...lines(2, 1, 2)] });
      assert.deepEqual(verdictOf({ truth, deliver: twice }), { lines: 12, corrupted: 1 });
    });

    it('does not ask for what the engine never recorded', () => {
      const has = [...lines(1, 1, 4), ...lines(1, 8, 10), ...lines(2, 3, 5)];
      const deliver = (checker: LogChecker): void => checker.lines({ lines: has });
      assert.deepEqual(verdictOf({ truth: has, deliver }), { lines: 10, neverRecorded: 5 });
    });

    it('asks for what rotation removed before the first direct read', () => {
      const deliver = (checker: LogChecker): void => checker.lines({ lines: lines(1, 6, 10) });
      const verdict = verdictOf({ truth: lines(1, 6, 10), deliver });
      assert.deepEqual(verdict, { lines: 10, lost: 5, unreported: 5 });
    });
  });
});

describe("the rig: the engine's own log", () => {
  const stamp = (sequence: number): string => `2026-01-01T00:00:00.${String(sequence).padStart(9, '0')}Z `;

  function frame(type: number, payload: string): Buffer {
    const bytes = Buffer.from(payload, 'latin1');
    const header = Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(bytes.length, 4);
    return Buffer.concat([header, bytes]);
  }

  function read(hasTerminal: boolean, bytes: Buffer): StoredLine[] {
    const found: StoredLine[] = [];
    const records = new StoredRecords(hasTerminal, 'shared', (stored) => found.push(stored));
    for (const byte of bytes) records.push(Buffer.of(byte));
    records.end();
    return found;
  }

  it('is cut into lines by frames, with parts joined and unterminated ends kept apart', () => {
    const wide = Buffer.from(text(1, 2)).toString('latin1');
    const middle = wide.indexOf('\xf0') + 2;
    const bytes = Buffer.concat([
      frame(1, `${stamp(1)}first\n`),
      frame(1, stamp(2) + wide.slice(0, middle)),
      frame(2, `${stamp(3)}between\n`),
      frame(1, stamp(2) + wide.slice(middle)),
      frame(1, `${stamp(4)}${Buffer.from(text(2, 1)).toString('latin1')}\n`),
      frame(3, 'an error of the engine'),
    ]);
    assert.deepEqual(read(false, bytes), [
      { stream: 'stdout', text: 'first' },
      { stream: 'stderr', text: 'between' },
      { stream: 'stdout', text: text(1, 2) },
      { stream: 'stdout', text: text(2, 1) },
    ]);
  });

  it('is cut by timestamps where a terminal leaves no frames', () => {
    const log = `${stamp(1)}${text(1, 1)}\r\n${stamp(2)}${text(1, 2)}${stamp(3)}${text(2, 1)}\r\n`;
    assert.deepEqual(
      read(true, Buffer.from(log)).map(({ text: found }) => found),
      [text(1, 1), text(1, 2), text(2, 1)],
    );
  });
});
