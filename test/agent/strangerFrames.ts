/** Data frames as PROTOCOL.md, section 7, describes them. From that page alone. */
import { inflateRawSync } from 'node:zlib';

const HEADER_BYTES = 20;
const LOG_HEADER_BYTES = 16;
const FLAGS_OFFSET = 1;
const COMPRESSED = 1;
const ROW_BYTES = 8;
const STDOUT = 1;

export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly sequence: number;
  /** What it costs of the stream's credit, compressed or not. */
  readonly cost: number;
  readonly isCompressed: boolean;
  readonly body: Buffer;
}

export function readFrame(bytes: Buffer): Frame {
  const bodyLength = bytes.readUInt32BE(16);
  const isCompressed = (bytes.readUInt8(FLAGS_OFFSET) & COMPRESSED) !== 0;
  const sent = bytes.subarray(HEADER_BYTES);
  const body = isCompressed ? inflateRawSync(sent, { maxOutputLength: bodyLength }) : sent;
  if (body.length !== bodyLength) throw new Error(`A body of ${body.length} bytes instead of ${bodyLength}`);
  return {
    type: bytes.readUInt8(0),
    stream: bytes.readUInt32BE(4),
    sequence: Number(bytes.readBigUInt64BE(8)),
    cost: HEADER_BYTES + bodyLength,
    isCompressed,
    body,
  };
}

export interface StrangerLine {
  readonly stream: 'stdout' | 'stderr';
  readonly timestamp: string;
  readonly text: string;
}

/** Given back as it came; its cursor describes a line. */
export interface FramePlace {
  readonly cursor: {
    readonly timestamp: string;
    readonly stream: string;
    readonly hash: number;
  };
}

interface Note {
  readonly after: number;
  readonly marker?: { readonly kind: string };
  readonly place?: FramePlace;
}

export interface LogUpdate {
  readonly lines: readonly StrangerLine[];
  readonly notes: readonly Note[];
}

export function readLogUpdate(body: Buffer): LogUpdate {
  const lineCount = body.readUInt32BE(0);
  const timestampsAt = LOG_HEADER_BYTES + lineCount * ROW_BYTES;
  const textsAt = timestampsAt + body.readUInt32BE(4);
  const notesAt = textsAt + body.readUInt32BE(8);
  const end = notesAt + body.readUInt32BE(12);
  if (end !== body.length) throw new Error('The blocks of a log_update do not fill it.');
  const lines: StrangerLine[] = [];
  let timestamp = '';
  let timestampAt = timestampsAt;
  let textAt = textsAt;
  for (let row = LOG_HEADER_BYTES; row < timestampsAt; row += ROW_BYTES) {
    const restEnd = timestampAt + body.readUInt8(row + 2);
    const shared = timestamp.slice(0, body.readUInt8(row + 1));
    timestamp = shared + body.toString('latin1', timestampAt, restEnd);
    timestampAt = restEnd;
    const textEnd = textAt + body.readUInt32BE(row + 4);
    const stream = body.readUInt8(row) === STDOUT ? 'stdout' : 'stderr';
    lines.push({ stream, timestamp, text: body.toString('utf8', textAt, textEnd) });
    textAt = textEnd;
  }
  const notes = notesAt === end ? [] : (JSON.parse(body.toString('utf8', notesAt)) as Note[]);
  return { lines, notes };
}
