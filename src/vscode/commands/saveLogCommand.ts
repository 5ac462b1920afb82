import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import { formatLocalSecond } from '../../model/logStamp';
import type { OnHostReplaced } from '../hosts/hostReplaced';
import { saveLog, type SaveProgress } from '../logs/saveLog';
import type { Notifier } from '../notify';
import type { Target } from './targets';
import { askForTimestamps } from './tailChoice';

const REPORT_INTERVAL_MS = 200;
const BYTES_PER_MEGABYTE = 1_000_000;

export interface SaveLogParts {
  readonly notifier: Notifier;
  readonly onHostReplaced: OnHostReplaced;
}

/** Asks where to and how, and saves the complete log there, with progress and a way to cancel. */
export async function askAndSaveLog(target: Target, parts: SaveLogParts): Promise<void> {
  const name = oneLine(target.container.name, 80);
  const hasTimestamps = await askForTimestamps(vscode.l10n.t('Save the log of {0}', name), {
    detail: vscode.l10n.t('Exactly as the engine keeps them: UTC, with nanoseconds'),
    isDefault: false,
  });
  if (hasTimestamps === undefined) return;
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save the log of {0}', name),
    saveLabel: vscode.l10n.t('Save'),
    defaultUri: vscode.Uri.joinPath(defaultFolder(), defaultLogName(target.container.name, Date.now())),
    filters: { [vscode.l10n.t('Logs')]: ['log', 'txt'] },
  });
  if (uri === undefined) return;
  try {
    await saveTo(uri, target, hasTimestamps, parts);
  } catch (error) {
    parts.notifier.failed(vscode.l10n.t('Could not save the log of {0}', name), error);
  }
}

async function saveTo(
  uri: vscode.Uri,
  target: Target,
  hasTimestamps: boolean,
  { notifier, onHostReplaced }: SaveLogParts,
): Promise<void> {
  if (uri.scheme !== 'file') {
    throw new Error(vscode.l10n.t('only files of the machine that the workspace is on can be written'));
  }
  const name = oneLine(target.container.name, 80);
  const abort = new AbortController();
  const saved = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Saving the log of {0}', name),
      cancellable: true,
    },
    (progress, cancellation) => {
      cancellation.onCancellationRequested(() => abort.abort());
      const onProgress = throttled((done: SaveProgress) => progress.report({ message: inWords(done) }));
      return saveLog(target, uri.fsPath, { hasTimestamps, onProgress, onHostReplaced, signal: abort.signal });
    },
  );
  notifier.info(
    saved === undefined
      ? vscode.l10n.t('Saving the log of {0} was cancelled; no file was written.', name)
      : vscode.l10n.t('The log of {0} was saved: {1}.', name, inWords(saved)),
  );
}

function inWords({ lines, bytes }: SaveProgress): string {
  const { language } = vscode.env;
  const megabytes = (bytes / BYTES_PER_MEGABYTE).toLocaleString(language, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return vscode.l10n.t('{0} lines, {1} MB', lines.toLocaleString(language), megabytes);
}

function throttled<T>(report: (value: T) => void): (value: T) => void {
  let reportedAtMs = 0;
  return (value) => {
    if (Date.now() - reportedAtMs < REPORT_INTERVAL_MS) return;
    reportedAtMs = Date.now();
    report(value);
  };
}

function defaultFolder(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  return folder?.uri ?? vscode.Uri.file(homedir());
}

/** `NAME-YYYYMMDD-HHMMSS.log`, in local time and without what no file's name may hold. */
export function defaultLogName(containerName: string, nowMs: number): string {
  const name = oneLine(containerName, 80).replace(/[^\w.-]+/g, '_') || 'container';
  return `${name}-${formatLocalSecond(nowMs).replace(/[-:]/g, '').replace(' ', '-')}.log`;
}
