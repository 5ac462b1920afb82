import { Emitter } from '../../../base/emitter';
import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { ContainerId, RunTimes } from '../../../model/container';
import type { ChartMarker, RowKey } from '../../../protocol/webview/metrics';
import type { Host } from '../../hosts/host';
import type { HostRegistry } from '../../hosts/hostRegistry';
import { watchHosts } from '../../hosts/hostWatch';
import { rowKey } from './hostRows';

const MOST_PER_CONTAINER = 100;
const MOST_CONTAINERS = 200;
/** The engine's description and its events may disagree by as much about one and the same moment. */
const SAME_MOMENT_MS = 1_500;
/** How the engine writes the time of what never happened. */
const NEVER = /^0001-/;

/** What is remembered of when containers began and ended, for as long as the window is open. Bounded. */
export class MarkerMemory implements Disposable {
  private readonly markers = new Map<RowKey, ChartMarker[]>();
  private readonly didChange = new Emitter<RowKey>();
  /** More is known of a container. */
  readonly onDidChange = this.didChange.event;

  of(key: RowKey): readonly ChartMarker[] {
    return this.markers.get(key) ?? [];
  }

  add(key: RowKey, found: readonly ChartMarker[]): void {
    const news = found.filter((marker) => this.remember(key, marker));
    if (news.length > 0) this.didChange.fire(key);
  }

  dispose(): void {
    this.didChange.dispose();
  }

  /** @returns whether it was not known */
  private remember(key: RowKey, marker: ChartMarker): boolean {
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

/** Remembers when the containers of all hosts begin and end, of what these tell anyway: nothing is asked for it. */
export function recordRuns(hosts: HostRegistry, memory: MarkerMemory): Disposable {
  return watchHosts(hosts, ({ id: hostId, engine }, store) => {
    store.add(
      engine.onDidChangeContainers((change) => {
        const changed = change.kind === 'updated' ? change.containers : (engine.containers?.values() ?? []);
        for (const { id, run } of changed) if (run) memory.add(rowKey(hostId, id), markersOf(run));
      }),
    );
  });
}

/** What events told of a container's latest runs. */
export function markersOf({ startedAtMs, end }: RunTimes): ChartMarker[] {
  const markers: ChartMarker[] = [];
  if (end)
    markers.push({
      timeMs: end.atMs,
      kind: end.outOfMemory ? 'outOfMemory' : 'stopped',
      exitCode: end.exitCode ?? null,
    });
  if (startedAtMs !== undefined) markers.push({ timeMs: startedAtMs, kind: 'started', exitCode: null });
  return markers;
}

/**
 * Finds, for a container whose charts are open, what happened before anybody listened, as far as the engine describes it:
 * its last run, and whether memory ran out in it, which not every engine tells by an event.
 */
export function lookForMarkers(host: Host, id: ContainerId, memory: MarkerMemory): Disposable {
  const store = new DisposableStore();
  const look = async (): Promise<void> => {
    const description = await host.engine.inspect(id).catch(() => undefined);
    if (!store.isDisposed) memory.add(rowKey(host.id, id), markersIn(description));
  };
  let state = host.engine.containers?.get(id)?.state;
  store.add(
    host.engine.onDidChangeContainers(() => {
      const now = host.engine.containers?.get(id)?.state;
      if (now !== state) void look();
      state = now;
    }),
  );
  void look();
  return store;
}

/** What the engine's description of a container tells of its last run. Nothing of it is believed to be there. */
export function markersIn(description: unknown): ChartMarker[] {
  const state = memberOf(description, 'State');
  const startedMs = timeOf(memberOf(state, 'StartedAt'));
  const finishedMs = timeOf(memberOf(state, 'FinishedAt'));
  const markers: ChartMarker[] = [];
  if (startedMs !== undefined) markers.push({ timeMs: startedMs, kind: 'started', exitCode: null });
  if (finishedMs === undefined) return markers;
  const isOver = startedMs === undefined || finishedMs >= startedMs;
  const exitCode = memberOf(state, 'ExitCode');
  const isOutOfMemory = isOver && memberOf(state, 'OOMKilled') === true;
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
