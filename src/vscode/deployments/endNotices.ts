import * as vscode from 'vscode';
import type { Disposable } from '../../base/lifecycle';
import type { OldVersionFate } from '../../model/deployment';
import { oneLine } from '../../model/format';
import type { CommandId } from '../commands/commandIds';
import type { DeploymentTracker } from './deploymentTracker';
import type { DeploymentPlace, PlacedDeployment } from './place';
import { nameInWords } from './words';

const SHOW: CommandId = 'quaywatch.showDeployments';
const OPEN_LOG: CommandId = 'quaywatch.openDeploymentLog';

/** Shows a message with buttons, and tells which was pressed. */
export type ShowMessage = (
  kind: 'info' | 'error',
  text: string,
  buttons: readonly string[],
) => Thenable<string | undefined>;

export const showMessage: ShowMessage = (kind, text, buttons) =>
  kind === 'error'
    ? vscode.window.showErrorMessage(text, ...buttons)
    : vscode.window.showInformationMessage(text, ...buttons);

/** Tells how a deployment ended to whoever does not see it: where the panel is visible, nothing is told twice. */
export function noticeEnds(
  tracker: DeploymentTracker,
  isPanelVisible: () => boolean,
  show: ShowMessage = showMessage,
): Disposable {
  return tracker.onDidEnd((ended) => {
    // Whoever cancelled it knows.
    if (isPanelVisible() || ended.deployment.status === 'cancelled') return;
    void notice(ended, show);
  });
}

async function notice({ host, deployment }: PlacedDeployment, show: ShowMessage): Promise<void> {
  const app = oneLine(deployment.app, 80);
  const place: DeploymentPlace = { hostId: host.id, id: deployment.id };
  const showTitle = vscode.l10n.t('Show Deployments');
  const logTitle = vscode.l10n.t('Open Log');
  const isSuccess = deployment.status === 'success';
  const chosen = await (isSuccess
    ? show('info', vscode.l10n.t('{0} was deployed to {1}.', app, host.name), [showTitle])
    : show('error', failureText({ host, deployment }), [showTitle, logTitle]));
  if (chosen === showTitle) await vscode.commands.executeCommand(SHOW);
  if (chosen === logTitle) await vscode.commands.executeCommand(OPEN_LOG, place);
}

function failureText({ host, deployment }: PlacedDeployment): string {
  const { app, failure, message, status, stage, oldVersion } = deployment;
  const reason = oneLine(failure?.message ?? message, 200);
  const where = nameInWords(failure?.stage ?? stage);
  const text = vscode.l10n.t(
    'Deploying {0} to {1} failed ({2}): {3}',
    oneLine(app, 80),
    host.name,
    where,
    reason,
  );
  const fate = fateInWords(oldVersion ?? (status === 'rolled_back' ? 'restored' : undefined));
  return fate === undefined ? text : `${text} ${fate}`;
}

/** What became of what ran before, where that is not what anybody expects. */
function fateInWords(fate: OldVersionFate | undefined): string | undefined {
  switch (fate) {
    case 'restored':
      return vscode.l10n.t('What ran before runs again.');
    case 'lost':
      return vscode.l10n.t('What ran before could not be put back.');
    case 'replaced':
      return vscode.l10n.t('Compose may have replaced containers already.');
    default:
      return undefined;
  }
}
