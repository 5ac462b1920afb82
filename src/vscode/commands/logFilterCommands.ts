import * as vscode from 'vscode';
import type { Container, ContainerId } from '../../model/container';
import type { LogFilter } from '../../model/logFilter';
import type { Host } from '../hosts/host';
import { filterInWords } from '../logs/filterWords';
import type { SavedFilters } from '../logs/savedFilters';
import { askForLogFilter } from './logFilterPick';
import type { CommandHandlers, Invocation } from './registry';
import { namesOf, plainLabel, type Target, type Targets } from './targets';

/** Who shows logs through their filters. */
export interface FilteredTailing {
  applyFilter(host: Host, container: Container): void;
  isTailing(hostId: string, containerId: ContainerId): boolean;
}

export interface LogFilterParts {
  readonly targets: Targets;
  readonly logs: FilteredTailing;
  /** Tails of several containers, which heed changed filters by themselves. */
  readonly together: Pick<FilteredTailing, 'isTailing'>;
  readonly filters: SavedFilters;
}

/** Filtering the logs of containers: the filter is saved with each, and what is shown of them is read anew. */
export function logFilterCommands(parts: LogFilterParts): Pick<CommandHandlers, 'quaywatch.filterLogs'> {
  return { 'quaywatch.filterLogs': (nodes) => filterLogs(nodes, parts) };
}

async function filterLogs(
  nodes: Invocation,
  { targets, logs, together, filters }: LogFilterParts,
): Promise<void> {
  const placeholder = vscode.l10n.t('Filter the logs of which container?');
  const chosen = await targets.choose(nodes, { placeholder });
  if (chosen.length === 0) return;
  const title = vscode.l10n.t('Filter the logs of {0}', namesOf(chosen));
  if (!(await askAndSave(title, chosen, filters))) return;
  for (const { host, container } of chosen) {
    const isFiltered = filters.filterFor(host, container) !== undefined;
    const isNews = isFiltered && !together.isTailing(host.id, container.id);
    if (isNews || logs.isTailing(host.id, container.id)) logs.applyFilter(host, container);
  }
}

/** @returns whether there was an answer; false when the person left */
async function askAndSave(title: string, chosen: readonly Target[], filters: SavedFilters): Promise<boolean> {
  const filter = await askForLogFilter(title, firstFilter(chosen, filters));
  if (filter === undefined) return false;
  for (const { host, container } of chosen) await filters.save(host, container, filter);
  return true;
}

function firstFilter(chosen: readonly Target[], filters: SavedFilters): LogFilter | undefined {
  return chosen
    .map(({ host, container }) => filters.filterFor(host, container))
    .find((filter) => filter !== undefined);
}

interface FilterUse {
  readonly isUnfiltered: boolean;
}

/** With or without filter, for a tail that begins? A filter that is put together here is saved. */
export async function askForFilterUse(
  title: string,
  chosen: readonly Target[],
  filters: SavedFilters,
): Promise<FilterUse | undefined> {
  const saved = firstFilter(chosen, filters);
  const without = { label: vscode.l10n.t('Without a filter'), isUnfiltered: true, isAsking: false };
  const asking = {
    label: saved ? vscode.l10n.t('Change the filter…') : vscode.l10n.t('With a filter…'),
    isUnfiltered: false,
    isAsking: true,
  };
  const items = saved ? [savedItem(saved, chosen.length), without, asking] : [without, asking];
  const placeHolder = vscode.l10n.t('Which lines?');
  const use = await vscode.window.showQuickPick(items, { title, placeHolder });
  if (!use || (use.isAsking && !(await askAndSave(title, chosen, filters)))) return undefined;
  return { isUnfiltered: use.isUnfiltered };
}

function savedItem(saved: LogFilter, containers: number) {
  return containers === 1
    ? {
        label: vscode.l10n.t('With its filter'),
        description: plainLabel(filterInWords(saved)),
        isUnfiltered: false,
        isAsking: false,
      }
    : { label: vscode.l10n.t('Each with its own filter'), isUnfiltered: false, isAsking: false };
}
