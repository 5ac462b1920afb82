import { toSeconds, type Timestamp } from './logTime';
import type { MetricSample } from './metrics';
import { dockerCpuPercent, dockerMemoryBytes, processorsOf } from './metricsFormulas';
import { secondsBetween, type StatsReading } from './metricsReading';

/**
 * What was counted in less time says nothing: counters move in steps. Podman's first reading compares itself with one
 * of a millisecond before.
 */
const SHORTEST_INTERVAL_SECONDS = 0.1;
/** A limit beyond it, such as cgroup's largest number, means that there is none. */
const NO_LIMIT_BYTES = 2 ** 60;
/** Container and host are read one after the other, so all processors may seem to do a little more than they can. */
const IMPOSSIBLE_LOAD = 1.5;

interface Counters {
  readonly readAt: Timestamp;
  readonly reading: StatsReading;
}

type Rates = Pick<
  MetricSample,
  | 'networkReceivedBytesPerSecond'
  | 'networkSentBytesPerSecond'
  | 'blockReadBytesPerSecond'
  | 'blockWrittenBytesPerSecond'
>;

const NO_RATES: Rates = {
  networkReceivedBytesPerSecond: undefined,
  networkSentBytesPerSecond: undefined,
  blockReadBytesPerSecond: undefined,
  blockWrittenBytesPerSecond: undefined,
};

/** Makes samples of one container's readings, in the order they come; remembers the counters of the one before. */
export class SampleMaker {
  private previous: Counters | undefined;

  /** What comes next is not a continuation: the container was stopped, or its statistics were not read for a while. */
  reset(): void {
    this.previous = undefined;
  }

  /** @param nowMs stands for the engine's time where a reading has none */
  next(reading: StatsReading, nowMs: number): MetricSample {
    const limitBytes = knownLimit(reading);
    const memoryBytes = knownMemory(reading);
    const { readAt } = reading;
    return {
      timeMs: readAt ? toSeconds(readAt) * 1000 : nowMs,
      cpuPercent: knownCpuPercent(reading),
      processors: processorsOf(reading) || undefined,
      memoryBytes,
      memoryLimitBytes: limitBytes,
      memoryPercent: memoryBytes === undefined || !limitBytes ? undefined : (memoryBytes / limitBytes) * 100,
      networkReceivedBytes: reading.networkReceivedBytes,
      networkSentBytes: reading.networkSentBytes,
      blockReadBytes: reading.blockReadBytes,
      blockWrittenBytes: reading.blockWrittenBytes,
      ...(readAt ? this.rates(reading, readAt) : NO_RATES),
      processes: reading.isWindows ? undefined : reading.processes,
    };
  }

  private rates(reading: StatsReading, readAt: Timestamp): Rates {
    const { previous } = this;
    const seconds = previous ? secondsBetween(previous.readAt, readAt) : 0;
    // Too early: the next reading is compared with the same one.
    if (previous && seconds >= 0 && seconds < SHORTEST_INTERVAL_SECONDS) return NO_RATES;
    this.previous = { readAt, reading };
    if (!previous || seconds < 0 || hasBegunAnew(previous.reading, reading)) return NO_RATES;
    const before = previous.reading;
    return {
      networkReceivedBytesPerSecond: rate(before.networkReceivedBytes, reading.networkReceivedBytes, seconds),
      networkSentBytesPerSecond: rate(before.networkSentBytes, reading.networkSentBytes, seconds),
      blockReadBytesPerSecond: rate(before.blockReadBytes, reading.blockReadBytes, seconds),
      blockWrittenBytesPerSecond: rate(before.blockWrittenBytes, reading.blockWrittenBytes, seconds),
    };
  }
}

/** Processor time never runs backwards while a container runs: then all counters have begun anew. */
function hasBegunAnew(before: StatsReading, now: StatsReading): boolean {
  return (now.cpu.used ?? 0) < (before.cpu.used ?? 0);
}

/** A counter that went backwards has begun anew (a network was disconnected): what it had before is not known. */
function rate(before: number, now: number, seconds: number): number | undefined {
  return now < before ? undefined : (now - before) / seconds;
}

/** What `docker stats` shows, where that can be known and is possible. */
function knownCpuPercent(reading: StatsReading): number | undefined {
  const processors = processorsOf(reading);
  if (processors === 0 || !canBeCompared(reading)) return undefined;
  const percent = dockerCpuPercent(reading);
  // On Windows 100 is all processors together, elsewhere it is one.
  const all = reading.isWindows ? 100 : processors * 100;
  return percent <= all * IMPOSSIBLE_LOAD ? percent : undefined;
}

/** Not without a reading before, nor when counters went backwards, nor when hardly any time passed between the two. */
function canBeCompared(reading: StatsReading): boolean {
  const { isWindows, cpu, previousCpu, readAt, previouslyReadAt } = reading;
  if (cpu.used === undefined || previousCpu.used === undefined || cpu.used < previousCpu.used) return false;
  const seconds = readAt && previouslyReadAt ? secondsBetween(previouslyReadAt, readAt) : undefined;
  if (seconds !== undefined && seconds < SHORTEST_INTERVAL_SECONDS) return false;
  return isWindows ? seconds !== undefined : hasSystemPassed(reading);
}

function hasSystemPassed({ cpu, previousCpu }: StatsReading): boolean {
  return cpu.system !== undefined && previousCpu.system !== undefined && cpu.system > previousCpu.system;
}

function knownMemory(reading: StatsReading): number | undefined {
  const { isWindows, memory } = reading;
  const source = isWindows ? memory.privateWorkingSetBytes : memory.usedBytes;
  return source === undefined ? undefined : dockerMemoryBytes(reading);
}

function knownLimit({ isWindows, memory }: StatsReading): number | undefined {
  const { limitBytes } = memory;
  return isWindows || !limitBytes || limitBytes >= NO_LIMIT_BYTES ? undefined : limitBytes;
}
