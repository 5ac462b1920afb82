import type { MachineSample } from '../../model/machineMetrics';
import type { MachineReading, NetworkBytes, ProcessorTime } from './machineReading';

/** What was counted in less time says nothing: counters move in steps. */
const SHORTEST_INTERVAL_MS = 100;

/** Makes samples of one machine's readings, in the order they come. */
export class MachineSampleMaker {
  private previous: MachineReading | undefined;

  next(reading: MachineReading): MachineSample {
    const { previous } = this;
    const passedMs = previous ? reading.steadyMs - previous.steadyMs : 0;
    const isComparable = previous !== undefined && passedMs >= SHORTEST_INTERVAL_MS;
    // Too early: the next one is compared with the same one.
    if (!previous || isComparable) this.previous = reading;
    const before = isComparable ? previous : undefined;
    const network = before && ratesBetween(before.network, reading.network, passedMs);
    return {
      timeMs: reading.timeMs,
      cpuPercent: before && percentBetween(before.cpu, reading.cpu),
      processorPercents: before ? percentsBetween(before.processorTimes, reading.processorTimes) : [],
      processors: reading.processorTimes.length,
      load: reading.load,
      memoryUsedBytes: reading.memoryUsedBytes,
      memoryTotalBytes: reading.memoryTotalBytes,
      diskUsedBytes: reading.diskUsedBytes,
      diskTotalBytes: reading.diskTotalBytes,
      networkReceivedBytesPerSecond: network?.received,
      networkSentBytesPerSecond: network?.sent,
    };
  }
}

/** None where a processor came or went, or says nothing. */
function percentsBetween(before: readonly ProcessorTime[], now: readonly ProcessorTime[]): readonly number[] {
  if (before.length !== now.length) return [];
  const percents = now.map((time, index) => percentBetween(before[index], time));
  return percents.every((percent) => percent !== undefined) ? percents : [];
}

function percentBetween(
  before: ProcessorTime | undefined,
  now: ProcessorTime | undefined,
): number | undefined {
  if (!before || !now || now.total <= before.total) return undefined;
  const share = (now.busy - before.busy) / (now.total - before.total);
  // Idle time is known to go backwards a little.
  return Math.min(1, Math.max(0, share)) * 100;
}

/** Counters that went backwards have begun anew: an interface came or went. */
function ratesBetween(
  before: NetworkBytes | undefined,
  now: NetworkBytes | undefined,
  passedMs: number,
): NetworkBytes | undefined {
  if (!before || !now || now.received < before.received || now.sent < before.sent) return undefined;
  const seconds = passedMs / 1000;
  return { received: (now.received - before.received) / seconds, sent: (now.sent - before.sent) / seconds };
}
