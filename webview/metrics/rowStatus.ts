import type { RowKey, Thresholds } from '../../src/protocol/webview/metrics';
import type { HostState, RowState } from './state';

/** Longer than any engine's period and a little: from then on figures are old. */
export const STALE_AFTER_MS = 12_000;

/** How much a row's figures are worth, and why there are none. */
export type RowStatus =
  | { readonly kind: 'live' }
  /** Measured, but nothing has come yet. */
  | { readonly kind: 'waiting' }
  /** Too many others are measured. */
  | { readonly kind: 'notWatched' }
  /** There is no process; the engine's word says which way. */
  | { readonly kind: 'stopped'; readonly text: string }
  /** The figures are of a while ago. */
  | { readonly kind: 'stale'; readonly reason: 'hostAway' | 'interrupted' | 'removed' | 'frozen' };

export interface StatusView {
  readonly watched: ReadonlySet<RowKey>;
  readonly nowMs: number;
}

export function rowStatus(state: RowState, host: HostState | undefined, view: StatusView): RowStatus {
  const { row, figures, gap, heardAtMs } = state;
  if (host && host.row.state !== 'ready') return { kind: 'stale', reason: 'hostAway' };
  if (!row.isActive) return { kind: 'stopped', text: row.stateText };
  if (gap === 'removed') return { kind: 'stale', reason: 'removed' };
  if (gap === 'disconnected') return { kind: 'stale', reason: 'hostAway' };
  if (gap === 'interrupted') return { kind: 'stale', reason: 'interrupted' };
  if (host && !host.row.isMeasured) return { kind: 'notWatched' };
  if (!view.watched.has(row.key)) return { kind: 'notWatched' };
  if (!figures || gap === 'notRunning') return { kind: 'waiting' };
  return view.nowMs - heardAtMs > STALE_AFTER_MS ? { kind: 'stale', reason: 'frozen' } : { kind: 'live' };
}

/** Whether what is shown is not how things are now. */
export function isDimmed(status: RowStatus): boolean {
  return status.kind !== 'live' && status.kind !== 'waiting';
}

/** Which of a row's live figures are above their threshold. */
export function overThreshold(
  { figures }: RowState,
  status: RowStatus,
  { cpuPercent, memoryPercent }: Thresholds,
): { readonly cpu: boolean; readonly memory: boolean } {
  if (status.kind !== 'live' || !figures) return { cpu: false, memory: false };
  return {
    cpu: isOver(figures.cpuPercent, cpuPercent),
    memory: isOver(figures.memoryPercent, memoryPercent),
  };
}

function isOver(value: number | null, threshold: number | null): boolean {
  return value !== null && threshold !== null && value >= threshold;
}
