import type { ContainerEngine } from '../../src/engine/engine';
import { formatToken } from '../../src/protocol/pairingLink';
import { RawClient } from '../agent/rawClient';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { PairedAgent } from '../support/pairedAgent';
import { residentBytes } from '../support/processMemory';
import { megabytes, ready } from './agentClient';
import type { Figures } from './main';
import { percentile, rounded } from './statistics';

const CLIENTS = 20;
const CONTAINERS = 200;
const LINES_PER_SECOND = 20_000;
const BEAT_MS = 10;
const LINE_LENGTH = 100;
const SCALE = Number(process.env['QUAYWATCH_BENCH_SECONDS'] ?? 60) / 60;
const WARM_UP_MS = 15_000 * SCALE;
const ALONE_MS = 30_000 * SCALE;
const STALLED_MS = 60_000 * SCALE;
const LOOK_INTERVAL_MS = 250;

/**
 * 20 clients follow 200 containers, each ten, while these write 20,000 lines of 100 bytes a second. Then another client
 * follows the first ten, too, and stops reading. Ages are from a line's timestamp to the clients, which share a process
 * with the engine that is simulated.
 */
export async function agentLoad(): Promise<Figures> {
  const fake = await new FakeEngine({ personality: '29' }).listen();
  const agent = await PairedAgent.start(fake.dockerHost);
  const clients: ContainerEngine[] = [];
  const names = Array.from({ length: CONTAINERS }, (_, index) => `c${index}`);
  const ids = names.map((name) => fake.run({ name }).id);
  const ages = new Ages();
  let written = 0;
  try {
    for (let index = 0; index < CLIENTS; index++) clients.push(await ready(agent.pairing()));
    for (const [index, id] of ids.entries())
      clients[index % CLIENTS]?.followLog(id, { tail: 0, follow: true }, ages.sink);
    const writing = write(fake, names, (count) => (written += count));
    await phase(agent, WARM_UP_MS);
    ages.take();
    const before = { written, taken: ages.taken };
    const alone = await phase(agent, ALONE_MS);
    const aloneAges = ages.take();
    const stalled = await stall(
      agent,
      ids.filter((_, index) => index % CLIENTS === 0),
    );
    const during = await phase(agent, STALLED_MS);
    const duringAges = ages.take();
    stalled.cut();
    const { isRunning } = agent;
    clearInterval(writing);
    const seconds = (ALONE_MS + STALLED_MS) / 1_000;
    return {
      'agent.load.linesPerSecond': Math.round((written - before.written) / seconds),
      'agent.load.takenPerSecond': Math.round((ages.taken - before.taken) / seconds),
      'agent.load.rssMegabytes': megabytes(alone.peak),
      'agent.load.p99Ms': rounded(percentile(aloneAges, 99)),
      'agent.stalled.rssMegabytes': megabytes(during.peak),
      'agent.stalled.addsMegabytes': megabytes(during.peak - alone.peak),
      'agent.stalled.medianAddsMegabytes': megabytes(during.median - alone.median),
      'agent.stalled.p99Ms': rounded(percentile(duringAges, 99)),
      'agent.load.isRunning': String(isRunning),
    };
  } finally {
    for (const client of clients) client.dispose();
    await agent.dispose();
    await fake.dispose();
  }
}

/** Follows logs, and does not read what comes. */
async function stall(agent: PairedAgent, ids: readonly string[]): Promise<RawClient> {
  const { host, port, token, security } = agent.pairing();
  const key = security.kind === 'pinned' ? security.key : '';
  const client = await RawClient.open({ url: `wss://${host}:${port}`, token: formatToken(token), key });
  await client.containersKnown();
  for (const id of ids) client.stall(await client.startLog(id, { tail: 0 }));
  client.webSocket.pause();
  return client;
}

function write(fake: FakeEngine, names: readonly string[], wrote: (count: number) => void): NodeJS.Timeout {
  const perBeat = (LINES_PER_SECOND * BEAT_MS) / 1_000;
  const text = `${'x'.repeat(LINE_LENGTH - 1)}\n`;
  let next = 0;
  let dueMs = performance.now();
  return setInterval(() => {
    // What a late beat leaves out is made up for.
    for (; dueMs <= performance.now(); dueMs += BEAT_MS) {
      for (let count = 0; count < perBeat; count++)
        fake.writeLog(names[next++ % names.length] ?? '', 'stdout', text);
      wrote(perBeat);
    }
  }, BEAT_MS);
}

/** What the agent has in memory during some time. */
async function phase(agent: PairedAgent, durationMs: number): Promise<{ peak: number; median: number }> {
  const seen: number[] = [];
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    seen.push(residentBytes(agent.pid));
  }
  return { peak: Math.max(...seen), median: percentile(seen, 50) };
}

/** How old lines are when they are handed on. */
class Ages {
  taken = 0;
  private ages: number[] = [];

  readonly sink = {
    lines: ({ lines }: { readonly lines: readonly { readonly timestamp: string }[] }): void => {
      const nowMs = performance.timeOrigin + performance.now();
      this.taken += lines.length;
      for (const { timestamp } of lines) this.ages.push(nowMs - Date.parse(timestamp));
    },
    marker: (): void => undefined,
    ended: (error?: Error): void => {
      throw error ?? new Error('A log ended.');
    },
  };

  take(): readonly number[] {
    const { ages } = this;
    this.ages = [];
    return ages;
  }
}
