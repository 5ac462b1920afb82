import { bucketWidthMs } from '../../src/model/metricsChart';
import type { PlainChart } from '../../src/protocol/webview/metrics';

/** Points of a chart: about what a screen can show. */
export const CHART_POINTS = 600;
/** A chart that grew beyond it is read anew; only one whose points come faster than they should does. */
const MOST_POINTS = 3 * CHART_POINTS;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Line {
  readonly least: number[];
  readonly mean: number[];
  readonly greatest: number[];
}

/**
 * A chart that goes on: the history of a span, and what comes after it, drawn together in the same steps as the history.
 * NaN is a gap.
 */
export class ChartData {
  readonly timesMs: number[] = [];
  private readonly lines = new Map<string, Line>();
  private readonly stepMs: number;
  /** How many samples the newest point has of each series, to go on with its mean. */
  private newestWeight = 0;

  constructor(
    private readonly series: readonly string[],
    private readonly rangeMs: number,
  ) {
    this.stepMs = bucketWidthMs(rangeMs, CHART_POINTS);
    for (const name of series) this.lines.set(name, { least: [], mean: [], greatest: [] });
  }

  line(name: string): Line {
    return this.lines.get(name) ?? { least: [], mean: [], greatest: [] };
  }

  /** Begins with what was before. Live points that are newer than all of it stay. */
  setHistory(chart: PlainChart): void {
    const lastMs = chart.timesMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const firstNewer = this.timesMs.findIndex((timeMs) => this.bucketOf(timeMs) > this.bucketOf(lastMs));
    const drop = firstNewer === -1 ? this.timesMs.length : firstNewer;
    this.timesMs.splice(0, drop, ...chart.timesMs);
    for (const name of this.series) {
      const known = this.line(name);
      const told = chart.lines[name];
      const values = (line: readonly (number | null)[] | undefined): number[] =>
        chart.timesMs.map((_time, index) => line?.[index] ?? Number.NaN);
      known.least.splice(0, drop, ...values(told?.least));
      known.mean.splice(0, drop, ...values(told?.mean));
      known.greatest.splice(0, drop, ...values(told?.greatest));
    }
    if (firstNewer === -1) this.newestWeight = 1;
  }

  /** A new value of each series; `null` where one is not known. */
  add(timeMs: number, values: Readonly<Record<string, number | null | undefined>>): void {
    const lastMs = this.timesMs.at(-1);
    if (lastMs !== undefined && timeMs <= lastMs && this.bucketOf(timeMs) !== this.bucketOf(lastMs)) return;
    const isSame = lastMs !== undefined && this.bucketOf(timeMs) === this.bucketOf(lastMs);
    if (!isSame) {
      this.timesMs.push(timeMs);
      this.newestWeight = 0;
    }
    const at = this.timesMs.length - 1;
    this.newestWeight++;
    for (const name of this.series) put(this.line(name), at, values[name] ?? Number.NaN, this.newestWeight);
    this.trim(timeMs);
  }

  /** Nothing is known from here on. */
  addGap(): void {
    const lastMs = this.timesMs.at(-1);
    if (lastMs === undefined) return;
    if (this.series.every((name) => Number.isNaN(this.line(name).mean.at(-1) ?? Number.NaN))) return;
    this.timesMs.push(lastMs + 1);
    for (const { least, mean, greatest } of this.lines.values())
      for (const line of [least, mean, greatest]) line.push(Number.NaN);
    this.newestWeight = 0;
  }

  private bucketOf(timeMs: number): number {
    return Math.floor(timeMs / this.stepMs);
  }

  private trim(nowMs: number): void {
    const tooOld = this.timesMs.findIndex((timeMs) => timeMs >= nowMs - this.rangeMs);
    const drop = Math.max(tooOld, this.timesMs.length - MOST_POINTS);
    if (drop <= 0) return;
    this.timesMs.splice(0, drop);
    for (const { least, mean, greatest } of this.lines.values())
      for (const line of [least, mean, greatest]) line.splice(0, drop);
  }
}

function put({ least, mean, greatest }: Line, at: number, value: number, weight: number): void {
  const known = mean[at] ?? Number.NaN;
  if (Number.isNaN(value)) {
    if (at >= mean.length) for (const line of [least, mean, greatest]) line.push(Number.NaN);
    return;
  }
  if (Number.isNaN(known)) {
    for (const line of [least, mean, greatest]) line[at] = value;
    return;
  }
  least[at] = Math.min(least[at] ?? value, value);
  greatest[at] = Math.max(greatest[at] ?? value, value);
  mean[at] = known + (value - known) / weight;
}

/** The point at a moment, or the nearest to it; `undefined` where there is none. Times ascend. */
export function indexAt(timesMs: readonly number[], timeMs: number): number | undefined {
  if (timesMs.length === 0) return undefined;
  let low = 0;
  let high = timesMs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timesMs[middle] ?? timeMs) < timeMs) low = middle + 1;
    else high = middle;
  }
  const after = (timesMs[low] ?? timeMs) - timeMs;
  const before = timeMs - (timesMs[low - 1] ?? Number.NEGATIVE_INFINITY);
  return before <= after && low > 0 ? low - 1 : low;
}

/**
 * The moment of the point so many steps from another, within a span; without another, steps begin beyond its end, or its
 * beginning. `undefined` where the span has no point.
 */
export function steppedMs(
  timesMs: readonly number[],
  { fromMs, toMs }: Span,
  heldMs: number | undefined,
  steps: number,
): number | undefined {
  const first = timesMs.findIndex((timeMs) => timeMs >= fromMs);
  const last = timesMs.findLastIndex((timeMs) => timeMs <= toMs);
  if (first < 0 || last < first) return undefined;
  const held = heldMs === undefined ? undefined : indexAt(timesMs, heldMs);
  const from = held ?? (steps > 0 ? first - 1 : last + 1);
  return timesMs[Math.min(last, Math.max(first, from + steps))];
}

/** Half, or twice, of a span around a moment, within the whole. */
export function zoomed(span: Span, whole: Span, factor: number, aroundMs: number): Span | undefined {
  const width = (span.toMs - span.fromMs) * factor;
  if (width >= whole.toMs - whole.fromMs) return undefined;
  const share = (aroundMs - span.fromMs) / Math.max(1, span.toMs - span.fromMs);
  const fromMs = Math.min(Math.max(whole.fromMs, aroundMs - share * width), whole.toMs - width);
  return { fromMs, toMs: fromMs + width };
}

/** Least, mean and greatest of a line in a span; `undefined` where nothing is known. */
export function summaryOf(
  data: ChartData,
  name: string,
  { fromMs, toMs }: Span,
): { readonly least: number; readonly mean: number; readonly greatest: number } | undefined {
  const { least, mean, greatest } = data.line(name);
  let total = 0;
  let count = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  data.timesMs.forEach((timeMs, index) => {
    const value = mean[index] ?? Number.NaN;
    if (timeMs < fromMs || timeMs > toMs || Number.isNaN(value)) return;
    total += value;
    count++;
    low = Math.min(low, least[index] ?? value);
    high = Math.max(high, greatest[index] ?? value);
  });
  return count === 0 ? undefined : { least: low, mean: total / count, greatest: high };
}

/** Rows of the table: enough to find a moment, few enough to read. */
const MOST_ROWS = 60;

/** One line of the table that stands for charts. */
export interface TableLine {
  readonly timeMs: number;
  /** For each series the mean and the greatest; NaN where nothing is known. */
  readonly values: readonly { readonly mean: number; readonly greatest: number }[];
}

/** The points of a span, newest first, several joined into one where there are too many. */
export function tableLines(data: ChartData, series: readonly string[], { fromMs, toMs }: Span): TableLine[] {
  const indexes = data.timesMs.flatMap((timeMs, index) =>
    timeMs >= fromMs && timeMs <= toMs ? [index] : [],
  );
  const size = Math.max(1, Math.ceil(indexes.length / MOST_ROWS));
  const lines: TableLine[] = [];
  for (let start = 0; start < indexes.length; start += size) {
    const part = indexes.slice(start, start + size);
    const values = series.map((name) => joined(data, name, part));
    lines.push({ timeMs: data.timesMs[part[0] ?? 0] ?? fromMs, values });
  }
  return lines.reverse();
}

function joined(data: ChartData, name: string, indexes: readonly number[]) {
  const { mean, greatest } = data.line(name);
  let total = 0;
  let count = 0;
  let high = Number.NaN;
  for (const index of indexes) {
    const value = mean[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    total += value;
    count++;
    const top = greatest[index] ?? value;
    if (!(high >= top)) high = top;
  }
  return { mean: count === 0 ? Number.NaN : total / count, greatest: high };
}
