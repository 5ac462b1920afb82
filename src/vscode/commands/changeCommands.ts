import * as vscode from 'vscode';
import { isActive, type Container } from '../../model/container';
import { isContainerName, oneLine } from '../../model/format';
import type { Host } from '../hosts/host';
import type { Notifier } from '../notify';
import { performAll } from './performAll';
import type { CommandHandlers, Invocation } from './registry';
import { listOf, namesOf, type Target, type Targets } from './targets';

/** Renaming and removing. */
export function changeCommands(
  targets: Targets,
  notifier: Notifier,
): Pick<CommandHandlers, 'quaywatch.rename' | 'quaywatch.remove'> {
  return {
    'quaywatch.rename': (nodes) => rename(nodes, targets, notifier),
    'quaywatch.remove': (nodes) => remove(nodes, targets, notifier),
  };
}

function mayChange(_container: Container, { engine: { capabilities } }: Host): boolean {
  return capabilities.manage ?? capabilities.lifecycle;
}

async function rename(nodes: Invocation, targets: Targets, notifier: Notifier): Promise<void> {
  const target = await targets.chooseOne(nodes, {
    placeholder: vscode.l10n.t('Rename which container?'),
    accepts: mayChange,
  });
  if (target === undefined) return;
  const { container, host } = target;
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename {0}', oneLine(container.name, 80)),
    value: container.name,
    validateInput: (text) => nameProblem(text.trim(), target),
  });
  const newName = name?.trim();
  if (newName === undefined || newName === container.name) return;
  await performAll([{ host, container }], () => ({ kind: 'rename', id: container.id, name: newName }), {
    progress: (names) => vscode.l10n.t('Renaming {0}', names),
    failure: (names) => vscode.l10n.t('Could not rename {0}', names),
    notifier,
  });
}

function nameProblem(name: string, { container, host }: Target): string | undefined {
  if (!isContainerName(name)) {
    return vscode.l10n.t(
      'A name has two or more letters, digits, “_”, “.” or “-” and begins with a letter or digit.',
    );
  }
  const others = [...(host.engine.containers?.values() ?? [])].filter(({ id }) => id !== container.id);
  return others.some((other) => other.name === name)
    ? vscode.l10n.t('Another container has this name.')
    : undefined;
}

async function remove(nodes: Invocation, targets: Targets, notifier: Notifier): Promise<void> {
  const chosen = await targets.choose(nodes, {
    placeholder: vscode.l10n.t('Remove which container?'),
    accepts: mayChange,
  });
  if (chosen.length === 0) return;
  const withoutVolumes = vscode.l10n.t('Remove');
  const withVolumes = vscode.l10n.t('Remove with Volumes');
  const options = { modal: true, detail: removalDetail(chosen) };
  const answer = await vscode.window.showWarningMessage(
    removalQuestion(chosen),
    options,
    withoutVolumes,
    withVolumes,
  );
  if (answer === undefined) return;
  const volumes = answer === withVolumes;
  await performAll(
    chosen,
    ({ container }) => ({ kind: 'remove', id: container.id, force: isActive(container), volumes }),
    {
      progress: (names) => vscode.l10n.t('Removing {0}', names),
      failure: (names) => vscode.l10n.t('Could not remove {0}', names),
      notifier,
    },
  );
}

function removalQuestion(chosen: readonly Target[]): string {
  const hostNames = [...new Set(chosen.map(({ host }) => host.name))].join(', ');
  return chosen.length === 1
    ? vscode.l10n.t('Remove the container {0} from the host {1}?', namesOf(chosen), hostNames)
    : vscode.l10n.t('Remove {0} containers from {1}?', chosen.length, hostNames);
}

function removalDetail(chosen: readonly Target[]): string {
  const activeCount = chosen.filter(({ container }) => isActive(container)).length;
  const lines = [
    chosen.length > 1 ? listOf(chosen) : undefined,
    activeCount > 0 ? forceWarning(activeCount, chosen.length) : undefined,
    vscode.l10n.t(
      'This cannot be undone. “Remove with Volumes” also removes anonymous volumes and the data in them.',
    ),
  ];
  return lines.filter((line) => line !== undefined).join('\n\n');
}

function forceWarning(activeCount: number, total: number): string {
  return total === 1
    ? vscode.l10n.t('It is running: it will be killed first.')
    : vscode.l10n.t('{0} of them are running: they will be killed first.', activeCount);
}
