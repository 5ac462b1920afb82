import * as v from 'valibot';
import { describeIssue, isJsonObject } from './envelope';
import { ProtocolError } from './errorCodes';
import { parseJson } from './json';
import { LIMITS } from './limits';
import { ContainerIdSchema, WireErrorSchema } from './schemas';
import { decodeUtf8, encodeUtf8 } from './utf8';

/** The kinds of binary frames; the table in PROTOCOL.md's chapter 7. */
export const FRAME_TYPES = {
  log_update: 1,
  log_stream_stopped: 2,
  exec_output: 3,
  exec_exited: 4,
  exec_input: 5,
  metrics_update: 16,
  metrics_history: 17,
  metrics_history_end: 18,
  deployment_entries: 32,
  deployment_stream_ended: 33,
  upload_data: 34,
  upload_complete: 35,
  upload_ended: 36,
} as const;

export type FrameType = keyof typeof FRAME_TYPES;

export const FRAME_HEADER_BYTES = 20;

const COMPRESSED_FLAG = 1;
const FLAGS_OFFSET = 1;
const RESERVED_OFFSET = 2;
const STREAM_OFFSET = 4;
const SEQUENCE_HIGH_OFFSET = 8;
const SEQUENCE_LOW_OFFSET = 12;
const BODY_LENGTH_OFFSET = 16;
const TWO_TO_32 = 0x1_0000_0000;
const HIGHEST_HALF = 0x1f_ffff;

const TYPE_BY_NUMBER: ReadonlyMap<number, FrameType> = new Map(
  (Object.keys(FRAME_TYPES) as FrameType[]).map((type) => [FRAME_TYPES[type], type]),
);

/** What stands before a body. */
export interface FrameHeader {
  readonly type: FrameType;
  readonly stream: number;
  readonly sequence: number;
  /** Before compression. */
  readonly bodyLength: number;
  readonly isCompressed: boolean;
}

export interface ReceivedFrame {
  /** `undefined` for a type of a newer peer. */
  readonly type: FrameType | undefined;
  readonly stream: number;
  readonly sequence: number;
  readonly bodyLength: number;
  /** The body has to be inflated (raw DEFLATE) to exactly `bodyLength` bytes before it is decoded. */
  readonly isCompressed: boolean;
  /** A view into the message, valid as long as that is. */
  readonly body: Uint8Array;
}

/** What a frame counts against its stream's credit. */
export function frameCost({ bodyLength }: { readonly bodyLength: number }): number {
  return FRAME_HEADER_BYTES + bodyLength;
}

/**
 * The 20 bytes before a body. A body that several clients get is encoded once: send the header as a first fragment of the
 * message and the shared body as its last, or join the two.
 */
export function encodeFrameHeader(header: FrameHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  writeHeader(bytes, header);
  return bytes;
}

/** A complete message; copies the body. */
export function encodeFrame(header: FrameHeader, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  writeHeader(bytes, header);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

function writeHeader(bytes: Uint8Array<ArrayBuffer>, header: FrameHeader): void {
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_TYPES[header.type]);
  view.setUint8(FLAGS_OFFSET, header.isCompressed ? COMPRESSED_FLAG : 0);
  view.setUint32(STREAM_OFFSET, header.stream);
  view.setUint32(SEQUENCE_HIGH_OFFSET, Math.floor(header.sequence / TWO_TO_32));
  view.setUint32(SEQUENCE_LOW_OFFSET, header.sequence % TWO_TO_32);
  view.setUint32(BODY_LENGTH_OFFSET, header.bodyLength);
}

/** @throws ProtocolError `badFrame` */
export function decodeFrame(message: Uint8Array): ReceivedFrame {
  if (message.length < FRAME_HEADER_BYTES) throw badFrame('shorter than a header');
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint8(FLAGS_OFFSET);
  if (flags > COMPRESSED_FLAG || view.getUint16(RESERVED_OFFSET) !== 0) throw badFrame('unknown flags');
  const high = view.getUint32(SEQUENCE_HIGH_OFFSET);
  if (high > HIGHEST_HALF) throw badFrame('a sequence number out of range');
  const frame: ReceivedFrame = {
    type: TYPE_BY_NUMBER.get(view.getUint8(0)),
    stream: view.getUint32(STREAM_OFFSET),
    sequence: high * TWO_TO_32 + view.getUint32(SEQUENCE_LOW_OFFSET),
    bodyLength: view.getUint32(BODY_LENGTH_OFFSET),
    isCompressed: flags === COMPRESSED_FLAG,
    body: message.subarray(FRAME_HEADER_BYTES),
  };
  checkBody(frame);
  return frame;
}

function checkBody({ stream, sequence, bodyLength, isCompressed, body }: ReceivedFrame): void {
  if (stream === 0 || sequence === 0) throw badFrame('no stream or sequence number');
  if (bodyLength > LIMITS.maxBodyBytes) throw badFrame('a body over the limit');
  const fits = isCompressed ? body.length < bodyLength : body.length === bodyLength;
  if (!fits) throw badFrame('a body of another length than it states');
}

const StoppedSchema = v.object({
  container_id: ContainerIdSchema,
  message: v.string(),
  error: v.exactOptional(WireErrorSchema),
});

const ExitedSchema = v.object({
  exitCode: v.exactOptional(v.pipe(v.number(), v.safeInteger())),
  error: v.exactOptional(WireErrorSchema),
});

/** The body of `log_stream_stopped`. Without an error the log was read to its end. */
export type LogStreamStopped = v.InferOutput<typeof StoppedSchema>;
/** The body of `exec_exited`. */
export type ExecExited = v.InferOutput<typeof ExitedSchema>;

const HistoryEndSchema = v.object({ error: v.exactOptional(WireErrorSchema) });

/** The body of `metrics_history_end`. Without an error everything was read. */
export type MetricsHistoryEnd = v.InferOutput<typeof HistoryEndSchema>;

export function encodeJsonBody(
  body: LogStreamStopped | ExecExited | MetricsHistoryEnd,
): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(body));
}

/** @throws ProtocolError `badFrame` */
export function decodeLogStreamStopped(body: Uint8Array): LogStreamStopped {
  return decodeJsonBody(StoppedSchema, body);
}

/** @throws ProtocolError `badFrame` */
export function decodeExecExited(body: Uint8Array): ExecExited {
  return decodeJsonBody(ExitedSchema, body);
}

/** @throws ProtocolError `badFrame` */
export function decodeMetricsHistoryEnd(body: Uint8Array): MetricsHistoryEnd {
  return decodeJsonBody(HistoryEndSchema, body);
}

export function decodeJsonBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: Uint8Array,
): v.InferOutput<Schema> {
  const value = parseBody(body);
  if (!isJsonObject(value)) throw badFrame('a body that is no object');
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) throw badFrame(describeIssue(result.issues[0]));
  return result.output;
}

/** @throws ProtocolError `badFrame` */
export function parseBody(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  if (text === undefined) throw badFrame('text that is no UTF-8');
  try {
    return parseJson(text);
  } catch {
    throw badFrame('JSON that is none, or nested too deeply');
  }
}

export function badFrame(what: string): ProtocolError {
  return new ProtocolError('badFrame', `A data frame with ${what}.`);
}
