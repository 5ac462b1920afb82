import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import type { OnHostReplaced } from '../hosts/hostReplaced';
import type { LogDocuments } from '../logs/logDocuments';
import { openLogTerminal } from '../logs/logTerminal';
import type { Notifier } from '../notify';
import type { Settings } from '../settings';
import type { CommandHandlers } from './registry';
import { askAndSaveLog } from './saveLogCommand';
import type { Target, Targets } from './targets';

type LogFileCommand = 'quaywatch.saveLogs' | 'quaywatch.openLogsInEditor' | 'quaywatch.openLogsInTerminal';

export interface LogFileParts {
  readonly targets: Targets;
  readonly documents: LogDocuments;
  readonly notifier: Notifier;
  readonly settings: Pick<Settings, 'logTailLines' | 'hasLogTimestamps'>;
  readonly onHostReplaced: OnHostReplaced;
}

/** A log elsewhere than in its channel: in a file, an editor or a terminal. */
export function logFileCommands(parts: LogFileParts): Pick<CommandHandlers, LogFileCommand> {
  const { targets, settings, onHostReplaced } = parts;
  return {
    'quaywatch.saveLogs': async (nodes) => {
      const target = await targets.chooseOne(nodes, {
        placeholder: vscode.l10n.t('Save the log of which container?'),
      });
      if (target !== undefined) await askAndSaveLog(target, parts);
    },
    'quaywatch.openLogsInEditor': async (nodes) => {
      const placeholder = vscode.l10n.t('Open the log of which container?');
      for (const target of await targets.choose(nodes, { placeholder })) await openInEditor(target, parts);
    },
    'quaywatch.openLogsInTerminal': async (nodes) => {
      const placeholder = vscode.l10n.t('Open the log of which container?');
      for (const target of await targets.choose(nodes, { placeholder })) {
        const [tailLines, hasTimestamps] = [settings.logTailLines(), settings.hasLogTimestamps()];
        openLogTerminal(target, { tailLines, hasTimestamps, onHostReplaced });
      }
    },
  };
}

async function openInEditor(target: Target, { documents, notifier }: LogFileParts): Promise<void> {
  const name = oneLine(target.container.name, 80);
  const abort = new AbortController();
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t('Reading the log of {0}', name),
    cancellable: true,
  };
  try {
    await vscode.window.withProgress(options, (_progress, cancellation) => {
      cancellation.onCancellationRequested(() => abort.abort());
      return documents.show(target, abort.signal);
    });
  } catch (error) {
    notifier.failed(vscode.l10n.t('Could not open the log of {0}', name), error);
  }
}
