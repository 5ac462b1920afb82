import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import { cursorAfter, LogPosition, OVERLAP_SECONDS } from '../../src/model/logPosition';
import { parseTimestamp, sinceParameter, toSeconds } from '../../src/model/logTime';
import { seededRandom } from '../support/random';

const START_SECONDS = 1_795_246_694;

/** A line so many milliseconds after the start. */
function line(milliseconds: number, text: string, stream: LogLine['stream'] = 'stdout'): LogLine {
  const time = new Date(START_SECONDS * 1000 + milliseconds).toISOString();
  return { timestamp: time.replace('Z', '000000Z'), stream, text };
}

function atSeconds(entry: LogLine): number {
  const timestamp = parseTimestamp(entry.timestamp);
  assert.ok(timestamp);
  return toSeconds(timestamp);
}

/** What an engine sends of a log: 20.10 filters every record by `since`, newer ones stop at the first that passes. */
function sent(
  log: readonly LogLine[],
  since: string | undefined,
  engine: '20.10' | 'newer',
): readonly LogLine[] {
  if (since === undefined) return log;
  const passes = (entry: LogLine): boolean => atSeconds(entry) >= Number(since);
  return engine === '20.10' ? log.filter(passes) : log.slice(Math.max(0, log.findIndex(passes)));
}

/** Reads a log with a cut after each of so many lines, and gives all that was delivered. */
function readWithCuts(
  log: readonly LogLine[],
  cuts: readonly number[],
  engine: '20.10' | 'newer',
): LogLine[] {
  const position = new LogPosition('id');
  const delivered: LogLine[] = [];
  for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
    const { since } = position;
    if (since !== undefined) position.seek();
    for (const entry of sent(log, since, engine).slice(0, cut)) {
      if (position.accept(entry)) delivered.push(entry);
    }
  }
  assert.equal(position.isSeeking, false);
  return delivered;
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

  it('goes on without loss or repetition from wherever reading broke off', () => {
    for (const engine of ['20.10', 'newer'] as const) {
      for (let cut = 1; cut <= log.length; cut++) assert.deepEqual(readWithCuts(log, [cut], engine), log);
    }
  });

  it('tells equal lines of one moment apart by their number', () => {
    const position = new LogPosition('id');
    log.slice(0, 4).forEach((entry) => position.accept(entry));
    assert.equal(position.cursor?.ordinal, 2);
    position.seek();
    assert.deepEqual(
      log.filter((entry) => position.accept(entry)),
      log.slice(4),
    );
  });

  it('is exact on logs that run backwards, cut anywhere and often', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      let milliseconds = 10_000;
      const wild = Array.from({ length: 120 }, (_, index) => {
        milliseconds += Math.floor(random() * 300);
        const backwardsMs = random() < 0.3 ? Math.floor(random() * OVERLAP_SECONDS * 900) : 0;
        const text = random() < 0.3 ? 'repeated' : `line ${index}`;
        return line(milliseconds - backwardsMs, text, random() < 0.5 ? 'stdout' : 'stderr');
      });
      const cuts = Array.from({ length: 8 }, () => 1 + Math.floor(random() * 100));
      for (const engine of ['20.10', 'newer'] as const) {
        assert.deepEqual(readWithCuts(wild, cuts, engine), wild, `seed ${seed}, engine ${engine}`);
      }
    }
  });

  it('still seeks when the cursor was rotated away', () => {
    const position = new LogPosition('id');
    log.slice(0, 3).forEach((entry) => position.accept(entry));
    position.seek();
    assert.deepEqual(
      log.slice(5).filter((entry) => position.accept(entry)),
      [],
    );
    assert.ok(position.isSeeking);
  });

  it('reads a line again from its first part, however old that is', () => {
    const position = new LogPosition('id');
    position.accept(line(60_000, 'a'));
    position.rereadFrom(line(20_000, '').timestamp);
    assert.equal(position.since, `${START_SECONDS + 20 - OVERLAP_SECONDS}.000000000`);
    position.rereadFrom(undefined);
    assert.equal(position.since, `${START_SECONDS + 60 - OVERLAP_SECONDS}.000000000`);
  });

  it('goes on from the last whole line, and does not repeat what was delivered ahead of its end', () => {
    const position = new LogPosition('id');
    const [whole, unterminated] = [line(1, 'whole'), line(2, 'unterminated')];
    position.accept(whole);
    position.deliverAhead(unterminated);
    assert.equal(position.cursor?.timestamp, whole.timestamp);
    position.seek();
    const next = [line(3, 'other stream', 'stderr'), unterminated, line(4, 'next run')];
    assert.deepEqual(
      [whole, ...next].filter((entry) => position.accept(entry)).map(({ text }) => text),
      ['other stream', 'next run'],
    );
  });

  it('counts on from the ordinal it started after', () => {
    const position = new LogPosition('id');
    position.startAfter({ ...cursorAfter('id', line(2, 'c')), ordinal: 3 });
    const ordinals = [line(2, 'c'), line(3, 'c')].map((entry) => {
      position.accept(entry);
      return position.cursor?.ordinal;
    });
    assert.deepEqual(ordinals, [4, 1]);
  });

  it('takes only the first line there was for the end of a longer one', () => {
    const long = `${'x'.repeat(20_000)}end`;
    const cut = new LogPosition('id');
    cut.accept(line(1, 'end'));
    cut.seek();
    assert.equal(cut.accept(line(1, long)), false);
    assert.equal(cut.isSeeking, false);

    const whole = new LogPosition('id');
    for (const text of [long, 'between', '']) whole.accept(line(1, text));
    whole.seek();
    const isNew = [long, 'between', '', 'new'].map((text) => whole.accept(line(1, text)));
    assert.deepEqual(isNew, [false, false, false, true]);
  });

  it('starts after a line that was not delivered', () => {
    const position = new LogPosition('id');
    position.startAfter(cursorAfter('id', line(2, 'c')));
    position.seek();
    assert.deepEqual(
      [line(1, 'b'), line(2, 'c'), line(3, 'd')]
        .filter((entry) => position.accept(entry))
        .map(({ text }) => text),
      ['d'],
    );
  });

  it('knows that the cursor is overdue after more lines than may be before it', () => {
    const position = new LogPosition('id');
    position.accept(line(0, 'a'));
    const isEverOverdue = (millisecond: number, lineCount: number): boolean => {
      position.seek();
      const passing = line(millisecond, 'passes by');
      return Array.from({ length: lineCount }, () => position.isOverdueAt(passing)).includes(true);
    };
    assert.equal(isEverOverdue(OVERLAP_SECONDS * 1000 + 1, 20_000), false, 'a clock may have been set back');
    assert.equal(isEverOverdue(OVERLAP_SECONDS * 1000 + 1, 21_000), true);
    assert.equal(isEverOverdue(OVERLAP_SECONDS * 1000 - 1, 21_000), false);
  });

  it('knows its long line by the last part', () => {
    const position = new LogPosition('id');
    position.accept(line(1, 'end'));
    position.seek();
    assert.equal(position.accept(line(1, `${'x'.repeat(16_384)}end`)), false);
    assert.equal(position.isSeeking, false);
  });

  it('has no cursor and nothing to read from before the first line', () => {
    const position = new LogPosition('id');
    assert.deepEqual([position.cursor, position.since], [undefined, undefined]);
  });
});

describe('timestamps of logs', () => {
  const since = (text: string): string | undefined => {
    const timestamp = parseTimestamp(text);
    return timestamp && sinceParameter(timestamp);
  };

  it('are asked for in seconds and nine digits of nanoseconds, exactly', () => {
    assert.equal(since('1970-01-01T00:00:01.000000001Z'), '1.000000001');
    assert.equal(since('2026-11-21T07:38:14.12Z'), '1795246694.120000000');
    assert.equal(since('2026-11-21T07:38:14Z'), '1795246694.000000000');
  });

  it('may have local offsets, as Podman writes them', () => {
    assert.equal(since('2026-11-21T08:38:14.5+01:00'), '1795246694.500000000');
  });

  it('are refused when they are none', () => {
    for (const text of ['', 'yesterday', '2026-11-21', '2026-13-45T99:99:99Z']) {
      assert.equal(parseTimestamp(text), undefined, text);
    }
  });
});
