import * as vscode from 'vscode';
import type { TailedContainer } from '../logs/logTails';
import type { TailedTogether } from '../logs/mergedTails';
import type { LogTailing } from './logCommands';
import type { CommandHandler, Invocation } from './registry';
import type { TailingTogether } from './tailTogetherCommand';
import { plainLabel, type Targets } from './targets';

/** A tail that can be stopped, as a quick pick shows it. */
interface TailItem extends vscode.QuickPickItem {
  readonly isTogether: boolean;
  readonly stop: () => void;
}

/**
 * On rows, what is stopped is asked only where one of their logs is also a part of a merged tail. From the palette all
 * tails are offered, also those whose container is gone and waited for: the tree has no row for it.
 */
export function stopTailingCommand(
  targets: Targets,
  logs: LogTailing,
  together: TailingTogether,
): CommandHandler {
  const single = (one: TailedContainer): TailItem => ({
    ...itemOf(one),
    stop: () => logs.stop(one.host.id, one.containerId),
  });
  const merged = (one: TailedTogether): TailItem => ({
    ...itemOfTogether(one),
    stop: () => together.stop(one),
  });
  return async (nodes) => {
    if (nodes.length === 0) {
      (await pickOne([...logs.tailed.map(single), ...together.tailed.map(merged)]))?.stop();
      return;
    }
    const shown = await shownOn(nodes, targets, logs, together);
    const items = [...shown.single.map(single), ...shown.together.map(merged)];
    if (items.length === 0) sayNothingIsTailed();
    const isClear = items.length <= 1 || items.every(({ isTogether }) => !isTogether);
    for (const { stop } of isClear ? items : await pickSeveral(items)) stop();
  };
}

/** The tails that show a log of these rows. */
async function shownOn(
  nodes: Invocation,
  targets: Targets,
  logs: LogTailing,
  together: TailingTogether,
): Promise<{ readonly single: TailedContainer[]; readonly together: TailedTogether[] }> {
  const chosen = await targets.choose(nodes, { placeholder: placeHolder() });
  const isChosen = (hostId: string, id: string): boolean =>
    chosen.some(({ host, container }) => host.id === hostId && container.id === id);
  return {
    single: logs.tailed.filter(({ host, containerId }) => isChosen(host.id, containerId)),
    together: together.tailed.filter(({ members }) =>
      members.some(({ host, containerId }) => isChosen(host.id, containerId)),
    ),
  };
}

function itemOf({ name, host, isGone }: TailedContainer): Omit<TailItem, 'stop'> {
  const description = isGone
    ? vscode.l10n.t('{0} · removed, waiting for its successor', plainLabel(host.name))
    : plainLabel(host.name);
  return { label: plainLabel(name), description, isTogether: false };
}

function itemOfTogether({ name, members }: TailedTogether): Omit<TailItem, 'stop'> {
  const description = vscode.l10n.t('{0} containers together', members.length);
  return { label: plainLabel(name), description, isTogether: true };
}

async function pickOne(items: readonly TailItem[]): Promise<TailItem | undefined> {
  if (items.length > 0) {
    return vscode.window.showQuickPick(items, { placeHolder: placeHolder(), matchOnDescription: true });
  }
  sayNothingIsTailed();
  return undefined;
}

function sayNothingIsTailed(): void {
  void vscode.window.showInformationMessage(vscode.l10n.t('No log is being tailed.'));
}

/** Tails of a single container are ticked: stopping a merged one ends it for its other containers, too. */
async function pickSeveral(items: readonly TailItem[]): Promise<readonly TailItem[]> {
  const ticked = items.map((item) => ({ ...item, picked: !item.isTogether }));
  return (await vscode.window.showQuickPick(ticked, { placeHolder: placeHolder(), canPickMany: true })) ?? [];
}

function placeHolder(): string {
  return vscode.l10n.t('Stop which tail?');
}
