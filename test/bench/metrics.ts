import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ContainerEngine } from '../../src/engine/engine';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { PairedAgent } from '../support/pairedAgent';
import { processTimeMs } from '../support/processTime';
import { ready } from './agentClient';
import type { Figures } from './main';
import { median, rounded } from './statistics';

const CONTAINERS = Number(process.env['QUAYWATCH_BENCH_CONTAINERS'] ?? 200);
const CLIENTS = 10;
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const MEASURED_MS = Number(process.env['QUAYWATCH_BENCH_METRICS_MS'] ?? 10_000);
const SETTLE_MS = MEASURED_MS / 5;

/**
 * What figures cost: an agent, as it is shipped, that tells those of 200 containers once a second to ten clients, beside
 * the same for one; and a process that reads them from an engine by itself, as the extension host does.
 */
export async function metricsBenchmark(): Promise<Figures> {
  const fake = await new FakeEngine({ personality: '29' }).listen();
  const ids = fake.bulkRunning(CONTAINERS).map(({ id }) => id);
  try {
    return { ...(await agentFigures(fake, ids)), ...(await readerFigures(fake)) };
  } finally {
    await fake.dispose();
  }
}

async function agentFigures(fake: FakeEngine, ids: readonly string[]): Promise<Figures> {
  const agent = await PairedAgent.start(fake.dockerHost);
  const one: number[] = [];
  const ten: number[] = [];
  let samples = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      one.push((await withClients(agent, ids, 1)).corePercent);
      const many = await withClients(agent, ids, CLIENTS);
      ten.push(many.corePercent);
      samples = many.samplesPerSecond;
    }
  } finally {
    await agent.dispose();
  }
  return {
    'metrics.containers': ids.length,
    'metrics.agent.oneClientCorePercent': rounded(median(one)),
    'metrics.agent.tenClientsCorePercent': rounded(median(ten)),
    'metrics.agent.tenVsOne': rounded(median(ten) / median(one)),
    'metrics.agent.samplesPerClientPerSecond': Math.round(samples / CLIENTS),
    'metrics.engine.openStreams': fake.openStreams('stats'),
  };
}

async function withClients(
  agent: PairedAgent,
  ids: readonly string[],
  count: number,
): Promise<{ corePercent: number; samplesPerSecond: number }> {
  const clients: ContainerEngine[] = [];
  let samples = 0;
  const seen = new Set<string>();
  try {
    for (let index = 0; index < count; index++) clients.push(await ready(agent.pairing()));
    const sink = {
      container: (id: string): void => {
        samples++;
        seen.add(id);
      },
      machine: (): void => undefined,
    };
    for (const client of clients) client.metrics?.watch({ containers: ids, machine: true }, sink);
    await eventually('figures of all', () => seen.size === ids.length);
    await passed(SETTLE_MS);
    samples = 0;
    const corePercent = await corePercentOf(agent.pid);
    return { corePercent, samplesPerSecond: samples / (MEASURED_MS / 1_000) };
  } finally {
    for (const client of clients) client.dispose();
  }
}

async function readerFigures(fake: FakeEngine): Promise<Figures> {
  const child = fork(join(__dirname, 'metricsReader.ts'), [fake.dockerHost], {
    execArgv: ['--import', 'tsx'],
  });
  try {
    await once(child, 'message');
    await passed(SETTLE_MS);
    const measured: number[] = [];
    for (let round = 0; round < ROUNDS; round++) measured.push(await corePercentOf(child.pid ?? 0));
    return { 'metrics.reader.corePercent': rounded(median(measured)) };
  } finally {
    child.kill();
  }
}

async function corePercentOf(pid: number): Promise<number> {
  const beforeMs = processTimeMs(pid);
  const beganAtMs = performance.now();
  await passed(MEASURED_MS);
  return ((processTimeMs(pid) - beforeMs) / (performance.now() - beganAtMs)) * 100;
}

function passed(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
