import type { MetricColumn, MetricsPreferences, RowKey } from '../../src/protocol/webview/metrics';
import { make, setAttribute, setText } from '../dom';
import { fill } from '../texts';
import type { PageContext } from './pageContext';
import { RowView, type RowDrawing } from './rowView';
import type { MetricsState } from './state';
import type { Scope, Table, TableItem } from './table';

const IN_SIGHT_MARGIN = '120px';
const PAGE_ROWS = 10;

/** What the columns need at least, in pixels. */
const NAME_WIDTH = 120;
/** Of what room there is beyond that, names get more than figures. */
const NAME_SHARE = 260;
const WIDTHS: Readonly<Record<MetricColumn, number>> = {
  cpu: 96,
  memory: 168,
  memoryPercent: 96,
  network: 168,
  block: 160,
  processes: 72,
  networkTotal: 150,
  blockTotal: 150,
};
const EDGES = 24;

/** Room is given out as the columns need it. */
function track(width: number, share = width): string {
  return `minmax(${width}px, ${share}fr)`;
}

/** From which width on rows are columns; below it each is a small card. */
export function widthForColumns(columns: readonly MetricColumn[]): number {
  return columns.reduce((sum, column) => sum + WIDTHS[column], NAME_WIDTH + EDGES);
}

export interface TableActions {
  open(key: RowKey): void;
  scope(scope: Scope): void;
  sort(column: MetricsPreferences['sort']['column']): void;
  /** Other rows are in sight than before. */
  inSightChanged(): void;
}

interface ItemView {
  readonly element: HTMLElement;
  readonly row?: RowView;
  readonly group?: Extract<TableItem, { kind: 'group' }>;
}

/** The rows, in their order: one tab stop, through which arrow keys move. */
export class TableView {
  readonly element: HTMLElement;
  private readonly header: HTMLElement;
  private readonly body: HTMLElement;
  private readonly items = new Map<string, ItemView>();
  private order: readonly string[] = [];
  private columns: readonly MetricColumn[] = [];
  private current: string | undefined;
  private readonly observer: IntersectionObserver;
  private pointerAtMs = Number.NEGATIVE_INFINITY;
  readonly inSight = new Set<RowKey>();
  private readonly undrawn = new Set<RowKey>();

  constructor(
    private readonly context: PageContext,
    private readonly actions: TableActions,
  ) {
    this.header = make('div', { class: 'header row', role: 'row' });
    this.body = make('div', { class: 'body', role: 'rowgroup' });
    this.element = make('div', {
      class: 'table',
      role: 'grid',
      attributes: { 'aria-label': context.texts.tableLabel, 'aria-readonly': 'true' },
      children: [make('div', { role: 'rowgroup', children: [this.header] }), this.body],
    });
    this.observer = new IntersectionObserver((entries) => this.onSight(entries), {
      rootMargin: IN_SIGHT_MARGIN,
    });
    this.body.addEventListener('keydown', (event) => this.onKey(event));
    this.body.addEventListener('click', (event) => this.onClick(event));
    this.body.addEventListener('focusin', ({ target }) => this.onFocus(target));
    this.body.addEventListener('pointermove', () => (this.pointerAtMs = performance.now()));
  }

  /** When a pointer last moved over the rows, by `performance.now()`. */
  get lastPointerMs(): number {
    return this.pointerAtMs;
  }

  drawHeader({ columns, sort }: MetricsPreferences): void {
    const { texts } = this.context;
    const cells = (['name', ...columns] as const).map((column) => {
      const isSorted = sort.column === column;
      const arrow = isSorted ? (sort.descending ? ' ↓' : ' ↑') : '';
      const button = make('button', { class: 'sort', children: [make('span', { text: texts[column] })] });
      if (arrow) button.append(make('span', { text: arrow, attributes: { 'aria-hidden': 'true' } }));
      button.addEventListener('click', () => this.actions.sort(column));
      const direction = sort.descending ? 'descending' : 'ascending';
      return make('div', {
        class: `cell ${column === 'name' ? 'name' : `figure ${column}`}`,
        role: 'columnheader',
        attributes: { 'aria-sort': isSorted ? direction : 'none', 'data-column': column },
        children: [button],
      });
    });
    const focused = document.activeElement?.closest('[data-column]')?.getAttribute('data-column');
    this.header.replaceChildren(...cells);
    if (focused) this.header.querySelector<HTMLElement>(`[data-column="${focused}"] button`)?.focus();
    this.element.style.setProperty(
      '--grid',
      [track(NAME_WIDTH, NAME_SHARE), ...columns.map((one) => track(WIDTHS[one]))].join(' '),
    );
    this.columns = columns;
    for (const { row } of this.items.values()) {
      row?.setColumns(columns);
      if (row) this.undrawn.add(row.key);
    }
  }

  /** Puts the rows in this order, and makes and removes what came and went. */
  setOrder(table: Table): void {
    const wanted = new Map(table.items.map((item) => [idOf(item), item]));
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    for (const [id, view] of this.items) {
      if (wanted.has(id)) continue;
      this.observer.unobserve(view.element);
      if (view.row) {
        this.inSight.delete(view.row.key);
        this.undrawn.delete(view.row.key);
      }
      view.element.remove();
      this.items.delete(id);
    }
    let place: ChildNode | null = this.body.firstChild;
    for (const [id, item] of wanted) {
      const view = this.viewFor(id, item);
      if (place === view.element) place = place.nextSibling;
      else this.body.insertBefore(view.element, place);
    }
    this.order = [...wanted.keys()];
    setAttribute(this.element, 'aria-rowcount', String(this.order.length + 1));
    this.keepTabStop();
    if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused)
      focused.focus({ preventScroll: true });
  }

  private viewFor(id: string, item: TableItem): ItemView {
    const known = this.items.get(id);
    if (known) {
      if (item.kind === 'group') this.drawGroup(known.element, item);
      return item.kind === 'group' ? this.keep(id, { element: known.element, group: item }) : known;
    }
    if (item.kind === 'group') {
      const cell = make('div', { role: 'gridcell', class: 'group-name' });
      const element = make('div', {
        class: 'row group',
        role: 'row',
        attributes: { tabindex: '-1' },
        children: [cell],
      });
      this.drawGroup(element, item);
      return this.keep(id, { element, group: item });
    }
    const row = new RowView(item.key, this.context, this.columns);
    this.observer.observe(row.element);
    this.undrawn.add(item.key);
    return this.keep(id, { element: row.element, row });
  }

  private keep(id: string, view: ItemView): ItemView {
    view.element.dataset['item'] = id;
    this.items.set(id, view);
    return view;
  }

  private drawGroup(element: HTMLElement, { project, count }: Extract<TableItem, { kind: 'group' }>): void {
    const { texts } = this.context;
    const cell = element.firstElementChild;
    if (cell instanceof HTMLElement) setText(cell, fill(texts.projectRow, project ?? texts.noProject, count));
  }

  /** Draws rows that are in sight; others are drawn when they come into it. */
  draw(keys: Iterable<RowKey>, state: MetricsState, drawing: Omit<RowDrawing, 'host'>): void {
    for (const key of keys) {
      const known = state.rows.get(key);
      if (!known || !this.inSight.has(key)) continue;
      const host = state.hosts.get(known.row.hostId);
      this.items.get(`row ${key}`)?.row?.draw(known, { ...drawing, host });
    }
  }

  /** Rows that were never drawn are empty; even out of sight nobody may find them so. */
  drawNew(state: MetricsState, drawing: Omit<RowDrawing, 'host'>): void {
    for (const key of this.undrawn) {
      const known = state.rows.get(key);
      const host = known && state.hosts.get(known.row.hostId);
      if (known) this.items.get(`row ${key}`)?.row?.draw(known, { ...drawing, host });
    }
    this.undrawn.clear();
  }

  /** The table is hidden: what was in sight counts as it was. */
  suspend(): void {
    this.observer.disconnect();
  }

  /** It is shown again. */
  resume(): void {
    this.inSight.clear();
    for (const { row } of this.items.values()) if (row) this.observer.observe(row.element);
  }

  focusRow(key: RowKey): void {
    this.focusItem(`row ${key}`);
  }

  private focusItem(id: string | undefined): void {
    const view = id === undefined ? undefined : this.items.get(id);
    if (!view) return;
    this.current = id;
    this.keepTabStop();
    view.element.focus();
    view.element.scrollIntoView({ block: 'nearest' });
  }

  /** Exactly one row can be reached by Tab. */
  private keepTabStop(): void {
    if (this.current === undefined || !this.items.has(this.current)) this.current = this.order[0];
    for (const [id, { element }] of this.items)
      setAttribute(element, 'tabindex', id === this.current ? '0' : '-1');
  }

  private onFocus(target: EventTarget | null): void {
    const id = itemIdAt(target);
    if (id === undefined || id === this.current) return;
    this.current = id;
    this.keepTabStop();
  }

  private onClick({ target }: MouseEvent): void {
    this.activate(itemIdAt(target));
  }

  private activate(id: string | undefined): void {
    const view = id === undefined ? undefined : this.items.get(id);
    if (view?.row) this.actions.open(view.row.key);
    else if (view?.group)
      this.actions.scope({ hostId: view.group.hostId, project: view.group.project ?? undefined });
  }

  private onKey(event: KeyboardEvent): void {
    const at = this.current === undefined ? -1 : this.order.indexOf(this.current);
    const last = this.order.length - 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target !== undefined) this.focusItem(this.order[Math.min(last, Math.max(0, target))]);
    else if (event.key === 'Enter' || event.key === ' ') this.activate(this.current);
    else return;
    event.preventDefault();
  }

  private onSight(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const key = target instanceof HTMLElement ? target.dataset['key'] : undefined;
      if (key === undefined) continue;
      if (isIntersecting) this.inSight.add(key);
      else this.inSight.delete(key);
    }
    this.actions.inSightChanged();
  }
}

function idOf(item: TableItem): string {
  return item.kind === 'row' ? `row ${item.key}` : `group ${item.id}`;
}

function itemIdAt(target: EventTarget | null): string | undefined {
  const row = target instanceof Element ? target.closest('[data-item]') : null;
  return row instanceof HTMLElement ? row.dataset['item'] : undefined;
}
