import uPlot from 'uplot';
import type { ChartMarker } from '../../src/protocol/webview/metrics';
import { minuteText, timeText } from './format';
import type { ChartData, Span } from './chartData';
import type { ChartSpec } from './chartSpecs';
import type { PageContext } from './pageContext';

const HEIGHT = 120;
const SYNC_KEY = 'quaywatch';
const Y_AXIS_WIDTH = 74;
const AXIS_HEIGHT = 26;
/** Room for half of a time beneath the end of the line. */
const RIGHT_EDGE = 24;
/** A limit so far above what is used would press the line flat; then it is only written. */
const NEAR_LIMIT = 0.2;
const BAND_PERCENT = 22;
const GRID_PERCENT = 25;
/** A longer span has no seconds on its scale, and so more room for times. */
const SHOWS_SECONDS_MS = 180_000;
const TIME_WIDTH = 64;
const SECONDS_WIDTH = 96;
/** Steps of the scale of time, in seconds. */
const TIME_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 3, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((hours) => hours * 3_600),
];
const BINARY_STEPS: readonly number[] = Array.from({ length: 50 }, (_nothing, power) => 2 ** power);

export interface ChartHandlers {
  /** A person drew a span with the pointer. */
  zoom(span: Span): void;
  /** A person's pointer moved: a crosshair that was held is let go. */
  pointed(): void;
  /** The pointer's crosshair stands on this point, or on none. */
  cursor(index: number | undefined): void;
}

export interface ChartDrawing {
  readonly data: ChartData;
  readonly span: Span;
  readonly limit: number | null;
  readonly markers: readonly ChartMarker[];
}

/** One chart: lines with a band from least to greatest, a crosshair shared with its siblings, and markers. */
export class Chart {
  private plot: uPlot;
  private drawing: ChartDrawing | undefined;
  private width = 0;
  private heldMs: number | undefined;

  constructor(
    private readonly parent: HTMLElement,
    private readonly spec: ChartSpec,
    private readonly context: PageContext,
    private readonly handlers: ChartHandlers,
  ) {
    this.plot = this.make();
  }

  get canvas(): HTMLCanvasElement {
    return this.plot.ctx.canvas;
  }

  /** The theme has changed: the canvas has to be told its colours. */
  restyle(): void {
    this.plot.destroy();
    this.plot = this.make();
    if (this.drawing) this.draw(this.drawing);
  }

  resize(width: number): void {
    if (width === this.width || width < 50) return;
    this.width = width;
    this.plot.setSize({ width, height: HEIGHT });
  }

  draw(drawing: ChartDrawing): void {
    this.drawing = drawing;
    const { data, span, limit } = drawing;
    const arrays: (number | null)[][] = [data.timesMs.map((timeMs) => timeMs / 1000)];
    let greatest = this.spec.atLeast;
    for (const { series } of this.spec.lines) {
      const line = data.line(series);
      for (const values of [line.mean, line.least, line.greatest])
        arrays.push(values.map((value) => (Number.isNaN(value) ? null : value)));
      line.greatest.forEach((value, index) => {
        const timeMs = data.timesMs[index] ?? 0;
        if (value > greatest && timeMs >= span.fromMs && timeMs <= span.toMs) greatest = value;
      });
    }
    const showsLimit = limit !== null && greatest >= limit * NEAR_LIMIT;
    arrays.push(data.timesMs.map(() => (showsLimit ? limit : null)));
    this.plot.batch(() => {
      this.plot.setData(arrays as uPlot.AlignedData, false);
      this.plot.setScale('x', { min: span.fromMs / 1000, max: span.toMs / 1000 });
      this.plot.setScale('y', { min: 0, max: (showsLimit ? Math.max(limit, greatest) : greatest) * 1.08 });
    });
    if (this.heldMs !== undefined) this.placeCursor();
  }

  /** Holds the crosshair at a moment, wherever that moves as time goes on; `undefined` lets it go. */
  hold(timeMs: number | undefined): void {
    if (timeMs === this.heldMs) return;
    this.heldMs = timeMs;
    this.placeCursor();
  }

  /** The library keeps a crosshair at its pixel, under which new samples move on. */
  private placeCursor(): void {
    const { plot, heldMs, drawing } = this;
    const isSeen =
      heldMs !== undefined && drawing && heldMs >= drawing.span.fromMs && heldMs <= drawing.span.toMs;
    const left = isSeen ? plot.valToPos(heldMs / 1000, 'x') : -10;
    plot.setCursor({ left, top: isSeen ? 1 : -10 }, false);
  }

  private make(): uPlot {
    const { spec } = this;
    const foreground = colour('--vscode-descriptionForeground', '#888');
    const grid = withOpacity(foreground, GRID_PERCENT);
    const axis = { stroke: foreground, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const bands: uPlot.Band[] = [];
    const series: uPlot.Series[] = [{}];
    for (const line of spec.lines) {
      const stroke = colour(`--vscode-charts-${line.colour}`, '#3794ff');
      const at = series.length;
      const hidden: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } };
      series.push({ stroke, width: 1.5, points: { show: false } }, hidden, { ...hidden });
      bands.push({ series: [at + 2, at + 1], fill: withOpacity(stroke, BAND_PERCENT) });
    }
    series.push({
      stroke: colour('--vscode-charts-red', '#f14c4c'),
      width: 1,
      dash: [4, 4],
      points: { show: false },
    });
    const options: uPlot.Options = {
      width: this.width || 300,
      height: HEIGHT,
      padding: [8, RIGHT_EDGE, 0, 0],
      legend: { show: false },
      series,
      bands,
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        {
          ...axis,
          size: AXIS_HEIGHT,
          incrs: [...TIME_STEPS],
          space: () => (this.showsSeconds ? SECONDS_WIDTH : TIME_WIDTH),
          values: (_plot, splits) => splits.map((at) => this.axisTime(at)),
        },
        {
          ...axis,
          size: Y_AXIS_WIDTH,
          space: 28,
          values: (_plot, splits) => splits.map((value) => (spec.scaleFormat ?? spec.format)(value)),
          ...(spec.isBinary ? { incrs: [...BINARY_STEPS] } : {}),
        },
      ],
      cursor: this.cursorOptions(),
      hooks: {
        setCursor: [(plot) => this.handlers.cursor(plot.cursor.idx ?? undefined)],
        setSelect: [(plot) => this.selected(plot)],
        draw: [(plot) => this.drawMarkers(plot)],
      },
    };
    return new uPlot(options, [[]] as unknown as uPlot.AlignedData, this.parent);
  }

  private cursorOptions(): uPlot.Cursor {
    return {
      y: false,
      sync: { key: SYNC_KEY, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { show: true, size: 6 },
      bind: {
        mousemove: (_plot, _target, handler) => (event) => this.onPointer(event, handler),
        mouseleave: (_plot, _target, handler) => (event) =>
          this.heldMs === undefined ? handler(event) : null,
      },
    };
  }

  /** Browsers tell of a pointer that rests, too, when something moved beneath it. */
  private onPointer(event: MouseEvent, handler: (event: MouseEvent) => null): null {
    if (this.heldMs !== undefined) {
      if (event.movementX === 0 && event.movementY === 0) return null;
      this.handlers.pointed();
    }
    return handler(event);
  }

  private get showsSeconds(): boolean {
    const span = this.drawing?.span;
    return span !== undefined && span.toMs - span.fromMs <= SHOWS_SECONDS_MS;
  }

  private axisTime(seconds: number): string {
    const { language } = this.context;
    return this.showsSeconds ? timeText(seconds * 1000, language) : minuteText(seconds * 1000, language);
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const fromMs = plot.posToVal(left, 'x') * 1000;
    const toMs = plot.posToVal(left + width, 'x') * 1000;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.handlers.zoom({ fromMs, toMs });
  }

  private drawMarkers(plot: uPlot): void {
    const { drawing } = this;
    if (!drawing) return;
    const { ctx, bbox } = plot;
    const scale = window.devicePixelRatio;
    ctx.save();
    for (const { timeMs, kind } of drawing.markers) {
      if (timeMs < drawing.span.fromMs || timeMs > drawing.span.toMs) continue;
      const x = Math.round(plot.valToPos(timeMs / 1000, 'x', true)) + 0.5;
      ctx.strokeStyle = colour(markerColour(kind), '#888');
      ctx.fillStyle = ctx.strokeStyle;
      ctx.lineWidth = scale;
      ctx.setLineDash(kind === 'started' ? [2 * scale, 3 * scale] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - 3 * scale, bbox.top);
      ctx.lineTo(x + 3 * scale, bbox.top);
      ctx.lineTo(x, bbox.top + 5 * scale);
      ctx.fill();
    }
    ctx.restore();
  }

  dispose(): void {
    this.plot.destroy();
  }
}

export function markerColour(kind: ChartMarker['kind']): string {
  if (kind === 'started') return '--vscode-charts-green';
  return kind === 'outOfMemory' ? '--vscode-charts-red' : '--vscode-charts-yellow';
}

/** A theme's colour, for canvases, which know no variables. */
export function colour(variable: string, fallback: string): string {
  return getComputedStyle(document.body).getPropertyValue(variable).trim() || fallback;
}

function withOpacity(stroke: string, percent: number): string {
  return `color-mix(in srgb, ${stroke} ${percent}%, transparent)`;
}
