import * as v from 'valibot';
import { MACHINE_SERIES } from '../../model/machineMetrics';
import { METRIC_SERIES } from '../../model/metrics';
import type { PanelProtocol } from './envelope';
import { METRICS_TEXT_KEYS } from './metricsTexts';

/** So many containers are measured at once for one page: what is in sight first, then what would be by scrolling. */
export const MOST_WATCHED = 200;
/** So many rows of each host the page has: those with a process first, then what stopped last. */
export const MOST_ROWS_PER_HOST = 1_000;
/** Characters of a copied table. */
const LONGEST_COPY = 4_000_000;
/** Characters of a picture in base64: about 12 MB. */
const LONGEST_PICTURE = 16_000_000;
const MOST_POINTS = 2_000;
const DAY_MS = 86_400_000;

/** `hostId/containerId`. */
const KeySchema = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
export type RowKey = v.InferOutput<typeof KeySchema>;

/** JSON has no NaN: what is not known is `null`. */
const FigureSchema = v.nullable(v.number());
const LineSchema = v.array(FigureSchema);

/** What the columns of the table are. The totals are those of `docker stats`, the others change by the second. */
export const METRIC_COLUMNS = [
  'cpu',
  'memory',
  'memoryPercent',
  'network',
  'block',
  'processes',
  'networkTotal',
  'blockTotal',
] as const;
export type MetricColumn = (typeof METRIC_COLUMNS)[number];

export const RANGES_MS = [300_000, 900_000, 3_600_000, DAY_MS] as const;
export type RangeMs = (typeof RANGES_MS)[number];

const PreferencesSchema = v.object({
  columns: v.pipe(v.array(v.picklist(METRIC_COLUMNS)), v.maxLength(METRIC_COLUMNS.length)),
  sort: v.object({ column: v.picklist(['name', ...METRIC_COLUMNS]), descending: v.boolean() }),
  isGrouped: v.boolean(),
  showsStopped: v.boolean(),
  rangeMs: v.picklist(RANGES_MS),
});
/** How a person likes the page; kept for all windows. */
export type MetricsPreferences = v.InferOutput<typeof PreferencesSchema>;

export const DEFAULT_PREFERENCES: MetricsPreferences = {
  columns: ['cpu', 'memory', 'memoryPercent', 'network', 'block', 'processes'],
  sort: { column: 'cpu', descending: true },
  isGrouped: false,
  showsStopped: false,
  rangeMs: 900_000,
};

/** Preferences as they were stored, or the usual ones where they can't be read. */
export function readPreferences(value: unknown): MetricsPreferences {
  const result = v.safeParse(PreferencesSchema, value);
  return result.success ? result.output : DEFAULT_PREFERENCES;
}

const HostRowSchema = v.object({
  id: v.string(),
  name: v.string(),
  state: v.picklist(['connecting', 'ready', 'away', 'disconnected']),
  /** Why it is away, in words. */
  reason: v.nullable(v.string()),
  /** Whether it tells figures at all. */
  isMeasured: v.boolean(),
  running: v.nullable(v.number()),
  total: v.nullable(v.number()),
  /** Stopped containers beyond {@link MOST_ROWS_PER_HOST}, which have no row. */
  leftOut: v.number(),
});
export type HostRow = v.InferOutput<typeof HostRowSchema>;

const ContainerRowSchema = v.object({
  key: KeySchema,
  hostId: v.string(),
  name: v.string(),
  project: v.nullable(v.string()),
  image: v.string(),
  /** The engine's word; any, not only the known ones. */
  state: v.string(),
  /** With health or exit code, as the tree shows it. */
  stateText: v.string(),
  /** There is a process, so there are figures. */
  isActive: v.boolean(),
});
export type ContainerRow = v.InferOutput<typeof ContainerRowSchema>;

const FiguresSchema = v.object({
  key: KeySchema,
  timeMs: v.number(),
  cpuPercent: FigureSchema,
  memoryBytes: FigureSchema,
  memoryLimitBytes: FigureSchema,
  memoryPercent: FigureSchema,
  networkReceivedBytes: FigureSchema,
  networkSentBytes: FigureSchema,
  networkReceivedBytesPerSecond: FigureSchema,
  networkSentBytesPerSecond: FigureSchema,
  blockReadBytes: FigureSchema,
  blockWrittenBytes: FigureSchema,
  blockReadBytesPerSecond: FigureSchema,
  blockWrittenBytesPerSecond: FigureSchema,
  processes: FigureSchema,
});
/** A `MetricSample` of the model on its way to the page. */
export type Figures = v.InferOutput<typeof FiguresSchema>;

const MachineFiguresSchema = v.object({
  hostId: v.string(),
  timeMs: v.number(),
  cpuPercent: FigureSchema,
  processorPercents: v.array(v.number()),
  processors: v.number(),
  load: v.nullable(v.array(v.number())),
  memoryUsedBytes: FigureSchema,
  memoryTotalBytes: FigureSchema,
  diskUsedBytes: FigureSchema,
  diskTotalBytes: FigureSchema,
  networkReceivedBytesPerSecond: FigureSchema,
  networkSentBytesPerSecond: FigureSchema,
});
/** A `MachineSample` of the model on its way to the page. */
export type MachineFigures = v.InferOutput<typeof MachineFiguresSchema>;

/** What a chart or a history is about. */
const SubjectSchema = v.variant('kind', [
  v.object({ kind: v.literal('container'), key: KeySchema }),
  v.object({ kind: v.literal('machine'), hostId: v.string() }),
]);
export type Subject = v.InferOutput<typeof SubjectSchema>;

const ChartLinesSchema = v.object({ least: LineSchema, mean: LineSchema, greatest: LineSchema });
export type PlainChartLines = v.InferOutput<typeof ChartLinesSchema>;

const ChartSchema = v.object({ timesMs: v.array(v.number()), lines: v.record(v.string(), ChartLinesSchema) });
/** A `Chart` of the model on its way to the page; lines by the names of their series. */
export type PlainChart = v.InferOutput<typeof ChartSchema>;

const MarkerSchema = v.object({
  timeMs: v.number(),
  kind: v.picklist(['started', 'stopped', 'outOfMemory']),
  exitCode: v.nullable(v.number()),
});
/** Something that happened to a container; a line across its charts. */
export type ChartMarker = v.InferOutput<typeof MarkerSchema>;

const FocusSchema = v.variant('kind', [
  v.object({ kind: v.literal('container'), key: KeySchema }),
  v.object({ kind: v.literal('project'), hostId: v.string(), project: v.string() }),
  v.object({ kind: v.literal('host'), hostId: v.string() }),
]);
/** What *Show Metrics* was called on. */
export type MetricsFocus = v.InferOutput<typeof FocusSchema>;

const ThresholdsSchema = v.object({ cpuPercent: FigureSchema, memoryPercent: FigureSchema });
/** From where on a figure is too much; `null` for never. */
export type Thresholds = v.InferOutput<typeof ThresholdsSchema>;

export const METRIC_GAP_REASONS = ['notRunning', 'removed', 'disconnected', 'interrupted'] as const;

const ChangeSchema = v.variant('kind', [
  /** All hosts there are. */
  v.object({ kind: v.literal('hosts'), hosts: v.array(HostRowSchema) }),
  v.object({ kind: v.literal('rows'), upserted: v.array(ContainerRowSchema), removed: v.array(KeySchema) }),
  v.object({ kind: v.literal('figures'), figures: v.array(FiguresSchema) }),
  v.object({
    kind: v.literal('gaps'),
    gaps: v.array(v.object({ key: KeySchema, reason: v.picklist(METRIC_GAP_REASONS) })),
  }),
  v.object({
    kind: v.literal('machines'),
    figures: v.array(MachineFiguresSchema),
    gaps: v.array(v.object({ hostId: v.string(), reason: v.picklist(['disconnected', 'notThisMachine']) })),
    images: v.array(v.object({ hostId: v.string(), images: v.number() })),
  }),
  /** What was before a container was looked at, for its small lines. */
  v.object({
    kind: v.literal('past'),
    past: v.array(v.object({ key: KeySchema, chart: ChartSchema })),
  }),
  /** The answer to the action `chart`; without a chart there is a reason. */
  v.object({
    kind: v.literal('chart'),
    request: v.number(),
    chart: v.nullable(ChartSchema),
    reason: v.nullable(v.string()),
  }),
  /** All that are known of a container. */
  v.object({ kind: v.literal('markers'), key: KeySchema, markers: v.array(MarkerSchema) }),
  v.object({ kind: v.literal('focus'), focus: FocusSchema }),
  v.object({ kind: v.literal('thresholds'), thresholds: ThresholdsSchema }),
]);
export type MetricsChange = v.InferOutput<typeof ChangeSchema>;

const SnapshotSchema = v.object({
  place: v.picklist(['view', 'editor']),
  hosts: v.array(HostRowSchema),
  rows: v.array(ContainerRowSchema),
  preferences: PreferencesSchema,
  thresholds: ThresholdsSchema,
  /** What is to be shown first, where something was asked for. */
  focus: v.nullable(FocusSchema),
  isTrusted: v.boolean(),
});
export type MetricsSnapshot = v.InferOutput<typeof SnapshotSchema>;

const ActionSchema = v.variant('kind', [
  /** Measure these, and no others: what is in sight first. */
  v.object({ kind: v.literal('look'), keys: v.pipe(v.array(KeySchema), v.maxLength(MOST_WATCHED)) }),
  /** Charts of a subject are open, or none any more. */
  v.object({ kind: v.literal('open'), subject: v.nullable(SubjectSchema) }),
  v.object({
    kind: v.literal('chart'),
    request: v.pipe(v.number(), v.safeInteger()),
    subject: SubjectSchema,
    fromMs: v.pipe(v.number(), v.finite()),
    toMs: v.pipe(v.number(), v.finite()),
    maxPoints: v.pipe(v.number(), v.minValue(1), v.maxValue(MOST_POINTS)),
  }),
  v.object({ kind: v.literal('prefer'), preferences: PreferencesSchema }),
  v.object({ kind: v.literal('copy'), csv: v.pipe(v.string(), v.maxLength(LONGEST_COPY)) }),
  v.object({
    kind: v.literal('savePicture'),
    name: v.pipe(v.string(), v.maxLength(300)),
    pngBase64: v.pipe(v.string(), v.maxLength(LONGEST_PICTURE), v.base64()),
  }),
  v.object({ kind: v.literal('showLogs'), key: KeySchema }),
  v.object({ kind: v.literal('reconnect'), hostId: v.string() }),
  v.object({ kind: v.literal('openEditor') }),
]);
export type MetricsAction = v.InferOutput<typeof ActionSchema>;

export const METRICS_PROTOCOL: PanelProtocol<
  (typeof METRICS_TEXT_KEYS)[number],
  MetricsSnapshot,
  readonly MetricsChange[],
  MetricsAction
> = {
  textKeys: METRICS_TEXT_KEYS,
  snapshot: SnapshotSchema,
  delta: v.array(ChangeSchema),
  action: ActionSchema,
};

/** The series a page draws, by the names they have in the model. */
export const CONTAINER_SERIES = METRIC_SERIES;
export const HOST_SERIES = MACHINE_SERIES;
