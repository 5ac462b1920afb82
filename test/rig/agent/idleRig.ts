/**
 * The whole of `rig -- idle`: an agent in a process of its own, with a client that came and went, and nobody since. The
 * fake engine counts what it is asked for.
 */
import { atEnd } from '../../../scripts/lib/processes.mjs';
import { FakeEngine } from '../../doubles/fakeEngine/fakeEngine';
import { LogCollector } from '../../support/logCollector';
import { openRemoteEngine, PairedAgent } from '../../support/pairedAgent';
import { residentBytes } from '../../support/processMemory';
import { until } from '../wait';

export interface IdleRigOptions {
  readonly durationMs: number;
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What `rig -- idle --json` prints. */
export interface IdleReport {
  /** Since the client left. */
  readonly seconds: number;
  /** All that the engine was asked for since the client left, by route. */
  readonly requests: Readonly<Record<string, number>>;
  readonly requestCount: number;
  /** Events the engine had to tell meanwhile. */
  readonly changes: number;
  readonly residentBytes: number;
}

const CONTAINERS = 50;
const CHANGE_INTERVAL_MS = 1_000;
const TIMEOUT_MS = 30_000;

export async function runIdleRig(options: IdleRigOptions): Promise<IdleReport> {
  const fake = await new FakeEngine({ personality: '29' }).listen();
  const agent = await PairedAgent.start(fake.dockerHost);
  const close = atEnd(async () => {
    await agent.dispose();
    await fake.dispose();
  });
  try {
    fake.bulkRunning(CONTAINERS);
    await comeAndGo(fake, agent);
    fake.resetCounts();
    const from = fake.requests.length;
    const startedAtMs = performance.now();
    const endMs = startedAtMs + options.durationMs;
    let changes = 0;
    while (performance.now() < endMs && options.signal?.aborted !== true) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(CHANGE_INTERVAL_MS, options.durationMs)));
      fake.writeLog('web', 'stdout', `line ${changes}\n`);
      fake.restart('web');
      changes++;
    }
    const requests: Record<string, number> = {};
    for (const { route } of fake.requests.slice(from)) requests[route] = (requests[route] ?? 0) + 1;
    return {
      seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
      requests,
      requestCount: Object.values(requests).reduce((sum, count) => sum + count, 0),
      changes,
      residentBytes: residentBytes(agent.pid),
    };
  } finally {
    await close();
  }
}

/** A client lists the containers and tails a log; then it leaves. */
async function comeAndGo(fake: FakeEngine, agent: PairedAgent): Promise<void> {
  const { id } = fake.run({ name: 'web' });
  fake.writeLog('web', 'stdout', 'hello\n');
  const client = openRemoteEngine(agent.pairing());
  const log = new LogCollector();
  client.connect();
  client.followLog(id, { tail: 'all', follow: true }, log);
  const isThere = await until(() => log.texts.length === 1 && client.containers !== undefined, TIMEOUT_MS);
  client.dispose();
  if (!isThere) throw new Error('The client did not see the log.');
  if (!(await until(() => fake.openStreams('logs') === 0, TIMEOUT_MS)))
    throw new Error('The log is still read.');
}
