import * as vscode from 'vscode';
import type { Event } from '../../base/emitter';
import type { ContainerId } from '../../model/container';
import { openMergedTerminal, type MergedTerminalOptions } from '../logs/mergedTailTerminal';
import type { TailedTogether } from '../logs/mergedTails';
import type { TailSet } from '../logs/mergedTailSet';
import type { LogTailing } from './logCommands';
import type { CommandHandlers, Invocation } from './registry';
import type { Targets } from './targets';

/** Who tails the logs of several containers as one. */
export interface TailingTogether {
  tail(set: TailSet): void;
  stop(tailed: TailedTogether): void;
  isTailing(hostId: string, containerId: ContainerId): boolean;
  readonly tailed: readonly TailedTogether[];
  readonly onDidChange: Event<void>;
}

type TogetherCommand =
  'quaywatch.tailTogether' | 'quaywatch.tailProjectTogether' | 'quaywatch.tailTogetherInTerminal';

export interface TogetherParts {
  readonly targets: Targets;
  readonly logs: Pick<LogTailing, 'tail'>;
  readonly together: TailingTogether;
  /** As the settings are now. */
  readonly terminalOptions: () => MergedTerminalOptions;
}

export function tailTogetherCommands({
  targets,
  logs,
  together,
  terminalOptions,
}: TogetherParts): Pick<CommandHandlers, TogetherCommand> {
  const tail = async (nodes: Invocation): Promise<void> => {
    const set = await choose(nodes, targets);
    if (set === undefined) return;
    const [only] = set.targets;
    const isSingle = set.projects.length === 0 && set.targets.length === 1 && only !== undefined;
    if (isSingle) logs.tail(only.host, only.container);
    else together.tail(set);
  };
  return {
    'quaywatch.tailTogether': tail,
    'quaywatch.tailProjectTogether': tail,
    'quaywatch.tailTogetherInTerminal': async (nodes) => {
      const set = await choose(nodes, targets);
      if (set !== undefined) openMergedTerminal(set, terminalOptions());
    },
  };
}

/** A project that was chosen is tailed with the containers it will get, too. */
async function choose(nodes: Invocation, targets: Targets): Promise<TailSet | undefined> {
  const placeholder = vscode.l10n.t('Tail the logs of which containers together?');
  const chosen = await targets.chooseSeveral(nodes, { placeholder });
  const projects = nodes.flatMap((node) => (node.kind === 'project' ? [node] : []));
  if (chosen.length === 0 && projects.length === 0) return undefined;
  return { targets: chosen, projects: projects.map(({ host, project }) => ({ host, project })) };
}
