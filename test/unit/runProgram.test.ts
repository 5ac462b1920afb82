import assert from 'node:assert/strict';
import { runProgram } from '../../src/deploy/runProgram';

describe('a program that writes a long line', () => {
  const LENGTH = 300_000;

  async function lengths(more: { readonly longestLine?: number }): Promise<readonly number[]> {
    const lines: string[] = [];
    await runProgram({
      command: process.execPath,
      args: ['-e', `process.stderr.write('x'.repeat(${LENGTH}) + '\\n')`],
      environment: process.env,
      deadlineMs: 10_000,
      onLine: (_stream, text) => lines.push(text),
      ...more,
    });
    return lines.map(({ length }) => length);
  }

  it('has it cut, unless longer ones are wanted', async () => {
    const cut = await lengths({});
    assert.ok(cut.length > 1, cut.join());
    assert.equal(
      cut.reduce((sum, length) => sum + length, 0),
      LENGTH,
    );
    assert.deepEqual(await lengths({ longestLine: LENGTH }), [LENGTH]);
  });
});
