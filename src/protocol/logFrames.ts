import * as v from 'valibot';
import type { LogBatch, LogLine, LogMarker, LogPlace, LogStream } from '../model/log';
import { badFrame, parseBody } from './dataFrames';
import { describeIssue, isJsonObject } from './envelope';
import { ProtocolError } from './errorCodes';
import { LIMITS } from './limits';
import { LogMarkerSchema, LogPlaceSchema } from './schemas';
import { decodeUtf8, encodeAscii, encodeUtf8, encodeUtf8Into, isContinuation, utf16Length } from './utf8';

/** What a `log_update` holds, in the order it happened. */
export type LogItem =
  | { readonly kind: 'lines'; readonly batch: LogBatch }
  | { readonly kind: 'marker'; readonly marker: LogMarker };

const BODY_HEADER_BYTES = 16;
const ROW_BYTES = 8;
const TIMESTAMP_LENGTH_OFFSET = 4;
const TEXT_LENGTH_OFFSET = 8;
const NOTE_LENGTH_OFFSET = 12;
const SHARED_OFFSET = 1;
const REST_OFFSET = 2;
const RESERVED_OFFSET = 3;
const TEXT_BYTES_OFFSET = 4;
const STDOUT = 1;
const STDERR = 2;
/** RFC 3339 with nanoseconds and an offset has 35 characters; what is longer is no timestamp. */
const LONGEST_TIMESTAMP = 64;
const LAST_ASCII = 0x7f;

/**
 * The body of a `log_update`. Batches without a place are joined with what follows them.
 *
 * @throws ProtocolError `tooLarge` over {@link LIMITS.maxLinesPerFrame} or {@link LIMITS.maxBodyBytes}
 */
export function encodeLogBody(items: readonly LogItem[]): Uint8Array<ArrayBuffer> {
  const { lines, notes } = flatten(items);
  if (lines.length > LIMITS.maxLinesPerFrame)
    throw new ProtocolError('tooLarge', 'Too many lines for one frame.');
  const scratch = scratchFor(lines.length);
  const rows = scratch.subarray(0, lines.length * ROW_BYTES);
  const timestamps = encodeTimestamps(lines, rows, scratch.subarray(rows.length));
  const noteBytes = notes.length === 0 ? new Uint8Array(0) : encodeUtf8(JSON.stringify(notes));
  const text = joinedTexts(lines, rows);
  const blocks = { rows, timestamps, noteBytes };
  const ascii = assemble(blocks, text.length);
  if (encodeAscii(text, ascii.texts)) return ascii.body;
  const encoded = encodeTexts(lines, rows, text.length);
  const { body, texts } = assemble(blocks, encoded.length);
  texts.set(encoded);
  return body;
}

const SCRATCH_LINES = 1_024;
const SCRATCH_BYTES_PER_LINE = ROW_BYTES + LONGEST_TIMESTAMP;
const sharedScratch = new Uint8Array(SCRATCH_LINES * SCRATCH_BYTES_PER_LINE);

/** Room for rows and timestamps, which are copied before anything else runs; what was in it before is still there. */
function scratchFor(lineCount: number): Uint8Array {
  return lineCount <= SCRATCH_LINES ? sharedScratch : new Uint8Array(lineCount * SCRATCH_BYTES_PER_LINE);
}

interface EncodedBlocks {
  readonly rows: Uint8Array;
  readonly timestamps: Uint8Array;
  readonly noteBytes: Uint8Array;
}

/** The body but for its texts, which are yet to be filled in. */
function assemble(
  { rows, timestamps, noteBytes }: EncodedBlocks,
  textLength: number,
): { readonly body: Uint8Array<ArrayBuffer>; readonly texts: Uint8Array } {
  const timestampsAt = BODY_HEADER_BYTES + rows.length;
  const textsAt = timestampsAt + timestamps.length;
  const notesAt = textsAt + textLength;
  if (notesAt + noteBytes.length > LIMITS.maxBodyBytes)
    throw new ProtocolError('tooLarge', 'Too much text for one frame.');
  const body = new Uint8Array(notesAt + noteBytes.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, rows.length / ROW_BYTES);
  view.setUint32(TIMESTAMP_LENGTH_OFFSET, timestamps.length);
  view.setUint32(TEXT_LENGTH_OFFSET, textLength);
  view.setUint32(NOTE_LENGTH_OFFSET, noteBytes.length);
  body.set(rows, BODY_HEADER_BYTES);
  body.set(timestamps, timestampsAt);
  body.set(noteBytes, notesAt);
  return { body, texts: body.subarray(textsAt, notesAt) };
}

type Note = { readonly after: number } & ({ readonly marker: LogMarker } | { readonly place: LogPlace });

function flatten(items: readonly LogItem[]): {
  readonly lines: readonly LogLine[];
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [];
  let lines: readonly LogLine[] = [];
  for (const item of items) {
    if (item.kind === 'marker') notes.push({ after: lines.length, marker: item.marker });
    else {
      lines = lines.length === 0 ? item.batch.lines : lines.concat(item.batch.lines);
      if (item.batch.place) notes.push({ after: lines.length, place: item.batch.place });
    }
  }
  return { lines, notes };
}

/** The timestamp before the one that is being encoded; a string would be read anew for each. */
const previousTimestamp = new Uint8Array(LONGEST_TIMESTAMP);

/** Fills in what the rows say of stream and timestamp. */
function encodeTimestamps(lines: readonly LogLine[], rows: Uint8Array, bytes: Uint8Array): Uint8Array {
  let length = 0;
  let previousLength = 0;
  let row = 0;
  for (const { timestamp: stated, stream } of lines) {
    const timestamp = stated.length > LONGEST_TIMESTAMP ? '' : stated;
    const most = Math.min(previousLength, timestamp.length);
    let index = 0;
    while (index < most && timestamp.charCodeAt(index) === previousTimestamp[index]) index++;
    rows[row] = stream === 'stdout' ? STDOUT : STDERR;
    rows[row + SHARED_OFFSET] = index;
    rows[row + REST_OFFSET] = timestamp.length - index;
    rows[row + RESERVED_OFFSET] = 0;
    row += ROW_BYTES;
    let units = 0;
    for (; index < timestamp.length; index++) {
      const unit = timestamp.charCodeAt(index);
      units |= unit;
      bytes[length++] = previousTimestamp[index] = unit;
    }
    if (units > LAST_ASCII) throw new ProtocolError('badMessage', 'A timestamp that is none.');
    previousLength = timestamp.length;
  }
  return bytes.subarray(0, length);
}

/** Fills in what the rows say of texts that are all ASCII, which nearly all are. */
function joinedTexts(lines: readonly LogLine[], rows: Uint8Array): string {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  let joined = '';
  let offset = TEXT_BYTES_OFFSET;
  for (const { text } of lines) {
    joined += text;
    view.setUint32(offset, text.length);
    offset += ROW_BYTES;
  }
  return joined;
}

/** UTF-8 needs at most this many bytes for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

/** The texts line by line, with their lengths in bytes. Joined, two lone surrogates would become a character. */
function encodeTexts(lines: readonly LogLine[], rows: Uint8Array, unitCount: number): Uint8Array {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  const bytes = new Uint8Array(unitCount * MOST_BYTES_PER_UNIT);
  let length = 0;
  let offset = TEXT_BYTES_OFFSET;
  for (const { text } of lines) {
    const written = encodeUtf8Into(text, bytes.subarray(length));
    view.setUint32(offset, written);
    length += written;
    offset += ROW_BYTES;
  }
  return bytes.subarray(0, length);
}

/** @throws ProtocolError `badFrame` */
export function decodeLogBody(body: Uint8Array): LogItem[] {
  const blocks = splitBody(body);
  const lines = decodeLines(blocks);
  return blocks.notes.length === 0 ? asItems(lines) : placeNotes(lines, decodeNotes(blocks.notes));
}

interface Blocks {
  readonly lineCount: number;
  readonly rows: DataView;
  readonly timestamps: Uint8Array;
  readonly texts: Uint8Array;
  readonly notes: Uint8Array;
}

function splitBody(body: Uint8Array): Blocks {
  if (body.length < BODY_HEADER_BYTES) throw badFrame('a body shorter than its header');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const lineCount = view.getUint32(0);
  if (lineCount > LIMITS.maxLinesPerFrame) throw badFrame('too many lines');
  const timestampsAt = BODY_HEADER_BYTES + lineCount * ROW_BYTES;
  const textsAt = timestampsAt + view.getUint32(TIMESTAMP_LENGTH_OFFSET);
  const notesAt = textsAt + view.getUint32(TEXT_LENGTH_OFFSET);
  // Sums of four 32-bit numbers: no overflow to hide in.
  if (notesAt + view.getUint32(NOTE_LENGTH_OFFSET) !== body.length)
    throw badFrame('blocks that do not fill it');
  return {
    lineCount,
    rows: new DataView(body.buffer, body.byteOffset + BODY_HEADER_BYTES, lineCount * ROW_BYTES),
    timestamps: body.subarray(timestampsAt, textsAt),
    texts: body.subarray(textsAt, notesAt),
    notes: body.subarray(notesAt),
  };
}

function decodeLines({ lineCount, rows, timestamps, texts }: Blocks): LogLine[] {
  const readText = textReader(texts);
  const readTimestamp = timestampReader(timestamps);
  const lines: LogLine[] = [];
  for (let row = 0; row < lineCount * ROW_BYTES; row += ROW_BYTES) {
    const stream = streamOf(rows.getUint8(row));
    if (rows.getUint8(row + RESERVED_OFFSET) !== 0) throw badFrame('an unknown kind of row');
    const timestamp = readTimestamp(rows.getUint8(row + SHARED_OFFSET), rows.getUint8(row + REST_OFFSET));
    lines.push({ timestamp, stream, text: readText(rows.getUint32(row + TEXT_BYTES_OFFSET)) });
  }
  readText(0, true);
  readTimestamp(0, 0, true);
  return lines;
}

function streamOf(value: number): LogStream {
  if (value === STDOUT) return 'stdout';
  if (value === STDERR) return 'stderr';
  throw badFrame('an unknown stream');
}

type TimestampReader = (shared: number, rest: number, isEnd?: boolean) => string;

function timestampReader(bytes: Uint8Array): TimestampReader {
  const all = decodeUtf8(bytes);
  if (all?.length !== bytes.length) throw badFrame('timestamps that are no ASCII');
  let previous = '';
  let offset = 0;
  return (shared, rest, isEnd) => {
    const end = offset + rest;
    if (shared > previous.length || shared + rest > LONGEST_TIMESTAMP) throw badFrame('a wrong timestamp');
    if (isEnd ? end !== all.length : end > all.length) throw badFrame('timestamps of another length');
    if (rest === 0 && shared === previous.length) return previous;
    const own = all.slice(offset, end);
    offset = end;
    previous = shared === 0 ? own : previous.slice(0, shared) + own;
    return previous;
  };
}

type TextReader = (length: number, isEnd?: boolean) => string;

/** Texts are cut out of the decoded whole. Where it is not all ASCII, bytes are counted as UTF-16 units first. */
function textReader(bytes: Uint8Array): TextReader {
  const all = decodeUtf8(bytes);
  if (all === undefined) throw badFrame('text that is no UTF-8');
  const isAscii = all.length === bytes.length;
  let offset = 0;
  let unitOffset = 0;
  return (length, isEnd) => {
    const end = offset + length;
    if (isEnd ? end !== bytes.length : end > bytes.length) throw badFrame('texts of another length');
    if (!isAscii && isContinuation(bytes[end])) throw badFrame('a character that two lines share');
    const unitEnd = unitOffset + (isAscii ? length : utf16Length(bytes, offset, end));
    const text = all.slice(unitOffset, unitEnd);
    offset = end;
    unitOffset = unitEnd;
    return text;
  };
}

const NoteSchema = v.object({
  after: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  marker: v.exactOptional(v.unknown()),
  place: v.exactOptional(LogPlaceSchema),
});
const NotesSchema = v.pipe(v.array(NoteSchema), v.maxLength(LIMITS.maxLinesPerFrame));

type ReceivedNote = v.InferOutput<typeof NoteSchema>;

function decodeNotes(bytes: Uint8Array): readonly ReceivedNote[] {
  const result = v.safeParse(NotesSchema, parseBody(bytes), { abortEarly: true });
  if (!result.success) throw badFrame(`notes that are none: ${describeIssue(result.issues[0])}`);
  return result.output;
}

/** Puts markers between the lines, and ends a batch at each place. */
function placeNotes(lines: readonly LogLine[], notes: readonly ReceivedNote[]): LogItem[] {
  const items: LogItem[] = [];
  let at = 0;
  for (const { after, marker, place } of notes) {
    if (after < at || after > lines.length) throw badFrame('a note at no line');
    const known = marker === undefined ? undefined : decodeMarker(marker);
    if (!known && !place) continue;
    const before = lines.slice(at, after);
    if (place) items.push({ kind: 'lines', batch: { ...batchOf(before), place } });
    else items.push(...asItems(before));
    if (known) items.push({ kind: 'marker', marker: known });
    at = after;
  }
  items.push(...asItems(lines.slice(at)));
  return items;
}

const KNOWN_MARKERS: ReadonlySet<unknown> = new Set(
  LogMarkerSchema.options.map(({ entries }) => entries.kind.literal),
);

/** `undefined` for a kind that a newer agent knows. */
function decodeMarker(value: unknown): LogMarker | undefined {
  if (!isJsonObject(value) || typeof value['kind'] !== 'string') throw badFrame('a marker that is none');
  if (!KNOWN_MARKERS.has(value['kind'])) return undefined;
  const result = v.safeParse(LogMarkerSchema, value, { abortEarly: true });
  if (!result.success) throw badFrame(`a marker that is none: ${describeIssue(result.issues[0])}`);
  return result.output;
}

function asItems(lines: readonly LogLine[]): LogItem[] {
  return lines.length === 0 ? [] : [{ kind: 'lines', batch: batchOf(lines) }];
}

function batchOf(lines: readonly LogLine[]): LogBatch {
  let textLength = lines.length;
  for (const { text } of lines) textLength += text.length;
  return { lines, textLength };
}
