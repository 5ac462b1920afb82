import type {
  ChartMarker,
  ContainerRow,
  Figures,
  HostRow,
  MachineFigures,
  MetricsChange,
  MetricsSnapshot,
  RowKey,
  Thresholds,
} from '../../src/protocol/webview/metrics';
import { SmallLine, SmallLines } from './smallLine';

export type GapReason = Extract<MetricsChange, { kind: 'gaps' }>['gaps'][number]['reason'];
export type MachineGapReason = Extract<MetricsChange, { kind: 'machines' }>['gaps'][number]['reason'];

/** A container as the page knows it. */
export interface RowState {
  row: ContainerRow;
  /** The last known, also when they are old. */
  figures: Figures | undefined;
  /** By this side's clock. */
  heardAtMs: number;
  gap: GapReason | undefined;
  readonly lines: SmallLines;
}

/** A host as the page knows it. */
export interface HostState {
  row: HostRow;
  machine: MachineFigures | undefined;
  machineGap: MachineGapReason | undefined;
  images: number | undefined;
  /** The newest time of any of its figures, by its own clock: where all small lines end. */
  newestMs: number;
  readonly cpuLine: SmallLine;
}

/** All a page knows of the world. Changed in place, by {@link applySnapshot} and {@link applyChanges} only. */
export interface MetricsState {
  readonly hosts: Map<string, HostState>;
  readonly rows: Map<RowKey, RowState>;
  readonly markers: Map<RowKey, readonly ChartMarker[]>;
  thresholds: Thresholds;
}

/** What of the page has to be drawn anew. */
export interface Changed {
  /** Rows came, went, or look different but for figures. */
  isListChanged: boolean;
  readonly hosts: Set<string>;
  readonly rows: Set<RowKey>;
  readonly markers: Set<RowKey>;
}

export function emptyState(): MetricsState {
  return {
    hosts: new Map(),
    rows: new Map(),
    markers: new Map(),
    thresholds: { cpuPercent: null, memoryPercent: null },
  };
}

export function nothingChanged(): Changed {
  return { isListChanged: false, hosts: new Set(), rows: new Set(), markers: new Set() };
}

export function stateOf(snapshot: MetricsSnapshot): MetricsState {
  const state = emptyState();
  const changed = nothingChanged();
  applyHosts(state, snapshot.hosts, changed);
  for (const row of snapshot.rows) upsert(state, row);
  state.thresholds = snapshot.thresholds;
  return state;
}

/** @param nowMs by this side's clock */
export function applyChange(
  state: MetricsState,
  change: MetricsChange,
  nowMs: number,
  changed: Changed,
): void {
  switch (change.kind) {
    case 'hosts':
      applyHosts(state, change.hosts, changed);
      break;
    case 'rows':
      applyRows(state, change, changed);
      break;
    case 'figures':
      for (const figures of change.figures) applyFigures(state, figures, nowMs, changed);
      break;
    case 'gaps':
      for (const gap of change.gaps) applyGap(state, gap, changed);
      break;
    case 'machines':
      applyMachines(state, change, changed);
      break;
    case 'past':
      applyPast(state, change, changed);
      break;
    case 'markers':
      state.markers.set(change.key, change.markers);
      changed.markers.add(change.key);
      break;
    case 'thresholds':
      state.thresholds = change.thresholds;
      changed.isListChanged = true;
      break;
    case 'chart':
    case 'focus':
      // Not of the world, but of what is shown of it.
      break;
  }
}

function applyRows(
  state: MetricsState,
  { upserted, removed }: Extract<MetricsChange, { kind: 'rows' }>,
  changed: Changed,
): void {
  for (const row of upserted) upsert(state, row);
  for (const key of removed) state.rows.delete(key);
  changed.isListChanged = true;
}

function applyPast(
  state: MetricsState,
  { past }: Extract<MetricsChange, { kind: 'past' }>,
  changed: Changed,
): void {
  for (const { key, chart } of past) {
    state.rows.get(key)?.lines.addPast(chart);
    changed.rows.add(key);
  }
}

function applyHosts(state: MetricsState, hosts: readonly HostRow[], changed: Changed): void {
  const before = new Map(state.hosts);
  state.hosts.clear();
  for (const row of hosts) {
    const known = before.get(row.id);
    const host = known ?? {
      row,
      machine: undefined,
      machineGap: undefined,
      images: undefined,
      newestMs: Number.NEGATIVE_INFINITY,
      cpuLine: new SmallLine(),
    };
    host.row = row;
    state.hosts.set(row.id, host);
    changed.hosts.add(row.id);
  }
  changed.isListChanged = true;
}

function upsert(state: MetricsState, row: ContainerRow): void {
  const known = state.rows.get(row.key);
  if (known) {
    // A new run has figures of its own; the old one's would stand there as if they were new.
    if (!known.row.isActive && row.isActive) known.figures = undefined;
    known.row = row;
    return;
  }
  state.rows.set(row.key, {
    row,
    figures: undefined,
    heardAtMs: 0,
    gap: undefined,
    lines: new SmallLines(),
  });
}

function applyFigures(state: MetricsState, figures: Figures, nowMs: number, changed: Changed): void {
  const known = state.rows.get(figures.key);
  if (!known) return;
  known.figures = figures;
  known.heardAtMs = nowMs;
  known.gap = undefined;
  known.lines.add(figures);
  const host = state.hosts.get(known.row.hostId);
  if (host) host.newestMs = Math.max(host.newestMs, figures.timeMs);
  changed.rows.add(figures.key);
}

function applyGap(
  state: MetricsState,
  { key, reason }: { readonly key: RowKey; readonly reason: GapReason },
  changed: Changed,
): void {
  const known = state.rows.get(key);
  if (!known) return;
  known.gap = reason;
  changed.rows.add(key);
}

function applyMachines(
  state: MetricsState,
  { figures, gaps, images }: Extract<MetricsChange, { kind: 'machines' }>,
  changed: Changed,
): void {
  for (const machine of figures) {
    const host = state.hosts.get(machine.hostId);
    if (!host) continue;
    host.machine = machine;
    host.machineGap = undefined;
    host.newestMs = Math.max(host.newestMs, machine.timeMs);
    host.cpuLine.add(machine.timeMs, machine.cpuPercent);
    changed.hosts.add(machine.hostId);
  }
  for (const { hostId, reason } of gaps) {
    const host = state.hosts.get(hostId);
    if (host) host.machineGap = reason;
    changed.hosts.add(hostId);
  }
  for (const { hostId, images: count } of images) {
    const host = state.hosts.get(hostId);
    if (host) host.images = count;
    changed.hosts.add(hostId);
  }
}
