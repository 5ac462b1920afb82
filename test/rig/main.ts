import { ensureBusyboxImage } from '../../scripts/lib/images.mjs';
import {
  ensureDockerInstalled,
  engineDir,
  startPrivateEngine,
  whyNoPrivateEngine,
} from '../../scripts/lib/privateEngine.mjs';
import { runMain } from '../../scripts/lib/processes.mjs';
import { USAGE, readArguments, type RigArguments } from './arguments';
import { runOn } from './engines/openEngines';
import { runCommandsRig, type CommandsReport } from './agent/commandsRig';
import { harmIn, runHostileRig } from './agent/hostileRig';
import { runIdleRig } from './agent/idleRig';
import { findTestEngine, type TestEngine } from '../support/testEngine';
import { deployFaults, runDeployRig } from './deploy/deployRig';
import { faultsIn } from './report';

const MINUTE_MS = 60_000;

/** `npm run -s rig -- logs …`: see {@link USAGE}. Exits with 1 when a line was lost, doubled, reordered or corrupted. */
void runMain(async (signal) => {
  const parsed = readArguments(process.argv.slice(2));
  if ('complaint' in parsed) {
    console.error(`${parsed.complaint}\n\n${USAGE}`);
    return 2;
  }
  if (parsed.rig === 'deploy') return runDeploy(parsed, signal);
  if (parsed.rig === 'commands') return runCommands(parsed, signal);
  if (parsed.rig === 'hostile') return runHostile(parsed, signal);
  if (parsed.rig === 'idle') return runIdle(parsed, signal);
  const reports = await runOn({ ...parsed, signal });
  for (const report of reports) {
    for (const problem of report.problems) console.error(problem);
    if (faultsIn(report) === 0) continue;
    const engine = report.engine.replace(/^fake /, '').replace(/^real .*/, 'real');
    console.error(`Repeat it with: npm run -s rig -- ${parsed.repeat} --engine ${engine}`);
  }
  const [only] = reports;
  const result = reports.length === 1 ? only : { engines: reports };
  if (parsed.isJson) console.log(JSON.stringify(result));
  else console.log(result);
  return reports.length > 0 && reports.every((report) => faultsIn(report) === 0) ? 0 : 1;
});

async function runDeploy(parsed: RigArguments, signal: AbortSignal): Promise<number> {
  const { seed, kills, isJson, isVerbose } = parsed;
  const say = (text: string): void => {
    if (isVerbose) console.error(text);
  };
  const engine = findTestEngine() ?? (await ownEngine());
  const report = await runDeployRig({ engine, seed, kills, say, signal });
  console.log(isJson ? JSON.stringify(report) : report);
  return deployFaults(report) === 0 && report.kills === kills ? 0 : 1;
}

/** It ends with the command. */
async function ownEngine(): Promise<TestEngine> {
  const obstacle = whyNoPrivateEngine();
  if (obstacle !== undefined) throw new Error(obstacle);
  await ensureDockerInstalled();
  const { socketPath } = await startPrivateEngine({ dir: await engineDir() });
  await ensureBusyboxImage({ socketPath });
  return { socketPath, dockerHost: `unix://${socketPath}`, control: undefined };
}

async function runCommands(parsed: RigArguments, signal: AbortSignal): Promise<number> {
  const { seed, cuts, agentKills, engine, isJson, isVerbose } = parsed;
  const say = (text: string): void => {
    if (isVerbose) console.error(text);
  };
  const personality = engine === 'real' || engine === 'all-fakes' ? '25' : engine;
  const report: CommandsReport = await runCommandsRig({ seed, cuts, agentKills, personality, say, signal });
  console.log(isJson ? JSON.stringify(report) : report);
  return report.twice + report.notRun + report.ranAnyway === 0 && report.cuts === cuts ? 0 : 1;
}

async function runHostile(parsed: RigArguments, signal: AbortSignal): Promise<number> {
  const { seed, minutes, halfOpen, isJson, isVerbose } = parsed;
  const report = await runHostileRig({
    seed,
    durationMs: minutes * MINUTE_MS,
    halfOpen,
    settleMs: 2 * MINUTE_MS,
    ...(isVerbose && { say: (text) => console.error(text) }),
    signal,
  });
  console.log(isJson ? JSON.stringify(report) : report);
  return harmIn(report) === 0 ? 0 : 1;
}

async function runIdle({ minutes, isJson }: RigArguments, signal: AbortSignal): Promise<number> {
  const report = await runIdleRig({ durationMs: minutes * MINUTE_MS, signal });
  console.log(isJson ? JSON.stringify(report) : report);
  return report.requestCount === 0 ? 0 : 1;
}
