import { MACHINE_SERIES, type MachineSeries } from '../model/machineMetrics';
import { METRIC_SERIES, type MetricSeries } from '../model/metrics';
import type { Chart, ChartLines } from '../model/metricsChart';
import { badFrame } from './dataFrames';
import { decodeUtf8, encodeUtf8 } from './utf8';

/** What a `metrics_history` says. */
export type HistoryEntry =
  | { readonly kind: 'container'; readonly containerId: string; readonly chart: Chart<MetricSeries> }
  | { readonly kind: 'machine'; readonly chart: Chart<MachineSeries> };

const CONTAINER = 1;
const MACHINE = 2;
const HEADER_BYTES = 8;
const SERIES_OFFSET = 1;
const LINES_OFFSET = 2;
const ID_LENGTH_OFFSET = 3;
const COUNT_OFFSET = 4;
const TIME_BYTES = 8;
const VALUE_BYTES = 4;
/** The least, mean and greatest value of each point. */
const ALL_LINES = 3;
const LONGEST_ID = 128;

export function encodeHistoryBody(entry: HistoryEntry): Uint8Array<ArrayBuffer> {
  return entry.kind === 'machine'
    ? encodeChart(MACHINE, '', entry.chart, MACHINE_SERIES)
    : encodeChart(CONTAINER, entry.containerId, entry.chart, METRIC_SERIES);
}

function encodeChart<Series extends string>(
  subject: number,
  containerId: string,
  { timesMs, lines }: Chart<Series>,
  series: readonly Series[],
): Uint8Array<ArrayBuffer> {
  const id = encodeUtf8(containerId);
  const count = timesMs.length;
  const isSingle = series.every((name) => isOneLine(lines[name]));
  const lineCount = isSingle ? 1 : ALL_LINES;
  const bytes = new Uint8Array(
    HEADER_BYTES + id.length + count * (TIME_BYTES + series.length * lineCount * VALUE_BYTES),
  );
  const view = new DataView(bytes.buffer);
  view.setUint8(0, subject);
  view.setUint8(SERIES_OFFSET, series.length);
  view.setUint8(LINES_OFFSET, lineCount);
  view.setUint8(ID_LENGTH_OFFSET, id.length);
  view.setUint32(COUNT_OFFSET, count);
  bytes.set(id, HEADER_BYTES);
  let offset = HEADER_BYTES + id.length;
  for (const timeMs of timesMs) {
    view.setFloat64(offset, timeMs);
    offset += TIME_BYTES;
  }
  for (const name of series) {
    const { least, mean, greatest } = lines[name];
    for (const line of isSingle ? [mean] : [least, mean, greatest])
      for (const value of line) {
        view.setFloat32(offset, value);
        offset += VALUE_BYTES;
      }
  }
  return bytes;
}

/** Each point stands for one sample, so that its least and greatest value are the mean. */
function isOneLine({ least, mean, greatest }: ChartLines): boolean {
  return mean.every((value, index) => Object.is(value, least[index]) && Object.is(value, greatest[index]));
}

/** @throws ProtocolError `badFrame` */
export function decodeHistoryBody(body: Uint8Array): HistoryEntry | undefined {
  if (body.length < HEADER_BYTES) throw badFrame('a history without a header');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const subject = view.getUint8(0);
  const seriesCount = view.getUint8(SERIES_OFFSET);
  const lineCount = view.getUint8(LINES_OFFSET);
  const idLength = view.getUint8(ID_LENGTH_OFFSET);
  const count = view.getUint32(COUNT_OFFSET);
  const expected = HEADER_BYTES + idLength + count * (TIME_BYTES + seriesCount * lineCount * VALUE_BYTES);
  const isKnown = lineCount === 1 || lineCount === ALL_LINES;
  if (!isKnown || body.length !== expected) throw badFrame('a history of another size than it states');
  const reader = new ChartReader(view, HEADER_BYTES + idLength, { count, seriesCount, lineCount });
  if (subject === MACHINE) return { kind: 'machine', chart: reader.chart(MACHINE_SERIES) };
  if (subject !== CONTAINER) return undefined;
  const containerId = decodeUtf8(body.subarray(HEADER_BYTES, HEADER_BYTES + idLength));
  if (containerId === undefined || containerId === '' || idLength > LONGEST_ID)
    throw badFrame('a history of no container');
  return { kind: 'container', containerId, chart: reader.chart(METRIC_SERIES) };
}

class ChartReader {
  constructor(
    private readonly view: DataView,
    private readonly start: number,
    private readonly size: {
      readonly count: number;
      readonly seriesCount: number;
      readonly lineCount: number;
    },
  ) {}

  /** Series that the agent does not know have gaps only; those that it knows beside them stand behind. */
  chart<Series extends string>(series: readonly Series[]): Chart<Series> {
    const lines = series.map((name, index): [Series, ChartLines] => [name, this.linesOf(index)]);
    return { timesMs: this.times(), lines: Object.fromEntries(lines) as Record<Series, ChartLines> };
  }

  private times(): Float64Array {
    const timesMs = new Float64Array(this.size.count);
    let before = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < timesMs.length; index++) {
      const timeMs = this.view.getFloat64(this.start + index * TIME_BYTES);
      if (!(timeMs > before && Number.isFinite(timeMs))) throw badFrame('a history out of order');
      timesMs[index] = before = timeMs;
    }
    return timesMs;
  }

  private linesOf(series: number): ChartLines {
    const { lineCount } = this.size;
    if (lineCount === 1) {
      const line = this.line(series, 0);
      return { least: line, mean: line, greatest: line };
    }
    return { least: this.line(series, 0), mean: this.line(series, 1), greatest: this.line(series, 2) };
  }

  private line(series: number, number: number): Float32Array {
    const { count, seriesCount, lineCount } = this.size;
    const values = new Float32Array(count).fill(Number.NaN);
    if (series >= seriesCount) return values;
    const start = this.start + count * TIME_BYTES + (series * lineCount + number) * count * VALUE_BYTES;
    for (let index = 0; index < count; index++) {
      const value = this.view.getFloat32(start + index * VALUE_BYTES);
      values[index] = Number.isFinite(value) && value >= 0 ? value : Number.NaN;
    }
    return values;
  }
}
