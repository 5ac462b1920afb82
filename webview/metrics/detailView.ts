import {
  METRIC_COLUMNS,
  RANGES_MS,
  type ChartMarker,
  type MetricColumn,
  type RangeMs,
  type Subject,
} from '../../src/protocol/webview/metrics';
import { makeButton } from '../components';
import { make, setAttribute, setText } from '../dom';
import { fill } from '../texts';
import { ChartFigure } from './chartFigure';
import { chartTable } from './chartTable';
import { chartsOf, figuresOfSubject, limitOf } from './chartSpecs';
import { csvOf } from './csv';
import type { DetailData } from './detailData';
import { cellTexts, dateTimeText, NOTHING, timeText } from './format';
import type { PageContext } from './pageContext';
import { pictureOf } from './picture';
import type { MetricsState } from './state';

const RANGE_TEXTS = ['range5m', 'range15m', 'range1h', 'range24h'] as const;
const MOST_EVENTS = 20;
const ZOOM = 0.5;

export interface DetailActions {
  back(): void;
  prefersRange(rangeMs: RangeMs): void;
  redraw(): void;
}

/** The charts of a container or a machine. */
export class DetailView {
  readonly element: HTMLElement;
  private readonly title = make('h2');
  private readonly status = make('p', { class: 'status' });
  private readonly figures = make('dl', { class: 'figures' });
  private readonly note = make('p', { class: 'note', role: 'status' });
  private readonly ranges = new Map<RangeMs, HTMLElement>();
  private readonly zoomNote = make('span', { class: 'zoom-note' });
  private readonly zoomReset: HTMLElement;
  private readonly charts: readonly ChartFigure[];
  private readonly chartBox = make('div', { class: 'charts' });
  private readonly table = make('div', { class: 'table-box' });
  private readonly tableButton: HTMLElement;
  private readonly events = make('div', { class: 'events' });
  private readonly observer: ResizeObserver;
  private name = '';
  private heldMs: number | undefined;
  private shownMarkers: readonly ChartMarker[] | undefined;

  constructor(
    readonly subject: Subject,
    readonly data: DetailData,
    private readonly context: PageContext,
    private readonly actions: DetailActions,
  ) {
    const { texts } = context;
    this.zoomReset = makeButton({ label: texts.zoomReset, onClick: () => this.zoom(undefined) });
    this.tableButton = makeButton({ label: texts.asTable, onClick: () => this.toggleTable() });
    this.charts = chartsOf(subject).map(
      (spec) =>
        new ChartFigure(spec, context, {
          zoom: (span) => this.zoom(span),
          zoomBy: (factor, aroundMs) => this.zoomBy(factor, aroundMs),
          showTable: () => this.toggleTable(),
          hold: (timeMs) => this.hold(timeMs),
        }),
    );
    this.chartBox.append(...this.charts.map(({ element }) => element));
    this.element = make('section', {
      class: 'detail',
      children: [
        this.makeHead(),
        this.figures,
        this.makeTimeBar(),
        this.note,
        this.chartBox,
        this.events,
        this.table,
      ],
    });
    this.element.addEventListener('keydown', (event) => this.onKey(event));
    this.observer = new ResizeObserver(() => {
      for (const chart of this.charts) chart.resize();
    });
    this.observer.observe(this.chartBox);
  }

  private makeHead(): HTMLElement {
    const { texts } = this.context;
    const back = makeButton({ label: `← ${texts.back}`, onClick: () => this.actions.back() });
    back.classList.add('back');
    const buttons = [
      ...(this.subject.kind === 'container' ? [this.logsButton(this.subject.key)] : []),
      this.tableButton,
      makeButton({ label: texts.copyCsv, onClick: () => this.copy() }),
      makeButton({ label: texts.savePicture, onClick: () => this.savePicture() }),
    ];
    return make('div', {
      class: 'detail-head',
      children: [back, this.title, this.status, make('div', { class: 'buttons', children: buttons })],
    });
  }

  private logsButton(key: string): HTMLElement {
    const { texts } = this.context;
    return makeButton({ label: texts.showLogs, onClick: () => this.context.act({ kind: 'showLogs', key }) });
  }

  private makeTimeBar(): HTMLElement {
    const { texts } = this.context;
    RANGES_MS.forEach((rangeMs, index) => {
      const label = texts[RANGE_TEXTS[index] ?? 'range5m'];
      const button = make('button', { class: 'range', text: label });
      button.addEventListener('click', () => this.setRange(rangeMs));
      this.ranges.set(rangeMs, button);
    });
    const ranges = make('div', {
      class: 'ranges',
      role: 'group',
      attributes: { 'aria-label': texts.rangeLabel },
      children: [...this.ranges.values()],
    });
    const middle = (): number => (this.data.span.fromMs + this.data.span.toMs) / 2;
    return make('div', {
      class: 'time-bar',
      children: [
        ranges,
        makeButton({ label: '+', description: texts.zoomIn, onClick: () => this.zoomBy(ZOOM, middle()) }),
        makeButton({
          label: '−',
          description: texts.zoomOut,
          onClick: () => this.zoomBy(1 / ZOOM, middle()),
        }),
        this.zoomReset,
        this.zoomNote,
      ],
    });
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('.back')?.focus();
  }

  private setRange(rangeMs: RangeMs): void {
    this.data.setRange(rangeMs);
    this.actions.prefersRange(rangeMs);
    this.closeTable();
    this.actions.redraw();
  }

  private zoom(span: Parameters<DetailData['setZoom']>[0]): void {
    this.data.setZoom(span);
    this.announceSpan();
  }

  private zoomBy(factor: number, aroundMs: number): void {
    this.data.zoomBy(factor, aroundMs);
    this.announceSpan();
  }

  private hold(timeMs: number | undefined): void {
    this.heldMs = timeMs;
    for (const chart of this.charts) chart.hold(timeMs);
  }

  private announceSpan(): void {
    this.closeTable();
    this.context.announce(this.spanText());
    this.actions.redraw();
  }

  private spanText(): string {
    const { fromMs, toMs } = this.data.span;
    const { texts, language } = this.context;
    return fill(texts.zoomed, dateTimeText(fromMs, language), dateTimeText(toMs, language));
  }

  /** @param status in words, why the figures are not of now; empty where they are */
  draw(state: MetricsState, name: string, status: string, isDimmed: boolean): void {
    const { texts } = this.context;
    this.name = name;
    setText(this.title, name);
    setText(this.status, status);
    this.element.classList.toggle('dimmed', isDimmed);
    setAttribute(this.element, 'aria-label', name);
    this.drawFigures(state);
    const figures = figuresOfSubject(state, this.subject);
    const { data, span, isZoomed, rangeMs } = this.data;
    for (const [range, button] of this.ranges)
      setAttribute(button, 'aria-pressed', String(range === rangeMs));
    this.zoomReset.hidden = !isZoomed;
    setText(this.zoomNote, isZoomed ? this.spanText() : '');
    setText(this.note, this.noteText(texts));
    const markers = this.subject.kind === 'container' ? (state.markers.get(this.subject.key) ?? []) : [];
    for (const chart of this.charts) {
      chart.resize();
      chart.draw({ data, span, limit: limitOf(chart.spec, figures), markers });
    }
    this.drawEvents(markers);
  }

  private noteText(texts: PageContext['texts']): string {
    const { data, isLoading, failure } = this.data;
    if (failure !== undefined) return fill(texts.chartFailed, failure);
    if (data.timesMs.length > 0) return '';
    return isLoading ? texts.chartLoading : texts.chartEmpty;
  }

  private drawFigures(state: MetricsState): void {
    const { subject } = this;
    const figures = subject.kind === 'container' ? state.rows.get(subject.key)?.figures : undefined;
    this.figures.hidden = figures === undefined;
    if (!figures) return;
    for (const column of METRIC_COLUMNS) {
      const item =
        this.figures.querySelector<HTMLElement>(`[data-column="${column}"]`) ?? this.makeFigure(column);
      const value = item.querySelector('dd');
      if (value) setText(value, this.figureText(column, cellTexts(column, figures)));
    }
  }

  private figureText(
    column: MetricColumn,
    [first, second]: readonly [string] | readonly [string, string],
  ): string {
    const { texts } = this.context;
    if (second === undefined) return first;
    if (column === 'memory')
      return second === NOTHING ? `${first} (${texts.noLimit})` : `${first} / ${second}`;
    const isNetwork = column === 'network' || column === 'networkTotal';
    return isNetwork ? `↓ ${first} ↑ ${second}` : `${texts.read} ${first}, ${texts.written} ${second}`;
  }

  private makeFigure(column: MetricColumn): HTMLElement {
    const item = make('div', {
      attributes: { 'data-column': column },
      children: [make('dt', { text: this.context.texts[column] }), make('dd')],
    });
    this.figures.append(item);
    return item;
  }

  private drawEvents(markers: readonly ChartMarker[]): void {
    if (markers === this.shownMarkers) return;
    this.shownMarkers = markers;
    const { texts, language } = this.context;
    const items = [...markers]
      .reverse()
      .slice(0, MOST_EVENTS)
      .map(({ timeMs, kind, exitCode }) =>
        make('li', {
          class: kind,
          text: `${dateTimeText(timeMs, language)}: ${markerText(texts, kind, exitCode)}`,
        }),
      );
    this.events.hidden = items.length === 0;
    this.events.replaceChildren(make('h3', { text: texts.events }), make('ul', { children: items }));
  }

  private toggleTable(): void {
    if (this.table.firstChild) {
      this.closeTable();
      return;
    }
    const table = chartTable(chartsOf(this.subject), this.data.data, this.data.span, this.context, this.name);
    this.table.replaceChildren(table);
    setAttribute(this.tableButton, 'aria-expanded', 'true');
    table.focus();
    table.scrollIntoView({ block: 'nearest' });
  }

  private closeTable(): void {
    this.table.replaceChildren();
    setAttribute(this.tableButton, 'aria-expanded', 'false');
  }

  /** All points that are seen, with all their digits. */
  private copy(): void {
    const { data, span } = this.data;
    const series = chartsOf(this.subject).flatMap((spec) => spec.lines.map((line) => line.series));
    const rows = data.timesMs.flatMap((timeMs, index) => {
      if (timeMs < span.fromMs || timeMs > span.toMs) return [];
      const values = series.flatMap((name) => {
        const { least, mean, greatest } = data.line(name);
        return [least, mean, greatest].map((line) => line[index] ?? null);
      });
      return [[new Date(timeMs).toISOString(), ...values]];
    });
    const names = series.flatMap((name) => ['least', 'mean', 'greatest'].map((kind) => `${name} ${kind}`));
    this.context.act({ kind: 'copy', csv: csvOf([['time', ...names], ...rows]) });
    this.context.announce(this.context.texts.copied);
  }

  private savePicture(): void {
    const { texts, language } = this.context;
    const title = `${this.name} · ${timeText(this.data.span.fromMs, language)} – ${dateTimeText(this.data.span.toMs, language)}`;
    const pngBase64 = pictureOf(
      title,
      this.charts.map(({ spec, chart }) => ({ title: texts[spec.title], canvas: chart.canvas })),
    );
    this.context.act({ kind: 'savePicture', name: this.name.slice(0, 100), pngBase64 });
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    if (this.table.firstChild) {
      this.closeTable();
      this.tableButton.focus();
    } else if (this.heldMs !== undefined) this.hold(undefined);
    else if (this.data.isZoomed) this.zoom(undefined);
    else this.actions.back();
  }

  /** The theme has changed. */
  restyle(): void {
    for (const { chart } of this.charts) chart.restyle();
  }

  dispose(): void {
    this.observer.disconnect();
    for (const chart of this.charts) chart.dispose();
    this.element.remove();
  }
}

function markerText(texts: PageContext['texts'], kind: ChartMarker['kind'], exitCode: number | null): string {
  switch (kind) {
    case 'started':
      return texts.markerStarted;
    case 'outOfMemory':
      return texts.markerOutOfMemory;
    case 'stopped':
      return exitCode === null ? texts.markerEnded : fill(texts.markerStopped, exitCode);
  }
}
