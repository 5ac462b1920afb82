import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const NANOSECONDS_PER_MS = 1_000_000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const BYTES_PER_MEGABYTE = 1_000_000;
const RESOLUTION_MS = 5;
const SAMPLE_INTERVAL_MS = 20;

/** What some work costs this extension host. */
export interface Watched {
  /** The time between two turns of a timer of 5 ms, those 5 ms included. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** V8's heap and what it holds outside of it, after a garbage collection at the end: what is kept. */
  readonly keptMegabytes: number;
  /** The same as the work went on, without a collection, at its highest. */
  readonly peakHeapMegabytes: number;
  /** The process's resident memory at its highest, and after the collection at the end. */
  readonly peakRssMegabytes: number;
  readonly rssMegabytes: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** All memory figures say by how much it grew. */
export async function watch(work: () => Promise<unknown>): Promise<Watched> {
  const before = collected();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const peak = { ...before };
  const sampling = setInterval(() => {
    const { heapBytes, rssBytes } = memory();
    peak.heapBytes = Math.max(peak.heapBytes, heapBytes);
    peak.rssBytes = Math.max(peak.rssBytes, rssBytes);
  }, SAMPLE_INTERVAL_MS);
  delay.enable();
  try {
    await work();
  } finally {
    delay.disable();
    clearInterval(sampling);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const after = collected();
  const megabytes = (bytes: number): number => bytes / BYTES_PER_MEGABYTE;
  return {
    loopDelayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
    loopDelayMaxMs: delay.max / NANOSECONDS_PER_MS,
    keptMegabytes: megabytes(after.heapBytes - before.heapBytes),
    peakHeapMegabytes: megabytes(peak.heapBytes - before.heapBytes),
    peakRssMegabytes: megabytes(peak.rssBytes - before.rssBytes),
    rssMegabytes: megabytes(after.rssBytes - before.rssBytes),
    cpuSeconds: (user + system) / MICROSECONDS_PER_SECOND,
    seconds,
  };
}

interface Memory {
  heapBytes: number;
  rssBytes: number;
}

function memory(): Memory {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

function collected(): Memory {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return memory();
}
