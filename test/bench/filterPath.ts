import { decodeUtf8 } from '../../src/engine/docker/utf8';
import { systemClock } from '../../src/base/clock';
import type { LogBatch, LogLine } from '../../src/model/log';
import { LogBatcher } from '../../src/model/logBatcher';
import { compileFilter, type CompiledFilter } from '../../src/model/logFilter';
import { FilterRun } from '../../src/model/logFilterRun';
import { FrameReader } from '../../src/model/logFraming';
import { LineAssembler } from '../../src/model/logLines';
import { LogPosition } from '../../src/model/logPosition';
import { seededRandom } from '../support/random';
import type { Figures } from './main';
import { BENCHED_FILTER } from './benchedFilter';
import { hostilePatterns } from './hostilePatterns';
import { mixedLine } from './mixedLines';
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

/**
 * Lines through a least level, a regular expression and an exclusion, beside the same lines without a filter: both take
 * the engine's frames apart, assemble the lines, follow their place in the log and hand them on in batches, as the
 * engine does. `filter.vsAssembly` sets the filter beside nothing but the frames taken apart and assembled.
 *
 * Runs as a process of its own, bundled as the product is: what loads TypeScript as it runs makes calls between modules
 * several times slower. Prints one JSON object.
 */
async function measure(): Promise<Figures> {
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
  const filter = compileFilter(BENCHED_FILTER);
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
    frame(`${stamp(index)} ${mixedLine(index, random)}\n`),
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

function frame(record: string): Buffer {
  const payload = Buffer.from(record);
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

void measure().then((figures) => console.log(JSON.stringify(figures)));
