import assert from 'node:assert/strict';
import type { LogLine } from '../../src/model/log';
import {
  barOf,
  LABEL_BARS,
  MergedText,
  noteOf,
  type Labelled,
  type MergedLook,
} from '../../src/model/mergedText';

const web: Labelled = { label: 'web-1', slot: 0 };
const database: Labelled = { label: 'database-1', slot: 1 };
const look: MergedLook = {
  column: (label, slot) => `${label} ${barOf(slot)} `,
  line: (text) => text,
  note: (text) => `<${text}>`,
  lineEnding: '\n',
};
const line = (text: string): LogLine => ({ timestamp: '2026-11-21T09:32:16.5Z', stream: 'stdout', text });

describe('MergedText', () => {
  it('puts the label before each line, as wide as the longest', () => {
    const text = new MergedText(look, false);
    for (const source of [web, database]) text.makeRoomFor(source);
    const merged = [
      { source: web, line: line('a') },
      { source: database, line: line('b') },
    ];
    assert.equal(text.of(merged), 'web-1      ┃ a\ndatabase-1 ║ b\n');
  });

  it('makes room for a longer label that comes later, and keeps it', () => {
    const text = new MergedText(look, false);
    assert.equal(text.of([{ source: web, line: line('a') }]), 'web-1 ┃ a\n');
    text.makeRoomFor(database);
    assert.equal(text.of([{ source: web, line: line('b') }]), 'web-1      ┃ b\n');
  });

  it('shows the time behind the label, and none for notes', () => {
    const text = new MergedText(look, true);
    assert.match(
      text.of([{ source: web, line: line('a') }]),
      /^web-1 ┃ \d{4}-\d\d-\d\d \d\d:\d\d:16\.500 a\n$/,
    );
    assert.equal(text.of([{ source: web, line: noteOf('stopped') }]), 'web-1 ┃ <stopped>\n');
  });

  it('labels every line of what is shown as several', () => {
    const text = new MergedText({ ...look, line: (shown) => shown.replaceAll('|', '\n') }, false);
    assert.equal(text.of([{ source: web, line: line('a|b|c') }]), 'web-1 ┃ a\nweb-1 ┃ b\nweb-1 ┃ c\n');
  });

  it('has a bar for every slot, and begins again after the last', () => {
    assert.equal(new Set(LABEL_BARS).size, LABEL_BARS.length);
    assert.equal(barOf(LABEL_BARS.length), barOf(0));
  });

  it('makes pieces of what containers wrote, and of each note', () => {
    const text = new MergedText(look, false);
    const merged = [line('a'), line('b'), noteOf('x'), noteOf('y'), line('c')].map((each) => ({
      source: web,
      line: each,
    }));
    const pieces = text.piecesOf(merged);
    assert.deepEqual(
      pieces.map(({ lineCount }) => lineCount),
      [2, 0, 0, 1],
    );
    assert.equal(pieces.map((piece) => piece.text).join(''), text.of(merged));
  });
});
