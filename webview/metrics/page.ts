import type {
  MetricsChange,
  MetricsFocus,
  MetricsPreferences,
  MetricsSnapshot,
  RowKey,
  Subject,
} from '../../src/protocol/webview/metrics';
import { MOST_WATCHED } from '../../src/protocol/webview/metrics';
import { make, setText } from '../dom';
import { FrameBatch } from '../frame';
import { fill } from '../texts';
import { tableCsv } from './tableCsv';
import { DetailData } from './detailData';
import { DetailView } from './detailView';
import { timeText } from './format';
import { HostsView } from './hostsView';
import type { PageContext } from './pageContext';
import type { Remembered } from './remembered';
import { isDimmed, rowStatus, type RowStatus } from './rowStatus';
import { applyChange, nothingChanged, stateOf, type Changed, type MetricsState } from './state';
import { lookOrder, tableOf, type Scope, type Table } from './table';
import { TableView, widthForColumns } from './tableView';
import { Toolbar } from './toolbar';

/** Rows that change places at every figure can't be read. */
const REORDER_MS = 3_000;
/** Nor chosen, if they do so under the pointer or between two keys. */
const TOUCH_REST_MS = 2_000;
/** What is old has to look old although nothing comes. */
const TICK_MS = 3_000;
const LOOK_DELAY_MS = 120;
/** Rows out of sight are drawn a few at a time: Chromium lays out those that are near, and figures may come meanwhile. */
const BETWEEN_DRAWS_MS = 120;

export interface PageMemory {
  remember(state: Remembered): void;
}

/** The whole page, from one snapshot on. Disposed when the next snapshot comes. */
export class Page {
  readonly element = make('div', { class: 'metrics' });
  private readonly state: MetricsState;
  private preferences: MetricsPreferences;
  private filter: string;
  private scope: Scope | undefined;
  private table: Table = { items: [], keys: [], total: 0, stopped: 0 };
  private watched: ReadonlySet<RowKey> = new Set();
  private readonly hostsView: HostsView;
  private readonly toolbar: Toolbar;
  private readonly tableView: TableView;
  private readonly note = make('p', { class: 'note', role: 'status' });
  private readonly empty = make('p', { class: 'empty' });
  private readonly list: HTMLElement;
  private detail: DetailView | undefined;
  /** What was shown before and is not known again yet: after a reload hosts have to connect first. */
  private awaited: Subject | undefined;
  private changed: Changed = nothingChanged();
  private isOrderWanted = true;
  private isOrderUrgent = true;
  private orderedAtMs = Number.NEGATIVE_INFINITY;
  private lookTimer: number | undefined;
  private readonly ticker: number;
  private readonly frame = new FrameBatch(() => this.draw());
  private readonly themes: MutationObserver;
  private readonly sizes = new ResizeObserver(() => this.fit());

  constructor(
    private readonly snapshot: MetricsSnapshot,
    private readonly context: PageContext,
    private readonly memory: PageMemory,
    remembered: Remembered,
  ) {
    this.state = stateOf(snapshot);
    this.preferences = snapshot.preferences;
    this.filter = remembered.filter;
    this.scope = remembered.scope;
    this.hostsView = new HostsView(context, { open: (hostId) => this.open({ kind: 'machine', hostId }) });
    this.toolbar = new Toolbar(context, snapshot.place, {
      filter: (text) => this.setFilter(text),
      prefer: (change) => this.prefer(change),
      clearScope: () => this.setScope(undefined),
      copyCsv: () => this.copyCsv(),
    });
    this.tableView = new TableView(context, {
      open: (key) => this.open({ kind: 'container', key }),
      scope: (scope) => this.setScope(scope),
      sort: (column) => this.sortBy(column),
      inSightChanged: () => this.onSight(),
    });
    this.list = make('div', {
      class: 'list',
      children: [this.hostsView.element, this.toolbar.element, this.note, this.tableView.element, this.empty],
    });
    this.element.append(this.list);
    this.tableView.drawHeader(this.preferences);
    this.ticker = window.setInterval(() => this.tick(), TICK_MS);
    this.themes = new MutationObserver(() => {
      this.detail?.restyle();
      this.frame.request();
    });
    this.themes.observe(document.body, {
      attributes: true,
      attributeFilter: ['class', 'data-vscode-theme-id'],
    });
    this.sizes.observe(this.element);
    for (const id of this.state.hosts.keys()) this.changed.hosts.add(id);
    this.changed.isListChanged = true;
    if (snapshot.focus) this.show(snapshot.focus);
    else {
      this.awaited = remembered.subject;
      this.openAwaited();
    }
    this.frame.request();
  }

  take(changes: readonly MetricsChange[]): void {
    const nowMs = Date.now();
    for (const change of changes) {
      applyChange(this.state, change, nowMs, this.changed);
      if (change.kind === 'focus') this.show(change.focus);
      else if (change.kind === 'chart') this.detail?.data.answer(change);
    }
    this.openAwaited();
    this.feedDetail(changes);
    this.isOrderWanted = true;
    if (this.changed.isListChanged) {
      this.isOrderUrgent = true;
      this.lookSoon();
    }
    this.frame.request();
  }

  private feedDetail(changes: readonly MetricsChange[]): void {
    const { detail } = this;
    if (!detail) return;
    const { subject } = detail;
    for (const change of changes) {
      if (change.kind === 'gaps' && subject.kind === 'container') {
        if (change.gaps.some(({ key }) => key === subject.key)) detail.data.addGap();
      } else if (change.kind === 'machines' && subject.kind === 'machine') {
        if (change.gaps.some(({ hostId }) => hostId === subject.hostId)) detail.data.addGap();
      }
    }
    detail.data.addFigures(this.state);
  }

  // What the person does

  private setFilter(text: string): void {
    this.awaited = undefined;
    this.filter = text;
    this.viewChanged();
    this.announceCount();
  }

  private setScope(scope: Scope | undefined): void {
    this.awaited = undefined;
    this.scope = scope;
    this.viewChanged();
    this.announceCount();
  }

  private sortBy(column: MetricsPreferences['sort']['column']): void {
    const { sort } = this.preferences;
    const descending = sort.column === column ? !sort.descending : column !== 'name';
    this.prefer({ sort: { column, descending } });
  }

  private prefer(change: Partial<MetricsPreferences>): void {
    this.preferences = { ...this.preferences, ...change };
    this.context.act({ kind: 'prefer', preferences: this.preferences });
    if (change.columns || change.sort) this.tableView.drawHeader(this.preferences);
    if (change.columns) this.fit();
    if (change.sort) {
      const { texts } = this.context;
      const { column, descending } = change.sort;
      this.context.announce(fill(descending ? texts.sortedDown : texts.sortedUp, texts[column]));
    }
    this.viewChanged();
  }

  private viewChanged(): void {
    this.remember();
    this.isOrderWanted = true;
    this.isOrderUrgent = true;
    for (const key of this.tableView.inSight) this.changed.rows.add(key);
    this.lookSoon();
    this.frame.request();
  }

  private announceCount(): void {
    const { keys, total } = this.currentTable();
    this.context.announce(fill(this.context.texts.rowsShown, keys.length, total));
  }

  private remember(): void {
    const subject = this.detail?.subject ?? this.awaited;
    this.memory.remember({ filter: this.filter, scope: this.scope, subject });
  }

  private isKnown(subject: Subject): boolean {
    return subject.kind === 'container'
      ? this.state.rows.has(subject.key)
      : this.state.hosts.has(subject.hostId);
  }

  private openAwaited(): void {
    if (this.awaited && this.isKnown(this.awaited)) this.open(this.awaited, { takesFocus: false });
  }

  private show(focus: MetricsFocus): void {
    if (focus.kind === 'container') this.open(focus);
    else if (focus.kind === 'host') this.open({ kind: 'machine', hostId: focus.hostId });
    else {
      this.close();
      this.setScope({ hostId: focus.hostId, project: focus.project });
    }
  }

  private open(subject: Subject, { takesFocus } = { takesFocus: true }): void {
    this.awaited = undefined;
    this.detail?.dispose();
    const data = new DetailData(
      subject,
      this.preferences.rangeMs,
      (action) => this.context.act(action),
      () => this.nowOf(subject),
    );
    this.detail = new DetailView(subject, data, this.context, {
      back: () => this.back(),
      prefersRange: (rangeMs) => this.prefer({ rangeMs }),
      redraw: () => this.frame.request(),
    });
    this.element.append(this.detail.element);
    this.tableView.suspend();
    this.list.hidden = true;
    this.context.act({ kind: 'open', subject });
    data.begin();
    data.addFigures(this.state);
    this.remember();
    this.lookSoon();
    this.frame.request();
    window.scrollTo(0, 0);
    if (takesFocus) this.detail.focus();
  }

  private close(): void {
    const { detail } = this;
    if (!detail) return;
    detail.dispose();
    this.detail = undefined;
    this.list.hidden = false;
    this.tableView.resume();
    this.context.act({ kind: 'open', subject: null });
    this.viewChanged();
  }

  private back(): void {
    const subject = this.detail?.subject;
    this.close();
    this.draw();
    if (subject?.kind === 'container') this.tableView.focusRow(subject.key);
  }

  private copyCsv(): void {
    const csv = tableCsv(this.state, this.currentTable().keys, this.preferences.columns);
    this.context.act({ kind: 'copy', csv });
    this.context.announce(this.context.texts.copied);
  }

  // What is measured

  private onSight(): void {
    for (const key of this.tableView.inSight) this.changed.rows.add(key);
    this.lookSoon();
    this.frame.request();
  }

  private lookSoon(): void {
    this.lookTimer ??= window.setTimeout(() => {
      this.lookTimer = undefined;
      this.look();
    }, LOOK_DELAY_MS);
  }

  private look(): void {
    const subject = this.detail?.subject;
    const opened = subject?.kind === 'container' ? subject.key : undefined;
    const isHidden = subject !== undefined;
    const keys = isHidden && opened === undefined ? [...this.tableView.inSight] : this.currentTable().keys;
    const { looked, beyond } = lookOrder(this.state, keys, this.tableView.inSight, opened);
    this.beyond = beyond;
    if (looked.length !== this.watched.size || looked.some((key) => !this.watched.has(key))) {
      this.watched = new Set(looked);
      this.context.act({ kind: 'look', keys: [...looked] });
    }
    for (const key of this.tableView.inSight) this.changed.rows.add(key);
    this.frame.request();
  }

  private beyond = 0;

  private nowOf(subject: Subject): number {
    const hostId =
      subject.kind === 'machine' ? subject.hostId : (this.state.rows.get(subject.key)?.row.hostId ?? '');
    const newestMs = this.state.hosts.get(hostId)?.newestMs ?? Number.NEGATIVE_INFINITY;
    return Number.isFinite(newestMs) ? newestMs : Date.now();
  }

  // What is drawn

  private fit(): void {
    const isWide = this.element.clientWidth >= widthForColumns(this.preferences.columns);
    this.element.classList.toggle('as-columns', isWide);
    this.element.classList.toggle('as-cards', !isWide);
  }

  private currentTable(): Table {
    const { preferences, filter, scope } = this;
    return tableOf(this.state, { preferences, filter, scope });
  }

  private tick(): void {
    for (const key of this.tableView.inSight) this.changed.rows.add(key);
    this.frame.request();
  }

  private draw(): void {
    const { changed } = this;
    this.changed = nothingChanged();
    if (changed.isListChanged || changed.hosts.size > 0) this.hostsView.draw(this.state);
    if (this.detail) this.drawDetail(this.detail);
    else this.drawTable(changed);
  }

  private drawTable(changed: Changed): void {
    const isOrdered = this.orderIfDue();
    const keys = isOrdered || changed.isListChanged ? this.tableView.inSight : changed.rows;
    const drawing = {
      watched: this.watched,
      nowMs: Date.now(),
      thresholds: this.state.thresholds,
      hasSeveralHosts: this.state.hosts.size > 1,
    };
    this.tableView.draw(keys, this.state, drawing);
    // Rows that changed places are a frame's work by themselves.
    const isFull = isOrdered && this.tableView.inSight.size > 0;
    if (isFull || this.tableView.drawNew(this.state, drawing)) this.frame.requestLater(BETWEEN_DRAWS_MS);
    const hostName = this.scope ? (this.state.hosts.get(this.scope.hostId)?.row.name ?? '') : '';
    this.toolbar.draw(this.preferences, this.filter, this.scope, hostName);
    setText(this.note, this.noteText());
    setText(this.empty, this.emptyText());
    this.empty.hidden = this.empty.textContent === '';
    this.tableView.element.hidden = this.table.keys.length === 0;
  }

  /** Rows change places at once where something else than figures changed, and else now and then. */
  private orderIfDue(): boolean {
    if (!this.isOrderWanted) return false;
    const nowMs = performance.now();
    const isResting = nowMs - this.tableView.lastTouchedMs > TOUCH_REST_MS;
    if (!this.isOrderUrgent && (nowMs - this.orderedAtMs < REORDER_MS || !isResting)) return false;
    this.isOrderWanted = false;
    this.isOrderUrgent = false;
    this.orderedAtMs = nowMs;
    this.table = this.currentTable();
    this.tableView.setOrder(this.table);
    return true;
  }

  private noteText(): string {
    const { texts } = this.context;
    const { keys, total } = this.table;
    const leftOut = [...this.state.hosts.values()].reduce((sum, { row }) => sum + row.leftOut, 0);
    return [
      keys.length < total ? fill(texts.rowsShown, keys.length, total) : '',
      this.beyond > 0 ? fill(texts.beyondCap, this.beyond, MOST_WATCHED) : '',
      leftOut > 0 && this.preferences.showsStopped ? fill(texts.leftOut, leftOut) : '',
    ]
      .filter(Boolean)
      .join(' ');
  }

  private emptyText(): string {
    const { texts } = this.context;
    const { keys, total, stopped } = this.table;
    if (keys.length > 0) return '';
    if (total > 0) return texts.nothingMatches;
    const hosts = [...this.state.hosts.values()];
    const isConnecting = hosts.every(({ row }) => row.total === null);
    if (isConnecting) return this.snapshot.isTrusted ? '' : texts.notTrusted;
    return stopped > 0 ? fill(texts.noneRunning, stopped) : texts.noContainers;
  }

  private drawDetail(detail: DetailView): void {
    const { subject } = detail;
    const { state, context } = this;
    if (subject.kind === 'machine') {
      const host = state.hosts.get(subject.hostId);
      const isAway = host?.row.state !== 'ready';
      detail.draw(
        state,
        host?.row.name ?? subject.hostId,
        isAway ? this.awayText(subject.hostId) : '',
        isAway,
      );
      return;
    }
    const known = state.rows.get(subject.key);
    if (!known) {
      detail.draw(state, subject.key.split('/').at(-1)?.slice(0, 12) ?? '', context.texts.removed, true);
      return;
    }
    const host = state.hosts.get(known.row.hostId);
    const status = rowStatus(known, host, { watched: this.watched, nowMs: Date.now() });
    const words = [known.row.stateText, this.statusText(status), known.row.image];
    if (state.hosts.size > 1 && host) words.push(host.row.name);
    detail.draw(state, known.row.name, words.filter(Boolean).join(' · '), isDimmed(status));
  }

  private statusText(status: RowStatus): string {
    const { texts, language } = this.context;
    if (status.kind !== 'stale') return status.kind === 'waiting' ? texts.waiting : '';
    const subject = this.detail?.subject;
    const figures = subject?.kind === 'container' ? this.state.rows.get(subject.key)?.figures : undefined;
    const asOf = figures ? fill(texts.asOf, timeText(figures.timeMs, language)) : '';
    return [texts[status.reason], asOf].filter(Boolean).join(' · ');
  }

  private awayText(hostId: string): string {
    return this.state.hosts.get(hostId)?.row.reason ?? this.context.texts.hostAway;
  }

  dispose(): void {
    this.frame.cancel();
    window.clearInterval(this.ticker);
    window.clearTimeout(this.lookTimer);
    this.themes.disconnect();
    this.sizes.disconnect();
    this.detail?.dispose();
    this.element.remove();
  }
}
