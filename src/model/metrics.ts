/**
 * What one look at a container shows. What is not known is `undefined`, never 0: the first look after a start knows no
 * processor use and no rates. Totals count from the start of the container.
 */
export interface MetricSample {
  /** By the engine's clock, in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** 100 is one processor; on Windows it is all of them, as in `docker stats`. */
  readonly cpuPercent: number | undefined;
  /** How many processors the container can run on. */
  readonly processors: number | undefined;
  /** Without the file cache that the kernel can drop. */
  readonly memoryBytes: number | undefined;
  /** The host's memory where the container has no limit of its own; `undefined` where the engine names none. */
  readonly memoryLimitBytes: number | undefined;
  /** Of the limit. */
  readonly memoryPercent: number | undefined;
  readonly networkReceivedBytes: number | undefined;
  readonly networkSentBytes: number | undefined;
  readonly networkReceivedBytesPerSecond: number | undefined;
  readonly networkSentBytesPerSecond: number | undefined;
  readonly blockReadBytes: number | undefined;
  readonly blockWrittenBytes: number | undefined;
  readonly blockReadBytesPerSecond: number | undefined;
  readonly blockWrittenBytesPerSecond: number | undefined;
  /** Processes and threads. */
  readonly processes: number | undefined;
}

/** Why there are no values from now on. */
export type MetricGapReason =
  /** The container does not run. */
  | 'notRunning'
  /** The container is not there any more. */
  | 'removed'
  /** The host is away. */
  | 'disconnected'
  /** The engine stopped sending or could not send; it is asked again. */
  | 'interrupted';

export interface MetricGap {
  readonly reason: MetricGapReason;
  /** Of an interruption, where the engine said something. */
  readonly error?: Error;
}

/** What whoever watches a container's metrics is told. After a gap comes a sample, or a gap for another reason. */
export type MetricUpdate =
  | { readonly kind: 'sample'; readonly sample: MetricSample }
  | { readonly kind: 'gap'; readonly gap: MetricGap };

/** The figures of a sample that have a history; totals have none, since their rates do. */
export const METRIC_SERIES = [
  'cpuPercent',
  'memoryBytes',
  'networkReceivedBytesPerSecond',
  'networkSentBytesPerSecond',
  'blockReadBytesPerSecond',
  'blockWrittenBytesPerSecond',
  'processes',
] as const;

export type MetricSeries = (typeof METRIC_SERIES)[number];
