import assert from 'node:assert/strict';
import { TerminalText } from '../../src/vscode/logs/terminalText';
import { FakeClock } from '../doubles/fakeClock';

describe('text for a terminal', () => {
  function made(): { clock: FakeClock; text: TerminalText; written: string[] } {
    const clock = new FakeClock();
    const written: string[] = [];
    const text = new TerminalText(
      (piece) => written.push(piece),
      (lines) => `${lines} skipped\n`,
      clock,
    );
    return { clock, text, written };
  }

  it('is written in order, together', () => {
    const { clock, text, written } = made();
    text.add('a\n', 1);
    text.add('b\n', 1);
    clock.advance(50);
    assert.deepEqual(written, ['a\nb\n']);
  });

  it('is written no faster than a terminal shows it, and what is skipped is counted', () => {
    const { clock, text, written } = made();
    const piece = `${'x'.repeat(64 * 1024 - 1)}\n`;
    for (let count = 0; count < 100; count++) text.add(piece, 1);
    for (let count = 0; count < 100; count++) clock.advance(50);
    const all = written.join('');
    const shown = all.split('\n').filter((line) => line.startsWith('x')).length;
    assert.equal(Number(/^(\d+) skipped/.exec(all)?.[1]) + shown, 100);
    assert.ok(written.every((one) => one.length <= 400 * 1024));
  });

  it('keeps what is said between lines that are skipped', () => {
    const { clock, text, written } = made();
    text.add('restarted\n', 0);
    const piece = `${'x'.repeat(64 * 1024 - 1)}\n`;
    for (let count = 0; count < 50; count++) text.add(piece, 1);
    clock.advance(50);
    assert.match(written[0]?.slice(0, 100) ?? '', /^\d+ skipped\nrestarted\nx/);
  });

  it('ends with its terminal', () => {
    const { clock, text, written } = made();
    text.add('a\n', 1);
    text.dispose();
    clock.advance(1_000);
    assert.deepEqual(written, []);
  });
});
