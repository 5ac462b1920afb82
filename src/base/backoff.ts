/** Bounds of a growing, jittered delay, in milliseconds. */
export interface BackoffBounds {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Reconnecting starts after about a second and never waits longer than half a minute. */
export const RECONNECT_BACKOFF: BackoffBounds = { firstDelayMs: 1_000, longestDelayMs: 30_000 };

/**
 * The delay before attempt number `attempt` (0 is the first retry), in milliseconds: doubled with each attempt
 * up to the longest, of which a random half is taken off ("equal jitter"), so that many clients of one engine
 * do not come back at the same instant.
 *
 * @param random a number in [0, 1)
 */
export function backoffDelayMs(
  attempt: number,
  random: number,
  bounds: BackoffBounds = RECONNECT_BACKOFF,
): number {
  const doublings = Math.min(Math.max(0, attempt), 30);
  const ceilingMs = Math.min(bounds.longestDelayMs, bounds.firstDelayMs * 2 ** doublings);
  return Math.round(ceilingMs / 2 + (ceilingMs / 2) * random);
}
