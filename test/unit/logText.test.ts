import assert from 'node:assert/strict';
import type { LogBatch } from '../../src/model/log';
import { LogStamps } from '../../src/model/logStamp';
import { channelLines } from '../../src/vscode/logs/logText';

const TIMESTAMP = '2026-11-21T09:32:16.123456789Z';

function batch(...texts: string[]): LogBatch {
  const lines = texts.map((text) => ({ timestamp: TIMESTAMP, stream: 'stdout' as const, text }));
  return { lines, textLength: texts.join('\n').length + 1 };
}

describe('lines for a channel', () => {
  const stamp = new LogStamps().format(TIMESTAMP);
  const json = `{"level":"error","time":"${TIMESTAMP}","msg":"a\\u001b[1mb","n":1}`;

  it('show JSON as it is when it is wanted raw', () => {
    assert.equal(channelLines(false, 'raw').of(batch(json, 'plain')), `${json}\nplain\n`);
  });

  it('show JSON compactly, with its own time unless that is there already', () => {
    assert.equal(channelLines(false, 'compact').of(batch(json)), `${TIMESTAMP} ERROR a\\u001b[1mb n=1\n`);
    assert.equal(channelLines(true, 'compact').of(batch(json)), `${stamp} ERROR a\\u001b[1mb n=1\n`);
  });

  it('show the stack trace of JSON below it, made plain', () => {
    const line = JSON.stringify({ msg: 'x', stack: 'Error: \u001b[31mboom\u001b[0m\n    at run (x.js:1:2)' });
    assert.equal(channelLines(false, 'compact').of(batch(line)), 'x\nError: boom\n    at run (x.js:1:2)\n');
  });

  it('leave what is no JSON object, or an empty one, as it is', () => {
    for (const line of ['plain', '{', '{}', '[1]', '{"a":1} and more'])
      assert.equal(channelLines(false, 'compact').of(batch(line)), `${line}\n`);
  });
});
