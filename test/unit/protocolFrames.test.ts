import { strict as assert } from 'node:assert';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { LogBatch, LogLine, LogMarker, LogPlace } from '../../src/model/log';
import {
  decodeExecExited,
  decodeFrame,
  decodeLogStreamStopped,
  encodeFrame,
  encodeFrameHeader,
  encodeJsonBody,
  FRAME_HEADER_BYTES,
  frameCost,
  type FrameHeader,
} from '../../src/protocol/dataFrames';
import { ProtocolError } from '../../src/protocol/errorCodes';
import { LIMITS } from '../../src/protocol/limits';
import { decodeLogBody, encodeLogBody, type LogItem } from '../../src/protocol/logFrames';
import { seededRandom } from '../support/random';

const CONTAINER = '4c01db0b339c'.padEnd(64, '0');
const HEADER: FrameHeader = {
  type: 'log_update',
  stream: 7,
  sequence: 1,
  bodyLength: 0,
  isCompressed: false,
};

function line(
  text: string,
  timestamp = '2026-11-21T09:32:16.123456789Z',
  stream: LogLine['stream'] = 'stdout',
): LogLine {
  return { timestamp, stream, text };
}

function batch(lines: readonly LogLine[], place?: LogPlace): LogBatch {
  const textLength = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  return { lines, textLength, ...(place && { place }) };
}

function lines(...texts: readonly string[]): LogItem {
  return { kind: 'lines', batch: batch(texts.map((text) => line(text))) };
}

function place(ordinal: number): LogPlace {
  return {
    cursor: {
      containerId: CONTAINER,
      timestamp: '2026-11-21T09:32:16.1Z',
      stream: 'stderr',
      ordinal,
      hash: 4_294_967_295,
    },
    runStartedAt: '2026-11-21T09:00:00Z',
    identity: { name: 'web', compose: { project: 'shop', service: 'web', replica: 1 } },
  };
}

function assertCoded(run: () => unknown, code: ProtocolError['code']): void {
  assert.throws(run, (error) => error instanceof ProtocolError && error.code === code);
}

function roundTrip(items: readonly LogItem[]): LogItem[] {
  return decodeLogBody(encodeLogBody(items));
}

describe('The header of data frames', () => {
  it('comes back as it went', () => {
    const headers: readonly FrameHeader[] = [
      HEADER,
      {
        type: 'exec_input',
        stream: 0xffff_ffff,
        sequence: Number.MAX_SAFE_INTEGER,
        bodyLength: 3,
        isCompressed: false,
      },
      { type: 'log_stream_stopped', stream: 1, sequence: 0x1_0000_0000, bodyLength: 9, isCompressed: true },
    ];
    for (const header of headers) {
      const body = new Uint8Array(header.isCompressed ? header.bodyLength - 1 : header.bodyLength).fill(5);
      const { body: received, ...rest } = decodeFrame(encodeFrame(header, body));
      assert.deepEqual(rest, header);
      assert.deepEqual(received, body);
    }
  });

  it('is the same alone as before a body', () => {
    const body = Uint8Array.of(1, 2, 3);
    const header = { ...HEADER, bodyLength: 3 };
    const joined = Buffer.concat([encodeFrameHeader(header), body]);
    assert.deepEqual(new Uint8Array(joined), encodeFrame(header, body));
    assert.equal(frameCost(header), FRAME_HEADER_BYTES + 3);
  });

  it('is read from a view into a larger buffer', () => {
    const frame = encodeFrame({ ...HEADER, bodyLength: 2 }, Uint8Array.of(8, 9));
    const padded = Buffer.concat([Buffer.from([1, 2, 3]), frame, Buffer.from([4])]);
    assert.deepEqual([...decodeFrame(padded.subarray(3, 3 + frame.length)).body], [8, 9]);
  });

  it('of an unknown type still tells stream and sequence', () => {
    const frame = encodeFrame(HEADER, new Uint8Array(0));
    frame[0] = 60;
    const { type, stream, sequence } = decodeFrame(frame);
    assert.deepEqual({ type, stream, sequence }, { type: undefined, stream: 7, sequence: 1 });
  });

  const broken: Readonly<Record<string, (frame: Uint8Array) => Uint8Array>> = {
    'cut short': (frame) => frame.subarray(0, FRAME_HEADER_BYTES - 1),
    'with an unknown flag': (frame) => frame.fill(2, 1, 2),
    'with reserved bytes set': (frame) => frame.fill(1, 3, 4),
    'without a stream': (frame) => frame.fill(0, 4, 8),
    'without a sequence number': (frame) => frame.fill(0, 8, 16),
    'with a sequence number over 2^53': (frame) => frame.fill(0x20, 9, 10),
    'with a body over the limit': (frame) => frame.fill(0xff, 16, 20),
    'shorter than it states': (frame) => frame.subarray(0, -1),
    'longer than it states': (frame) => Buffer.concat([frame, Buffer.of(0)]),
    'compressed to no less than it was': (frame) => frame.fill(1, 1, 2),
  };
  for (const [how, breakIt] of Object.entries(broken)) {
    it(`is refused ${how}`, () => {
      const frame = encodeFrame({ ...HEADER, bodyLength: 2 }, Uint8Array.of(8, 9));
      assertCoded(() => decodeFrame(breakIt(frame)), 'badFrame');
    });
  }

  it('carries a body that was compressed once for all', () => {
    const body = encodeLogBody([lines(...Array.from({ length: 200 }, () => 'the same again'))]);
    const compressed = deflateRawSync(body);
    const header = { ...HEADER, bodyLength: body.length, isCompressed: true };
    const received = decodeFrame(encodeFrame(header, compressed));
    assert.ok(received.isCompressed && received.body.length < body.length / 5);
    assert.deepEqual(
      new Uint8Array(inflateRawSync(received.body, { maxOutputLength: received.bodyLength })),
      new Uint8Array(body),
    );
  });
});

describe('The JSON bodies of data frames', () => {
  it('come back as they went', () => {
    const stopped = {
      container_id: CONTAINER,
      message: 'over',
      error: { code: 'notSupported', message: 'no' },
    };
    assert.deepEqual(decodeLogStreamStopped(encodeJsonBody(stopped)), stopped);
    assert.deepEqual(decodeExecExited(encodeJsonBody({ exitCode: 137 })), { exitCode: 137 });
    assert.deepEqual(decodeExecExited(encodeJsonBody({})), {});
  });

  it('are refused when they are none', () => {
    for (const text of ['', '{', '[]', 'null', '{"exitCode":"1"}', '{"exitCode":1.5}', '['.repeat(100_000)])
      assertCoded(() => decodeExecExited(Buffer.from(text)), 'badFrame');
    assertCoded(() => decodeLogStreamStopped(Buffer.of(0xff)), 'badFrame');
  });
});

describe('The body of log updates', () => {
  it('comes back as it went', () => {
    const items: readonly LogItem[] = [
      { kind: 'marker', marker: { kind: 'started' } },
      { kind: 'lines', batch: batch([line('a'), line('', '', 'stderr'), line('b')], place(1)) },
      { kind: 'marker', marker: { kind: 'gap', from: 'x', to: 'y', count: 3 } },
      { kind: 'marker', marker: { kind: 'restarted', exitCode: 137, outOfMemory: true } },
      lines('c'),
    ];
    assert.deepEqual(roundTrip(items), items);
  });

  it('has every kind of marker', () => {
    const markers: readonly LogMarker[] = [
      { kind: 'stopped', outOfMemory: false },
      { kind: 'restarted', exitCode: 1, outOfMemory: true },
      { kind: 'started' },
      { kind: 'connectionLost', reason: 'gone' },
      { kind: 'reconnected' },
      { kind: 'gap', from: 'a', to: 'b' },
      { kind: 'notShown', count: 12 },
      { kind: 'fidelity', driver: 'fluentd', fidelity: 'cached' },
      { kind: 'engineMessage', text: 'no' },
      { kind: 'removed' },
      { kind: 'recreated', containerId: CONTAINER },
    ];
    const items = markers.map((marker): LogItem => ({ kind: 'marker', marker }));
    assert.deepEqual(roundTrip(items), items);
  });

  it('tells a place without a line', () => {
    const items: readonly LogItem[] = [{ kind: 'lines', batch: batch([], place(2)) }];
    assert.deepEqual(roundTrip(items), items);
  });

  it('joins batches that have no place', () => {
    assert.deepEqual(roundTrip([lines('a'), lines('b', 'c')]), [lines('a', 'b', 'c')]);
    assert.deepEqual(roundTrip([]), []);
  });

  it('shortens timestamps by what they share, and gives them back exactly', () => {
    const stamps = [
      '2026-11-21T09:32:16.123456789Z',
      '2026-11-21T09:32:16.123456790Z',
      '2026-11-21T09:32:16.123456790Z',
      '',
      '2026-11-21T09:32:16.5+01:00',
      '2026-11-21T09:32:16.5',
      '2026-11-21T09:32:16.5Z',
    ];
    const items: LogItem[] = [{ kind: 'lines', batch: batch(stamps.map((stamp) => line('x', stamp))) }];
    assert.deepEqual(roundTrip(items), items);
    const many = Array.from({ length: 100 }, (_, index) =>
      line('', `2026-11-21T09:32:16.123456${100 + index}Z`),
    );
    assert.ok(encodeLogBody([{ kind: 'lines', batch: batch(many) }]).length < 100 * 13);
  });

  it('keeps every character', () => {
    const texts = [
      'ascii',
      'é',
      '日本',
      '😀',
      '\uFEFFmark',
      'nul\0',
      '\u001b[31m',
      '',
      'x'.repeat(100_000),
      '😀é',
    ];
    assert.deepEqual(roundTrip([lines(...texts)]), [lines(...texts)]);
  });

  it('replaces a lone surrogate, and never joins two lines by theirs', () => {
    assert.deepEqual(roundTrip([lines('a\ud83d', '\ude00b')]), [lines('a\ufffd', '\ufffdb')]);
  });

  it('comes back for any lines, markers and places', () => {
    const random = seededRandom(4);
    for (let round = 0; round < 300; round++) {
      const items = randomItems(random);
      assert.deepEqual(normalized(roundTrip(items)), normalized(items), `round ${round}`);
    }
  });

  it('ignores markers and notes that it does not know', () => {
    const body = withNotes(
      2,
      '[{"after":1,"marker":{"kind":"eclipse"}},{"after":1,"new":1},{"after":2,"marker":{"kind":"removed"}}]',
    );
    assert.deepEqual(decodeLogBody(body), [lines('a', 'a'), { kind: 'marker', marker: { kind: 'removed' } }]);
  });

  const badNotes = [
    '{}',
    '[1]',
    '[{"after":3,"marker":{"kind":"removed"}}]',
    '[{"after":-1,"marker":{"kind":"removed"}}]',
    '[{"after":2,"marker":{"kind":"removed"}},{"after":1,"marker":{"kind":"removed"}}]',
    '[{"after":0,"marker":"removed"}]',
    '[{"after":0,"marker":{"kind":"gap"}}]',
    '[{"after":0,"place":{}}]',
    '['.repeat(1_000),
    '[{"after":0',
  ];
  for (const notes of badNotes) {
    it(`refuses the notes ${notes.slice(0, 40)}`, () => {
      assertCoded(() => decodeLogBody(withNotes(2, notes)), 'badFrame');
    });
  }

  const broken: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
    'without its header': (body) => body.subarray(0, 15),
    'with too many lines': (body) => body.fill(0xff, 0, 4),
    'with a line too few': (body) => body.fill(1, 3, 4),
    'with a byte too much': (body) => Buffer.concat([body, Buffer.of(0)]),
    'with timestamps that claim more': (body) => body.fill(0x7f, 4, 8),
    'with an unknown stream': (body) => body.fill(3, 16, 17),
    'with the reserved byte of a row set': (body) => body.fill(1, 19, 20),
    'with a first timestamp that shares': (body) => body.fill(1, 17, 18),
    'with a timestamp of another length': (body) => body.fill(31, 18, 19),
    'with a text of another length': (body) => body.fill(2, 23, 24),
    'with a text far too long': (body) => body.fill(0xff, 20, 24),
    'with a timestamp that is no ASCII': (body) => body.fill(0xc3, 32, 33).fill(0xa9, 33, 34),
    'with text that is no UTF-8': (body) => body.fill(0xff, 62, 63),
    'with a character that two lines share': (body) => body.fill(0xc3, 62, 63).fill(0xa9, 63, 64),
  };
  for (const [how, breakIt] of Object.entries(broken)) {
    it(`is refused ${how}`, () => {
      const sharedZero = encodeLogBody([
        { kind: 'lines', batch: batch([line('a', '2026-11-21T09:32:16.123456789Z'), line('b', '2')]) },
      ]);
      const body = breakIt(sharedZero);
      assertCoded(() => decodeLogBody(body), 'badFrame');
    });
  }

  it('is refused over the limits when it is made', () => {
    const many = Array.from({ length: LIMITS.maxLinesPerFrame + 1 }, () => line(''));
    assertCoded(() => encodeLogBody([{ kind: 'lines', batch: batch(many) }]), 'tooLarge');
    assertCoded(() => encodeLogBody([lines('x'.repeat(LIMITS.maxBodyBytes))]), 'tooLarge');
    assertCoded(() => encodeLogBody([{ kind: 'lines', batch: batch([line('', 'é')]) }]), 'badMessage');
  });
});

describe('Decoders of data frames', () => {
  it('take random bytes with a coded error or a value', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 3_000; round++) {
      const bytes = randomBytes(random, 200);
      for (const decode of [decodeFrame, decodeLogBody, decodeLogStreamStopped, decodeExecExited])
        coded(() => decode(bytes));
    }
  });

  it('take damaged frames with a coded error or a value', () => {
    const random = seededRandom(8);
    let refused = 0;
    for (let round = 0; round < 3_000; round++) {
      const body = encodeLogBody(randomItems(random));
      const frame = encodeFrame({ ...HEADER, bodyLength: body.length }, body);
      for (let damage = 0; damage < 3; damage++)
        frame[Math.floor(random() * frame.length)] = Math.floor(random() * 256);
      if (!coded(() => decodeLogBody(decodeFrame(frame).body))) refused++;
    }
    assert.ok(refused > 1_000);
  });
});

/** Whether there was a value. */
function coded(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return false;
  }
}

function randomBytes(random: () => number, longest: number): Uint8Array {
  return Uint8Array.from({ length: Math.floor(random() * longest) }, () => Math.floor(random() * 256));
}

const CHARACTERS = ['a', ' ', 'é', '日', '😀', '\0', '"', '\\'];

function randomItems(random: () => number): LogItem[] {
  const pick = (count: number) => Math.floor(random() * count);
  return Array.from({ length: pick(6) }, (): LogItem => {
    if (pick(3) === 0) return { kind: 'marker', marker: { kind: 'engineMessage', text: `m${pick(9)}` } };
    const made = Array.from({ length: pick(5) }, () =>
      line(
        Array.from({ length: pick(12) }, () => CHARACTERS[pick(CHARACTERS.length)] ?? '').join(''),
        pick(4) === 0 ? '' : `2026-11-21T09:32:1${pick(10)}.${pick(1_000)}Z`,
        pick(2) === 0 ? 'stdout' : 'stderr',
      ),
    );
    return { kind: 'lines', batch: batch(made, pick(2) === 0 ? place(pick(9)) : undefined) };
  });
}

/** Lines one by one, with places and markers between them: what must come back, however it is cut into batches. */
function normalized(items: readonly LogItem[]): unknown[] {
  return items.flatMap((item): unknown[] =>
    item.kind === 'marker'
      ? [item.marker]
      : [...item.batch.lines, ...(item.batch.place ? [item.batch.place] : [])],
  );
}

/** A body of lines `a` with these notes, right or wrong. */
function withNotes(count: number, notes: string): Uint8Array {
  const body = encodeLogBody([lines(...Array.from({ length: count }, () => 'a'))]);
  const noteBytes = Buffer.from(notes);
  const whole = Buffer.concat([body, noteBytes]);
  whole.writeUInt32BE(noteBytes.length, 12);
  return whole;
}
