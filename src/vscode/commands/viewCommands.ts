import * as vscode from 'vscode';
import type { HostConnector } from '../hosts/hostConnector';
import type { TriedDocuments } from '../documents/triedDocuments';
import type { ContainersTree } from '../tree/containersTree';
import type { FilterState } from '../tree/filterState';
import { askForFilter } from './filterInput';
import type { CommandHandlers } from './registry';

type ViewCommand =
  | 'quaywatch.filter'
  | 'quaywatch.clearFilter'
  | 'quaywatch.hideStopped'
  | 'quaywatch.showStopped'
  | 'quaywatch.showMore'
  | 'quaywatch.retryConnection'
  | 'quaywatch.showTried'
  | 'quaywatch.openSettings'
  | 'quaywatch.showDiagnostics';

export interface ViewCommandParts {
  readonly connector: HostConnector;
  readonly tree: ContainersTree;
  readonly filter: FilterState;
  readonly tried: TriedDocuments;
  readonly diagnostics: Pick<vscode.LogOutputChannel, 'show'>;
}

/** What concerns the view and its hosts, not a container. */
export function viewCommands(parts: ViewCommandParts): Pick<CommandHandlers, ViewCommand> {
  const { connector, tree, filter, tried, diagnostics } = parts;
  return {
    'quaywatch.filter': () => askForFilter(filter),
    'quaywatch.clearFilter': () => filter.setText('', { isKept: true }),
    'quaywatch.hideStopped': () => filter.setHideStopped(true),
    'quaywatch.showStopped': () => filter.setHideStopped(false),
    'quaywatch.showMore': (nodes) => {
      for (const node of nodes) if (node.kind === 'more') tree.showMore(node);
    },
    'quaywatch.retryConnection': () => connector.retry(),
    'quaywatch.showTried': () => tried.show(),
    'quaywatch.openSettings': async () => {
      await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:quaywatch.quaywatch');
    },
    'quaywatch.showDiagnostics': () => diagnostics.show(),
  };
}
