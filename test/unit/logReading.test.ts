import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { HeldStream } from '../../src/engine/docker/heldStream';
import { LogReading } from '../../src/engine/docker/logStream';
import { FakeTurns } from '../doubles/fakeTurns';

const FORM = { hasTerminal: false, partStamps: 'shared', runStarts: [], isRunSure: true } as const;

function frame(text: string): Buffer {
  const payload = Buffer.from(`2026-11-21T07:38:14.000000001Z ${text}\n`);
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function setUp(take: (text: string, turns: FakeTurns) => void = () => undefined) {
  const turns = new FakeTurns();
  const source = new PassThrough();
  const stream = new HeldStream(source);
  const texts: string[] = [];
  const line = ({ text }: { readonly text: string }): void => {
    texts.push(text);
    take(text, turns);
  };
  const reading = new LogReading(stream, FORM, { line, engineMessage: () => undefined }, turns);
  return { turns, source, stream, texts, reading };
}

/** Lets the streams of Node do what they do by themselves. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('LogReading', () => {
  it('waits for its turn when a turn is over, and loses nothing of what comes meanwhile', async () => {
    const { turns, source, texts, reading } = setUp((_text, all) => all.spend());
    for (const text of ['a', 'b', 'c']) source.write(frame(text));
    await settled();
    assert.deepEqual(texts, ['a']);
    const seen: string[] = [];
    while (texts.length < 3) {
      turns.go();
      await settled();
      seen.push(texts.join(''));
    }
    assert.deepEqual(seen, ['ab', 'abc']);
    source.end();
    await reading.done;
  });

  it('keeps the order of what comes although it is held', async () => {
    const { turns, source, texts } = setUp((_text, all) => all.spend());
    for (const text of ['a', 'b', 'c']) source.emit('data', frame(text));
    turns.go();
    await settled();
    assert.deepEqual(texts, ['a', 'b', 'c']);
    assert.equal(source.isPaused(), false);
  });

  it('has read all when it is done, also what waited for its turn at the end', async () => {
    const { source, texts, reading } = setUp((_text, all) => all.spend());
    source.write(frame('a'));
    source.end(frame('b'));
    await reading.done;
    assert.deepEqual(texts, ['a', 'b']);
  });

  it('reads what came before the connection broke, also what waits for its turn', async () => {
    const { source, texts, reading } = setUp((_text, all) => all.spend());
    source.write(frame('a'));
    source.write(frame('b'));
    await settled();
    assert.deepEqual(texts, ['a']);
    source.destroy(new Error('broken'));
    await assert.rejects(reading.done, /broke while/);
    assert.deepEqual(texts, ['a', 'b']);
  });

  it('does not come before the end of a hold of somebody else', async () => {
    const { turns, source, stream, texts, reading } = setUp((_text, all) => all.spend());
    source.write(frame('a'));
    source.write(frame('b'));
    source.write(frame('c'));
    await settled();
    const hold = stream.hold();
    turns.go();
    await settled();
    turns.go();
    await settled();
    assert.deepEqual(texts, ['a', 'b']);
    hold.dispose();
    hold.dispose();
    source.end();
    await settled();
    turns.go();
    await settled();
    assert.deepEqual(texts, ['a', 'b', 'c']);
    await reading.done;
  });
});
