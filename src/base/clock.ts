import type { Disposable } from './lifecycle';

/** Time as a dependency, so that pure code can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Calls `run` once after `delayMs` unless the returned disposable is disposed first. */
  setTimer(run: () => void, delayMs: number): Disposable;
}

// The pure folders are compiled without Node's and the DOM's types; every host we run in has these two.
declare function setTimeout(run: () => void, delayMs: number): unknown;
declare function clearTimeout(handle: unknown): void;

/** The real time of the process. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer: (run, delayMs) => {
    const handle = setTimeout(run, delayMs);
    return { dispose: () => clearTimeout(handle) };
  },
};
