import Docker from 'dockerode';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { ContainerEngine } from '../../src/engine/engine';
import { eventually } from '../support/eventually';
import { busyboxImage, testLabel } from '../support/testEngine';
import { withEngine } from './engine';
import type { Figures } from './main';
import { alternate, median, rounded } from './statistics';

export const LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
/** 105 bytes with its line ending, as many applications write. */
const LINE = `%08d ${'x'.repeat(95)}\\n`;

/**
 * Reading a backlog to the batcher's output, beside `docker logs -f -t` of the same container to /dev/null. Both follow
 * and both ask for timestamps; the container has stopped, so both read exactly its log.
 */
export function logsBenchmark(): Promise<Figures> {
  return withEngine(async (dockerHost) => {
    const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
    const container = await writeBacklog(docker);
    const log = (): void => undefined;
    const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
    try {
      engine.connect();
      await eventually('connected', () => engine.connection.kind === 'ready');
      const times = await alternate(
        ROUNDS,
        () => readBacklog(engine, container.id),
        () => dockerLogs(dockerHost, container.id),
      );
      const seconds = { ours: median(times.ours) / 1000, peer: median(times.peer) / 1000 };
      return {
        'logs.lines': LINES,
        'logs.local.seconds': rounded(seconds.ours),
        'logs.cli.seconds': rounded(seconds.peer),
        'logs.cli.version': cliVersion(),
        'logs.local.vsCli': rounded(seconds.ours / seconds.peer),
      };
    } finally {
      engine.dispose();
      await container.remove({ force: true });
    }
  });
}

export async function writeBacklog(docker: Docker): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: busyboxImage,
    Labels: { [testLabel]: '1' },
    Cmd: ['sh', '-c', `seq 1 ${LINES} | awk '{ printf "${LINE}", $1 }'`],
  });
  await container.start();
  await container.wait();
  return container;
}

export async function readBacklog(engine: ContainerEngine, id: string): Promise<void> {
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    const following = engine.followLog(
      id,
      { tail: 'all', follow: true },
      {
        lines: (batch) => {
          count += batch.lines.length;
          if (count < LINES) return;
          following.dispose();
          resolve();
        },
        marker: () => undefined,
        ended: (error) => reject(error ?? new Error(`The log ended after ${count} lines.`)),
      },
    );
  });
  if (count !== LINES) throw new Error(`${count} lines came instead of ${LINES}.`);
}

export async function dockerLogs(dockerHost: string, id: string): Promise<void> {
  const child = spawn('docker', ['logs', '-f', '-t', id], {
    stdio: 'ignore',
    env: { ...process.env, DOCKER_HOST: dockerHost },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`docker logs ended with ${code ?? 'a signal'}.`);
}

export function cliVersion(): string {
  return spawnSync('docker', ['--version'], { encoding: 'utf8' }).stdout.trim();
}
