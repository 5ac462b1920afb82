import type { DeploymentRun } from './deploymentRun';
import { StepFailedError } from './failure';
import { waitUntilWell } from './health';
import type { Intent } from './journal/journalRecord';
import { findNew, runName } from './oldContainers';

/**
 * Brings a deployment to its end whose process was killed, where it was neither settled nor being undone: a new version
 * that has its name and runs is watched on; everything else is undone, by throwing.
 */
export async function goOnWith(
  run: DeploymentRun,
  intents: readonly Intent[],
  missing: readonly string[],
): Promise<void> {
  const swap = intents.find((intent) => intent.step === 'swap');
  if (swap) {
    const container = (await findNew(run.engine, run.id)).find(({ name }) => name === runName(run.spec));
    if (container?.isRunning) {
      await run.enter('health_check', 'Watching the new version.');
      await waitUntilWell(run, container.id);
      await run.intent({ step: 'healthy', imageId: swap.imageId });
      await run.settle(swap.old, swap.imageId);
      return;
    }
  }
  throw new StepFailedError(interrupted(intents, missing));
}

function interrupted(intents: readonly Intent[], missing: readonly string[]): string {
  const text = 'The process that ran this deployment was ended before it was done.';
  if (intents.length > 0 || missing.length === 0) return `${text} Deploy it again.`;
  return `${text} It can't go on: secrets are not kept (${missing.join(', ')}). Deploy it again from where you have them.`;
}
