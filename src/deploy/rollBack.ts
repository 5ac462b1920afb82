import { systemClock } from '../base/clock';
import { messageOf } from '../base/errors';
import { DisposableStore } from '../base/lifecycle';
import type { ContainerDetails, DeployEngine } from '../engine/deployEngine';
import { EngineError } from '../engine/engine';
import type { FailureDetails } from './failure';
import type { OldContainer } from './journal/journalRecord';
import { findNew } from './oldContainers';
import { containerSecrets } from './containerSecrets';
import type { Step } from './step';

const LAST_LINES = 20;
const LONGEST_KEPT_LINE = 500;
const LONGEST_HEALTH_OUTPUT = 4_000;
const RETRY_MS = 1_000;
const MOST_ATTEMPTS = 5;

/** Codes of a host that is away: the same may work when it is back. */
const AWAY: ReadonlySet<string> = new Set([
  'connectionLost',
  'unreachable',
  'timeout',
  'engineNotFound',
  'agentEngineAway',
]);

/** What the rolling back works with: it goes on when the deployment itself was cancelled. */
export type RollBackStep = Pick<Step, 'id' | 'engine' | 'redactor' | 'log'> & {
  /** Aborts only when this process leaves. */
  readonly leaving: AbortSignal;
};

export interface RolledBack {
  /** What the container that failed left behind. */
  readonly details: FailureDetails;
  /** Why an old version could not be put back, if one could not. */
  readonly problem?: string;
}

/**
 * Takes away what a deployment made and puts back what ran before it. Can be done again, from whatever state an earlier
 * attempt left. Waits for an engine that is away as long as it takes; rejects only with the reason of `leaving`.
 */
export async function rollBack(step: RollBackStep, old: readonly OldContainer[]): Promise<RolledBack> {
  const problems: string[] = [];
  const giveUp = (error: unknown): void => {
    const message = step.redactor.redact(`What ran before could not be put back: ${messageOf(error)}`);
    step.log('system', message);
    problems.push(message);
  };
  const details = (await patiently(step, () => removeNew(step), giveUp)) ?? {};
  for (const one of old) {
    const problem = await patiently(step, () => putBack(step, one), giveUp);
    if (problem !== undefined) problems.push(problem);
  }
  return { details, ...(problems.length > 0 && { problem: problems.join(' ') }) };
}

async function removeNew(step: RollBackStep): Promise<FailureDetails> {
  let details: FailureDetails = {};
  for (const container of await findNew(step.engine, step.id)) {
    details = { ...details, ...(await remainsOf(step, container)) };
    await step.engine.removeContainer(container.id);
  }
  return details;
}

/** The log of a container that goes is kept in the deployment's. */
export async function remainsOf(
  step: Pick<Step, 'engine' | 'redactor' | 'log'>,
  container: ContainerDetails,
): Promise<FailureDetails> {
  const { engine, redactor } = step;
  redactor.add(await containerSecrets(engine, [container]));
  if (container.state === 'created') return {};
  // Where it can't be read, as with some log drivers, the rest is still worth telling.
  const lines = await engine.readLastLines(container, LAST_LINES).catch((error: unknown) => {
    if (isAway(error)) throw error;
    return [];
  });
  if (lines.length > 0) step.log('system', `The last lines of ${container.name}:`);
  for (const line of lines) step.log('stderr', line);
  const lastLines = lines.map((line) => redactor.redact(line).slice(0, LONGEST_KEPT_LINE));
  const healthOutput = container.health?.lastOutput ?? '';
  return {
    lastLines,
    ...(container.isRunning ? {} : { exitCode: container.exitCode }),
    ...(container.outOfMemory && { outOfMemory: true }),
    ...(healthOutput !== '' && {
      healthOutput: redactor.redact(healthOutput).slice(0, LONGEST_HEALTH_OUTPUT),
    }),
  };
}

/** Resolves with what is wrong, if it can't be helped. */
async function putBack(step: RollBackStep, old: OldContainer): Promise<string | undefined> {
  const { engine } = step;
  const container = await engine.inspectContainer(old.id);
  if (!container) return `The old container ${old.name} is gone.`;
  if (container.name !== old.name) await engine.renameContainer(old.id, old.name);
  if (!old.wasRunning || container.isRunning) return undefined;
  await engine.startContainer(old.id);
  step.log('system', `${old.name} runs again.`);
  return undefined;
}

/**
 * Does it again and again while the engine is away; what fails for another reason is tried a few times, and then given up.
 * Rejects only with the reason of `leaving`.
 */
export async function patiently<T>(
  { engine, leaving }: Pick<RollBackStep, 'engine' | 'leaving'>,
  work: () => Promise<T>,
  giveUp: (error: unknown) => void,
): Promise<T | undefined> {
  for (let failures = 0; failures < MOST_ATTEMPTS;) {
    leaving.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      leaving.throwIfAborted();
      if (!isAway(error)) failures += 1;
      if (failures === MOST_ATTEMPTS) giveUp(error);
      else await pause(engine, leaving);
    }
  }
  return undefined;
}

function isAway(error: unknown): boolean {
  return error instanceof EngineError && AWAY.has(error.code);
}

/** A little, or until the connection changes. */
async function pause(engine: DeployEngine, leaving: AbortSignal): Promise<void> {
  const waiting = new DisposableStore();
  try {
    await new Promise<void>((resolve) => {
      waiting.add(systemClock.setTimer(resolve, RETRY_MS));
      waiting.add(engine.onDidChangeConnection(() => resolve()));
      leaving.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    waiting.dispose();
  }
}
