import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { LogBatch, LogLine } from '../../src/model/log';
import { decodeFrame, encodeFrame, FRAME_HEADER_BYTES } from '../../src/protocol/dataFrames';
import { LIMITS } from '../../src/protocol/limits';
import { decodeLogBody, encodeLogBody } from '../../src/protocol/logFrames';
import { median } from './statistics';

const LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const LINE_LENGTH = 100;
const NANOSECONDS = 1e9;

/**
 * The codec of log frames alone, in lines per second of CPU time: lines of 100 bytes in batches of 64 KB, each with
 * its place. The peer is what one would write without it: an array of the lines as JSON.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- the signature of every benchmark
export async function wireBenchmark(): Promise<Readonly<Record<string, number | string>>> {
  const ascii = makeBatches((index) => `request ${index} `.padEnd(LINE_LENGTH, 'abcdefgh '));
  const unicode = makeBatches((index) => `Anfrage ${index} größer `.padEnd(LINE_LENGTH, 'abcdefg '));
  measure(ascii.slice(0, 50));
  measureJson(ascii.slice(0, 50));
  const runs = Array.from({ length: ROUNDS }, () => ({
    ascii: measure(ascii),
    unicode: measure(unicode),
    json: measureJson(ascii),
  }));
  const rate = (read: (run: (typeof runs)[number]) => number) =>
    Math.round(LINES / (median(runs.map(read)) / 1_000));
  const bytes = ascii.reduce((sum, batch) => sum + FRAME_HEADER_BYTES + encode(batch).length, 0);
  const sample = encode(ascii[0]);
  const compressed = deflateRawSync(sample, { level: 1 });
  return {
    'wire.encode.linesPerSecond': rate((run) => run.ascii.encodeMs),
    'wire.decode.linesPerSecond': rate((run) => run.ascii.decodeMs),
    'wire.encodeUnicode.linesPerSecond': rate((run) => run.unicode.encodeMs),
    'wire.decodeUnicode.linesPerSecond': rate((run) => run.unicode.decodeMs),
    'wire.encodeJson.linesPerSecond': rate((run) => run.json.encodeMs),
    'wire.decodeJson.linesPerSecond': rate((run) => run.json.decodeMs),
    'wire.bytesPerLine': Number((bytes / LINES).toFixed(1)),
    'wire.deflateRatio': Number((sample.length / compressed.length).toFixed(1)),
    'wire.inflateMs': Number(timed(() => inflateRawSync(compressed)).toFixed(3)),
  };
}

function makeBatches(textOf: (index: number) => string): LogBatch[] {
  const batches: LogBatch[] = [];
  const perBatch = Math.floor(LIMITS.logBatchBytes / (LINE_LENGTH + 1));
  for (let first = 0; first < LINES; first += perBatch) {
    const count = Math.min(perBatch, LINES - first);
    const lines = Array.from({ length: count }, (_, index) => makeLine(first + index, textOf));
    batches.push({ lines, textLength: count * (LINE_LENGTH + 1), place: placeAt(lines) });
  }
  return batches;
}

function makeLine(index: number, textOf: (index: number) => string): LogLine {
  const nanoseconds = String((index * 1_003) % NANOSECONDS).padStart(9, '0');
  return {
    timestamp: flat(`2026-11-21T09:32:16.${nanoseconds}Z`),
    stream: index % 10 === 0 ? 'stderr' : 'stdout',
    text: flat(textOf(index)),
  };
}

/** As a decoder makes it: in one piece, which a joined string is not before it is first read. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

function placeAt(lines: readonly LogLine[]): NonNullable<LogBatch['place']> {
  const timestamp = lines.at(-1)?.timestamp ?? '';
  const cursor = {
    containerId: 'c'.repeat(64),
    timestamp,
    stream: 'stdout',
    ordinal: 1,
    hash: 123_456_789,
  } as const;
  return { cursor, runStartedAt: '2026-11-21T09:00:00.000000001Z', identity: { name: 'web' } };
}

function encode(batch: LogBatch | undefined): Uint8Array {
  return encodeLogBody(batch ? [{ kind: 'lines', batch }] : []);
}

interface Times {
  readonly encodeMs: number;
  readonly decodeMs: number;
}

function measure(batches: readonly LogBatch[]): Times {
  const frames: Uint8Array[] = [];
  const encodeMs = timed(() => {
    for (const [index, batch] of batches.entries()) {
      const body = encode(batch);
      const header = {
        type: 'log_update',
        stream: 1,
        sequence: index + 1,
        bodyLength: body.length,
        isCompressed: false,
      } as const;
      frames.push(encodeFrame(header, body));
    }
  });
  let lines = 0;
  const decodeMs = timed(() => {
    for (const frame of frames)
      for (const item of decodeLogBody(decodeFrame(frame).body))
        if (item.kind === 'lines') lines += item.batch.lines.length;
  });
  if (lines !== batches.reduce((sum, batch) => sum + batch.lines.length, 0))
    throw new Error('Lines were lost.');
  return { encodeMs, decodeMs };
}

function measureJson(batches: readonly LogBatch[]): Times {
  const frames: Buffer[] = [];
  const encodeMs = timed(() => {
    for (const batch of batches) frames.push(Buffer.from(JSON.stringify(batch)));
  });
  const decodeMs = timed(() => {
    for (const frame of frames) JSON.parse(frame.toString());
  });
  return { encodeMs, decodeMs };
}

/** CPU time: wall time says more about what else a shared machine does. */
function timed(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}
