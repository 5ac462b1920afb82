import { nanosecondsBetween, type MemoryReading, type StatsReading } from './metricsReading';

/*
 * The formulas of `docker stats`, in the docker CLI's file cli/command/container/stats_helpers.go. They give what it
 * prints, its zeros for "not known" included; what a figure is worth is decided in metricsSamples.ts.
 */

/** Windows counts processor time in units of this many nanoseconds. */
const WINDOWS_UNIT_NANOSECONDS = 100;

/** `CPU %`: 100 is one processor. */
export function dockerCpuPercent(reading: StatsReading): number {
  return reading.isWindows ? windowsCpuPercent(reading) : unixCpuPercent(reading);
}

/** The container's share of what all processors did since the reading before, times their number. */
function unixCpuPercent(reading: StatsReading): number {
  const { cpu, previousCpu } = reading;
  const used = (cpu.used ?? 0) - (previousCpu.used ?? 0);
  const system = (cpu.system ?? 0) - (previousCpu.system ?? 0);
  if (used <= 0 || system <= 0) return 0;
  return (used / system) * processorsOf(reading) * 100;
}

/** How many processors the container can run on; 0 if the engine does not say. */
export function processorsOf({ isWindows, cpu, hostProcessors }: StatsReading): number {
  if (isWindows) return hostProcessors ?? 0;
  return cpu.onlineProcessors === undefined || cpu.onlineProcessors === 0
    ? cpu.listedProcessors
    : cpu.onlineProcessors;
}

/** The share of the time that all processors had since the reading before. */
function windowsCpuPercent({
  readAt,
  previouslyReadAt,
  cpu,
  previousCpu,
  hostProcessors,
}: StatsReading): number {
  if (!readAt || !previouslyReadAt) return 0;
  const unitsPassed = Math.floor(nanosecondsBetween(previouslyReadAt, readAt) / WINDOWS_UNIT_NANOSECONDS);
  const unitsPossible = unitsPassed * (hostProcessors ?? 0);
  const unitsUsed = (cpu.used ?? 0) - (previousCpu.used ?? 0);
  return unitsPossible > 0 && unitsUsed > 0 ? (unitsUsed / unitsPossible) * 100 : 0;
}

/**
 * `MEM USAGE`: without the file cache that the kernel would drop first, where that is less than the usage: it is counted
 * at another moment, and may be more. On Windows the private working set.
 */
export function dockerMemoryBytes({ isWindows, memory }: StatsReading): number {
  return isWindows ? (memory.privateWorkingSetBytes ?? 0) : usedWithoutCache(memory);
}

function usedWithoutCache({
  usedBytes = 0,
  totalInactiveFileBytes,
  inactiveFileBytes = 0,
}: MemoryReading): number {
  if (totalInactiveFileBytes !== undefined && totalInactiveFileBytes < usedBytes)
    return usedBytes - totalInactiveFileBytes;
  return inactiveFileBytes < usedBytes ? usedBytes - inactiveFileBytes : usedBytes;
}

/** `MEM %`; Windows has none. */
export function dockerMemoryPercent(reading: StatsReading): number {
  const { limitBytes = 0 } = reading.memory;
  return reading.isWindows || limitBytes === 0 ? 0 : (dockerMemoryBytes(reading) / limitBytes) * 100;
}
