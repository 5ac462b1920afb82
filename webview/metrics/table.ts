import {
  MOST_WATCHED,
  type Figures,
  type MetricColumn,
  type MetricsPreferences,
  type RowKey,
} from '../../src/protocol/webview/metrics';
import { sum } from './smallLine';
import type { MetricsState, RowState } from './state';

/** What of all rows is listed. */
export interface Scope {
  readonly hostId: string;
  /** `undefined` for the whole host. */
  readonly project: string | undefined;
}

export interface TableView {
  readonly preferences: MetricsPreferences;
  /** What was typed. */
  readonly filter: string;
  readonly scope: Scope | undefined;
}

export type TableItem =
  | { readonly kind: 'row'; readonly key: RowKey }
  /** Stands above the rows of a project, or above those of none. */
  | {
      readonly kind: 'group';
      readonly id: string;
      readonly hostId: string;
      readonly project: string | null;
      readonly count: number;
    };

export interface Table {
  readonly items: readonly TableItem[];
  /** Rows in their order, groups apart. */
  readonly keys: readonly RowKey[];
  /** Rows that the scope has, with stopped ones if they are shown: of what the filter leaves some. */
  readonly total: number;
  /** Stopped containers that are not shown. */
  readonly stopped: number;
}

export function tableOf(state: MetricsState, view: TableView): Table {
  const { preferences, filter, scope } = view;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  let total = 0;
  let stopped = 0;
  const matching: RowState[] = [];
  for (const candidate of state.rows.values()) {
    const { row } = candidate;
    if (!isInScope(candidate, scope)) continue;
    if (!row.isActive && !preferences.showsStopped) {
      stopped++;
      continue;
    }
    total++;
    const text = `${row.name}\n${row.image}\n${row.project ?? ''}`.toLowerCase();
    if (words.every((word) => text.includes(word))) matching.push(candidate);
  }
  matching.sort(orderOf(state, preferences.sort));
  const items = preferences.isGrouped
    ? grouped(matching, state)
    : matching.map(({ row }): TableItem => ({ kind: 'row', key: row.key }));
  const keys = items.flatMap((item) => (item.kind === 'row' ? [item.key] : []));
  return { items, keys, total, stopped };
}

function isInScope({ row }: RowState, scope: Scope | undefined): boolean {
  if (!scope) return true;
  return row.hostId === scope.hostId && (scope.project === undefined || row.project === scope.project);
}

/** What a column is sorted by; those with two figures by their sum. */
export function sortValue(column: MetricColumn, figures: Figures): number | null {
  switch (column) {
    case 'cpu':
      return figures.cpuPercent;
    case 'memory':
      return figures.memoryBytes;
    case 'memoryPercent':
      return figures.memoryPercent;
    case 'network':
      return sum([figures.networkReceivedBytesPerSecond, figures.networkSentBytesPerSecond]);
    case 'block':
      return sum([figures.blockReadBytesPerSecond, figures.blockWrittenBytesPerSecond]);
    case 'processes':
      return figures.processes;
    case 'networkTotal':
      return sum([figures.networkReceivedBytes, figures.networkSentBytes]);
    case 'blockTotal':
      return sum([figures.blockReadBytes, figures.blockWrittenBytes]);
  }
}

type Order = (one: RowState, other: RowState) => number;

/** Rows of which nothing is known come last, whichever way it is sorted; equals are in the order of their names. */
function orderOf(state: MetricsState, { column, descending }: MetricsPreferences['sort']): Order {
  const hostOrder = new Map([...state.hosts.keys()].map((id, index) => [id, index]));
  const direction = descending ? -1 : 1;
  const byName: Order = ({ row: one }, { row: other }) =>
    compare(one.name, other.name) ||
    (hostOrder.get(one.hostId) ?? 0) - (hostOrder.get(other.hostId) ?? 0) ||
    compare(one.key, other.key);
  if (column === 'name') return (one, other) => direction * byName(one, other);
  return (one, other) => {
    const left = one.row.isActive && one.figures ? sortValue(column, one.figures) : null;
    const right = other.row.isActive && other.figures ? sortValue(column, other.figures) : null;
    if (left === null || right === null) return left === right ? byName(one, other) : left === null ? 1 : -1;
    return direction * (left - right) || byName(one, other);
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Projects by host and name; what is in none comes last of its host. */
function grouped(rows: readonly RowState[], state: MetricsState): TableItem[] {
  const items: TableItem[] = [];
  for (const hostId of state.hosts.keys()) {
    const byProject = new Map<string | null, RowState[]>();
    for (const candidate of rows) {
      if (candidate.row.hostId !== hostId) continue;
      const { project } = candidate.row;
      const members = byProject.get(project);
      if (members) members.push(candidate);
      else byProject.set(project, [candidate]);
    }
    const projects = [...byProject.keys()].sort((one, other) =>
      one === null ? 1 : other === null ? -1 : compare(one, other),
    );
    for (const project of projects) {
      const members = byProject.get(project) ?? [];
      items.push({
        kind: 'group',
        id: `${hostId}/${project ?? ''}`,
        hostId,
        project,
        count: members.length,
      });
      for (const { row } of members) items.push({ kind: 'row', key: row.key });
    }
  }
  return items;
}

/** What to have measured, the most important first: what charts are open of, what is in sight, and what scrolling shows. */
export function lookOrder(
  state: MetricsState,
  keys: readonly RowKey[],
  inSight: ReadonlySet<RowKey>,
  opened: RowKey | undefined,
): { readonly looked: readonly RowKey[]; readonly beyond: number } {
  const isMeasurable = (key: RowKey): boolean => {
    const known = state.rows.get(key);
    return known?.row.isActive === true && state.hosts.get(known.row.hostId)?.row.isMeasured === true;
  };
  // While charts hide the table, only what was in sight goes on, so that its lines have no gap.
  const wanted =
    opened === undefined
      ? [...keys.filter((key) => inSight.has(key)), ...keys.filter((key) => !inSight.has(key))]
      : [opened, ...keys.filter((key) => key !== opened && inSight.has(key))];
  const measurable = wanted.filter(isMeasurable);
  return {
    looked: measurable.slice(0, MOST_WATCHED),
    beyond: Math.max(0, measurable.length - MOST_WATCHED),
  };
}
