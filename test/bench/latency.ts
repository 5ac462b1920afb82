import Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import { parseTimestamp, toSeconds } from '../../src/model/logTime';
import { eventually } from '../support/eventually';
import { busyboxImage, testLabel } from '../support/testEngine';
import { withEngine } from './engine';
import type { Figures } from './main';
import { median, percentile, rounded } from './statistics';

const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const LINES_PER_ROUND = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 30_000);
/** 100 lines every 10 ms are about 10,000 a second. */
const WRITER = `while :; do seq 1 100; usleep 10000; done`;
const QUIET_WRITER = `while :; do echo tick; sleep 1; done`;
const QUIET_LINES = 5;
const OPENING_MS = 1_000;

/**
 * How old a line is when it is handed on, by the engine's own timestamp on the same clock: at 10,000 lines a second and
 * on a quiet container, beside `docker logs -f -t` read line by line, in alternating rounds.
 */
export function latencyBenchmark(): Promise<Figures> {
  return withEngine(async (dockerHost) => {
    const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
    const busy = await runWriter(docker, WRITER);
    const quiet = await runWriter(docker, QUIET_WRITER);
    const log = (): void => undefined;
    const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
    const ours: Round[] = [];
    const cli: Round[] = [];
    try {
      engine.connect();
      await eventually('connected', () => engine.connection.kind === 'ready');
      for (let round = 0; round <= ROUNDS; round++) {
        const oursAges = await ages(LINES_PER_ROUND, (taken) => follow(engine, busy.id, taken));
        const cliAges = await ages(LINES_PER_ROUND, (taken) => followWithCli(dockerHost, busy.id, taken));
        if (round === 0) continue;
        ours.push(summary(oursAges));
        cli.push(summary(cliAges));
      }
      const quietAges = await ages(QUIET_LINES, (taken) => follow(engine, quiet.id, taken));
      return {
        ...figures('latency.local', ours),
        ...figures('latency.cli', cli),
        'latency.local.quietMedianMs': rounded(median(quietAges)),
      };
    } finally {
      engine.dispose();
      await Promise.all([busy, quiet].map((container) => container.remove({ force: true })));
    }
  });
}

interface Round {
  readonly medianMs: number;
  readonly p99Ms: number;
}

function summary(agesMs: readonly number[]): Round {
  return { medianMs: median(agesMs), p99Ms: percentile(agesMs, 99) };
}

function figures(name: string, rounds: readonly Round[]): Figures {
  return {
    [`${name}.medianMs`]: rounded(median(rounds.map(({ medianMs }) => medianMs))),
    [`${name}.p99Ms`]: rounded(median(rounds.map(({ p99Ms }) => p99Ms))),
  };
}

async function runWriter(docker: Docker, script: string): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: busyboxImage,
    Labels: { [testLabel]: '1' },
    Cmd: ['sh', '-c', script],
  });
  await container.start();
  return container;
}

/**
 * The ages in milliseconds of so many lines, each taken by its timestamp at the moment it arrives. Those that were
 * written while the log was being opened are not counted: they waited for the reader.
 */
async function ages(
  count: number,
  start: (taken: (timestamp: string) => void) => () => void,
): Promise<number[]> {
  const agesMs: number[] = [];
  const countedFromMs = performance.now() + OPENING_MS;
  const stop = start((timestamp) => {
    const time = parseTimestamp(timestamp);
    if (time && performance.now() >= countedFromMs)
      agesMs.push(performance.timeOrigin + performance.now() - toSeconds(time) * 1000);
  });
  await eventually(
    () => `${count} lines, but ${agesMs.length}`,
    () => agesMs.length >= count,
    120_000,
  );
  stop();
  return agesMs.slice(0, count);
}

function follow(engine: DockerEngine, id: string, taken: (timestamp: string) => void): () => void {
  const following = engine.followLog(
    id,
    { tail: 0, follow: true },
    {
      lines: ({ lines }) => lines.forEach(({ timestamp }) => taken(timestamp)),
      marker: () => undefined,
      ended: () => undefined,
    },
  );
  return () => following.dispose();
}

function followWithCli(dockerHost: string, id: string, taken: (timestamp: string) => void): () => void {
  const child = spawn('docker', ['logs', '-f', '-t', '--tail', '0', id], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, DOCKER_HOST: dockerHost },
  });
  createInterface({ input: child.stdout }).on('line', (line) => taken(line.slice(0, line.indexOf(' '))));
  return () => void child.kill();
}
