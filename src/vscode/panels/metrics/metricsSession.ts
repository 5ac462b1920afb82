import type { Clock } from '../../../base/clock';
import { DisposableStore } from '../../../base/lifecycle';
import type { MetricUpdate } from '../../../model/metrics';
import type { MachineUpdate } from '../../../model/machineMetrics';
import type { Container, ContainerId } from '../../../model/container';
import type {
  MetricsAction,
  MetricsChange,
  MetricsSnapshot,
  RowKey,
  Subject,
} from '../../../protocol/webview/metrics';
import type { Host } from '../../hosts/host';
import type { HostRegistry } from '../../hosts/hostRegistry';
import { watchHosts } from '../../hosts/hostWatch';
import { reasonInWords } from '../../notify';
import type { PanelConnection, PanelSession } from '../panel';
import { lookForMarkers, type MarkerMemory } from './containerMarkers';
import { HostFigures } from './hostFigures';
import { chosenContainers, containerRow, hostRow, rowKey } from './hostRows';
import { MetricsOutbox } from './metricsOutbox';
import { figuresOf, machineFiguresOf, plainChart } from './wireFigures';

/** What a page may ask of the window. */
export interface SessionActions {
  prefer(preferences: Extract<MetricsAction, { kind: 'prefer' }>['preferences']): void;
  copy(text: string): void;
  savePicture(name: string, pngBase64: string): void;
  showLogs(host: Host, id: ContainerId): void;
  reconnect(host: Host): void;
  openEditor(): void;
}

export interface SessionParts {
  readonly hosts: HostRegistry;
  readonly markers: MarkerMemory;
  readonly clock: Clock;
  readonly actions: SessionActions;
  /** Every sample that comes by. */
  readonly onSample: (host: Host, id: ContainerId, update: Extract<MetricUpdate, { kind: 'sample' }>) => void;
  /** What the snapshot has beside hosts and rows. */
  readonly firstState: () => Omit<MetricsSnapshot, 'place' | 'hosts' | 'rows'>;
}

/** A burst of changes is one change. */
const SETTLE_MS = 100;

/** A host as one page knows it. */
interface WatchedHost {
  readonly host: Host;
  readonly figures: HostFigures | undefined;
  readonly rows: Map<ContainerId, Container>;
  leftOut: number;
}

/** What is behind one metrics page while somebody looks at it. */
export class MetricsSession implements PanelSession<MetricsSnapshot, MetricsAction> {
  private readonly store = new DisposableStore();
  private readonly outbox: MetricsOutbox;
  private readonly watched = new Map<string, WatchedHost>();
  /** What belongs to the charts that are open. */
  private readonly opened = this.store.add(new DisposableStore());
  private looked: readonly RowKey[] = [];

  constructor(
    private readonly parts: SessionParts,
    private readonly connection: PanelConnection<readonly MetricsChange[]>,
  ) {
    this.outbox = this.store.add(new MetricsOutbox((changes) => connection.send(changes), parts.clock));
    this.store.add(watchHosts(parts.hosts, (host, store) => this.watch(host, store)));
    this.store.add(parts.hosts.onDidChange(() => this.tellHosts()));
  }

  snapshot(): MetricsSnapshot {
    this.outbox.discard();
    const rows = [...this.watched.values()].flatMap(({ host, rows: known }) =>
      [...known.values()].map((container) => containerRow(host, container)),
    );
    return {
      place: this.connection.place,
      hosts: this.hostRows(),
      rows,
      ...this.parts.firstState(),
    };
  }

  /** Tells the page something that is no figure. */
  tell(change: Extract<MetricsChange, { kind: 'focus' | 'thresholds' }>): void {
    this.outbox.tell(change);
  }

  act(action: MetricsAction): void {
    const { actions } = this.parts;
    switch (action.kind) {
      case 'look':
        this.looked = action.keys;
        this.look();
        break;
      case 'open':
        this.open(action.subject);
        break;
      case 'chart':
        void this.chart(action);
        break;
      case 'prefer':
        actions.prefer(action.preferences);
        break;
      case 'copy':
        actions.copy(action.csv);
        break;
      case 'savePicture':
        actions.savePicture(action.name, action.pngBase64);
        break;
      default:
        this.actOnHost(action);
    }
  }

  private actOnHost(action: Extract<MetricsAction, { kind: 'showLogs' | 'reconnect' | 'openEditor' }>): void {
    const { actions } = this.parts;
    if (action.kind === 'openEditor') actions.openEditor();
    else if (action.kind === 'showLogs') {
      const found = this.find(action.key);
      if (found) actions.showLogs(found.host, found.id);
    } else {
      const host = this.watched.get(action.hostId)?.host;
      if (host) actions.reconnect(host);
    }
  }

  private find(key: RowKey): (WatchedHost & { readonly id: ContainerId }) | undefined {
    const slash = key.lastIndexOf('/');
    const watched = this.watched.get(key.slice(0, slash));
    return watched && { ...watched, id: key.slice(slash + 1) };
  }

  private watch(host: Host, store: DisposableStore): void {
    const { metrics } = host.engine;
    const figures = metrics && store.add(this.figuresOf(host, metrics));
    const watched: WatchedHost = { host, figures, rows: new Map(), leftOut: 0 };
    this.watched.set(host.id, watched);
    this.takeRows(watched);
    const settle = store.add(new DisposableStore());
    let isSettling = false;
    const change = (): void => {
      if (isSettling) return;
      isSettling = true;
      settle.clear();
      settle.add(
        this.parts.clock.setTimer(() => {
          isSettling = false;
          this.takeRows(watched);
          this.tellHosts();
          this.look();
        }, SETTLE_MS),
      );
    };
    store.add(host.engine.onDidChangeContainers(change));
    store.add(host.engine.onDidChangeConnection(change));
    store.add({ dispose: () => this.forget(watched) });
  }

  private figuresOf(host: Host, metrics: NonNullable<Host['engine']['metrics']>): HostFigures {
    const { parts, outbox } = this;
    return new HostFigures(
      metrics,
      {
        container: (id, update) => this.takeUpdate(host, id, update),
        machine: (update) => this.takeMachine(host, update),
      },
      () => parts.clock.nowMs(),
      (past) => {
        const told = [...past].map(([id, chart]) => ({ key: rowKey(host.id, id), chart: plainChart(chart) }));
        if (told.length > 0) outbox.tell({ kind: 'past', past: told });
      },
    );
  }

  private takeUpdate(host: Host, id: ContainerId, update: MetricUpdate): void {
    const key = rowKey(host.id, id);
    if (update.kind === 'gap') {
      this.outbox.gap({ key, reason: update.gap.reason });
      return;
    }
    this.outbox.sample(figuresOf(key, update.sample));
    this.parts.onSample(host, id, update);
  }

  private takeMachine(host: Host, update: MachineUpdate): void {
    if (update.kind === 'sample') this.outbox.machine(machineFiguresOf(host.id, update.sample));
    else this.outbox.machineGap({ hostId: host.id, reason: update.reason });
    if (update.counts?.images !== undefined) this.outbox.setImages(host.id, update.counts.images);
  }

  private forget(watched: WatchedHost): void {
    const { host, rows } = watched;
    for (const id of rows.keys()) this.outbox.remove(rowKey(host.id, id));
    if (this.watched.get(host.id) === watched) this.watched.delete(host.id);
  }

  /** Tells which rows came, changed and went since the last time. */
  private takeRows(watched: WatchedHost): void {
    const { host, rows } = watched;
    const { chosen, leftOut } = chosenContainers(host.engine.containers?.values() ?? []);
    watched.leftOut = leftOut;
    const gone = new Set(rows.keys());
    for (const container of chosen) {
      gone.delete(container.id);
      if (rows.get(container.id) === container) continue;
      rows.set(container.id, container);
      this.outbox.upsert(containerRow(host, container));
    }
    for (const id of gone) {
      rows.delete(id);
      this.outbox.remove(rowKey(host.id, id));
    }
  }

  private hostRows() {
    return this.parts.hosts.all.map((host) => hostRow(host, this.watched.get(host.id)?.leftOut ?? 0));
  }

  private tellHosts(): void {
    this.outbox.setHosts(this.hostRows());
  }

  /** Has measured what the page looks at, as far as it is there. */
  private look(): void {
    const wanted = new Map<string, ContainerId[]>();
    for (const key of this.looked) {
      const found = this.find(key);
      if (found?.rows.has(found.id))
        wanted.set(found.host.id, [...(wanted.get(found.host.id) ?? []), found.id]);
    }
    for (const [hostId, { figures }] of this.watched) figures?.look(wanted.get(hostId) ?? []);
  }

  private open(subject: Subject | null): void {
    this.opened.clear();
    if (subject?.kind !== 'container') return;
    const { key } = subject;
    const found = this.find(key);
    if (!found) return;
    const { markers } = this.parts;
    const tell = (): void => this.outbox.tell({ kind: 'markers', key, markers: [...markers.of(key)] });
    tell();
    this.opened.add(
      markers.onDidChange((changed) => {
        if (changed === key) tell();
      }),
    );
    this.opened.add(lookForMarkers(found.host, found.id, markers));
  }

  private async chart(action: Extract<MetricsAction, { kind: 'chart' }>): Promise<void> {
    const { request } = action;
    try {
      const chart = await this.readChart(action);
      this.outbox.tell({ kind: 'chart', request, chart, reason: null });
    } catch (error) {
      this.outbox.tell({ kind: 'chart', request, chart: null, reason: reasonInWords(error) });
    }
  }

  private async readChart({ subject, ...range }: Extract<MetricsAction, { kind: 'chart' }>) {
    if (subject.kind === 'machine') {
      const metrics = this.watched.get(subject.hostId)?.host.engine.metrics;
      return metrics ? plainChart(await metrics.readMachineHistory(range)) : null;
    }
    const found = this.find(subject.key);
    const charts = await found?.host.engine.metrics?.readHistory([found.id], range);
    const chart = found && charts?.get(found.id);
    return chart ? plainChart(chart) : null;
  }

  dispose(): void {
    this.store.dispose();
  }
}
