/**
 * What the rig's writers print: `WRITER RUN SEQUENCE LENGTH CHECKSUM PAYLOAD`. The writer is a container and one of its
 * streams, so a line that comes out of the wrong stream or container is found out; the sequence counts from 1 in each
 * stream of each run; the length is the payload's in UTF-8 bytes; the checksum binds all of it together.
 */
import { crc32 } from './crc32';

export interface OracleLine {
  readonly writer: string;
  readonly run: number;
  readonly sequence: number;
}

/** A payload as the writers take it from their pool. */
export interface Payload {
  readonly text: string;
  readonly lengthBytes: number;
  /** {@link payloadChecksum} of the text. */
  readonly checksum: number;
}

/** Small enough that busybox's awk computes and prints everything with it as integers. */
export const CHECKSUM_MODULUS = 1_000_000_007;
export const RUN_FACTOR = 7_919;
export const SEQUENCE_FACTOR = 40_503;

const HEADER = /^(\S{1,64}) (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,10}) /;

export function makePayload(text: string): Payload {
  const bytes = Buffer.from(text);
  return { text, lengthBytes: bytes.length, checksum: payloadChecksum(bytes) };
}

export function payloadChecksum(bytes: Uint8Array): number {
  return crc32(bytes) % CHECKSUM_MODULUS;
}

export function formatOracleLine(writer: string, run: number, sequence: number, payload: Payload): string {
  const checksum = (payload.checksum + run * RUN_FACTOR + sequence * SEQUENCE_FACTOR) % CHECKSUM_MODULUS;
  return `${writer} ${run} ${sequence} ${payload.lengthBytes} ${checksum} ${payload.text}`;
}

/** The line, or `undefined` when any byte of it is not as it was written. */
export function parseOracleLine(text: string): OracleLine | undefined {
  const header = HEADER.exec(text);
  if (!header) return undefined;
  const [prefix, writer = '', run, sequence, length, checksum] = header;
  const bytes = Buffer.from(text.slice(prefix.length));
  if (bytes.length !== Number(length)) return undefined;
  const line = { writer, run: Number(run), sequence: Number(sequence) };
  const expected =
    (payloadChecksum(bytes) + line.run * RUN_FACTOR + line.sequence * SEQUENCE_FACTOR) % CHECKSUM_MODULUS;
  return expected === Number(checksum) ? line : undefined;
}

/** Whether a line begins here; no payload looks like that anywhere. */
export function beginsLikeOracleLine(text: string): boolean {
  return HEADER.test(text);
}
