import { parseTimestamp, type Timestamp } from '../../model/logTime';
import type { CpuReading, MemoryReading, StatsReading } from '../../model/metricsReading';
import { asArray, asFields, asNumber, asText, type Fields } from './fields';

/** The engine counts in unsigned 64-bit numbers. */
const LARGEST_COUNTER = 2 ** 64;
/** More than any machine has. */
const MOST_PROCESSORS = 65_536;

/**
 * Reads one answer of `GET /containers/{id}/stats`. Of fields that are missing or make no sense it takes what `docker
 * stats` takes: none of the networks is 0 bytes.
 *
 * @param operatingSystem of the engine: `linux` or `windows`. What the answer itself says goes first: engines say it from version 29 on
 * @returns `undefined` for what is no object
 */
export function readStats(value: unknown, operatingSystem: string): StatsReading | undefined {
  const stats = asFields(value);
  if (!stats) return undefined;
  const isWindows = (asText(stats['os_type']) ?? operatingSystem) === 'windows';
  return {
    isWindows,
    readAt: readTime(stats['read']),
    previouslyReadAt: readTime(stats['preread']),
    cpu: readCpu(asFields(stats['cpu_stats'])),
    previousCpu: readCpu(asFields(stats['precpu_stats'])),
    memory: readMemory(asFields(stats['memory_stats'])),
    ...readNetworks(asFields(stats['networks'])),
    ...(isWindows
      ? readStorage(asFields(stats['storage_stats']))
      : readBlocks(asFields(stats['blkio_stats']))),
    processes: asCounter(asFields(stats['pids_stats'])?.['current']),
    hostProcessors: asProcessors(stats['num_procs']),
  };
}

/** Engines date what there is not to the year 1. */
function readTime(value: unknown): Timestamp | undefined {
  const time = parseTimestamp(asText(value) ?? '');
  return time && time.seconds > 0 ? time : undefined;
}

function readCpu(cpu: Fields | undefined): CpuReading {
  const usage = asFields(cpu?.['cpu_usage']);
  return {
    used: asCounter(usage?.['total_usage']),
    system: asCounter(cpu?.['system_cpu_usage']),
    onlineProcessors: asProcessors(cpu?.['online_cpus']),
    listedProcessors: Math.min(asArray(usage?.['percpu_usage']).length, MOST_PROCESSORS),
  };
}

function readMemory(memory: Fields | undefined): MemoryReading {
  const details = asFields(memory?.['stats']);
  return {
    usedBytes: asCounter(memory?.['usage']),
    limitBytes: asCounter(memory?.['limit']),
    totalInactiveFileBytes: asCounter(details?.['total_inactive_file']),
    inactiveFileBytes: asCounter(details?.['inactive_file']),
    privateWorkingSetBytes: asCounter(memory?.['privateworkingset']),
  };
}

function readNetworks(
  networks: Fields | undefined,
): Pick<StatsReading, 'networkReceivedBytes' | 'networkSentBytes'> {
  let networkReceivedBytes = 0;
  let networkSentBytes = 0;
  for (const network of Object.values(networks ?? {})) {
    networkReceivedBytes += asCounter(asFields(network)?.['rx_bytes']) ?? 0;
    networkSentBytes += asCounter(asFields(network)?.['tx_bytes']) ?? 0;
  }
  return { networkReceivedBytes, networkSentBytes };
}

type Blocks = Pick<StatsReading, 'blockReadBytes' | 'blockWrittenBytes'>;

/** One entry for each device and operation; cgroup v1 writes `Read`, v2 `read`, and both others that count nothing new. */
function readBlocks(blocks: Fields | undefined): Blocks {
  let blockReadBytes = 0;
  let blockWrittenBytes = 0;
  for (const item of asArray(blocks?.['io_service_bytes_recursive'])) {
    const entry = asFields(item);
    const bytes = asCounter(entry?.['value']) ?? 0;
    const initial = asText(entry?.['op'])?.charAt(0).toLowerCase();
    if (initial === 'r') blockReadBytes += bytes;
    else if (initial === 'w') blockWrittenBytes += bytes;
  }
  return { blockReadBytes, blockWrittenBytes };
}

/** Windows. */
function readStorage(storage: Fields | undefined): Blocks {
  return {
    blockReadBytes: asCounter(storage?.['read_size_bytes']) ?? 0,
    blockWrittenBytes: asCounter(storage?.['write_size_bytes']) ?? 0,
  };
}

function asCounter(value: unknown): number | undefined {
  const number = asNumber(value);
  return number !== undefined && number >= 0 && number <= LARGEST_COUNTER ? number : undefined;
}

function asProcessors(value: unknown): number | undefined {
  const number = asCounter(value);
  return number !== undefined && number <= MOST_PROCESSORS ? number : undefined;
}
