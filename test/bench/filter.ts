import Docker from 'dockerode';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { LogFilter } from '../../src/model/logFilter';
import { eventually } from '../support/eventually';
import { seededRandom } from '../support/random';
import { busyboxImage, testLabel } from '../support/testEngine';
import { BENCHED_FILTER } from './benchedFilter';
import { withEngine } from './engine';
import type { Figures } from './main';
import { mixedLine } from './mixedLines';
import { alternate, median, rounded } from './statistics';

const LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
/** The container writes the same lines so often. */
const REPETITIONS = 20;
const EXPECTED_OUTPUT_BYTES = 1_000_000;

/**
 * What a least level, a regular expression and an exclusion cost, beside the same lines unfiltered: a log read from a
 * real engine (`filter.engine`), and only the work of this process on bytes that are there (`filter`).
 */
export async function filterBenchmark(): Promise<Figures> {
  return { ...(await ownWork()), ...(await withEngine(throughEngine)) };
}

async function ownWork(): Promise<Figures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-bench-'));
  const outfile = path.join(folder, 'filterPath.js');
  const entryPoints = [path.join(__dirname, 'filterPath.ts')];
  try {
    await build({ entryPoints, outfile, bundle: true, platform: 'node', logLevel: 'warning' });
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [outfile], { maxBuffer: EXPECTED_OUTPUT_BYTES });
    return JSON.parse(stdout) as Figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughEngine(dockerHost: string): Promise<Figures> {
  const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
  const container = await writeLog(docker);
  const log = (): void => undefined;
  const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
  try {
    engine.connect();
    await eventually('connected', () => engine.connection.kind === 'ready');
    const times = await alternate(
      ROUNDS,
      () => readLog(engine, container.id, BENCHED_FILTER),
      () => readLog(engine, container.id),
    );
    return {
      'filter.engine.seconds': rounded(median(times.ours) / 1000),
      'filter.engine.unfilteredSeconds': rounded(median(times.peer) / 1000),
      'filter.engine.vsUnfiltered': rounded(median(times.ours) / median(times.peer)),
    };
  } finally {
    engine.dispose();
    await container.remove({ force: true });
  }
}

/** A stopped container that has written the lines. */
async function writeLog(docker: Docker): Promise<Docker.Container> {
  const random = seededRandom(1);
  const distinct = Array.from({ length: LINES / REPETITIONS }, (_, index) => `${mixedLine(index, random)}\n`);
  const container = await docker.createContainer({
    Image: busyboxImage,
    Labels: { [testLabel]: '1' },
    OpenStdin: true,
    StdinOnce: true,
    Cmd: ['sh', '-c', `cat > /lines; for i in $(seq ${REPETITIONS}); do cat /lines; done`],
  });
  const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
  await container.start();
  stdin.end(distinct.join(''));
  await container.wait();
  return container;
}

function readLog(engine: DockerEngine, id: string, filter?: LogFilter): Promise<void> {
  let count = 0;
  return new Promise((resolve, reject) => {
    engine.followLog(
      id,
      { tail: 'all', follow: false, ...(filter && { filter }) },
      {
        lines: ({ lines }) => {
          count += lines.length;
        },
        marker: () => undefined,
        ended: (error) => {
          if (error) reject(error);
          else if (filter ? count === 0 || count === LINES : count !== LINES)
            reject(new Error(`${count} of ${LINES} lines came.`));
          else resolve();
        },
      },
    );
  });
}
