import { systemClock, type Clock } from '../../base/clock';

/** Time that only goes on: deadlines and rates must not follow a clock that somebody sets. Its zero is arbitrary. */
export const steadyClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (run, delayMs) => systemClock.setTimer(run, delayMs),
};
