import { parseTimestamp, toSeconds } from './logTime';

const NEWLINE = 0x0a;
const HYPHEN = 0x2d;
const LETTER_T = 0x54;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** The engine records a line of a terminal in parts of this many bytes at most. */
export const PART_BYTES = 16 * 1024;
const LONGEST_TIMESTAMP = 40;
/** A record without an end is handed on in pieces of about this many bytes. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/** Receives one record: the bytes of `buffer` from `start` up to `end`, valid only during the call. */
export type RecordHandler = (buffer: Uint8Array, start: number, end: number) => void;

/**
 * Cuts the log of a container with a terminal into records. Such a log has no frames: records follow each other as bare
 * `TIMESTAMP SP payload`. A record ends with its line ending or, where the engine cut a long line, after exactly
 * {@link PART_BYTES} of payload when a timestamp follows there.
 *
 * What a run left unterminated when it died stands directly before the first record of the next run. Such a place is
 * looked for in the lines of earlier runs only, and told from a timestamp that the container itself wrote by its being
 * later than the record's own: what a program stamps, the engine receives afterwards.
 */
export class TtyRecordReader {
  private pending: Uint8Array = new Uint8Array(0);
  private readonly runStartSeconds: number;

  /** @param runStartedAt when the container's present run began, RFC 3339; nothing is unterminated after that */
  constructor(
    private readonly onRecord: RecordHandler,
    runStartedAt = '',
  ) {
    const start = parseTimestamp(runStartedAt);
    this.runStartSeconds = start ? toSeconds(start) : 0;
  }

  get isMidRecord(): boolean {
    return this.pending.length > 0;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.pending.length > 0 ? join(this.pending, chunk) : chunk;
    let start = 0;
    for (;;) {
      const end = recordEnd(bytes, start);
      if (end === undefined) break;
      this.hand(bytes, start, end);
      start = end;
    }
    this.pending = bytes.slice(start);
    if (this.pending.length >= MAX_RECORD_BYTES) this.end();
  }

  private hand(bytes: Uint8Array, start: number, end: number): void {
    const cut = this.runStartSeconds > 0 ? this.nextRunWithin(bytes, start, end) : undefined;
    this.onRecord(bytes, start, cut ?? end);
    if (cut !== undefined) this.hand(bytes, cut, end);
  }

  /** Where in a line of an earlier run the record of a later one begins. */
  private nextRunWithin(bytes: Uint8Array, start: number, end: number): number | undefined {
    const seconds = stampSeconds(bytes, start);
    if (seconds === undefined || seconds >= this.runStartSeconds) return undefined;
    const followingSeconds = stampSeconds(bytes, end) ?? Infinity;
    for (let at = start + SHORTEST_STAMP; at < end; at++) {
      if (bytes[at + 4] !== HYPHEN || bytes[at + 10] !== LETTER_T || !beginsWithTimestamp(bytes, at))
        continue;
      const later = stampSeconds(bytes, at);
      if (later !== undefined && later > seconds && later <= followingSeconds) return at;
    }
    return undefined;
  }

  /** The log is complete, or this record endless: what is left is a record. */
  end(): void {
    const rest = this.pending;
    this.pending = new Uint8Array(0);
    if (rest.length > 0) this.hand(rest, 0, rest.length);
  }
}

/** Where the record that begins at `start` ends, or `undefined` while that can't be told yet. */
function recordEnd(bytes: Uint8Array, start: number): number | undefined {
  const newline = bytes.indexOf(NEWLINE, start);
  const payloadStart = timestampEnd(bytes, start);
  if (payloadStart === undefined) return newline < 0 ? undefined : newline + 1;
  const partEnd = payloadStart + PART_BYTES;
  if (newline >= 0 && newline <= partEnd) return newline + 1;
  if (bytes.length < partEnd + LONGEST_TIMESTAMP && newline < 0) return undefined;
  if (beginsWithTimestamp(bytes, partEnd)) return partEnd;
  return newline < 0 ? undefined : newline + 1;
}

function timestampEnd(bytes: Uint8Array, start: number): number | undefined {
  const space = bytes.subarray(start, start + LONGEST_TIMESTAMP).indexOf(SPACE);
  return space < 0 ? undefined : start + space + 1;
}

/** The form of `2026-11-21T07:38`, with `0` for any digit. */
const TIMESTAMP_FORM = '0000-00-00T00:00';

/** `2026-11-21T07:38:14.123456789Z` with its nine digits of fraction, as engines stamp records. */
const SHORTEST_STAMP = 30;

/** The timestamp that the engine wrote at this place, in seconds since the Unix epoch. */
function stampSeconds(bytes: Uint8Array, at: number): number | undefined {
  const end = timestampEnd(bytes, at);
  if (end === undefined || end - 1 - at < SHORTEST_STAMP) return undefined;
  const timestamp = parseTimestamp(String.fromCharCode(...bytes.subarray(at, end - 1)));
  return timestamp && toSeconds(timestamp);
}

function beginsWithTimestamp(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < TIMESTAMP_FORM.length; index++) {
    const wanted = TIMESTAMP_FORM.charCodeAt(index);
    const found = bytes[at + index] ?? 0;
    const isDigit = found >= ZERO && found <= NINE;
    if (wanted === ZERO ? !isDigit : found !== wanted) return false;
  }
  return timestampEnd(bytes, at) !== undefined;
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}
