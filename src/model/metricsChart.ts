/** One moment or span of a chart: for each series its least, mean and greatest value there; NaN where there is none. */
export interface ChartPoint {
  readonly timeMs: number;
  readonly least: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly greatest: ArrayLike<number>;
}

/** The lines of one series, one number for each time of the chart; NaN is a gap in the line. */
export interface ChartLines {
  readonly least: Float32Array;
  readonly mean: Float32Array;
  readonly greatest: Float32Array;
}

/** All series over the same ascending times, as chart libraries want them. */
export interface Chart<Series extends string> {
  readonly timesMs: Float64Array;
  readonly lines: Readonly<Record<Series, ChartLines>>;
}

/** A row of history on its way into a chart: a sample, for which all three are the same, or a span, or a gap. */
export interface ChartRow extends ChartPoint {
  /** How many samples it stands for; 0 is a gap. */
  readonly weight: number;
}

/** Rounder widths make no rounder charts, but few widths make few changes of picture while a window is resized. */
const WIDTHS_MS: readonly number[] = [
  1, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000,
];

/** The narrowest span with which so long a time needs at most `maxPoints` of them. */
export function bucketWidthMs(durationMs: number, maxPoints: number): number {
  const narrowest = durationMs / Math.max(1, maxPoints);
  return WIDTHS_MS.find((width) => width >= narrowest) ?? Math.ceil(narrowest);
}

/**
 * Joins the rows that fall into the same span of time, and keeps the least and the greatest of each. So a peak of a
 * single sample is in every chart however coarse, which largest-triangle sampling does not promise: it picks one sample
 * of a span by its neighbours' shape. Spans begin at multiples of their width, so that points stay what they are while
 * time passes. A gap is a point of its own, unless what follows it is in the same span.
 */
export function downsample(rows: Iterable<ChartRow>, widthMs: number, columns: number): ChartPoint[] {
  const points: ChartPoint[] = [];
  let span: Span | undefined;
  let gapAtMs: number | undefined;
  for (const row of rows) {
    if (row.weight === 0) {
      gapAtMs ??= row.timeMs;
      continue;
    }
    const bucket = Math.floor(row.timeMs / widthMs);
    if (span?.bucket !== bucket) {
      if (span) points.push(span.finish());
      if (gapAtMs !== undefined) points.push(gapPoint(gapAtMs, columns));
      span = new Span(bucket, row.timeMs, columns);
    }
    gapAtMs = undefined;
    span.add(row);
  }
  if (span) points.push(span.finish());
  if (gapAtMs !== undefined) points.push(gapPoint(gapAtMs, columns));
  return points;
}

/** Gathers rows into one. A value that is NaN counts for nothing. */
export class Span {
  private readonly least: Float64Array;
  private readonly sum: Float64Array;
  private readonly weight: Float64Array;
  private readonly greatest: Float64Array;

  /** @param timeMs of the first row in it */
  constructor(
    readonly bucket: number,
    private readonly timeMs: number,
    columns: number,
  ) {
    this.least = new Float64Array(columns).fill(Number.NaN);
    this.sum = new Float64Array(columns);
    this.weight = new Float64Array(columns);
    this.greatest = new Float64Array(columns).fill(Number.NaN);
  }

  add({ least, mean, greatest, weight }: ChartRow): void {
    for (let column = 0; column < this.sum.length; column++) {
      const value = mean[column] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      this.sum[column] = (this.sum[column] ?? 0) + value * weight;
      this.weight[column] = (this.weight[column] ?? 0) + weight;
      this.least[column] = lesser(this.least[column], least[column] ?? value);
      this.greatest[column] = greater(this.greatest[column], greatest[column] ?? value);
    }
  }

  finish(): ChartPoint {
    const { timeMs, least, greatest, sum, weight } = this;
    return { timeMs, least, greatest, mean: sum.map((total, column) => total / (weight[column] ?? 0)) };
  }
}

function lesser(known: number | undefined, value: number): number {
  return known === undefined || !(known <= value) ? value : known;
}

function greater(known: number | undefined, value: number): number {
  return known === undefined || !(known >= value) ? value : known;
}

function gapPoint(timeMs: number, columns: number): ChartPoint {
  const nothing = new Float64Array(columns).fill(Number.NaN);
  return { timeMs, least: nothing, mean: nothing, greatest: nothing };
}

export function chartOf<Series extends string>(
  points: readonly ChartPoint[],
  series: readonly Series[],
): Chart<Series> {
  const lines = series.map((name, column): [Series, ChartLines] => [
    name,
    {
      least: Float32Array.from(points, ({ least }) => least[column] ?? Number.NaN),
      mean: Float32Array.from(points, ({ mean }) => mean[column] ?? Number.NaN),
      greatest: Float32Array.from(points, ({ greatest }) => greatest[column] ?? Number.NaN),
    },
  ]);
  return {
    timesMs: Float64Array.from(points, ({ timeMs }) => timeMs),
    lines: Object.fromEntries(lines) as Record<Series, ChartLines>,
  };
}
