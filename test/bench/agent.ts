import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { ContainerEngine } from '../../src/engine/engine';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { PairedAgent } from '../support/pairedAgent';
import { residentBytes } from '../support/processMemory';
import { megabytes, ready } from './agentClient';
import { agentLoad } from './agentLoad';
import { withEngine } from './engine';
import { cliVersion, dockerLogs, readBacklog, writeBacklog } from './logs';
import type { Figures } from './main';
import { alternate, median, rounded } from './statistics';

const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const MEMORY_LINES = Number(process.env['QUAYWATCH_BENCH_LINES'] ?? 3_000_000);
const IDLE_SETTLE_MS = 50 * Number(process.env['QUAYWATCH_BENCH_SECONDS'] ?? 60);

/**
 * An agent as it is shipped, in a process of its own, over TLS: reading a real container's backlog through it beside
 * the docker CLI; lines from memory to a client; memory while nobody is there; many clients, one of which stalls.
 */
export async function agentBenchmark(): Promise<Figures> {
  const figures: Record<string, number | string> = {};
  for (const part of [idle, agentLoad, fromMemory, beside]) {
    const found = await part();
    console.error(JSON.stringify(found));
    Object.assign(figures, found);
  }
  return figures;
}

function beside(): Promise<Figures> {
  return withEngine(async (dockerHost) => {
    const docker = new Docker({ socketPath: dockerHost.replace('unix://', '') });
    const container = await writeBacklog(docker);
    const agent = await PairedAgent.start(dockerHost);
    const engine = await ready(agent.pairing());
    try {
      const times = await alternate(
        ROUNDS,
        () => readBacklog(engine, container.id),
        () => dockerLogs(dockerHost, container.id),
      );
      const seconds = { ours: median(times.ours) / 1000, peer: median(times.peer) / 1000 };
      return {
        'logs.agent.seconds': rounded(seconds.ours),
        'logs.cli.seconds': rounded(seconds.peer),
        'logs.cli.version': cliVersion(),
        'logs.agent.vsCli': rounded(seconds.ours / seconds.peer),
      };
    } finally {
      engine.dispose();
      await agent.dispose();
      await container.remove({ force: true });
    }
  });
}

/** Lines of 100 bytes that the agent's process has in memory, until a client has decoded them. */
async function fromMemory(): Promise<Figures> {
  const child = fork(join(__dirname, 'agentFromMemory.ts'), { execArgv: ['--import', 'tsx'] });
  try {
    const [{ link }] = (await once(child, 'message')) as [{ link: string }];
    const engine = await ready(parsePairingLink(link));
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await rate(engine));
    engine.dispose();
    return { 'agent.memory.linesPerSecond': Math.round(median(rates)) };
  } finally {
    await ended(child);
  }
}

async function rate(engine: ContainerEngine): Promise<number> {
  const [id = ''] = [...(engine.containers?.keys() ?? [])];
  const startedAtMs = performance.now();
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    const following = engine.followLog(
      id,
      { tail: 'all', follow: true },
      {
        lines: (batch) => {
          count += batch.lines.length;
          if (count < MEMORY_LINES) return;
          following.dispose();
          resolve();
        },
        marker: () => undefined,
        ended: (error) => reject(error ?? new Error(`The log ended after ${count} lines.`)),
      },
    );
  });
  return (count * 1_000) / (performance.now() - startedAtMs);
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function idle(): Promise<Figures> {
  const fake = await new FakeEngine({ personality: '29' }).listen();
  const agent = await PairedAgent.start(fake.dockerHost);
  try {
    fake.bulkRunning(50);
    await settle();
    const fresh = residentBytes(agent.pid);
    const engine = await ready(agent.pairing());
    await settle();
    const connected = residentBytes(agent.pid);
    engine.dispose();
    await settle();
    return {
      'agent.idle.rssMegabytes': megabytes(fresh),
      'agent.idle.connectedRssMegabytes': megabytes(connected),
      'agent.idle.afterClientRssMegabytes': megabytes(residentBytes(agent.pid)),
    };
  } finally {
    await agent.dispose();
    await fake.dispose();
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, IDLE_SETTLE_MS));
}
