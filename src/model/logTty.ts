import { parseTimestamp, toSeconds } from './logTime';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
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

/** Another run of the container may have begun since it was looked at; nothing from the doubtful line on was handed on. */
export class RunInDoubtError extends Error {
  override readonly name = 'RunInDoubtError';

  constructor() {
    super('Another run of the container may have begun.');
  }
}

/** What is known of the run that a log is of. */
export interface KnownRun {
  /** When it began, RFC 3339; empty if the container never ran. */
  readonly startedAt: string;
  /** It lasts as long as the log is being read. */
  readonly isSure: boolean;
}

/**
 * Cuts the log of a container with a terminal into records. Such a log has no frames: records follow each other as bare
 * `TIMESTAMP SP payload`. A record ends with its line ending or, where the engine cut a long line, after exactly
 * {@link PART_BYTES} of payload when a timestamp follows there. The json-file driver stores U+FFFD, three bytes, for each
 * byte that is no UTF-8, such as half a character at the end of a part: then the timestamp follows later by as much. The
 * local driver of engine 20.10 leaves out the line ending of a line that was cut, so that the next record follows
 * directly, after the carriage return that a terminal puts there.
 *
 * What a run left unterminated when it died stands directly before the first record of the next run. Such a place is
 * told from a timestamp that the container itself wrote by its being later than the record's own: what a program stamps,
 * the engine receives afterwards. In the lines of the present run there is none, if it is sure that this is the present
 * one; else reading ends there with a {@link RunInDoubtError}.
 */
export class TtyRecordReader {
  private pending: Uint8Array = new Uint8Array(0);
  /** The record before was a part, and the next continues its line. */
  private isInLongLine = false;
  private readonly runStartSeconds: number;

  constructor(
    private readonly onRecord: RecordHandler,
    private readonly run: KnownRun = { startedAt: '', isSure: true },
  ) {
    const start = parseTimestamp(run.startedAt);
    this.runStartSeconds = start ? toSeconds(start) : 0;
  }

  get isMidRecord(): boolean {
    return this.pending.length > 0;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.pending.length > 0 ? join(this.pending, chunk) : chunk;
    let start = 0;
    for (;;) {
      const bare = this.isInLongLine ? bareEnd(bytes, start) : undefined;
      const end = bare ?? recordEnd(bytes, start);
      if (end === undefined) break;
      this.isInLongLine = bare === undefined && bytes[end - 1] !== NEWLINE;
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
    if (seconds === undefined) return undefined;
    const isOfPresentRun = seconds >= this.runStartSeconds;
    if (isOfPresentRun && this.run.isSure) return undefined;
    const followingSeconds = stampSeconds(bytes, end) ?? Infinity;
    for (let at = start + SHORTEST_STAMP; at < end; at++) {
      if (bytes[at + 4] !== HYPHEN || bytes[at + 10] !== LETTER_T || !beginsWithTimestamp(bytes, at))
        continue;
      const later = stampSeconds(bytes, at);
      if (later === undefined || later <= seconds || later > followingSeconds) continue;
      if (isOfPresentRun) throw new RunInDoubtError();
      return at;
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
  const shortestEnd = payloadStart + PART_BYTES;
  if (newline >= 0 && newline <= shortestEnd) return newline + 1;
  const known = newline < 0 ? bytes.length : newline;
  return partEnd(bytes, start, payloadStart, known) ?? (newline < 0 ? undefined : newline + 1);
}

/** Where the last part of a long line ends that has no line ending, because the next record follows; else `undefined`. */
function bareEnd(bytes: Uint8Array, start: number): number | undefined {
  const payloadStart = timestampEnd(bytes, start);
  if (payloadStart === undefined) return undefined;
  if (beginsWithRecord(bytes, payloadStart)) return payloadStart;
  // A full part is not the last one, whatever its last character is.
  const limit = payloadStart + PART_BYTES - 1;
  const newline = bytes.subarray(payloadStart, limit).indexOf(NEWLINE);
  const longestEnd = newline < 0 ? limit : payloadStart + newline;
  let at = bytes.indexOf(CARRIAGE_RETURN, payloadStart);
  for (; at >= 0 && at < longestEnd; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
    if (beginsWithRecord(bytes, at + 1)) return at + 1;
  }
  return undefined;
}

function beginsWithRecord(bytes: Uint8Array, at: number): boolean {
  return beginsWithTimestamp(bytes, at) && stampSeconds(bytes, at) !== undefined;
}

/** Where a part of a long line ends; `undefined` when that is not before `known`. */
function partEnd(bytes: Uint8Array, start: number, payloadStart: number, known: number): number | undefined {
  const shortestEnd = payloadStart + PART_BYTES;
  if (known <= shortestEnd) return undefined;
  if (beginsWithTimestamp(bytes, shortestEnd)) return shortestEnd;
  const longestEnd = Math.min(known, payloadStart + PART_BYTES * REPLACEMENT.length);
  let end = shortestEnd;
  let at = nextReplacement(bytes, payloadStart);
  for (; at >= 0 && at < longestEnd; at = nextReplacement(bytes, at + 1)) {
    end += REPLACEMENT.length - 1;
    // All parts carry the timestamp of the first.
    if (isEqualAt(bytes, end, bytes.subarray(start, payloadStart))) return end;
  }
  return undefined;
}

function nextReplacement(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(REPLACEMENT[0] ?? 0, from);
  while (at >= 0 && !isEqualAt(bytes, at, REPLACEMENT)) at = bytes.indexOf(REPLACEMENT[0] ?? 0, at + 1);
  return at;
}

function isEqualAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return bytes[at] === wanted[0] && wanted.every((byte, index) => bytes[at + index] === byte);
}

function timestampEnd(bytes: Uint8Array, start: number): number | undefined {
  const space = bytes.subarray(start, start + LONGEST_TIMESTAMP).indexOf(SPACE);
  return space < 0 ? undefined : start + space + 1;
}

/** U+FFFD in UTF-8. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

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
