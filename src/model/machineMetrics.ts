/** What one look at the machine of an engine shows. What is not known is `undefined`, never 0. */
export interface MachineSample {
  /** By the clock of whoever looked, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Of all processors together: 100 is all of them busy. */
  readonly cpuPercent: number | undefined;
  /** Of each processor, 0 to 100; empty where it is not known. */
  readonly processorPercents: readonly number[];
  /** How many processors there are. */
  readonly processors: number;
  /** Mean number of processes that wanted to run, over 1, 5 and 15 minutes; `undefined` on Windows. */
  readonly load: readonly [number, number, number] | undefined;
  /** Without caches the kernel can drop. */
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  /** Of the file system that holds the engine's data root; `undefined` where that can't be looked at. */
  readonly diskUsedBytes: number | undefined;
  readonly diskTotalBytes: number | undefined;
  /** Over all network interfaces but loopback and those of containers. */
  readonly networkReceivedBytesPerSecond: number | undefined;
  readonly networkSentBytesPerSecond: number | undefined;
}

/** How many things the engine has; known from events, not from polling. */
export interface EngineCounts {
  readonly containersRunning: number;
  readonly containersTotal: number;
  /** `undefined` until the engine has told. */
  readonly images: number | undefined;
}

/** What whoever watches a machine is told. */
export type MachineUpdate =
  | { readonly kind: 'sample'; readonly sample: MachineSample; readonly counts: EngineCounts }
  /** There are no values from now on, or there never are: the engine is on a machine that nobody can look at from here. */
  | {
      readonly kind: 'gap';
      readonly reason: 'disconnected' | 'notThisMachine';
      /** Where they are known; told again when they change. */
      readonly counts?: EngineCounts;
    };

/** The figures of a machine that have a history. */
export const MACHINE_SERIES = [
  'cpuPercent',
  'memoryUsedBytes',
  'diskUsedBytes',
  'networkReceivedBytesPerSecond',
  'networkSentBytesPerSecond',
] as const;

export type MachineSeries = (typeof MACHINE_SERIES)[number];
