import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import type { FrameType } from '../../src/model/logFraming';
import { LineAssembler, MAX_LINE_BYTES, type PartStamps } from '../../src/model/logLines';

const T1 = '2026-11-21T07:38:14.000000001Z';
const T2 = '2026-11-21T07:38:14.000000002Z';

function assemble(
  records: readonly (readonly [FrameType, string, string | Buffer])[],
  end = true,
  partStamps?: PartStamps,
  runStarts?: readonly string[],
) {
  const lines: LogLine[] = [];
  const engineMessages: string[] = [];
  const assembler = new LineAssembler(
    { line: (line) => lines.push(line), engineMessage: (text) => engineMessages.push(text) },
    (buffer, from, to) => Buffer.from(buffer).toString('utf8', from, to),
    partStamps,
    runStarts,
  );
  for (const [type, timestamp, payload] of records) {
    const bytes = Buffer.concat([Buffer.from(timestamp === '' ? '' : `${timestamp} `), Buffer.from(payload)]);
    assembler.pushRecord(type, bytes, 0, bytes.length);
  }
  if (end) assembler.end();
  return { lines, engineMessages };
}

describe('LineAssembler', () => {
  it('separates timestamp and text, and takes the line ending off', () => {
    const { lines } = assemble([
      ['stdout', T1, 'one\n'],
      ['stderr', T1, 'two\r\n'],
      ['stdout', T2, '\n'],
      ['stdout', T2, '  indented, and with spaces \n'],
    ]);
    assert.deepEqual(lines, [
      { timestamp: T1, stream: 'stdout', text: 'one' },
      { timestamp: T1, stream: 'stderr', text: 'two' },
      { timestamp: T2, stream: 'stdout', text: '' },
      { timestamp: T2, stream: 'stdout', text: '  indented, and with spaces ' },
    ]);
  });

  it('joins the parts of a long line, also with the other stream between them', () => {
    const { lines } = assemble([
      ['stdout', T1, 'a'.repeat(16_384)],
      ['stderr', T2, 'between\n'],
      ['stdout', T1, 'b'.repeat(16_384)],
      ['stdout', T1, 'c\n'],
    ]);
    assert.deepEqual(
      lines.map(({ stream, text }) => [stream, text.length]),
      [
        ['stderr', 7],
        ['stdout', 32_769],
      ],
    );
  });

  it('ends a long line with its first short part, as the local driver leaves out its line ending', () => {
    const { lines } = assemble(
      [
        ['stdout', T1, 'a'.repeat(16_384)],
        ['stdout', T1, 'b'.repeat(16_384)],
        ['stdout', T1, 'c'],
      ],
      false,
    );
    assert.deepEqual(
      lines.map(({ text }) => text.length),
      [32_769],
    );
  });

  it('does not glue an unterminated last line to the first of the next run', () => {
    const { lines } = assemble([
      ['stdout', T1, 'unterminated'],
      ['stdout', T2, 'next run\n'],
    ]);
    assert.deepEqual(
      lines.map(({ text }) => text),
      ['unterminated', 'next run'],
    );
  });

  describe('where each part has its own time', () => {
    const texts = (runStarts: string | readonly string[], ...stamps: readonly [string, string][]) =>
      assemble(
        stamps.map(([stamp, text]) => ['stdout', `2026-11-21T07:38:${stamp}`, text]),
        true,
        'own',
        [runStarts].flat(),
      ).lines.map(({ text }) => text);

    it('joins parts of any length, however long the process took', () => {
      assert.deepEqual(texts('2026-11-21T07:38:14.9Z', ['14Z', 'pro'], ['18Z', 'gress'], ['19Z', '\n']), [
        'progress',
      ]);
      assert.deepEqual(texts('', ['14Z', 'a'], ['15Z', 'b\n']), ['ab']);
    });

    it('does not glue an unterminated last line to the first of the present run', () => {
      const startedAt = '2026-11-21T08:38:15.4+01:00';
      assert.deepEqual(texts(startedAt, ['14Z', 'tail'], ['15Z', 'next run\n']), ['tail', 'next run']);
      assert.deepEqual(texts(startedAt, ['13Z', 'of the '], ['14Z', 'run before\n']), ['of the run before']);
    });

    it('knows all runs that it is told of, to the nanosecond where the parts are stamped so', () => {
      const starts = ['2026-11-21T07:38:14.5Z', '2026-11-21T07:38:20Z'];
      assert.deepEqual(texts(starts, ['14.4Z', 'tail'], ['14.6Z', 'next run\n']), ['tail', 'next run']);
      assert.deepEqual(texts(starts, ['14.6Z', 'a'], ['14.7Z', 'b\n']), ['ab']);
    });
  });

  it('keeps a character whole that was split between parts', () => {
    const bytes = Buffer.from('a🚢b\n');
    const { lines } = assemble([
      ['stdout', T1, bytes.subarray(0, 3)],
      ['stdout', T1, bytes.subarray(3)],
    ]);
    assert.equal(lines[0]?.text, 'a🚢b');
  });

  it('hands on the unterminated rest only when the log is complete', () => {
    assert.deepEqual(assemble([['stdout', T1, 'rest']], false).lines, []);
    assert.equal(assemble([['stdout', T1, 'rest']]).lines[0]?.text, 'rest');
  });

  it('hands on a record of several lines as lines of one timestamp', () => {
    const { lines } = assemble([['stdout', T1, 'x\ny\nz']]);
    assert.deepEqual(
      lines.map(({ timestamp, text }) => [timestamp, text]),
      [
        [T1, 'x'],
        [T1, 'y'],
        [T1, 'z'],
      ],
    );
  });

  it('takes text without a timestamp as it is', () => {
    const { lines } = assemble([['stdout', '', 'no timestamp here\n']]);
    assert.deepEqual(lines, [{ timestamp: '', stream: 'stdout', text: 'no timestamp here' }]);
  });

  it('reports what the engine itself writes apart from the lines', () => {
    const { lines, engineMessages } = assemble([['system', '', 'Error grabbing logs: unexpected EOF\n']]);
    assert.deepEqual(lines, []);
    assert.deepEqual(engineMessages, ['Error grabbing logs: unexpected EOF']);
  });

  it('cuts an endless line into pieces between characters and loses nothing', () => {
    const text = '€'.repeat(3_000_000);
    const bytes = Buffer.from(text);
    const parts: [FrameType, string, Buffer][] = [];
    for (let start = 0; start < bytes.length; start += 16_384) {
      parts.push(['stdout', T1, bytes.subarray(start, start + 16_384)]);
    }
    const { lines } = assemble(parts);
    assert.ok(lines.length > 1);
    assert.ok(lines.every((line) => Buffer.byteLength(line.text) <= MAX_LINE_BYTES));
    assert.equal(lines.map((line) => line.text).join('') === text, true);
  });
});
