import * as v from 'valibot';
import type { EngineCounts, MachineSample, MachineUpdate } from '../model/machineMetrics';
import { CountSchema, WireErrorSchema } from './schemas';

/** The last moment that a `Date` can be. */
export const LATEST_TIME_MS = 8.64e15;

/** Why there are no values; a reason that a newer agent knows reads as an interruption. */
export const GapSchema = v.object({
  reason: v.fallback(v.picklist(['notRunning', 'removed', 'disconnected', 'interrupted']), 'interrupted'),
  error: v.exactOptional(WireErrorSchema),
});

/** What is no figure is not known. */
const FigureSchema = v.pipe(v.number(), v.finite(), v.minValue(0));
const MaybeFigureSchema = v.fallback(v.optional(FigureSchema), undefined);
const PercentSchema = v.pipe(FigureSchema, v.maxValue(100));

const NO_COUNTS = { images: undefined };
const CountsSchema = v.pipe(
  v.object({
    containersRunning: CountSchema,
    containersTotal: CountSchema,
    images: v.optional(CountSchema),
  }),
  v.transform((counts): EngineCounts => ({ ...NO_COUNTS, ...counts })),
);

const NO_FIGURES = {
  cpuPercent: undefined,
  load: undefined,
  memoryUsedBytes: undefined,
  memoryTotalBytes: undefined,
  diskUsedBytes: undefined,
  diskTotalBytes: undefined,
  networkReceivedBytesPerSecond: undefined,
  networkSentBytesPerSecond: undefined,
};

const MachineSampleSchema = v.pipe(
  v.object({
    timeMs: v.pipe(FigureSchema, v.maxValue(LATEST_TIME_MS)),
    cpuPercent: v.fallback(v.optional(PercentSchema), undefined),
    processorPercents: v.fallback(v.array(PercentSchema), []),
    processors: CountSchema,
    load: v.fallback(v.optional(v.tuple([FigureSchema, FigureSchema, FigureSchema])), undefined),
    memoryUsedBytes: MaybeFigureSchema,
    memoryTotalBytes: MaybeFigureSchema,
    diskUsedBytes: MaybeFigureSchema,
    diskTotalBytes: MaybeFigureSchema,
    networkReceivedBytesPerSecond: MaybeFigureSchema,
    networkSentBytesPerSecond: MaybeFigureSchema,
  }),
  v.transform((sample): MachineSample => ({ ...NO_FIGURES, ...sample })),
);

/** The port's `MachineUpdate`. */
export const MachineUpdateSchema = v.variant('kind', [
  v.object({ kind: v.literal('sample'), sample: MachineSampleSchema, counts: CountsSchema }),
  v.object({
    kind: v.literal('gap'),
    reason: v.fallback(v.picklist(['disconnected', 'notThisMachine']), 'disconnected'),
    counts: v.exactOptional(CountsSchema),
  }),
]) satisfies v.GenericSchema<unknown, MachineUpdate>;
