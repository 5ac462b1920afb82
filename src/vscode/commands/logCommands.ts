import * as vscode from 'vscode';
import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { Host } from '../hosts/host';
import type { SavedFilters } from '../logs/savedFilters';
import type { TailChoice, TailedContainer } from '../logs/logTails';
import { askForFilterUse } from './logFilterCommands';
import type { CommandHandlers } from './registry';
import { askForTail } from './tailChoice';
import { namesOf, type Targets } from './targets';

/** Who tails logs. */
export interface LogTailing {
  tail(host: Host, container: Container, choice?: TailChoice): void;
  stop(hostId: string, containerId: ContainerId): void;
  isTailing(hostId: string, containerId: ContainerId): boolean;
  readonly tailed: readonly TailedContainer[];
  readonly onDidChange: Event<void>;
}

type LogCommand = 'quaywatch.tailLogs' | 'quaywatch.tailLogsWith';

export interface LogCommandParts {
  readonly targets: Targets;
  readonly logs: LogTailing;
  readonly filters: SavedFilters;
  readonly hasTimestampsByDefault: () => boolean;
}

export function logCommands(parts: LogCommandParts): Pick<CommandHandlers, LogCommand> {
  const { targets, logs, filters, hasTimestampsByDefault } = parts;
  return {
    'quaywatch.tailLogs': async (nodes) => {
      const placeholder = vscode.l10n.t('Tail the logs of which container?');
      for (const { host, container } of await targets.choose(nodes, { placeholder }))
        logs.tail(host, container);
    },
    'quaywatch.tailLogsWith': async (nodes) => {
      const placeholder = vscode.l10n.t('Tail the logs of which container?');
      const chosen = await targets.choose(nodes, { placeholder });
      if (chosen.length === 0) return;
      const title = vscode.l10n.t('Tail the logs of {0}', namesOf(chosen));
      const choice = await askForTail(title, hasTimestampsByDefault());
      if (choice === undefined) return;
      const use = await askForFilterUse(title, chosen, filters);
      if (use === undefined) return;
      for (const { host, container } of chosen) logs.tail(host, container, { ...choice, ...use });
    },
  };
}
