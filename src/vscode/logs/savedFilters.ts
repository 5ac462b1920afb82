import type * as vscode from 'vscode';
import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import type { Container } from '../../model/container';
import { compileFilter, type LogFilter } from '../../model/logFilter';
import { readLogFilter } from '../../model/logFilterData';
import type { Host } from '../hosts/host';

const KEY_PREFIX = 'logs.filter:';

/** As many containers' filters are kept; of more, the ones saved longest ago are forgotten. */
export const MOST_SAVED_FILTERS = 200;

/** What of a container its filter is saved by. */
export type FilteredContainer = Pick<Container, 'name' | 'compose'>;

interface SavedFilter {
  readonly filter: LogFilter;
  readonly savedAtMs: number;
}

/**
 * The filter each container's log is read with, saved by host and by Compose project and service, or else by name, so
 * that it outlives the container. Replicas of a service share one.
 */
export class SavedFilters implements Disposable {
  private readonly changed = new Emitter<undefined>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly memory: vscode.Memento,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** `undefined` where nothing is filtered. */
  filterFor(host: Pick<Host, 'id'>, container: FilteredContainer): LogFilter | undefined {
    return this.read(keyOf(host, container))?.filter;
  }

  /** Without a filter, or with one that lets everything pass, nothing is filtered any more. */
  async save(
    host: Pick<Host, 'id'>,
    container: FilteredContainer,
    filter: LogFilter | undefined,
  ): Promise<void> {
    const isKept = filter !== undefined && filters(filter);
    const saved: SavedFilter | undefined = isKept ? { filter, savedAtMs: this.nowMs() } : undefined;
    const stored = this.memory.update(keyOf(host, container), saved);
    this.changed.fire(undefined);
    await stored;
    await this.forgetOldest();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async forgetOldest(): Promise<void> {
    const keys = this.memory.keys().filter((key) => key.startsWith(KEY_PREFIX));
    if (keys.length <= MOST_SAVED_FILTERS) return;
    const saved = keys.map((key) => ({ key, savedAtMs: this.read(key)?.savedAtMs ?? 0 }));
    const newestFirst = saved.sort((one, other) => other.savedAtMs - one.savedAtMs);
    for (const { key } of newestFirst.slice(MOST_SAVED_FILTERS)) await this.memory.update(key, undefined);
  }

  private read(key: string): SavedFilter | undefined {
    const value: unknown = this.memory.get(key);
    if (typeof value !== 'object' || value === null || !('filter' in value)) return undefined;
    const filter = readLogFilter(value.filter);
    const savedAtMs = 'savedAtMs' in value && typeof value.savedAtMs === 'number' ? value.savedAtMs : 0;
    return filter && filters(filter) ? { filter, savedAtMs } : undefined;
  }
}

function filters(filter: LogFilter): boolean {
  const compiled = compileFilter(filter);
  return compiled.kind === 'filter' && !compiled.passesEverything;
}

function keyOf({ id }: Pick<Host, 'id'>, { name, compose }: FilteredContainer): string {
  const identity = compose ? ['service', compose.project, compose.service] : ['name', name];
  return `${KEY_PREFIX}${JSON.stringify([id, ...identity])}`;
}
