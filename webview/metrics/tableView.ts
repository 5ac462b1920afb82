import type { MetricColumn, MetricsPreferences, RowKey } from '../../src/protocol/webview/metrics';
import { make, setAttribute, setText } from '../dom';
import { fill } from '../texts';
import type { PageContext } from './pageContext';
import { RowView, type RowDrawing } from './rowView';
import type { MetricsState } from './state';
import type { Scope, Table, TableItem } from './table';

const IN_SIGHT_MARGIN = '120px';
const PAGE_ROWS = 10;
/** Of those out of sight in one frame, so that none takes long. */
const DRAWN_AT_ONCE = 20;

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
  private touchedAtMs = Number.NEGATIVE_INFINITY;
  /** Elements in sight, whichever rows they show. */
  private readonly seen = new Set<Element>();
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
    this.body.addEventListener('keydown', (event) => {
      this.touchedAtMs = performance.now();
      this.onKey(event);
    });
    this.body.addEventListener('click', (event) => this.onClick(event));
    this.body.addEventListener('focusin', ({ target }) => this.onFocus(target));
    this.body.addEventListener('pointermove', () => (this.touchedAtMs = performance.now()));
  }

  /** When a pointer last moved over the rows, or a key through them, by `performance.now()`. */
  get lastTouchedMs(): number {
    return this.touchedAtMs;
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

  /**
   * Shows the rows in this order. Elements stay where they are and show another row: to move so many costs a layout of
   * each.
   */
  setOrder({ items }: Table): void {
    const active = document.activeElement;
    const focused = this.body.contains(active) ? itemIdAt(active) : undefined;
    const shown = this.order.flatMap((id) => this.items.get(id) ?? []);
    const isSameShape = items.every(({ kind }, index) => {
      const view = shown[index];
      return !view || (kind === 'row') === (view.row !== undefined);
    });
    if (isSameShape) this.rebind(items, shown);
    else this.arrange(new Map(items.map((item) => [idOf(item), item])));
    this.order = items.map(idOf);
    this.noteSight();
    setAttribute(this.element, 'aria-rowcount', String(this.order.length + 1));
    // Focus goes with its row; where that is gone, it stays in its place.
    if (focused !== undefined) this.current = this.items.has(focused) ? focused : itemIdAt(active);
    this.keepTabStop();
    const wanted = this.current === undefined ? undefined : this.items.get(this.current)?.element;
    if (focused !== undefined && wanted !== document.activeElement) wanted?.focus({ preventScroll: true });
  }

  private rebind(items: readonly TableItem[], shown: readonly ItemView[]): void {
    for (const view of shown.slice(items.length)) this.drop(view);
    this.items.clear();
    items.forEach((item, index) => {
      const view = shown[index];
      if (!view) this.body.append(this.viewFor(idOf(item), item).element);
      else if (item.kind === 'group') {
        this.drawGroup(view.element, item);
        this.keep(idOf(item), { element: view.element, group: item });
      } else {
        if (view.row && view.row.key !== item.key) {
          view.row.key = item.key;
          this.undrawn.add(item.key);
        }
        this.keep(idOf(item), view);
      }
    });
  }

  /** Moves, makes and removes elements. */
  private arrange(wanted: ReadonlyMap<string, TableItem>): void {
    for (const [id, view] of this.items) {
      if (wanted.has(id)) continue;
      this.drop(view);
      this.items.delete(id);
    }
    let place: ChildNode | null = this.body.firstChild;
    for (const [id, item] of wanted) {
      const view = this.viewFor(id, item);
      if (place === view.element) place = place.nextSibling;
      else this.body.insertBefore(view.element, place);
    }
  }

  private drop({ element, row }: ItemView): void {
    this.observer.unobserve(element);
    this.seen.delete(element);
    if (row) this.undrawn.delete(row.key);
    element.remove();
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
    for (const key of keys) if (this.inSight.has(key)) this.drawRow(key, state, drawing);
  }

  /**
   * Draws rows that are new in their place: even out of sight nobody may find them empty, or as another row.
   *
   * @returns whether there are more
   */
  drawNew(state: MetricsState, drawing: Omit<RowDrawing, 'host'>): boolean {
    let room = DRAWN_AT_ONCE;
    for (const key of this.undrawn) {
      if (room-- === 0) return true;
      this.drawRow(key, state, drawing);
      this.undrawn.delete(key);
    }
    return false;
  }

  private drawRow(key: RowKey, state: MetricsState, drawing: Omit<RowDrawing, 'host'>): void {
    const known = state.rows.get(key);
    const row = this.items.get(`row ${key}`)?.row;
    if (!known || !row) return;
    row.draw(known, { ...drawing, host: state.hosts.get(known.row.hostId) });
    this.undrawn.delete(key);
  }

  /** The table is hidden: what was in sight counts as it was. */
  suspend(): void {
    this.observer.disconnect();
  }

  /** It is shown again. */
  resume(): void {
    this.seen.clear();
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
      if (isIntersecting) this.seen.add(target);
      else this.seen.delete(target);
    }
    this.noteSight();
    this.actions.inSightChanged();
  }

  private noteSight(): void {
    this.inSight.clear();
    for (const { element, row } of this.items.values())
      if (row && this.seen.has(element)) this.inSight.add(row.key);
  }
}

function idOf(item: TableItem): string {
  return item.kind === 'row' ? `row ${item.key}` : `group ${item.id}`;
}

function itemIdAt(target: EventTarget | null): string | undefined {
  const row = target instanceof Element ? target.closest('[data-item]') : null;
  return row instanceof HTMLElement ? row.dataset['item'] : undefined;
}
