import type { Clock } from '../../base/clock';
import type { DisposableStore } from '../../base/lifecycle';
import type { FollowSession } from './followSession';
import type { PassEnd } from './logPass';
import { LogTap } from './logTap';
import { Wakeup } from './wakeup';

/** Between two looks, at least; and at least as long as a look took. */
const LEAST_REST_MS = 10;
/** A log of which nothing was heard for so long is looked at; then ever more rarely. */
const FIRST_SILENCE_MS = 1_000;
const LONGEST_SILENCE_MS = 60_000;

export interface LookedAtLog {
  readonly session: FollowSession;
  readonly containerId: string;
  readonly clock: Clock;
  /** Reads what is new, to the present end of the log; how many lines that were. */
  look(): Promise<{ readonly end: PassEnd; readonly newLines: number }>;
  isOver(): boolean;
  /** What is open meanwhile; disposed when nobody reads any more. */
  readonly store: DisposableStore;
}

/**
 * Follows a running container's log without trusting a followed log: it is read again and again from the last line
 * delivered, whenever a {@link LogTap} tells that there is something new. For logs that rotate.
 *
 * @returns whether the log came to its end; false when the place to go on from was lost or not found
 */
export async function readByLooks(log: LookedAtLog): Promise<boolean> {
  const { session, containerId, clock, store } = log;
  let tap = store.add(await LogTap.open(session, containerId, clock));
  let silenceMs = FIRST_SILENCE_MS;
  let wasTold = true;
  try {
    while (!log.isOver()) {
      const wasEnded = tap.hasEnded;
      const startMs = clock.nowMs();
      const { end, newLines } = await log.look();
      if (end === 'missed') continue;
      if (end !== 'complete') return false;
      if (wasEnded) return true;
      if (newLines > 0) silenceMs = FIRST_SILENCE_MS;
      // It had something to tell and did not.
      if (newLines > 0 && !wasTold) tap = await replaced(tap, log);
      await new Wakeup(clock).sleep(Math.max(LEAST_REST_MS, clock.nowMs() - startMs));
      wasTold = await tap.news(silenceMs);
      if (!wasTold) silenceMs = Math.min(silenceMs * 2, LONGEST_SILENCE_MS);
    }
    return true;
  } finally {
    store.delete(tap);
  }
}

async function replaced(deaf: LogTap, { session, containerId, clock, store }: LookedAtLog): Promise<LogTap> {
  const tap = store.add(await LogTap.open(session, containerId, clock));
  store.delete(deaf);
  // What was written before it was opened is told by nobody.
  tap.signal();
  return tap;
}
