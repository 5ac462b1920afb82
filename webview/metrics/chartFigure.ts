import { make, setText } from '../dom';
import { fill } from '../texts';
import { Chart, type ChartDrawing } from './chart';
import { indexAt, steppedMs, summaryOf, type Span } from './chartData';
import type { ChartSpec } from './chartSpecs';
import { timeText } from './format';
import type { PageContext } from './pageContext';

const ZOOM = 0.5;

export interface ChartFigureActions {
  zoom(span: Span | undefined): void;
  zoomBy(factor: number, aroundMs: number): void;
  showTable(): void;
  /** Holds the crosshair of all charts at a moment, or lets it go. */
  hold(timeMs: number | undefined): void;
}

/** A chart with its title and its numbers in words, which keys can move through. */
export class ChartFigure {
  readonly element: HTMLElement;
  readonly chart: Chart;
  private readonly readouts: readonly HTMLElement[];
  private readonly moment = make('span', { class: 'readout' });
  private readonly limit = make('span', { class: 'limit' });
  private readonly box = make('div', { class: 'plot', attributes: { 'aria-hidden': 'true' } });
  private drawing: ChartDrawing | undefined;
  private pointedIndex: number | undefined;
  private heldMs: number | undefined;

  constructor(
    readonly spec: ChartSpec,
    private readonly context: PageContext,
    private readonly actions: ChartFigureActions,
  ) {
    const { texts } = context;
    const title = make('h3', { text: texts[spec.title] });
    this.readouts = spec.lines.map(() => make('span', { class: 'readout' }));
    const rows = spec.lines.map(({ label, colour }, index) =>
      make('span', {
        class: 'key',
        children: [
          ...(label ? [make('i', { class: colour, attributes: { 'aria-hidden': 'true' } })] : []),
          ...(label ? [make('span', { text: texts[label] })] : []),
          ...this.readouts.slice(index, index + 1),
        ],
      }),
    );
    this.element = make('div', {
      class: 'chart',
      role: 'group',
      attributes: {
        tabindex: '0',
        'data-chart': spec.id,
        'aria-label': fill(texts.chartLabel, texts[spec.title]),
        'aria-description': texts.chartKeys,
      },
      children: [
        make('div', { class: 'chart-title', children: [title, this.moment, this.limit] }),
        make('div', { class: 'readouts', children: rows }),
        this.box,
      ],
    });
    this.chart = new Chart(this.box, spec, context, {
      zoom: (span) => actions.zoom(span),
      pointed: () => actions.hold(undefined),
      cursor: (index) => {
        this.pointedIndex = index;
        this.drawReadout();
      },
    });
    this.element.addEventListener('keydown', (event) => this.onKey(event));
  }

  resize(): void {
    this.chart.resize(this.box.clientWidth);
  }

  draw(drawing: ChartDrawing): void {
    this.drawing = drawing;
    this.chart.draw(drawing);
    const { texts } = this.context;
    setText(this.limit, drawing.limit === null ? '' : `${texts.limit} ${this.spec.format(drawing.limit)}`);
    this.drawReadout();
  }

  /** Holds the crosshair at a moment that was chosen by keys; `undefined` lets it go. */
  hold(timeMs: number | undefined): void {
    this.heldMs = timeMs;
    this.pointedIndex = undefined;
    this.chart.hold(timeMs);
    this.drawReadout();
  }

  /** The point at the crosshair. One that was held, and is out of sight by now, stands on none. */
  private get index(): number | undefined {
    const { drawing, heldMs } = this;
    if (heldMs === undefined || !drawing) return this.pointedIndex;
    const { fromMs, toMs } = drawing.span;
    return heldMs < fromMs || heldMs > toMs ? undefined : indexAt(drawing.data.timesMs, heldMs);
  }

  /** What stands at the crosshair, or else a summary of what is seen. */
  private drawReadout(): void {
    const { drawing, index } = this;
    if (!drawing) return;
    const timeMs = index === undefined ? undefined : drawing.data.timesMs[index];
    setText(this.moment, timeMs === undefined ? '' : timeText(timeMs, this.context.language));
    this.spec.lines.forEach(({ series }, at) => {
      const readout = this.readouts[at];
      const text =
        timeMs === undefined ? this.summary(drawing, series) : this.at(drawing, series, index ?? 0);
      if (readout) setText(readout, text);
    });
  }

  /** All that is written about the chart, in one sentence. */
  private get words(): string {
    const values = this.spec.lines.map(({ label }, at) =>
      [label ? this.context.texts[label] : '', this.readouts[at]?.textContent ?? '']
        .filter(Boolean)
        .join(' '),
    );
    return [this.moment.textContent, values.join(', ')].filter(Boolean).join(': ');
  }

  private summary({ data, span }: ChartDrawing, series: string): string {
    const summary = summaryOf(data, series, span);
    if (!summary) return '';
    const { format } = this.spec;
    const { least, mean, greatest } = summary;
    return fill(this.context.texts.averageAndRange, format(least), format(mean), format(greatest));
  }

  private at({ data }: ChartDrawing, series: string, index: number): string {
    const { mean, greatest } = data.line(series);
    const value = mean[index] ?? Number.NaN;
    if (Number.isNaN(value)) return this.context.texts.unknown;
    const text = this.spec.format(value);
    const top = this.spec.format(greatest[index] ?? value);
    return top === text ? text : `${text} (${top})`;
  }

  private onKey(event: KeyboardEvent): void {
    const { drawing } = this;
    if (!drawing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.handle(event.key, event.shiftKey, drawing)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private handle(key: string, isShift: boolean, drawing: ChartDrawing): boolean {
    const { actions } = this;
    const { data, span } = drawing;
    const around = data.timesMs[this.index ?? -1] ?? (span.fromMs + span.toMs) / 2;
    const all = data.timesMs.length;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.move(isShift ? -10 : -1, drawing),
      ArrowRight: () => this.move(isShift ? 10 : 1, drawing),
      Home: () => this.move(-all, drawing),
      End: () => this.move(all, drawing),
      '+': () => actions.zoomBy(ZOOM, around),
      '=': () => actions.zoomBy(ZOOM, around),
      '-': () => actions.zoomBy(1 / ZOOM, around),
      '0': () => actions.zoom(undefined),
      t: () => actions.showTable(),
      T: () => actions.showTable(),
    };
    const run = keys[key];
    run?.();
    return run !== undefined;
  }

  private move(steps: number, { data, span }: ChartDrawing): void {
    const { timesMs } = data;
    const pointedMs = this.pointedIndex === undefined ? undefined : timesMs[this.pointedIndex];
    const timeMs = steppedMs(timesMs, span, this.heldMs ?? pointedMs, steps);
    if (timeMs === undefined) return;
    this.actions.hold(timeMs);
    this.context.announce(this.words);
  }

  dispose(): void {
    this.chart.dispose();
  }
}
