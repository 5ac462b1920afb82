import type { Timestamp } from './logTime';

/** Counters of processor use; which of them an engine has depends on its system. */
export interface CpuReading {
  /** Of the container: in nanoseconds, on Windows in units of 100 ns. */
  readonly used: number | undefined;
  /** Of the whole host, all processors together, in nanoseconds; absent on Windows and where there is no such reading. */
  readonly system: number | undefined;
  readonly onlineProcessors: number | undefined;
  /** How many processors the use is listed for; 0 where it is not, as with cgroup v2. */
  readonly listedProcessors: number;
}

export interface MemoryReading {
  readonly usedBytes: number | undefined;
  readonly limitBytes: number | undefined;
  /** The part of the file cache that the kernel drops first, with that of nested groups: cgroup v1. */
  readonly totalInactiveFileBytes: number | undefined;
  /** The same with cgroup v2; with v1 without nested groups. */
  readonly inactiveFileBytes: number | undefined;
  /** Windows. */
  readonly privateWorkingSetBytes: number | undefined;
}

/** One answer of an engine about a container, as it counts: non-negative, finite numbers only. */
export interface StatsReading {
  readonly isWindows: boolean;
  readonly readAt: Timestamp | undefined;
  readonly previouslyReadAt: Timestamp | undefined;
  readonly cpu: CpuReading;
  readonly previousCpu: CpuReading;
  readonly memory: MemoryReading;
  readonly networkReceivedBytes: number;
  readonly networkSentBytes: number;
  readonly blockReadBytes: number;
  readonly blockWrittenBytes: number;
  readonly processes: number | undefined;
  /** Windows: processors of the host. */
  readonly hostProcessors: number | undefined;
}

/** Whether it is what an engine says of a container that does not run: Docker then sends samples without content. */
export function isEmptyReading({ readAt, cpu, memory }: StatsReading): boolean {
  return readAt === undefined && (cpu.used ?? 0) === 0 && (memory.usedBytes ?? 0) === 0;
}

const NANOSECONDS = 1_000_000_000;

/** Exact, unlike a difference of milliseconds since the epoch. */
export function nanosecondsBetween(earlier: Timestamp, later: Timestamp): number {
  return (later.seconds - earlier.seconds) * NANOSECONDS + (later.nanoseconds - earlier.nanoseconds);
}

export function secondsBetween(earlier: Timestamp, later: Timestamp): number {
  return nanosecondsBetween(earlier, later) / NANOSECONDS;
}
