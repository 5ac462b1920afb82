import type { MetricsAction, MetricsChange, RangeMs, Subject } from '../../src/protocol/webview/metrics';
import { CHART_POINTS, ChartData, zoomed, type Span } from './chartData';
import { figuresOfSubject, seriesOf, seriesValues } from './chartSpecs';
import type { MetricsState } from './state';

/** Clocks may disagree by as much before the history is read anew with the engine's. */
const SAME_CLOCK_MS = 5_000;

/** What the charts of a subject show: a span of time that moves on, or one that somebody zoomed into. Pure. */
export class DetailData {
  private live: ChartData;
  private close: ChartData | undefined;
  private zoom: Span | undefined;
  private requests = 0;
  private liveRequest = 0;
  private closeRequest = 0;
  private askedAtMs = 0;
  isLoading = true;
  /** Why there is no history, in words. */
  failure: string | undefined;
  private addedMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly subject: Subject,
    private range: RangeMs,
    private readonly ask: (action: Extract<MetricsAction, { kind: 'chart' }>) => void,
    /** The newest time that is known of the engine's clock, or this side's own. */
    private readonly nowMs: () => number,
  ) {
    this.live = new ChartData(seriesOf(subject), range);
  }

  get rangeMs(): RangeMs {
    return this.range;
  }

  get isZoomed(): boolean {
    return this.zoom !== undefined;
  }

  /** All that can be seen without zooming. */
  get whole(): Span {
    const toMs = this.nowMs();
    return { fromMs: toMs - this.range, toMs };
  }

  get span(): Span {
    return this.zoom ?? this.whole;
  }

  get data(): ChartData {
    return this.close ?? this.live;
  }

  /** Asks for what was before. */
  begin(): void {
    this.isLoading = true;
    this.failure = undefined;
    this.askedAtMs = this.nowMs();
    this.liveRequest = this.request(this.whole);
  }

  setRange(range: RangeMs): void {
    this.range = range;
    this.zoom = undefined;
    this.close = undefined;
    this.live = new ChartData(seriesOf(this.subject), range);
    this.begin();
  }

  setZoom(span: Span | undefined): void {
    this.zoom = span;
    this.close = undefined;
    if (span) this.closeRequest = this.request(span);
  }

  zoomBy(factor: number, aroundMs: number): void {
    this.setZoom(zoomed(this.span, this.whole, factor, aroundMs));
  }

  /** @returns whether it was an answer to a question of these charts */
  answer({ request, chart, reason }: Extract<MetricsChange, { kind: 'chart' }>): boolean {
    if (request === this.closeRequest && this.zoom) {
      if (!chart) return true;
      this.close = new ChartData(seriesOf(this.subject), this.zoom.toMs - this.zoom.fromMs);
      this.close.setHistory(chart);
      return true;
    }
    if (request !== this.liveRequest) return false;
    this.isLoading = false;
    this.failure = reason ?? undefined;
    if (chart) this.live.setHistory(chart);
    return true;
  }

  /** Takes the newest figures of the subject. */
  addFigures(state: MetricsState): void {
    const figures = figuresOfSubject(state, this.subject);
    if (!figures || figures.timeMs === this.addedMs) return;
    const isFirst = this.addedMs === Number.NEGATIVE_INFINITY;
    this.addedMs = figures.timeMs;
    this.live.add(figures.timeMs, seriesValues(figures));
    if (isFirst && Math.abs(this.askedAtMs - figures.timeMs) > SAME_CLOCK_MS) this.begin();
  }

  addGap(): void {
    this.live.addGap();
  }

  private request({ fromMs, toMs }: Span): number {
    const request = ++this.requests;
    this.ask({ kind: 'chart', request, subject: this.subject, fromMs, toMs, maxPoints: CHART_POINTS });
    return request;
  }
}
