import type { Clock } from '../../src/base/clock';

const HASTE = 50;

/** Timers run fifty times as fast, so that a minute of waiting is a second; what time it is, stays. */
export const hastyClock: Clock = {
  nowMs: () => Date.now(),
  setTimer: (run, delayMs) => {
    const handle = setTimeout(run, delayMs / HASTE);
    return { dispose: () => clearTimeout(handle) };
  },
};
