import * as vscode from 'vscode';
import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { Host } from '../hosts/host';
import type { TailChoice, TailedContainer } from '../logs/logTails';
import type { CommandHandlers, Invocation } from './registry';
import { askForTail } from './tailChoice';
import { namesOf, plainLabel, type Targets } from './targets';

/** Who tails logs. */
export interface LogTailing {
  tail(host: Host, container: Container, choice?: TailChoice): void;
  stop(hostId: string, containerId: ContainerId): void;
  isTailing(hostId: string, containerId: ContainerId): boolean;
  readonly tailed: readonly TailedContainer[];
  readonly onDidChange: Event<void>;
}

type LogCommand = 'quaywatch.tailLogs' | 'quaywatch.tailLogsWith' | 'quaywatch.stopTailing';

export function logCommands(
  targets: Targets,
  logs: LogTailing,
  hasTimestampsByDefault: () => boolean,
): Pick<CommandHandlers, LogCommand> {
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
      for (const { host, container } of chosen) logs.tail(host, container, choice);
    },
    'quaywatch.stopTailing': (nodes) => stopTailing(nodes, targets, logs),
  };
}

/** From the palette all tails are offered, also those whose container is gone and waited for: the tree has no row for it. */
async function stopTailing(nodes: Invocation, targets: Targets, logs: LogTailing): Promise<void> {
  if (nodes.length === 0) {
    const tailed = await pickTailed(logs.tailed);
    if (tailed !== undefined) logs.stop(tailed.host.id, tailed.containerId);
    return;
  }
  const chosen = await targets.choose(nodes, {
    placeholder: vscode.l10n.t('Stop tailing which container?'),
    accepts: (container, host) => logs.isTailing(host.id, container.id),
  });
  for (const { host, container } of chosen) logs.stop(host.id, container.id);
}

async function pickTailed(tailed: readonly TailedContainer[]): Promise<TailedContainer | undefined> {
  if (tailed.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No log is being tailed.'));
    return undefined;
  }
  const items = tailed.map((one) => ({
    label: plainLabel(one.name),
    description: one.isGone
      ? vscode.l10n.t('{0} · removed, waiting for its successor', plainLabel(one.host.name))
      : plainLabel(one.host.name),
    tailed: one,
  }));
  const placeHolder = vscode.l10n.t('Stop tailing which container?');
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.tailed;
}
