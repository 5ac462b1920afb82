import { EngineError } from '../engine';

/** How long something may take, and who may stop it earlier. */
export interface Limits {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs work that must end in time, even work that ignores the signal it is given.
 *
 * Rejects with an EngineError `timeout` after the deadline, and with the signal's own reason when that aborts: then
 * somebody wanted it, and it is no error of the engine.
 *
 * @param doing as in "Could not `ask the engine for its version`"
 */
export async function withinDeadline<T>(
  { deadlineMs, signal }: Limits,
  doing: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timeout(doing, deadlineMs)), deadlineMs);
  const forward = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await Promise.race([aborted(controller.signal), work(controller.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // An abort's reason is whatever the caller chose, and is handed back as it is.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function timeout(doing: string, deadlineMs: number): EngineError {
  const text = `no answer within ${deadlineMs} ms. The engine may be starting or overloaded; try again.`;
  return new EngineError('timeout', `Could not ${doing}: ${text}`);
}
