import { bucketWidthMs, chartOf, downsample, Span, type Chart, type ChartRow } from './metricsChart';
import { RowRing } from './metricsRing';

const MINUTE_MS = 60_000;
/** A quarter of an hour of samples a second. */
const SAMPLES_KEPT = 900;
/** A day. */
const MINUTES_KEPT = 1_440;
/** Three of Podman's periods of 5 s: a longer silence is a gap, even if nobody said so. */
const LONGEST_PERIOD_MS = 15_000;
/** Faster samples would shorten what is kept; no engine sends them. */
const SHORTEST_PERIOD_MS = 500;
/** The last moment that a `Date` can be; a time beyond it is none. */
const LATEST_TIME_MS = 8.64e15;
/** In a mean, a minute counts as much as its seconds. */
const MINUTE_WEIGHT = 60;

/**
 * What a container's or host's figures were: every sample of the last quarter of an hour (of an hour and a quarter with
 * Podman, which has one in 5 s), and for each minute of the last day the least, mean and greatest value. Its memory is
 * bounded: for seven series 32 KB and 132 KB, reached as they fill.
 */
export class MetricHistory<Series extends string> {
  private readonly samples: RowRing;
  private readonly minutes: RowRing;
  /** The minute that is not over yet. */
  private minute: { readonly span: Span; weight: number } | undefined;
  private readonly row: Float64Array;
  private readonly noValues: Float64Array;
  private isInGap = false;

  constructor(private readonly series: readonly Series[]) {
    this.samples = new RowRing(SAMPLES_KEPT, series.length);
    this.minutes = new RowRing(MINUTES_KEPT, 3 * series.length);
    this.row = new Float64Array(series.length);
    this.noValues = new Float64Array(series.length).fill(Number.NaN);
  }

  get memoryBytes(): number {
    return this.samples.memoryBytes + this.minutes.memoryBytes;
  }

  /** Of the newest sample or gap; `undefined` before the first. */
  get lastTimeMs(): number | undefined {
    return this.samples.length === 0 ? undefined : this.samples.timeAt(this.samples.length - 1);
  }

  /**
   * Adds what a sample shows. If its time is before that of the last, the clock was set back, and what lies in the future
   * by that clock is forgotten. A sample too soon after the last counts for its minute only.
   */
  add(timeMs: number, values: Readonly<Record<Series, number | undefined>>): void {
    if (!(timeMs >= 0 && timeMs <= LATEST_TIME_MS)) return;
    this.series.forEach((name, column) => (this.row[column] = values[name] ?? Number.NaN));
    const lastMs = this.lastTimeMs;
    if (lastMs !== undefined && timeMs <= lastMs) this.setBack(timeMs);
    else if (lastMs !== undefined && timeMs - lastMs > LONGEST_PERIOD_MS) this.addGap();
    this.intoMinute(timeMs);
    if (lastMs !== undefined && timeMs > lastMs && timeMs - lastMs < SHORTEST_PERIOD_MS && !this.isInGap)
      return;
    this.samples.push(timeMs, this.row);
    this.isInGap = false;
  }

  /** From the last sample on there are no values, until the next. */
  addGap(): void {
    const lastMs = this.lastTimeMs;
    if (lastMs === undefined || this.isInGap) return;
    this.samples.push(lastMs + 1, this.noValues);
    this.isInGap = true;
  }

  /** What is known between two times, in at most about `maxPoints` points for each series. */
  read(fromMs: number, toMs: number, maxPoints: number): Chart<Series> {
    const widthMs = bucketWidthMs(Math.max(0, toMs - fromMs), maxPoints);
    return chartOf(downsample(this.rows(fromMs, toMs), widthMs, this.series.length), this.series);
  }

  /** Minutes, then samples; a gap where nothing is known for longer than any engine's period. */
  private *rows(fromMs: number, toMs: number): Generator<ChartRow> {
    const samplesFromMs = this.samplesFromMs();
    let knownToMs = Number.POSITIVE_INFINITY;
    for (const row of this.minuteRows(fromMs, Math.min(toMs, samplesFromMs - 1))) {
      if (row.timeMs - knownToMs > LONGEST_PERIOD_MS) yield this.gapRow(knownToMs);
      yield row;
      knownToMs = row.timeMs + MINUTE_MS;
    }
    for (const row of this.sampleRows(Math.max(fromMs, samplesFromMs), toMs)) {
      if (row.timeMs - knownToMs > LONGEST_PERIOD_MS) yield this.gapRow(knownToMs);
      yield row;
      knownToMs = row.timeMs;
    }
  }

  /** Samples are shown from the first whole minute on that is still there; before it, minutes. */
  private samplesFromMs(): number {
    if (this.samples.length < SAMPLES_KEPT) return Number.NEGATIVE_INFINITY;
    return Math.ceil(this.samples.timeAt(0) / MINUTE_MS) * MINUTE_MS;
  }

  private *sampleRows(fromMs: number, toMs: number): Generator<ChartRow> {
    for (let index = this.samples.indexAt(fromMs); index < this.samples.length; index++) {
      const timeMs = this.samples.timeAt(index);
      if (timeMs > toMs) return;
      const values = this.series.map((_name, column) => this.samples.valueAt(index, column));
      const weight = values.every(Number.isNaN) ? 0 : 1;
      yield { timeMs, least: values, mean: values, greatest: values, weight };
    }
  }

  private *minuteRows(fromMs: number, toMs: number): Generator<ChartRow> {
    const columns = this.series.length;
    for (let index = this.minutes.indexAt(fromMs); index < this.minutes.length; index++) {
      const timeMs = this.minutes.timeAt(index);
      if (timeMs > toMs) return;
      const third = (first: number): number[] =>
        this.series.map((_name, column) => this.minutes.valueAt(index, first * columns + column));
      yield { timeMs, least: third(0), mean: third(1), greatest: third(2), weight: MINUTE_WEIGHT };
    }
  }

  private gapRow(timeMs: number): ChartRow {
    return { timeMs, least: this.noValues, mean: this.noValues, greatest: this.noValues, weight: 0 };
  }

  private intoMinute(timeMs: number): void {
    const bucket = Math.floor(timeMs / MINUTE_MS);
    if (this.minute?.span.bucket !== bucket) {
      this.endMinute();
      this.minute = { span: new Span(bucket, bucket * MINUTE_MS, this.series.length), weight: 0 };
    }
    this.minute.span.add({ timeMs, least: this.row, mean: this.row, greatest: this.row, weight: 1 });
  }

  private endMinute(): void {
    if (!this.minute) return;
    const { timeMs, least, mean, greatest } = this.minute.span.finish();
    this.minutes.push(timeMs, [...Array.from(least), ...Array.from(mean), ...Array.from(greatest)]);
    this.minute = undefined;
  }

  private setBack(timeMs: number): void {
    this.samples.dropFrom(timeMs);
    this.minutes.dropFrom(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS);
    this.minute = undefined;
    const lastMs = this.lastTimeMs;
    if (lastMs === undefined) return;
    const betweenMs = (lastMs + timeMs) / 2;
    if (betweenMs > lastMs && betweenMs < timeMs) this.samples.push(betweenMs, this.noValues);
  }
}
