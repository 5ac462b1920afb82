import { readFile, statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import {
  readMeminfo,
  readNetDev,
  readProcStat,
  seesContainerNetworks,
  sumOfNetworks,
  type MachineReading,
  type NetworkBytes,
} from './machineReading';

/** A file system that does not answer for so long is not known; it is not asked again before it does. */
const DISK_DEADLINE_MS = 3_000;

type Disk = Pick<MachineReading, 'diskUsedBytes' | 'diskTotalBytes'>;
const NO_DISK: Disk = { diskUsedBytes: undefined, diskTotalBytes: undefined };

/** This machine, as far as this process sees it. */
export class MachineLook {
  private readonly hardware = new Map<string, boolean>();
  private isDiskAwaited = false;

  /** Docker and Podman leave such a file in each container. */
  readonly isInContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv');

  /**
   * Looks once; what can't be seen is `undefined`, and nothing rejects.
   *
   * @param dataRoot whose file system is looked at
   */
  async read(dataRoot: string | undefined): Promise<MachineReading> {
    const [processors, memory, network, disk] = await Promise.all([
      readProcessors(),
      readMemory(),
      this.readNetwork(),
      this.readDisk(dataRoot),
    ]);
    const [one = 0, five = 0, fifteen = 0] = os.loadavg();
    return {
      timeMs: Date.now(),
      steadyMs: performance.now(),
      ...processors,
      ...memory,
      ...disk,
      network,
      load: process.platform === 'win32' ? undefined : [one, five, fifteen],
    };
  }

  private async readNetwork(): Promise<NetworkBytes | undefined> {
    const text = await textOf('/proc/net/dev');
    if (text === undefined) return undefined;
    const interfaces = readNetDev(text);
    // A container without the machine's network would show its own traffic for the machine's.
    if (this.isInContainer && !seesContainerNetworks(interfaces.keys())) return undefined;
    return sumOfNetworks(interfaces, (name) => this.hasHardware(name));
  }

  private hasHardware(name: string): boolean {
    const known = this.hardware.get(name);
    if (known !== undefined) return known;
    const found = existsSync(`/sys/class/net/${name}/device`);
    this.hardware.set(name, found);
    return found;
  }

  private async readDisk(dataRoot: string | undefined): Promise<Disk> {
    if (dataRoot === undefined || this.isDiskAwaited) return NO_DISK;
    this.isDiskAwaited = true;
    const looked = statfs(dataRoot).then(
      ({ blocks, bfree, bsize }): Disk => ({
        diskUsedBytes: (blocks - bfree) * bsize,
        diskTotalBytes: blocks * bsize,
      }),
      () => NO_DISK,
    );
    void looked.finally(() => (this.isDiskAwaited = false));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Disk>((resolve) => {
      timer = setTimeout(() => resolve(NO_DISK), DISK_DEADLINE_MS);
    });
    return Promise.race([looked, late]).finally(() => clearTimeout(timer));
  }
}

async function readProcessors(): Promise<Pick<MachineReading, 'cpu' | 'processorTimes'>> {
  const text = await textOf('/proc/stat');
  if (text !== undefined) return readProcStat(text);
  const processorTimes = os.cpus().map(({ times }) => {
    const busy = times.user + times.nice + times.sys + times.irq;
    return { busy, total: busy + times.idle };
  });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const cpu = {
    busy: sum(processorTimes.map(({ busy }) => busy)),
    total: sum(processorTimes.map(({ total }) => total)),
  };
  return { cpu, processorTimes };
}

async function readMemory(): Promise<Pick<MachineReading, 'memoryUsedBytes' | 'memoryTotalBytes'>> {
  const text = await textOf('/proc/meminfo');
  if (text !== undefined) return readMeminfo(text);
  return { memoryTotalBytes: os.totalmem(), memoryUsedBytes: os.totalmem() - os.freemem() };
}

async function textOf(path: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}
