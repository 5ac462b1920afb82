import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually';
import { busyboxImage, testLabel } from '../support/testEngine';
import { DeploymentFixture } from '../support/deploymentFixture';
import { withEngine } from './engine';
import { median, rounded } from './statistics';
import type { Figures } from './main';

const run = promisify(execFile);
const APP = 'bench-deploy';
const NANOSECONDS_PER_MILLISECOND = 1e6;
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
  const events = await ContainerEvents.open(fixture);
  const down: number[] = [];
  const stop: number[] = [];
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
    const over = await fixture.deploy({ app: APP, source, run, health: { stableMs: 100 } });
    watch.dispose();
    if (over.status !== 'success') throw new Error(over.message);
    const stopping = over.stages.find(({ stage }) => stage === 'stopping_old');
    const health = over.stages.find(({ stage }) => stage === 'health_check');
    windows.push((health?.startedAtMs ?? 0) - (stopping?.startedAtMs ?? 0));
    if (version > 2) {
      down.push(await events.between('die', 'start'));
      stop.push(await events.between('kill', 'die'));
    }
    events.forget();
    return runningMs - startedMs;
  };
  await byHand();
  await deployed();
  windows.length = 0;
  const { ours, theirs } = await rounds(deployed, byHand);
  events.close();
  return {
    'deploy.vsByHand': rounded(median(ours) / median(theirs)),
    'deploy.runningMs': Math.round(median(ours)),
    'deploy.byHandMs': Math.round(median(theirs)),
    // With no running container, by the engine's own clock; and before that the old one's own stop.
    'deploy.downMs': Math.round(median(down)),
    'deploy.longestDownMs': Math.round(Math.max(...down)),
    'deploy.ownStopMs': Math.round(median(stop)),
    // An upper bound: it begins with making the new container, and ends when the old one is away and the new one runs.
    'deploy.windowMs': Math.round(median(windows)),
    'deploy.rounds': ROUNDS,
  };
}

/** What happens to the containers of the app, by the engine's clock. */
class ContainerEvents {
  private readonly seen: { readonly action: string; readonly nanoseconds: number }[] = [];

  private readonly closing = new AbortController();

  static async open({ docker }: DeploymentFixture): Promise<ContainerEvents> {
    const label = [`dev.quaywatch.app=${APP}`];
    const events = new ContainerEvents();
    const { signal: abortSignal } = events.closing;
    const stream = await docker.getEvents({ filters: { type: ['container'], label }, abortSignal });
    const lines = createInterface({ input: stream });
    // It ends with an error when it is closed.
    for (const one of [stream, lines]) one.on('error', () => undefined);
    lines.on('line', (line) => {
      const { Action, timeNano } = JSON.parse(line) as { Action: string; timeNano: number };
      events.seen.push({ action: Action, nanoseconds: timeNano });
    });
    return events;
  }

  /** Milliseconds from the first of the one to the first of the other. */
  async between(from: string, to: string): Promise<number> {
    const find = (action: string): number | undefined =>
      this.seen.find((event) => event.action === action)?.nanoseconds;
    await eventually(`${from} and ${to} are told`, () => find(from) !== undefined && find(to) !== undefined);
    return ((find(to) ?? 0) - (find(from) ?? 0)) / NANOSECONDS_PER_MILLISECOND;
  }

  forget(): void {
    this.seen.length = 0;
  }

  close(): void {
    this.closing.abort();
  }
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
