import type { MetricColumn, RowKey } from '../../src/protocol/webview/metrics';
import { csvOf } from './csv';
import type { MetricsState } from './state';
import { sortValue } from './table';

/** The rows in their order as comma-separated values, with all digits; those with two directions as their sum. */
export function tableCsv(
  state: MetricsState,
  keys: readonly RowKey[],
  columns: readonly MetricColumn[],
): string {
  const rows = keys.flatMap((key) => {
    const known = state.rows.get(key);
    if (!known) return [];
    const { row, figures } = known;
    const host = state.hosts.get(row.hostId)?.row.name ?? row.hostId;
    const time = figures ? new Date(figures.timeMs).toISOString() : null;
    const values = columns.map((column) => (figures ? sortValue(column, figures) : null));
    return [[row.name, host, row.project, row.stateText, time, ...values]];
  });
  const names = columns.map((column) => CSV_NAMES[column]);
  return csvOf([['name', 'host', 'project', 'state', 'time', ...names], ...rows]);
}

/** What the columns of a copied table are called: with units, and in no language. */
const CSV_NAMES: Readonly<Record<MetricColumn, string>> = {
  cpu: 'cpuPercent',
  memory: 'memoryBytes',
  memoryPercent: 'memoryPercent',
  network: 'networkBytesPerSecond',
  block: 'blockBytesPerSecond',
  processes: 'processes',
  networkTotal: 'networkBytes',
  blockTotal: 'blockBytes',
};
