import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { ContainerId } from '../../../model/container';
import type { LogFilter } from '../../../model/logFilter';
import type { ChartMarker, RowKey } from '../../../protocol/webview/metrics';
import type { Host } from '../../hosts/host';

const MOST_PER_CONTAINER = 100;
const MOST_CONTAINERS = 200;
/** The engine's description and its events may disagree by as much about one and the same moment. */
const SAME_MOMENT_MS = 1_500;
/** No line passes; markers are no lines. */
const NO_LINES: LogFilter = {
  include: [{ kind: 'text', text: '\u0000', matchCase: true }],
  exclude: [],
  contextLines: 0,
};
/** How the engine writes the time of what never happened. */
const NEVER = /^0001-/;

/** What is remembered of when containers began and ended, for as long as the window is open. Bounded. */
export class MarkerMemory {
  private readonly markers = new Map<RowKey, ChartMarker[]>();

  of(key: RowKey): readonly ChartMarker[] {
    return this.markers.get(key) ?? [];
  }

  /** @returns whether it was not known */
  add(key: RowKey, marker: ChartMarker): boolean {
    const known = this.markers.get(key) ?? [];
    const at = known.findIndex(
      ({ timeMs, kind }) =>
        isEnd(kind) === isEnd(marker.kind) && Math.abs(timeMs - marker.timeMs) < SAME_MOMENT_MS,
    );
    if (at >= 0 && (known[at]?.kind === marker.kind || marker.kind !== 'outOfMemory')) return false;
    if (at >= 0) known.splice(at, 1);
    known.push(marker);
    known.sort((one, other) => one.timeMs - other.timeMs);
    if (known.length > MOST_PER_CONTAINER) known.shift();
    this.markers.delete(key);
    this.markers.set(key, known);
    const [oldest] = this.markers.keys();
    if (this.markers.size > MOST_CONTAINERS && oldest !== undefined) this.markers.delete(oldest);
    return true;
  }
}

function isEnd(kind: ChartMarker['kind']): boolean {
  return kind !== 'started';
}

/**
 * Finds when a container whose charts are open began and ended. The engine's description tells of the last run only, and
 * forgets at the next start whether memory ran out; its log's markers tell that, but not when.
 */
export function watchMarkers(
  host: Host,
  id: ContainerId,
  key: RowKey,
  memory: MarkerMemory,
  changed: () => void,
): Disposable {
  const store = new DisposableStore();
  const look = async (ranOutOfMemory: boolean): Promise<void> => {
    const description = await host.engine.inspect(id).catch(() => undefined);
    if (store.isDisposed) return;
    const found = markersIn(description, ranOutOfMemory);
    if (found.filter((marker) => memory.add(key, marker)).length > 0) changed();
  };
  let state = host.engine.containers?.get(id)?.state;
  store.add(
    host.engine.onDidChangeContainers(() => {
      const now = host.engine.containers?.get(id)?.state;
      if (now !== state) void look(false);
      state = now;
    }),
  );
  store.add(
    host.engine.followLog(
      id,
      { tail: 0, follow: true, filter: NO_LINES },
      {
        lines: () => undefined,
        marker: (marker) => {
          if (marker.kind === 'stopped' || marker.kind === 'restarted') void look(marker.outOfMemory);
          else if (marker.kind === 'started') void look(false);
        },
        ended: () => undefined,
      },
    ),
  );
  void look(false);
  return store;
}

/** What the engine's description of a container tells of its last run. Nothing of it is believed to be there. */
export function markersIn(description: unknown, ranOutOfMemory: boolean): ChartMarker[] {
  const state = memberOf(description, 'State');
  const startedMs = timeOf(memberOf(state, 'StartedAt'));
  const finishedMs = timeOf(memberOf(state, 'FinishedAt'));
  const markers: ChartMarker[] = [];
  if (startedMs !== undefined) markers.push({ timeMs: startedMs, kind: 'started', exitCode: null });
  if (finishedMs === undefined) return markers;
  const isOver = startedMs === undefined || finishedMs >= startedMs;
  const exitCode = memberOf(state, 'ExitCode');
  const isOutOfMemory = ranOutOfMemory || (isOver && memberOf(state, 'OOMKilled') === true);
  markers.push({
    timeMs: finishedMs,
    kind: isOutOfMemory ? 'outOfMemory' : 'stopped',
    // Of a container that runs again the engine has forgotten it.
    exitCode: isOver && typeof exitCode === 'number' ? exitCode : null,
  });
  return markers;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || NEVER.test(value)) return undefined;
  const timeMs = Date.parse(value);
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
