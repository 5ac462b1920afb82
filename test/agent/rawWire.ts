import { createHmac } from 'node:crypto';

export interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly sequence: number;
  readonly body: Buffer;
  readonly cost: number;
  readonly isCompressed: boolean;
}

export interface RawLine {
  readonly timestamp: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** What a `log_update` holds. */
export interface RawUpdate {
  readonly lines: readonly RawLine[];
  readonly notes: readonly {
    readonly after: number;
    readonly marker?: { readonly kind: string };
    readonly place?: unknown;
  }[];
}

/** The body of a `log_update`, as the document describes it. */
export function readUpdate({ body }: Pick<Frame, 'body'>): RawUpdate {
  const lineCount = body.readUInt32BE(0);
  const timestampsAt = 16 + 8 * lineCount;
  const textsAt = timestampsAt + body.readUInt32BE(4);
  const notesAt = textsAt + body.readUInt32BE(8);
  const notes = body.subarray(notesAt, notesAt + body.readUInt32BE(12)).toString();
  const lines: RawLine[] = [];
  let timestampAt = timestampsAt;
  let textAt = textsAt;
  let timestamp = '';
  for (let row = 16; row < timestampsAt; row += 8) {
    const rest = body.readUInt8(row + 2);
    timestamp =
      timestamp.slice(0, body.readUInt8(row + 1)) + body.subarray(timestampAt, timestampAt + rest).toString();
    timestampAt += rest;
    const textEnd = textAt + body.readUInt32BE(row + 4);
    const stream = body[row] === 1 ? 'stdout' : 'stderr';
    lines.push({ timestamp, stream, text: body.subarray(textAt, textEnd).toString() });
    textAt = textEnd;
  }
  return { lines, notes: notes === '' ? [] : (JSON.parse(notes) as RawUpdate['notes']) };
}

/** An entry of a `metrics_update`. */
export interface RawEntry {
  readonly kind: number;
  readonly present: number;
  readonly key: number;
  readonly content: Buffer;
}

/** The body of a `metrics_update`, as the document describes it. */
export function readEntries({ body }: Pick<Frame, 'body'>): readonly RawEntry[] {
  const entries: RawEntry[] = [];
  for (let offset = 0; offset < body.length;) {
    const end = offset + 12 + body.readUInt32BE(offset + 8);
    entries.push({
      kind: body.readUInt8(offset),
      present: body.readUInt16BE(offset + 2),
      key: body.readUInt32BE(offset + 4),
      content: body.subarray(offset + 12, end),
    });
    offset = end;
  }
  return entries;
}

export function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

export function fields(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
