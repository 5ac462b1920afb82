import { DisposableStore } from '../base/lifecycle';
import type { ContainerDetails } from '../engine/deployEngine';
import { StepFailedError } from './failure';
import type { Step } from './step';

const TIMEOUT_MS = 120_000;
const STABLE_MS = 3_000;
/** How often a container is looked at without an event: events can be missed when a connection breaks. */
const LOOK_MS = 2_000;

/**
 * Waits until a container that was just started is well: its health check says so or, where it has none, it has run for a
 * while without ending. Rejects with a {@link StepFailedError} as soon as it is known not to be.
 */
export async function waitUntilWell(step: Step, id: string): Promise<void> {
  const { timeoutMs = TIMEOUT_MS, stableMs = STABLE_MS } = step.spec.health ?? {};
  const startedMs = step.clock.nowMs();
  let firstStart: string | undefined;
  for (;;) {
    const container = await step.engine.inspectContainer(id);
    step.signal.throwIfAborted();
    if (!container) throw new StepFailedError('The new container was removed by somebody else.');
    firstStart ??= container.startedAt;
    requireRunning(container, firstStart);
    const ranMs = step.clock.nowMs() - startedMs;
    if (container.health) {
      if (container.health.status === 'healthy') return;
      requireHealth(container, ranMs, timeoutMs);
      step.progress(ranMs / timeoutMs, 'Waiting for the health check.');
      await nextLook(step, id, Math.min(LOOK_MS, timeoutMs - ranMs));
    } else {
      if (ranMs >= stableMs) return;
      step.progress(ranMs / stableMs, 'Watching whether it keeps running.');
      await nextLook(step, id, Math.min(LOOK_MS, stableMs - ranMs));
    }
  }
}

function requireRunning(container: ContainerDetails, firstStart: string): void {
  const { isRunning, restartCount, startedAt, exitCode, outOfMemory } = container;
  if (isRunning && restartCount === 0 && startedAt === firstStart) return;
  const why = outOfMemory ? ' It was out of memory.' : '';
  const what = isRunning ? 'ended and was started again' : `ended with exit code ${exitCode}`;
  throw new StepFailedError(`The new container ${what} before it counted as running well.${why}`, {
    exitCode,
    outOfMemory,
  });
}

function requireHealth({ health }: ContainerDetails, ranMs: number, timeoutMs: number): void {
  const healthOutput = health?.lastOutput ?? '';
  if (health?.status === 'unhealthy')
    throw new StepFailedError('The health check of the new container failed.', { healthOutput });
  if (ranMs < timeoutMs) return;
  const seconds = Math.round(timeoutMs / 1000);
  throw new StepFailedError(`The new container was not healthy within ${seconds} s.`, { healthOutput });
}

/** Over when something happened to the container or the connection, after a while, or with the signal. */
async function nextLook({ engine, clock, signal }: Step, id: string, delayMs: number): Promise<void> {
  const waiting = new DisposableStore();
  try {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      waiting.add({ dispose: () => signal.removeEventListener('abort', abort) });
      waiting.add(clock.setTimer(resolve, Math.max(1, delayMs)));
      waiting.add(engine.onEvent(({ containerId }) => containerId === id && resolve()));
    });
  } finally {
    waiting.dispose();
  }
}
