import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStats } from '../../src/engine/docker/statsJson';
import { dockerCpuPercent, dockerMemoryBytes, dockerMemoryPercent } from '../../src/model/metricsFormulas';
import type { StatsReading } from '../../src/model/metricsReading';
import { binarySize, decimalSize, percentDigits } from '../../src/model/metricsText';
import type { CliStats } from './dockerStatsCli';

export interface StatsFixture {
  /** Where the payloads come from. */
  readonly origin: string;
  /** Not recorded from an engine. */
  readonly handWritten: boolean;
  readonly operatingSystem: string;
  /** The version of the docker CLI that said what is in `dockerStats`. */
  readonly dockerCli: string;
  readonly samples: readonly {
    readonly what: string;
    /** What `docker stats` printed when it was given the payload. */
    readonly dockerStats: CliStats;
    readonly payload: unknown;
  }[];
}

const FOLDER = join(import.meta.dirname, '../fixtures/stats');

export const STATS_FIXTURES: readonly (readonly [name: string, fixture: StatsFixture])[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as StatsFixture]);

/** The payload of a fixture's sample, read. */
export function readingOf(fixtureName: string, index: number): StatsReading {
  const fixture = STATS_FIXTURES.find(([name]) => name === fixtureName)?.[1];
  const reading = readStats(fixture?.samples[index]?.payload, fixture?.operatingSystem ?? '');
  if (!reading) throw new Error(`There is no sample ${index} in ${fixtureName}.`);
  return reading;
}

/** A reading as `docker stats` prints it, by our own formulas and roundings. */
export function asDockerStats(reading: StatsReading): CliStats {
  const { isWindows, memory } = reading;
  const used = binarySize(dockerMemoryBytes(reading));
  return {
    CPUPerc: `${percentDigits(dockerCpuPercent(reading))}%`,
    MemUsage: isWindows ? used : `${used} / ${binarySize(memory.limitBytes ?? 0)}`,
    MemPerc: isWindows ? '--' : `${percentDigits(dockerMemoryPercent(reading))}%`,
    NetIO: `${decimalSize(reading.networkReceivedBytes)} / ${decimalSize(reading.networkSentBytes)}`,
    BlockIO: `${decimalSize(reading.blockReadBytes)} / ${decimalSize(reading.blockWrittenBytes)}`,
    PIDs: isWindows ? '--' : String(reading.processes ?? 0),
  };
}
