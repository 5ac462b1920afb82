import * as v from 'valibot';
import type { MachineUpdate } from '../model/machineMetrics';
import type { MetricGapReason, MetricSample } from '../model/metrics';
import { badFrame, parseBody } from './dataFrames';
import type { WireError } from './errorCodes';
import { GapSchema, LATEST_TIME_MS, MachineUpdateSchema } from './metricsSchemas';
import { decodeUtf8, encodeUtf8 } from './utf8';

/** The figures of a sample, in the order of their bits; the table "Figures" of PROTOCOL.md. */
export const SAMPLE_FIELDS = [
  'cpuPercent',
  'processors',
  'memoryBytes',
  'memoryLimitBytes',
  'memoryPercent',
  'networkReceivedBytes',
  'networkSentBytes',
  'networkReceivedBytesPerSecond',
  'networkSentBytesPerSecond',
  'blockReadBytes',
  'blockWrittenBytes',
  'blockReadBytesPerSecond',
  'blockWrittenBytesPerSecond',
  'processes',
] as const satisfies readonly Exclude<keyof MetricSample, 'timeMs'>[];

/** What the entries of a `metrics_update` say. */
export type MetricsEntry =
  | { readonly kind: 'name'; readonly key: number; readonly containerId: string }
  | { readonly kind: 'sample'; readonly key: number; readonly sample: MetricSample }
  | { readonly kind: 'gap'; readonly key: number; readonly gap: WireGap }
  | { readonly kind: 'machine'; readonly update: MachineUpdate };

export interface WireGap {
  readonly reason: MetricGapReason;
  readonly error?: WireError;
}

/** What stands behind an entry's header; that of one sample is the same for all who get it. */
export interface EntryContent {
  readonly kind: MetricsEntry['kind'];
  readonly present: number;
  readonly payload: Uint8Array;
}

const ENTRY_KINDS = { name: 1, sample: 2, gap: 3, machine: 4 } as const satisfies Record<
  MetricsEntry['kind'],
  number
>;
const HEADER_BYTES = 12;
const PRESENT_OFFSET = 2;
const KEY_OFFSET = 4;
const LENGTH_OFFSET = 8;
const NUMBER_BYTES = 8;
const LONGEST_ID = 128;
/** Text of an engine; more says no more. */
const LONGEST_MESSAGE = 500;

export function nameContent(containerId: string): EntryContent {
  return { kind: 'name', present: 0, payload: encodeUtf8(containerId) };
}

export function sampleContent(sample: MetricSample): EntryContent {
  const values = [sample.timeMs];
  let present = 0;
  SAMPLE_FIELDS.forEach((field, bit) => {
    const value = sample[field];
    if (value === undefined) return;
    present |= 1 << bit;
    values.push(value);
  });
  const payload = new Uint8Array(values.length * NUMBER_BYTES);
  const view = new DataView(payload.buffer);
  values.forEach((value, index) => view.setFloat64(index * NUMBER_BYTES, value));
  return { kind: 'sample', present, payload };
}

export function gapContent({ reason, error }: WireGap): EntryContent {
  const shortened = error && { ...error, message: error.message.slice(0, LONGEST_MESSAGE) };
  return jsonContent('gap', { reason, ...(shortened && { error: shortened }) });
}

export function machineContent(update: MachineUpdate): EntryContent {
  return jsonContent('machine', update);
}

function jsonContent(kind: 'gap' | 'machine', value: object): EntryContent {
  return { kind, present: 0, payload: encodeUtf8(JSON.stringify(value)) };
}

/** Gathers the entries of one `metrics_update`. */
export class MetricsBody {
  private readonly entries: { readonly key: number; readonly content: EntryContent }[] = [];
  private lengthBytes = 0;

  /** @param key which container it is about on this stream; 0 for the machine */
  add(key: number, content: EntryContent): void {
    this.entries.push({ key, content });
    this.lengthBytes += HEADER_BYTES + content.payload.length;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.lengthBytes);
    const view = new DataView(bytes.buffer);
    let offset = 0;
    for (const { key, content } of this.entries) {
      const { kind, present, payload } = content;
      view.setUint8(offset, ENTRY_KINDS[kind]);
      view.setUint16(offset + PRESENT_OFFSET, present);
      view.setUint32(offset + KEY_OFFSET, key);
      view.setUint32(offset + LENGTH_OFFSET, payload.length);
      bytes.set(payload, offset + HEADER_BYTES);
      offset += HEADER_BYTES + payload.length;
    }
    return bytes;
  }
}

/**
 * The entries of a `metrics_update`, without those of a kind that this client does not know. A figure that is no number
 * a container can have is left out.
 *
 * @throws ProtocolError `badFrame`
 */
export function decodeMetricsBody(body: Uint8Array): readonly MetricsEntry[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const entries: MetricsEntry[] = [];
  let offset = 0;
  while (offset < body.length) {
    if (offset + HEADER_BYTES > body.length) throw badFrame('an entry that is cut off');
    const end = offset + HEADER_BYTES + view.getUint32(offset + LENGTH_OFFSET);
    if (end > body.length) throw badFrame('an entry that is cut off');
    const payload = body.subarray(offset + HEADER_BYTES, end);
    const key = view.getUint32(offset + KEY_OFFSET);
    const present = view.getUint16(offset + PRESENT_OFFSET);
    const entry = decodeEntry(view.getUint8(offset), key, present, payload);
    if (entry) entries.push(entry);
    offset = end;
  }
  return entries;
}

function decodeEntry(
  kind: number,
  key: number,
  present: number,
  payload: Uint8Array,
): MetricsEntry | undefined {
  switch (kind) {
    case ENTRY_KINDS.name:
      return { kind: 'name', key, containerId: decodeName(payload) };
    case ENTRY_KINDS.sample:
      return { kind: 'sample', key, sample: decodeSample(present, payload) };
    case ENTRY_KINDS.gap:
      return { kind: 'gap', key, gap: decodeJson(GapSchema, payload) };
    case ENTRY_KINDS.machine:
      return { kind: 'machine', update: decodeJson(MachineUpdateSchema, payload) };
    default:
      return undefined;
  }
}

function decodeName(payload: Uint8Array): string {
  const name = payload.length <= LONGEST_ID ? decodeUtf8(payload) : undefined;
  if (name === undefined || name === '') throw badFrame('a container without an id');
  return name;
}

function decodeSample(present: number, payload: Uint8Array): MetricSample {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < NUMBER_BYTES * (1 + bitCount(present))) throw badFrame('a sample that is cut off');
  const timeMs = view.getFloat64(0);
  if (!(timeMs >= 0 && timeMs <= LATEST_TIME_MS)) throw badFrame('a sample of no time');
  const values: Partial<Record<(typeof SAMPLE_FIELDS)[number], number>> = {};
  let offset = NUMBER_BYTES;
  SAMPLE_FIELDS.forEach((field, bit) => {
    if ((present & (1 << bit)) === 0) return;
    const value = view.getFloat64(offset);
    offset += NUMBER_BYTES;
    if (Number.isFinite(value) && value >= 0) values[field] = value;
  });
  return { ...NO_FIGURES, ...values, timeMs };
}

const NO_FIGURES: Omit<MetricSample, 'timeMs'> = {
  cpuPercent: undefined,
  processors: undefined,
  memoryBytes: undefined,
  memoryLimitBytes: undefined,
  memoryPercent: undefined,
  networkReceivedBytes: undefined,
  networkSentBytes: undefined,
  networkReceivedBytesPerSecond: undefined,
  networkSentBytesPerSecond: undefined,
  blockReadBytes: undefined,
  blockWrittenBytes: undefined,
  blockReadBytesPerSecond: undefined,
  blockWrittenBytesPerSecond: undefined,
  processes: undefined,
};

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left > 0; left &= left - 1) count++;
  return count;
}

function decodeJson<Schema extends v.GenericSchema>(
  schema: Schema,
  payload: Uint8Array,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, parseBody(payload), { abortEarly: true });
  if (!result.success) throw badFrame('an entry that makes no sense');
  return result.output;
}
