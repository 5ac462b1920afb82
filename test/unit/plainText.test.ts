import assert from 'node:assert/strict';
import { colouredLine, plainLine } from '../../src/model/plainText';

describe('plainLine', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['plain text, tabs and umlauts', 'a\tb ä 🚢', 'a\tb ä 🚢'],
    ['colours', '\u001b[1;31mERROR\u001b[0m done', 'ERROR done'],
    ['256 and true colours', '\u001b[38;5;208ma\u001b[38:2::1:2:3mb\u001b[m', 'ab'],
    ['cursor movement and erasing', '\u001b[2K\u001b[1Gloading\u001b[?25l', 'loading'],
    ['window titles', '\u001b]0;title\u0007text', 'text'],
    ['links', '\u001b]8;;https://example.com\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['character sets', '\u001b(Bx\u001b)0y', 'xy'],
    ['two-byte escapes', '\u001b7a\u001b8b\u001bMc', 'abc'],
    ['a progress display', '10 %\r50 %\r100 %', '100 %'],
    ['a progress display that ends by returning', '10 %\r100 %\r', '100 %'],
    ['bells, nulls and deletes', 'a\u0000b\u0007c\u007fd', 'a␀b␇c␡d'],
    ['an escape that leads nowhere', 'a\u001b', 'a␛'],
    ['a title that never ends', '\u001b]0;nothing may be lost', '␛]0;nothing may be lost'],
    ['line separators an editor would break at', 'a\u2028b\u0085c', 'a\ufffdb\ufffdc'],
  ];
  for (const [name, from, to] of cases) {
    it(`handles ${name}`, () => assert.equal(plainLine(from), to));
  }

  it('takes linear time on hostile text', () => {
    for (const unit of ['\u001b[', '\u001b]', '\u001b[0;', '\u001b(', '\r']) {
      const text = unit.repeat(200_000);
      assert.ok(plainLine(text).length <= text.length);
    }
  });
});

describe('colouredLine', () => {
  it('keeps colours, and nothing else that a terminal would obey', () => {
    assert.equal(colouredLine('\u001b[1;31mERROR\u001b[0m done'), '\u001b[1;31mERROR\u001b[0m done');
    assert.equal(colouredLine('\u001b[38:2::1:2:3mb\u001b[m'), '\u001b[38:2::1:2:3mb\u001b[m');
    assert.equal(colouredLine('a\u001b[2Jb\u001b[5;5Hc'), 'abc');
    assert.equal(colouredLine('\u001b]0;title\u0007a\u001b]52;c;eA==\u001b\\b'), 'ab');
    assert.equal(colouredLine('bell\u0007 escape\u001b'), 'bell␇ escape␛');
    assert.equal(colouredLine('10%\r50%\r99%'), '99%');
  });
});
