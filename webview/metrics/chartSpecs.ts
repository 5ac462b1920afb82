import type { Figures, MachineFigures } from '../../src/protocol/webview/metrics';
import { CONTAINER_SERIES, HOST_SERIES, type Subject } from '../../src/protocol/webview/metrics';
import type { MetricsTextKey } from '../../src/protocol/webview/metricsTexts';
import { countText, memoryText, percentText, rateText, shortPercentText } from './format';
import type { MetricsState } from './state';

export interface ChartLineSpec {
  readonly series: string;
  /** Where there are several, which one it is. */
  readonly label?: MetricsTextKey;
  /** Of the theme's colours for charts. */
  readonly colour: 'blue' | 'green' | 'yellow' | 'purple';
}

export interface ChartSpec {
  readonly id: string;
  readonly title: MetricsTextKey;
  readonly lines: readonly ChartLineSpec[];
  readonly format: (value: number | null) => string;
  /** For the scale, where it is another. */
  readonly scaleFormat?: (value: number | null) => string;
  /** Steps of the scale are powers of 1024. */
  readonly isBinary?: boolean;
  /** The scale ends there at least. */
  readonly atLeast: number;
  /** What it can't be more than; `null` where there is no limit. */
  readonly limit?: 'memory' | 'disk';
}

const NETWORK: ChartSpec = {
  id: 'network',
  title: 'network',
  lines: [
    { series: 'networkReceivedBytesPerSecond', label: 'received', colour: 'blue' },
    { series: 'networkSentBytesPerSecond', label: 'sent', colour: 'yellow' },
  ],
  format: rateText,
  atLeast: 1_000,
};

export const CONTAINER_CHARTS: readonly ChartSpec[] = [
  {
    id: 'cpu',
    title: 'cpu',
    lines: [{ series: 'cpuPercent', colour: 'blue' }],
    format: percentText,
    scaleFormat: shortPercentText,
    atLeast: 1,
  },
  {
    id: 'memory',
    title: 'memory',
    lines: [{ series: 'memoryBytes', colour: 'green' }],
    format: memoryText,
    isBinary: true,
    atLeast: 1_048_576,
    limit: 'memory',
  },
  NETWORK,
  {
    id: 'block',
    title: 'block',
    lines: [
      { series: 'blockReadBytesPerSecond', label: 'read', colour: 'blue' },
      { series: 'blockWrittenBytesPerSecond', label: 'written', colour: 'yellow' },
    ],
    format: rateText,
    atLeast: 1_000,
  },
  {
    id: 'processes',
    title: 'processes',
    lines: [{ series: 'processes', colour: 'purple' }],
    format: countText,
    atLeast: 4,
  },
];

export const MACHINE_CHARTS: readonly ChartSpec[] = [
  {
    id: 'cpu',
    title: 'cpu',
    lines: [{ series: 'cpuPercent', colour: 'blue' }],
    format: percentText,
    scaleFormat: shortPercentText,
    atLeast: 1,
  },
  {
    id: 'memory',
    title: 'memory',
    lines: [{ series: 'memoryUsedBytes', colour: 'green' }],
    format: memoryText,
    isBinary: true,
    atLeast: 1_048_576,
    limit: 'memory',
  },
  {
    id: 'disk',
    title: 'disk',
    lines: [{ series: 'diskUsedBytes', colour: 'purple' }],
    format: memoryText,
    isBinary: true,
    atLeast: 1_048_576,
    limit: 'disk',
  },
  NETWORK,
];

export function chartsOf(subject: Subject): readonly ChartSpec[] {
  return subject.kind === 'container' ? CONTAINER_CHARTS : MACHINE_CHARTS;
}

export function seriesOf(subject: Subject): readonly string[] {
  return subject.kind === 'container' ? CONTAINER_SERIES : HOST_SERIES;
}

export function figuresOfSubject(
  state: MetricsState,
  subject: Subject,
): Figures | MachineFigures | undefined {
  return subject.kind === 'container'
    ? state.rows.get(subject.key)?.figures
    : state.hosts.get(subject.hostId)?.machine;
}

/** The value of each series at a moment. */
export function seriesValues(figures: Figures | MachineFigures): Readonly<Record<string, number | null>> {
  const values: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(figures))
    if (typeof value === 'number' || value === null) values[name] = value;
  return values;
}

export function limitOf(spec: ChartSpec, figures: Figures | MachineFigures | undefined): number | null {
  if (!figures || !spec.limit) return null;
  if ('key' in figures) return figures.memoryLimitBytes;
  return spec.limit === 'memory' ? figures.memoryTotalBytes : figures.diskTotalBytes;
}
