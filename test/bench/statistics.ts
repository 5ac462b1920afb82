/** The middle value, or the mean of the two in the middle; of no values, NaN. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The value that so many percent of all do not exceed (nearest rank); of no values, NaN. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** By how much values grow for each unit, along the straight line that is nearest to all; of fewer than two, 0. */
export function slope(points: readonly (readonly [at: number, value: number])[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanAt = mean(points.map(([at]) => at));
  const meanValue = mean(points.map(([, value]) => value));
  let product = 0;
  let square = 0;
  for (const [at, value] of points) {
    product += (at - meanAt) * (value - meanValue);
    square += (at - meanAt) ** 2;
  }
  return square === 0 ? 0 : product / square;
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Milliseconds that some work takes. */
export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

export interface Pair {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** Runs ours and the peer's in turn, so that a machine whose speed drifts treats both alike; one round warms up. */
export async function alternate(
  rounds: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
): Promise<Pair> {
  const times = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const oursMs = await timeMs(ours);
    const peerMs = await timeMs(peer);
    if (round === 0) continue;
    times.ours.push(oursMs);
    times.peer.push(peerMs);
  }
  return times;
}
