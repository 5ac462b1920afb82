import type { Figures, MetricColumn, RowKey, Thresholds } from '../../src/protocol/webview/metrics';
import { make, setAttribute, setText } from '../dom';
import { fill } from '../texts';
import { cellTexts, NOTHING, timeText } from './format';
import type { PageContext } from './pageContext';
import { isDimmed, overThreshold, rowStatus, type RowStatus } from './rowStatus';
import { pathOf, SMALL_COLUMNS, SMALL_STEP_MS, type SmallColumn } from './smallLine';
import type { HostState, RowState } from './state';

const LINE_WIDTH = 60;
const LINE_HEIGHT = 16;
/** Scales end there at least, so that next to nothing looks like it. */
const SCALE_AT_LEAST: Readonly<Record<SmallColumn, number>> = {
  cpu: 5,
  memory: 1_048_576,
  network: 1_000,
  block: 1_000,
  processes: 2,
};
/** Rows draw their lines anew once in a step, each at another moment of it: all at once would be a long frame. */
const PHASES = 5;
let rowsMade = 0;
const SVG = 'http://www.w3.org/2000/svg';
/** Signs of the two directions; screen readers are told in words. */
const DIRECTIONS: Readonly<Partial<Record<MetricColumn, readonly [string, string]>>> = {
  network: ['↓', '↑'],
  networkTotal: ['↓', '↑'],
  block: ['R', 'W'],
  blockTotal: ['R', 'W'],
};

interface CellView {
  readonly column: MetricColumn;
  readonly element: HTMLElement;
  /** For screen readers; what is seen is hidden from them. */
  readonly words: HTMLElement;
  readonly first: HTMLElement;
  readonly second: HTMLElement | undefined;
  readonly path: SVGPathElement | undefined;
}

export interface RowDrawing {
  readonly host: HostState | undefined;
  readonly watched: ReadonlySet<RowKey>;
  readonly nowMs: number;
  readonly thresholds: Thresholds;
  readonly hasSeveralHosts: boolean;
}

/** A container's row: drawn only while it is in sight. */
export class RowView {
  readonly element: HTMLElement;
  private readonly name: HTMLElement;
  private readonly status: HTMLElement;
  private readonly dot: HTMLElement;
  private cells: readonly CellView[] = [];
  private readonly phaseMs = ((rowsMade++ % PHASES) * SMALL_STEP_MS) / PHASES;
  /** What the lines show. */
  private linesShown = '';

  constructor(
    /** Set anew where the element is to show another row; to be drawn then. */
    public key: RowKey,
    private readonly context: PageContext,
    columns: readonly MetricColumn[],
  ) {
    this.dot = make('span', { class: 'dot', attributes: { 'aria-hidden': 'true' } });
    this.name = make('span', { class: 'name-text' });
    this.status = make('span', { class: 'status' });
    const nameCell = make('div', {
      class: 'cell name',
      role: 'gridcell',
      children: [this.dot, this.name, this.status],
    });
    this.element = make('div', {
      class: 'row',
      role: 'row',
      attributes: { tabindex: '-1' },
      children: [nameCell],
    });
    this.setColumns(columns);
  }

  setColumns(columns: readonly MetricColumn[]): void {
    for (const { element } of this.cells) element.remove();
    this.cells = columns.map((column) => makeCell(column, this.context.texts[column]));
    this.element.append(...this.cells.map(({ element }) => element));
    this.linesShown = '';
  }

  draw(state: RowState, drawing: RowDrawing): void {
    const { row, figures } = state;
    const status = rowStatus(state, drawing.host, drawing);
    const over = overThreshold(state, status, drawing.thresholds);
    const isOver = over.cpu || over.memory;
    const text = this.statusText(status, state, isOver);
    const name =
      drawing.hasSeveralHosts && drawing.host ? `${row.name} · ${drawing.host.row.name}` : row.name;
    setText(this.name, name);
    setText(this.status, text);
    setAttribute(this.name, 'title', `${name}\n${row.image}\n${row.stateText}`);
    setAttribute(this.dot, 'data-state', row.state);
    setAttribute(this.element, 'data-status', status.kind);
    this.element.classList.toggle('dimmed', isDimmed(status));
    this.element.classList.toggle('over', isOver);
    const hasFigures = row.isActive && figures !== undefined && status.kind !== 'waiting';
    const newestMs = drawing.host?.newestMs ?? Number.NEGATIVE_INFINITY;
    for (const cell of this.cells) {
      cell.element.classList.toggle('over', isOverCell(cell.column, over));
      this.drawCell(cell, figures, hasFigures);
    }
    this.drawLines(state, newestMs);
  }

  private drawCell(
    { column, words, first, second }: CellView,
    figures: Figures | undefined,
    hasFigures: boolean,
  ): void {
    const { texts } = this.context;
    const values = hasFigures && figures ? cellTexts(column, figures) : ([NOTHING, NOTHING] as const);
    setText(first, values[0]);
    if (second) setText(second, values[1] ?? NOTHING);
    setText(words, `${texts[column]}: ${spoken(column, values, this.context)}`);
  }

  private drawLines({ lines }: RowState, newestMs: number): void {
    const step = Math.floor((newestMs + this.phaseMs) / SMALL_STEP_MS);
    const shown = `${this.key} ${step} ${lines.revision}`;
    if (shown === this.linesShown) return;
    this.linesShown = shown;
    for (const { column, path } of this.cells) {
      if (!path || !isSmall(column)) continue;
      const values = lines.of(column).upTo(newestMs);
      setAttribute(path, 'd', pathOf(values, LINE_WIDTH, LINE_HEIGHT, SCALE_AT_LEAST[column]));
    }
  }

  private statusText(status: RowStatus, { figures, row }: RowState, isOver: boolean): string {
    const { texts, language } = this.context;
    switch (status.kind) {
      case 'live':
        return [row.stateText === 'running' ? '' : row.stateText, isOver ? texts.over : '']
          .filter(Boolean)
          .join(' · ');
      case 'waiting':
        return texts.waiting;
      case 'notWatched':
        return texts.notWatched;
      case 'stopped':
        return status.text;
      case 'stale': {
        const why = texts[status.reason];
        return figures ? `${why} · ${fill(texts.asOf, timeText(figures.timeMs, language))}` : why;
      }
    }
  }
}

function makeCell(column: MetricColumn, title: string): CellView {
  const caption = make('span', { class: 'caption', text: title, attributes: { 'aria-hidden': 'true' } });
  const first = make('span', { class: 'value' });
  const directions = DIRECTIONS[column];
  const hasSecond = directions !== undefined || column === 'memory';
  const second = hasSecond ? make('span', { class: 'value second' }) : undefined;
  const path = isSmall(column) ? document.createElementNS(SVG, 'path') : undefined;
  const values = make('span', { class: 'values', attributes: { 'aria-hidden': 'true' } });
  values.append(pairOf(directions?.[0], first));
  if (second) values.append(pairOf(directions?.[1] ?? '/', second));
  const element = make('div', { class: `cell figure ${column}`, role: 'gridcell', children: [caption] });
  if (path) element.append(lineOf(path));
  const words = make('span', { class: 'visually-hidden' });
  element.append(values, words);
  return { column, element, words, first, second, path };
}

/** A value and the sign before it, which no line break parts. */
function pairOf(sign: string | undefined, value: HTMLElement): HTMLElement {
  const signs = sign === undefined ? [] : [make('span', { class: 'sign', text: sign })];
  return make('span', { class: 'pair', children: [...signs, value] });
}

function lineOf(path: SVGPathElement): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'small-line');
  svg.setAttribute('viewBox', `0 0 ${LINE_WIDTH} ${LINE_HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(path);
  return svg;
}

function isSmall(column: MetricColumn): column is SmallColumn {
  return (SMALL_COLUMNS as readonly string[]).includes(column);
}

function isOverCell(column: MetricColumn, over: ReturnType<typeof overThreshold>): boolean {
  return (
    (column === 'cpu' && over.cpu) || (over.memory && (column === 'memory' || column === 'memoryPercent'))
  );
}

/** A cell's figures in words. */
function spoken(column: MetricColumn, [first, second]: readonly string[], { texts }: PageContext): string {
  const said = (text: string | undefined): string =>
    text === undefined || text === NOTHING ? texts.unknown : text;
  switch (column) {
    case 'network':
    case 'networkTotal':
      return `${texts.received} ${said(first)}, ${texts.sent} ${said(second)}`;
    case 'block':
    case 'blockTotal':
      return `${texts.read} ${said(first)}, ${texts.written} ${said(second)}`;
    case 'memory':
      return second === NOTHING ? said(first) : fill(texts.ofTotal, said(first), said(second));
    default:
      return said(first);
  }
}
