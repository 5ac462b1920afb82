import { DisposableStore } from '../base/lifecycle';
import type { ContainerDetails } from '../engine/deployEngine';
import { StepFailedError } from './failure';
import type { Step } from './step';

const TIMEOUT_MS = 120_000;
const STABLE_MS = 3_000;
/** How often a container is looked at without an event: events can be missed when a connection breaks. */
const LOOK_MS = 2_000;

/** Restart policies by which the engine starts a container again that ended with 0. */
const ALWAYS_RESTARTED: readonly string[] = ['always', 'unless-stopped'];

interface Watched {
  /** For people, at the beginning of a sentence. */
  readonly what?: string;
  /** It may do its work and end with 0, where the engine does not start it again. */
  readonly mayEnd?: boolean;
  /** How often the engine had restarted it before. */
  readonly restarts?: number;
  readonly signal?: AbortSignal;
}

/**
 * Waits until a container that was just started is well: its health check says so or, where it has none, it has run for a
 * while without ending. Rejects with a {@link StepFailedError} as soon as it is known not to be.
 */
export async function waitUntilWell(step: Step, id: string, watched: Watched = {}): Promise<void> {
  const { what = 'The new container', mayEnd = false, restarts = 0, signal = step.signal } = watched;
  const startedMs = step.clock.nowMs();
  let firstStart: string | undefined;
  for (;;) {
    const container = await step.engine.inspectContainer(id);
    signal.throwIfAborted();
    if (!container) throw new StepFailedError(`${what} was removed by somebody else.`);
    if (mayEnd && hasDoneItsWork(container)) return;
    firstStart ??= container.startedAt;
    requireRunning(container, { firstStart, restarts, what });
    const leftMs = timeLeft(step, container, { ranMs: step.clock.nowMs() - startedMs, what });
    if (leftMs <= 0) return;
    await nextLook(step, id, { signal, delayMs: Math.min(LOOK_MS, leftMs) });
  }
}

interface Run {
  readonly ranMs: number;
  readonly what: string;
}

/** How long to watch on at most, in milliseconds; 0 where it is well. */
function timeLeft(step: Step, container: ContainerDetails, { ranMs, what }: Run): number {
  const { timeoutMs = TIMEOUT_MS, stableMs = STABLE_MS } = step.spec.health ?? {};
  if (!container.health) {
    if (ranMs < stableMs) step.progress(ranMs / stableMs, 'Watching whether it keeps running.');
    return Math.max(0, stableMs - ranMs);
  }
  if (container.health.status === 'healthy') return 0;
  requireHealth(container, timeoutMs, { ranMs, what });
  step.progress(ranMs / timeoutMs, 'Waiting for the health check.');
  return timeoutMs - ranMs;
}

function hasDoneItsWork({ isRunning, exitCode, restartPolicy }: ContainerDetails): boolean {
  return !isRunning && exitCode === 0 && !ALWAYS_RESTARTED.includes(restartPolicy);
}

function requireRunning(
  container: ContainerDetails,
  {
    firstStart,
    restarts,
    what,
  }: { readonly firstStart: string; readonly restarts: number; readonly what: string },
): void {
  const { isRunning, restartCount, startedAt, exitCode, outOfMemory } = container;
  if (isRunning && restartCount === restarts && startedAt === firstStart) return;
  const why = outOfMemory ? ' It was out of memory.' : '';
  const end = isRunning ? 'ended and was started again' : `ended with exit code ${exitCode}`;
  throw new StepFailedError(`${what} ${end} before it counted as running well.${why}`, {
    exitCode,
    outOfMemory,
  });
}

function requireHealth({ health }: ContainerDetails, timeoutMs: number, { ranMs, what }: Run): void {
  const healthOutput = health?.lastOutput ?? '';
  const subject = `${what.charAt(0).toLowerCase()}${what.slice(1)}`;
  if (health?.status === 'unhealthy')
    throw new StepFailedError(`The health check of ${subject} failed.`, { healthOutput });
  if (ranMs < timeoutMs) return;
  const seconds = Math.round(timeoutMs / 1000);
  throw new StepFailedError(`${what} was not healthy within ${seconds} s.`, { healthOutput });
}

/** Over when something happened to the container or the connection, after a while, or with the signal. */
async function nextLook(
  { engine, clock }: Step,
  id: string,
  { signal, delayMs }: { readonly signal: AbortSignal; readonly delayMs: number },
): Promise<void> {
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
