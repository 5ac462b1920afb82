/** Finds or starts the engines that a run of the rig is asked for, and ends what was started. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBusyboxImage } from '../../../scripts/lib/images.mjs';
import {
  engineDir,
  ensureDockerInstalled,
  startPrivateEngine,
  whyNoPrivateEngine,
} from '../../../scripts/lib/privateEngine.mjs';
import { atEnd } from '../../../scripts/lib/processes.mjs';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import type { ContainerEngine } from '../../../src/engine/engine';
import type { LogSink } from '../../../src/model/log';
import { findTestEngine } from '../../support/testEngine';
import { PERSONALITY_NAMES, type RigArguments } from '../arguments';
import { runLogsRig } from '../logsRig';
import type { LogsReport } from '../report';
import { traced } from '../trace';
import { RigAgent } from '../agent/rigAgent';
import { FakeRigEngine } from './fakeRigEngine';
import { RealEngine } from './realEngine';
import type { RigEngine } from './rigEngine';

export async function runOn(options: RigArguments & { readonly signal: AbortSignal }): Promise<LogsReport[]> {
  const reports: LogsReport[] = [];
  const personalities = options.engine === 'all-fakes' ? PERSONALITY_NAMES : [options.engine];
  for (const engineName of personalities) {
    if (options.signal.aborted) break;
    const engine = await openEngine(engineName, options.seed);
    const close = atEnd(() => engine.dispose());
    const say = (text: string): void => {
      if (options.isVerbose) console.error(`${sinceStart()} ${text}`);
    };
    const { traceFolder: folder } = options;
    const spoil = (sink: LogSink, container: string): LogSink =>
      folder === undefined ? sink : traced(join(folder, `${engineName}-${container}.txt`), sink);
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    const agent = options.isAgent ? await RigAgent.start(engine) : undefined;
    const closeAgent = atEnd(async () => agent?.dispose());
    const openReader = agent ? (address: string) => agent.openReader(address) : openDockerReader;
    reports.push(await runLogsRig(engine, { ...options, ...(agent && { agent }), openReader, say, spoil }));
    await closeAgent();
    await close();
  }
  return reports;
}

function sinceStart(): string {
  return `${(performance.now() / 1000).toFixed(1)} s`;
}

/** The code under test: the port over the Docker Engine API. */
export function openDockerReader(dockerHost: string): ContainerEngine {
  const log = (): void => undefined;
  return new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
}

async function openEngine(
  name: Exclude<RigArguments['engine'], 'all-fakes'>,
  seed: number,
): Promise<RigEngine> {
  if (name !== 'real') return FakeRigEngine.open(name, seed);
  const handedOver = process.env['QUAYWATCH_TEST_ENGINE'] ? findTestEngine() : undefined;
  if (handedOver?.control) return RealEngine.open(handedOver.socketPath, handedOver.control);
  // An engine found otherwise may be somebody's to work with: the rig restarts only what was given to it or is its own.
  const obstacle = whyNoPrivateEngine();
  if (obstacle) throw new Error(`The rig needs a Docker engine: ${obstacle}`);
  await ensureDockerInstalled();
  const engine = await startPrivateEngine({ dir: await engineDir() });
  await ensureBusyboxImage({ socketPath: engine.socketPath });
  return RealEngine.open(engine.socketPath, engine);
}
