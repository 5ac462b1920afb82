import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { busyboxImage, testLabel } from '../support/testEngine';
import { DeploymentFixture } from '../support/deploymentFixture';
import { withEngine } from './engine';
import { median, rounded } from './statistics';
import type { Figures } from './main';

const run = promisify(execFile);
const STEPS = 20;
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const COMMAND = JSON.stringify(['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait']);

/**
 * From *Deploy* to the new container running, for a change of one line in an image of twenty steps that are in the cache,
 * beside `docker build`, `docker rm -f` and `docker run` by hand; and how long no container ran meanwhile.
 */
export async function deployBenchmark(): Promise<Figures> {
  return withEngine(async (dockerHost) => {
    const socketPath = dockerHost.replace(/^[a-z]+:\/\//, '');
    const fixture = new DeploymentFixture({ socketPath, dockerHost, control: undefined });
    try {
      return await measure(fixture, dockerHost);
    } finally {
      await fixture.dispose();
    }
  });
}

async function measure(fixture: DeploymentFixture, dockerHost: string): Promise<Figures> {
  const steps = Array.from({ length: STEPS - 3 }, (_one, index) => `RUN echo ${index} > /step${index}`);
  const lines = [`FROM ${busyboxImage}`, ...steps, 'COPY message /message', `CMD ${COMMAND}`];
  const folder = fixture.files({ Dockerfile: `${lines.join('\n')}\n`, message: 'zero' });
  const windows: number[] = [];
  let version = 0;
  const change = (): void => writeFileSync(join(folder, 'message'), `version ${++version} ${Date.now()}\n`);
  const docker = async (...args: readonly string[]): Promise<unknown> =>
    run('docker', [...args], { env: { ...process.env, DOCKER_HOST: dockerHost, DOCKER_BUILDKIT: '0' } });
  const byHand = async (): Promise<number> => {
    change();
    const startedMs = performance.now();
    await docker('build', '--quiet', '--tag', 'quaywatch/bench-hand:1', folder);
    await docker('rm', '--force', 'bench-hand').catch(() => undefined);
    await docker(
      'run',
      '--detach',
      '--label',
      `${testLabel}=1`,
      '--name',
      'bench-hand',
      'quaywatch/bench-hand:1',
    );
    return performance.now() - startedMs;
  };
  const deployed = async (): Promise<number> => {
    change();
    const startedMs = performance.now();
    let runningMs = 0;
    const watch = fixture.deployments.onDidChange((all) => {
      if (runningMs === 0 && all.some(({ stage }) => stage === 'health_check')) runningMs = performance.now();
    });
    const source = { kind: 'folder', folder } as const;
    const run = { labels: { [testLabel]: '1' } };
    const over = await fixture.deploy({ app: 'bench-deploy', source, run, health: { stableMs: 100 } });
    watch.dispose();
    if (over.status !== 'success') throw new Error(over.message);
    const stopping = over.stages.find(({ stage }) => stage === 'stopping_old');
    const health = over.stages.find(({ stage }) => stage === 'health_check');
    windows.push((health?.startedAtMs ?? 0) - (stopping?.startedAtMs ?? 0));
    return runningMs - startedMs;
  };
  await byHand();
  await deployed();
  windows.length = 0;
  const { ours, theirs } = await rounds(deployed, byHand);
  return {
    'deploy.vsByHand': rounded(median(ours) / median(theirs)),
    'deploy.runningMs': Math.round(median(ours)),
    'deploy.byHandMs': Math.round(median(theirs)),
    // An upper bound: it begins with making the new container, and ends when the old one is away and the new one runs.
    'deploy.windowMs': Math.round(median(windows)),
    'deploy.rounds': ROUNDS,
  };
}

async function rounds(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ readonly ours: readonly number[]; readonly theirs: readonly number[] }> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let index = 0; index < ROUNDS; index++) {
    times.ours.push(await ours());
    times.theirs.push(await theirs());
  }
  return times;
}
