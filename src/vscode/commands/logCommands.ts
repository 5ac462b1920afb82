import * as vscode from 'vscode';
import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { Host } from '../hosts/host';
import type { CommandHandlers } from './registry';
import type { Targets } from './targets';

/** Who tails logs. */
export interface LogTailing {
  tail(host: Host, container: Container): void;
  stop(host: Host, containerId: ContainerId): void;
  isTailing(hostId: string, containerId: ContainerId): boolean;
  readonly onDidChange: Event<void>;
}

export function logCommands(
  targets: Targets,
  logs: LogTailing,
): Pick<CommandHandlers, 'quaywatch.tailLogs' | 'quaywatch.stopTailing'> {
  return {
    'quaywatch.tailLogs': async (nodes) => {
      const placeholder = vscode.l10n.t('Tail the logs of which container?');
      for (const { host, container } of await targets.choose(nodes, { placeholder }))
        logs.tail(host, container);
    },
    'quaywatch.stopTailing': async (nodes) => {
      const chosen = await targets.choose(nodes, {
        placeholder: vscode.l10n.t('Stop tailing which container?'),
        accepts: (container, host) => logs.isTailing(host.id, container.id),
      });
      for (const { host, container } of chosen) logs.stop(host, container.id);
    },
  };
}
