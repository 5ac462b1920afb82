import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import type { Disposable } from '../../src/base/lifecycle';
import { ended, inStage, newDeployment } from '../../src/deploy/deploymentState';
import { DeploymentIds } from '../../src/deploy/ids';
import { JournalFolder } from '../../src/deploy/journal/journalFolder';
import { LocalDeployments } from '../../src/deploy/localDeployments';
import { machineTools } from '../../src/deploy/machineTools';
import { DockerDeployEngine } from '../../src/engine/docker/dockerDeployEngine';
import type { Deployments } from '../../src/engine/deployments';
import { RemoteEngine } from '../../src/engine/remote/remoteEngine';
import type { Deployment, DeploymentStage } from '../../src/model/deployment';
import { DeploymentHistory, type Patience } from '../../src/model/deploymentHistory';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { pageRow } from '../../src/vscode/panels/deployments/pageRows';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { startTestAgent } from '../support/agent';
import { eventually } from '../support/eventually';
import type { Figures } from './main';
import { alternate, median, rounded, timeMs } from './statistics';

const COUNT = Number(process.env['QUAYWATCH_BENCH_DEPLOYMENTS'] ?? 10_000);
const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);
const APPS = 20;
const LOG_LINES = 20;
const MINUTE_MS = 60_000;
/** As the panel asks for them. */
const PAGE_SIZE = 50;
const PATIENCE: Patience = { clock: systemClock, ms: 60_000, onLateAnswer: () => undefined };
const STAGES: readonly DeploymentStage[] = [
  'cloning_repo',
  'building_image',
  'stopping_old',
  'starting_new',
  'health_check',
];

/**
 * From nothing to the first page of a host's past deployments, as the panel reads them, beside a plain read of the index
 * as lines of JSON; and the same through an agent that was started just now.
 */
export async function deploymentsBenchmark(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'quaywatch-bench-deployments-'));
  try {
    const state = join(folder, 'state');
    await makePast(state);
    const index = join(state, 'index.jsonl');
    const coldMs = await timeMs(() => openLocal(state));
    const { ours, peer } = await alternate(
      ROUNDS,
      () => openLocal(state),
      () => readLines(index),
    );
    const { sentBytes } = await openLocal(state);
    const agentMs = await openThroughAgent(state);
    const indexKilobytes = statSync(index).size / 1024;
    rmSync(index);
    return {
      'deployments.count': COUNT,
      'deployments.local.openMs': rounded(median(ours), 1),
      'deployments.local.firstOpenMs': rounded(coldMs, 1),
      'deployments.indexReadMs': rounded(median(peer), 1),
      'deployments.local.vsIndexRead': rounded(median(ours) / median(peer)),
      'deployments.agent.openMs': rounded(agentMs, 1),
      'deployments.sentKilobytes': rounded(sentBytes / 1024, 1),
      'deployments.indexKilobytes': Math.round(indexKilobytes),
      'deployments.withoutIndexMs': rounded(await timeMs(() => openLocal(state)), 1),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readLines(path: string): Promise<number> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown).length;
}

async function openLocal(state: string): Promise<{ readonly sentBytes: number }> {
  const deployments = localDeployments(state);
  try {
    return await openPanel(deployments);
  } finally {
    deployments.dispose();
  }
}

function localDeployments(folder: string): LocalDeployments & Disposable {
  const none = { session: undefined, onDidChangeSession: () => ({ dispose: () => undefined }) };
  const engine = new DockerDeployEngine(none);
  const log = (): void => undefined;
  return new LocalDeployments({ engine, folder, startedBy: 'bench', log, tools: machineTools() });
}

/** What the page is sent until it shows something: what changed, and the first page of the past. */
async function openPanel(deployments: Deployments): Promise<{ readonly sentBytes: number }> {
  let sentBytes = 0;
  const send = (all: readonly Deployment[]): void => {
    sentBytes += JSON.stringify(all.map((one) => pageRow('local', one))).length;
  };
  const changes = deployments.onDidChange(send);
  const watch = deployments.watch();
  try {
    const list = (before: string | undefined, limit: number): ReturnType<Deployments['list']> =>
      deployments.list({ limit, ...(before !== undefined && { before }) });
    const page = await new DeploymentHistory([{ hostId: 'local', list }], PAGE_SIZE, PATIENCE).next();
    if (page.rows.length !== Math.min(PAGE_SIZE, COUNT)) throw new Error('The page is not whole.');
    send(page.rows.map(({ deployment }) => deployment));
    await eventually('those that are shown at once are known', () => deployments.current !== undefined);
    return { sentBytes };
  } finally {
    watch.dispose();
    changes.dispose();
  }
}

async function openThroughAgent(state: string): Promise<number> {
  const engine = await new FakeEngine({ personality: '29' }).listen();
  const deployments = localDeployments(state);
  const agent = await startTestAgent({ engineSocket: engine.socketPath, deployments });
  const remote = new RemoteEngine({
    access: () => Promise.resolve(parsePairingLink(agent.link)),
    log: () => undefined,
    clientVersion: 'bench',
  });
  try {
    remote.connect();
    await eventually('the agent is connected', () => remote.connection.kind === 'ready');
    return await timeMs(() => openPanel(remote.deployments));
  } finally {
    remote.dispose();
    await agent.dispose();
    deployments.dispose();
    await engine.dispose();
  }
}

/** Files as deployments leave them, one in ten of which failed. */
async function makePast(path: string): Promise<void> {
  const journals = new JournalFolder(path, systemClock);
  await journals.create();
  const ids = new DeploymentIds();
  const firstMs = Date.now() - COUNT * MINUTE_MS;
  const all = Array.from({ length: COUNT }, (_one, number) => {
    const nowMs = firstMs + number * MINUTE_MS;
    return { number, nowMs, id: ids.next(nowMs) };
  }).map(({ number, nowMs, id }) => {
    const states = statesOf(id, number, nowMs);
    writeFileSync(journals.journalPath(id), journalOf(states));
    return states.at(-1) ?? fail();
  });
  await journals.index.put(all);
}

function statesOf(id: string, number: number, nowMs: number): readonly Deployment[] {
  const app = `app-${number % APPS}`;
  const repository = `https://git.example/teams/shop/${app}.git`;
  const source = { kind: 'git', repository, ref: 'main' } as const;
  const sourceText = `${repository} (main)`;
  let newest = newDeployment({ id, app, source, sourceText, startedBy: 'somebody@example', nowMs });
  const states = [newest];
  for (const [index, stage] of STAGES.entries()) {
    newest = inStage(newest, stage, `What is done in ${stage}.`, nowMs + index * 1_000);
    states.push(newest);
  }
  const lastLines = Array.from({ length: LOG_LINES }, (_one, line) => `what was said in line ${line}`);
  const failure = { stage: newest.stage, message: 'It ended with exit code 3.', lastLines, exitCode: 3 };
  const over = { message: 'That was the end of it.', nowMs: nowMs + MINUTE_MS };
  states.push(
    number % 10 === 9
      ? ended(newest, { ...over, status: 'rolled_back', failure })
      : ended(
          { ...newest, commit: 'c'.repeat(40), imageId: `sha256:${'d'.repeat(64)}` },
          { ...over, status: 'success' },
        ),
  );
  return states;
}

function journalOf(states: readonly Deployment[]): string {
  let sequence = 0;
  const entry = (more: object): string => `${JSON.stringify({ sequence: ++sequence, ...more })}\n`;
  const logs = Array.from({ length: LOG_LINES }, (_one, line) =>
    entry({ kind: 'log', stream: 'stdout', text: `Step ${line} does what it does`, timeMs: 1 }),
  );
  const spec = { app: states[0]?.app, source: { kind: 'image', image: 'x', pull: 'missing' } };
  const open = JSON.stringify({ kind: 'open', version: 1, spec, missing: [], isHandedOver: false });
  const told = states.map((deployment) => entry({ kind: 'state', deployment, timeMs: 1 }));
  return [`${open}\n`, ...logs, ...told].join('');
}

function fail(): never {
  throw new Error('A deployment without states.');
}
