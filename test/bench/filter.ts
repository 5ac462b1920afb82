import { decodeUtf8 } from '../../src/engine/docker/utf8';
import { systemClock } from '../../src/base/clock';
import type { LogBatch, LogLine } from '../../src/model/log';
import { LogBatcher } from '../../src/model/logBatcher';
import { compileFilter, type CompiledFilter, type LogFilter } from '../../src/model/logFilter';
import { FilterRun } from '../../src/model/logFilterRun';
import { FrameReader } from '../../src/model/logFraming';
import { LineAssembler } from '../../src/model/logLines';
import { LogPosition } from '../../src/model/logPosition';
import { seededRandom } from '../support/random';
import type { Figures } from './main';
import { hostilePatterns } from './hostilePatterns';
import { alternate, median, rounded } from './statistics';

const LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
/** The lines are read in so many turns, so that what else the machine does meets both sides alike. */
const TURNS = 10;
const LINES_A_TURN = Math.ceil(LINES / TURNS);
/** As the engine's stream arrives. */
const CHUNK_BYTES = 64 * 1024;
/** So many different lines are enough, and fit into memory. */
const DISTINCT_LINES = 50_000;

const CONTAINER = 'bench';

const FILTER: LogFilter = {
  minimumLevel: 'info',
  include: [{ kind: 'regex', source: 'GET /api/\\w+ took \\d{3,} ms', flags: '' }],
  exclude: [{ kind: 'text', text: '/healthz', matchCase: false }],
  contextLines: 0,
};

/**
 * Lines through a least level, a regular expression and an exclusion, beside the same lines without a filter: both take
 * the engine's frames apart, assemble the lines, follow their place in the log and hand them on in batches, as the
 * engine does. `filter.vsAssembly` sets the filter beside nothing but the frames taken apart and assembled.
 */
export async function filterBenchmark(): Promise<Figures> {
  const chunks = backlog();
  let shown = 0;
  const times = await alternate(
    ROUNDS * TURNS,
    () => Promise.resolve((shown = read(chunks, filteredReader()))),
    () => Promise.resolve(read(chunks, unfilteredReader())),
  );
  const assembly = await alternate(
    ROUNDS * TURNS,
    () => Promise.resolve(read(chunks, filterOnly())),
    () => Promise.resolve(read(chunks, counter())),
  );
  const seconds = { ours: (median(times.ours) * TURNS) / 1000, peer: (median(times.peer) * TURNS) / 1000 };
  return {
    'filter.lines': LINES_A_TURN * TURNS,
    'filter.linesShown': shown * TURNS,
    'filter.seconds': rounded(seconds.ours),
    'filter.unfilteredSeconds': rounded(seconds.peer),
    'filter.linesPerSecond': Math.round(LINES / seconds.ours),
    'filter.vsUnfiltered': rounded(seconds.ours / seconds.peer),
    'filter.vsAssembly': rounded(median(assembly.ours) / median(assembly.peer)),
    ...hostilePatterns(),
  };
}

interface Reader {
  line(line: LogLine): void;
  /** How many lines came out at the other end. */
  count(): number;
}

function unfilteredReader(): Reader {
  const { deliver, count } = counting();
  const batcher = new LogBatcher(deliver, systemClock);
  const position = new LogPosition(CONTAINER);
  return {
    line: (line) => {
      if (position.accept(line)) batcher.add(line);
    },
    count: () => {
      batcher.flush();
      batcher.dispose();
      return count();
    },
  };
}

function filteredReader(): Reader {
  const { deliver, count } = counting();
  const batcher = new LogBatcher(deliver, systemClock);
  const position = new LogPosition(CONTAINER);
  const run = new FilterRun(compiled(), ({ line }) => batcher.add(line));
  return {
    line: (line) => {
      if (position.accept(line)) run.push(line);
    },
    count: () => {
      batcher.flush();
      batcher.dispose();
      return count();
    },
  };
}

function filterOnly(): Reader {
  let shown = 0;
  const run = new FilterRun(compiled(), () => shown++);
  return { line: (line) => run.push(line), count: () => shown };
}

function counter(): Reader {
  let lines = 0;
  return { line: () => lines++, count: () => lines };
}

function counting(): { deliver: (batch: LogBatch) => void; count: () => number } {
  let lines = 0;
  return { deliver: (batch) => (lines += batch.lines.length), count: () => lines };
}

function compiled(): CompiledFilter {
  const filter = compileFilter(FILTER);
  if (filter.kind === 'filterError') throw new Error(filter.message);
  return filter;
}

/** The engine's bytes to lines, as `src/engine/docker` reads them; returns how many came out. */
function read(chunks: readonly Uint8Array[], reader: Reader): number {
  let lines = 0;
  const line = (line: LogLine): void => {
    if (++lines <= LINES_A_TURN) reader.line(line);
  };
  const assembler = new LineAssembler({ line, engineMessage: () => undefined }, decodeUtf8);
  const frames = new FrameReader((type, buffer, start, end) =>
    assembler.pushRecord(type, buffer, start, end),
  );
  while (lines < LINES_A_TURN) {
    for (const chunk of chunks) frames.push(chunk);
  }
  assembler.end();
  const count = reader.count();
  if (count === 0) throw new Error('No line came.');
  return count;
}

function backlog(): Uint8Array[] {
  const random = seededRandom(1);
  const distinct = Math.min(LINES_A_TURN, DISTINCT_LINES);
  const frames = Array.from({ length: distinct }, (_, index) =>
    frame(`${stamp(index)} ${text(index, random)}\n`),
  );
  const bytes = Buffer.concat(frames);
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    chunks.push(bytes.subarray(start, start + CHUNK_BYTES));
  }
  return chunks;
}

function stamp(index: number): string {
  return `2026-11-21T07:38:14.${String(index).padStart(9, '0')}Z`;
}

const LEVELS = ['DEBUG', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'WARN', 'ERROR'];
const PATHS = ['/api/orders', '/api/customers', '/healthz', '/assets/app.js'];

type Form = (level: string, message: string, index: number) => string;

/** How services write the same, each as often as it stands here. */
const FORMS: readonly Form[] = [
  ...Array<Form>(8).fill(
    (level, message, index) =>
      `2026-11-21 07:38:14.${millis(index)} ${level.padEnd(5)} 1 --- [nio-8080-exec-${index % 9}] c.e.shop.Requests : ${message}`,
  ),
  ...Array<Form>(4).fill(
    (level, message, index) =>
      `{"time":"2026-11-21T07:38:14.${millis(index)}Z","level":"${level.toLowerCase()}","logger":"shop.requests","msg":"${message}"}`,
  ),
  ...Array<Form>(3).fill(
    (level, message, index) =>
      `ts=2026-11-21T07:38:14.${millis(index)}Z level=${level.toLowerCase()} caller=server.go:${index % 400} msg="${message}"`,
  ),
  (level, message, index) =>
    `${level[0] ?? 'I'}1121 07:38:14.${millis(index)}000       1 server.go:87] ${message}`,
  (level, message, index) => `2026-11-21 07:38:14,${millis(index)} - shop.requests - ${level} - ${message}`,
  (level, message, index) => `[07:38:14.${millis(index)}] [${level.toLowerCase()}] ${message}`,
  (_level, message, index) =>
    `10.0.0.${index % 250} - - [21/Nov/2026:07:38:14 +0000] "${message.replace(/ took.*/, '')} HTTP/1.1" 200 1234 "-" "curl/8.5"`,
];
/** So many of all lines are parts of a stack trace. */
const TRACE_SHARE = 0.05;

/** A line of about 105 bytes as many services write it. */
function text(index: number, random: () => number): string {
  const pick = <T>(from: readonly T[], otherwise: T): T =>
    from[Math.floor(random() * from.length)] ?? otherwise;
  if (random() < TRACE_SHARE)
    return `    at com.example.shop.Checkout.pay(Checkout.java:${Math.floor(random() * 900)})`;
  const message = `GET ${pick(PATHS, '/')} took ${Math.floor(random() ** 4 * 2_000)} ms`;
  return pick(FORMS, (_level, plain) => plain)(pick(LEVELS, 'INFO'), message, index);
}

function millis(index: number): string {
  return String(index % 1000).padStart(3, '0');
}

function frame(record: string): Buffer {
  const payload = Buffer.from(record);
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
