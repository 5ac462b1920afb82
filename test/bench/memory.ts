import Docker from 'dockerode';
import { busyboxImage, testLabel } from '../support/testEngine';
import { withEngine } from './engine';
import { buildForVSCode, runInsideVSCode } from './insideVSCode';
import type { Figures } from './main';
import { rounded } from './statistics';

const LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 1_000_000);
const CONTAINERS = 50;
const LINE = `%08d ${'x'.repeat(95)}\\n`;

/**
 * What tailing costs the extension host of a real VS Code: 1,000,000 lines at full speed into a channel that is shown,
 * then fifty containers with 20,000 lines each at once.
 */
export function memoryBenchmark(): Promise<Figures> {
  buildForVSCode();
  return withEngine(async (dockerHost) => {
    const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
    const big = await writer(docker, LINES);
    const small = await Promise.all(
      Array.from({ length: CONTAINERS }, () => writer(docker, Math.ceil(LINES / CONTAINERS))),
    );
    try {
      await Promise.all([big, ...small].map((container) => container.wait()));
      const figures = await runInsideVSCode('memory', {
        QUAYWATCH_BENCH_HOST: dockerHost,
        QUAYWATCH_BENCH_BIG: big.id,
        QUAYWATCH_BENCH_SMALL: small.map(({ id }) => id).join(','),
        QUAYWATCH_BENCH_LINES: String(LINES),
      });
      return Object.fromEntries(
        Object.entries(figures).map(([name, value]) => [`memory.${name}`, rounded(value)]),
      );
    } finally {
      await Promise.all([big, ...small].map((container) => container.remove({ force: true })));
    }
  });
}

async function writer(docker: Docker, lines: number): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: busyboxImage,
    Labels: { [testLabel]: '1' },
    Cmd: ['sh', '-c', `seq 1 ${lines} | awk '{ printf "${LINE}", $1 }'`],
  });
  await container.start();
  return container;
}
