import assert from 'node:assert/strict';
import { ChannelText } from '../../src/model/channelText';
import { FakeClock } from '../doubles/fakeClock';
import { FakeTurns } from '../doubles/fakeTurns';

interface TargetBounds {
  /** How much can be appended before it has to be cleared. */
  readonly room?: number;
  readonly memoryLength?: number;
}

function setUp(maxLength = 1_000_000, { room, memoryLength }: TargetBounds = {}) {
  const clock = new FakeClock();
  const turns = new FakeTurns();
  const calls: string[] = [];
  const appends: number[] = [];
  let content = '';
  let appended = 0;
  const text = new ChannelText({
    clock,
    turns,
    maxLength,
    target: {
      append: (added) => {
        calls.push('append');
        content += added;
        appended += added.length;
        appends.push(added.length);
      },
      clear: () => {
        calls.push('clear');
        content = '';
        appended = 0;
      },
      ...(room !== undefined && { hasRoomFor: (added) => appended + added.length <= room }),
      ...(memoryLength !== undefined && { memoryLength: () => memoryLength }),
    },
    texts: { cutOff: (lines) => `cut off ${lines}`, skipped: (lines) => `skipped ${lines}` },
  });
  return { clock, turns, calls, appends, text, content: () => content };
}

describe('ChannelText', () => {
  it('appends what gathered within 50 ms together', () => {
    const { clock, calls, text, content } = setUp();
    text.add('a\n', 1);
    text.add('b\n', 1);
    assert.deepEqual(calls, []);
    clock.advance(50);
    assert.deepEqual(calls, ['append']);
    assert.equal(content(), 'a\nb\n');
    assert.equal(clock.pendingTimers, 0);
  });

  it('appends 64 KB without waiting that long', () => {
    const { clock, calls, text } = setUp();
    text.add(`${'x'.repeat(65_536)}\n`, 1);
    clock.advance(10);
    assert.deepEqual(calls, ['append']);
  });

  it('waits for its turn when others have used up this one, and then appends what came meanwhile, too', () => {
    const { clock, turns, calls, text, content } = setUp();
    assert.ok(turns.hasTime);
    turns.spend();
    text.add('a\n', 1);
    clock.advance(50);
    text.add(`${'x'.repeat(65_536)}\n`, 1);
    clock.advance(50);
    assert.deepEqual(calls, []);
    turns.go();
    assert.deepEqual(calls, ['append']);
    assert.equal(content().length, 2 + 65_537);
    assert.equal(clock.pendingTimers, 0);
  });

  it('cuts its older part off when full, and says exactly how many lines', () => {
    const { clock, text, content } = setUp(1_000);
    for (let line = 1; line <= 300; line++) {
      text.add(`line ${String(line).padStart(4, '0')}\n`, 1);
      clock.advance(50);
      assert.ok(content().length <= 1_020, `holds ${content().length}`);
      const shown = content()
        .split('\n')
        .filter((row) => row.startsWith('line'));
      const cutOff = Number(/^cut off (\d+)/.exec(content())?.[1] ?? 0);
      assert.equal(cutOff + shown.length, line);
      assert.equal(shown[shown.length - 1], `line ${String(line).padStart(4, '0')}`);
    }
  });

  it('skips the oldest of what comes too fast, and says exactly how many lines', () => {
    const { clock, text, content } = setUp(2_000_000);
    for (let batch = 0; batch < 300; batch++) text.add('0123456789\n'.repeat(1_000), 1_000);
    clock.advance(5_000);
    const skipped = Number(/^skipped (\d+)$/m.exec(content())?.[1]);
    const shown = content()
      .split('\n')
      .filter((row) => row === '0123456789').length;
    assert.ok(skipped > 0);
    assert.equal(skipped + shown, 300_000);
  });

  it('accounts for every line, whatever was skipped and cut off', () => {
    const { clock, text, content } = setUp(500_000);
    let written = 0;
    for (let burst = 1; burst <= 20; burst++) {
      for (let batch = 0; batch < 400; batch++) {
        text.add('0123456789\n'.repeat(1_000), 1_000);
        written += 1_000;
      }
      clock.advance(burst * 100);
    }
    clock.advance(10_000);
    const rows = content().split('\n');
    const told = (pattern: RegExp): number =>
      rows.reduce((sum, row) => sum + Number(pattern.exec(row)?.[1] ?? 0), 0);
    const shown = rows.filter((row) => row === '0123456789').length;
    assert.equal(shown + told(/^cut off (\d+)$/) + told(/^skipped (\d+)$/), written);
  });

  it('skips nothing that the channel can hold, however fast it comes', () => {
    const { clock, text, content } = setUp(8_000_000);
    for (let line = 0; line < 60_000; line++) text.add(`${'x'.repeat(104)}\n`, 1);
    clock.advance(10_000);
    assert.equal(content().length, 60_000 * 105);
  });

  it('cuts a full channel of many small lines at once', () => {
    const { clock, text, content } = setUp(8_000_000);
    for (let line = 0; line < 200_000; line++) {
      text.add(`${'x'.repeat(49)}\n`, 1);
      clock.advance(50);
    }
    const cutOff = Number(/^cut off (\d+)$/m.exec(content())?.[1]);
    assert.equal(
      cutOff +
        content()
          .split('\n')
          .filter((row) => row.startsWith('x')).length,
      200_000,
    );
  });

  it('puts no more than 128 KB in at once, also when it cuts', () => {
    const { clock, text, content, appends } = setUp(4_000_000);
    for (let line = 0; line < 60_000; line++) {
      text.add(`${'x'.repeat(104)}\n`, 1);
      if (line % 100 === 0) clock.advance(50);
    }
    clock.advance(5_000);
    assert.ok(Math.max(...appends) <= 130 * 1024, `${Math.max(...appends)}`);
    const cutOff = Number(/^cut off (\d+)$/m.exec(content())?.[1]);
    assert.ok(cutOff > 0);
    assert.equal(cutOff + (content().match(/^x/gm)?.length ?? 0), 60_000);
  });

  it('goes on when the clock is set back', () => {
    const { clock, text, content } = setUp();
    clock.advance(3_600_000);
    text.add('before\n', 1);
    clock.advance(50);
    clock.setBack(3_600_000);
    text.add('after\n', 1);
    clock.advance(5_000);
    assert.equal(content(), 'before\nafter\n');
  });

  it('shows a line of a megabyte whole, with what follows it', () => {
    const { clock, text, content } = setUp(10_000_000);
    text.add(`${'x'.repeat(1_000_000)}\n`, 1);
    text.add('next\n', 1);
    clock.advance(1_000);
    assert.equal(content().length, 1_000_006);
  });

  it('appends no more than the window can draw, about 5 MB a second', () => {
    const { clock, calls, text, content } = setUp(100_000_000);
    for (let tick = 0; tick < 500; tick++) {
      text.add(`${'x'.repeat(249_999)}\n`, 1);
      clock.advance(10);
    }
    assert.ok(content().length > 20_000_000 && content().length < 28_000_000, `${content().length} in 5 s`);
    assert.ok(calls.length >= 5 && calls.length <= 500, `${calls.length} appends`);
  });

  it('appends less while most is skipped, and the newest soon after', () => {
    const { clock, text, content } = setUp(8_000_000);
    let number = 0;
    const tick = (): void => {
      for (let line = 0; line < 250; line++) text.add(`${String(++number).padStart(999, '0')}\n`, 1);
      clock.advance(10);
    };
    for (let ms = 0; ms < 2_000; ms += 10) tick();
    const length = content().length;
    for (let ms = 0; ms < 4_000; ms += 10) tick();
    const growth = content().length - length;
    assert.ok(growth > 1_000_000 && growth < 3_000_000, `${growth} in 4 s`);
    clock.advance(2_000);
    assert.ok(content().endsWith(`${String(number).padStart(999, '0')}\n`));
  });

  it('keeps our own lines when those around them are skipped', () => {
    const { clock, text, content } = setUp(1_000);
    text.add('── restarted ──\n', 0);
    for (let line = 0; line < 500; line++) text.add('0123456789\n', 1);
    clock.advance(1_000);
    assert.match(content(), /^skipped \d+\n── restarted ──\n/m);
  });

  it('clears a target that has no room, and cuts off only what is not kept', () => {
    const { clock, text, calls, content } = setUp(1_000, { room: 300 });
    for (let line = 1; line <= 100; line++) {
      text.add(`line ${String(line).padStart(4, '0')}\n`, 1);
      clock.advance(50);
      const shown = content().match(/^line/gm)?.length ?? 0;
      assert.equal(Number(/^cut off (\d+)/.exec(content())?.[1] ?? 0) + shown, line);
    }
    assert.ok(calls.includes('clear'));
    assert.ok(content().length <= 600, `${content().length}`);
  });

  it('holds no more in memory than its target allows', () => {
    const { clock, text, content } = setUp(8_000_000, { memoryLength: 100_000 });
    for (let line = 0; line < 20_000; line++) text.add('0123456789\n', 1);
    clock.advance(5_000);
    const skipped = Number(/^skipped (\d+)$/m.exec(content())?.[1]);
    assert.ok(content().length <= 101_000, `${content().length}`);
    assert.equal(skipped + (content().match(/^0/gm)?.length ?? 0), 20_000);
  });

  it('begins anew when cleared', () => {
    const { clock, text, content } = setUp();
    text.add('old\n', 1);
    clock.advance(50);
    text.add('never shown\n', 1);
    text.clear();
    text.add('new\n', 1);
    clock.advance(50);
    assert.equal(content(), 'new\n');
  });
});
