import assert from 'node:assert/strict';
import { FrameReader, FramingError, MAX_FRAME_BYTES, type FrameType } from '../../src/model/logFraming';
import { seededRandom, slices } from '../support/random';

interface Frame {
  readonly type: FrameType;
  readonly text: string;
}

function frame(type: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function read(chunks: readonly Uint8Array[]): { frames: Frame[]; reader: FrameReader } {
  const frames: Frame[] = [];
  const reader = new FrameReader((type, buffer, start, end) =>
    frames.push({ type, text: Buffer.from(buffer.slice(start, end)).toString() }),
  );
  for (const chunk of chunks) reader.push(chunk);
  return { frames, reader };
}

describe('FrameReader', () => {
  const stream = Buffer.concat([
    frame(1, 'out 1\n'),
    frame(2, 'err 1\n'),
    frame(1, ''),
    frame(3, 'engine trouble'),
    frame(0, 'stdin counts as stdout\n'),
    frame(1, Buffer.alloc(70_000, 'x')),
    frame(2, 'last ✓\n'),
  ]);
  const expected: Frame[] = [
    { type: 'stdout', text: 'out 1\n' },
    { type: 'stderr', text: 'err 1\n' },
    { type: 'stdout', text: '' },
    { type: 'system', text: 'engine trouble' },
    { type: 'stdout', text: 'stdin counts as stdout\n' },
    { type: 'stdout', text: 'x'.repeat(70_000) },
    { type: 'stderr', text: 'last ✓\n' },
  ];

  it('reads many frames out of one chunk', () => {
    assert.deepEqual(read([stream]).frames, expected);
  });

  it('reads frames that are split at every single byte', () => {
    assert.deepEqual(read(slices(stream, 1, () => 0)).frames, expected);
  });

  it('reads the same whatever the chunks', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const longest = [3, 9, 100, 66_000][seed % 4] ?? 3;
      assert.deepEqual(read(slices(stream, longest, random)).frames, expected, `seed ${seed}`);
    }
  });

  it('knows when it is in the middle of a frame', () => {
    assert.equal(read([stream]).reader.isMidFrame, false);
    assert.equal(read([stream.subarray(0, stream.length - 1)]).reader.isMidFrame, true);
    assert.equal(read([stream.subarray(0, 5)]).reader.isMidFrame, true);
  });

  it('refuses what is no frame: a wrong type, bytes where zeros must be, an absurd length', () => {
    assert.throws(() => read([Buffer.from('plain text of a terminal')]), FramingError);
    assert.throws(() => read([Buffer.from([1, 0, 0, 9, 0, 0, 0, 1, 65])]), FramingError);
    const huge = Buffer.alloc(8);
    huge[0] = 1;
    huge.writeUInt32BE(MAX_FRAME_BYTES + 1, 4);
    assert.throws(() => read(slices(huge, 1, () => 0)), FramingError);
  });
});
