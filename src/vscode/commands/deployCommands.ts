import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import { AppQuestions } from '../deployments/askForApp';
import { DeployRefusedError } from '../deployments/deployError';
import type { DeployFlow } from '../deployments/deployFlow';
import type { DeploymentActions } from '../deployments/deploymentActions';
import { isMadeAgain } from '../deployments/madeAgain';
import { asPlace, hasDeployments } from '../deployments/place';
import { deploymentOf, redeploymentOf } from '../deployments/redeploy';
import { isDisconnected } from '../hosts/host';
import type { Notifier } from '../notify';
import type { Dialogs } from '../pairing/dialogs';
import type { CommandHandlers, Invocation } from './registry';
import type { Targets } from './targets';

type DeployCommand =
  | 'quaywatch.deploy'
  | 'quaywatch.redeploy'
  | 'quaywatch.cancelDeployment'
  | 'quaywatch.retryDeployment'
  | 'quaywatch.rollBackDeployment'
  | 'quaywatch.compareDeployments'
  | 'quaywatch.openDeploymentLog'
  | 'quaywatch.showDeployments'
  | 'quaywatch.openDeploymentsInEditor';

export interface DeployCommandParts {
  readonly flow: DeployFlow;
  readonly actions: DeploymentActions;
  readonly targets: Targets;
  readonly dialogs: () => Dialogs;
  readonly notifier: Notifier;
  readonly showView: () => Promise<void>;
  readonly openEditor: () => void;
}

/** Deploying, and what is done with deployments. */
export function deployCommands(parts: DeployCommandParts): Pick<CommandHandlers, DeployCommand> {
  const { actions } = parts;
  const questions = new AppQuestions(parts.dialogs);
  return {
    'quaywatch.deploy': (_nodes, [clicked]) => guarded(parts, () => deploy(parts, questions, clicked)),
    'quaywatch.redeploy': (nodes) => guarded(parts, () => redeploy(parts, nodes)),
    'quaywatch.cancelDeployment': (_nodes, [place]) => actions.cancel(asPlace(place)),
    'quaywatch.retryDeployment': (_nodes, [place]) => actions.retry(asPlace(place)),
    'quaywatch.rollBackDeployment': (_nodes, [place]) => actions.rollBack(asPlace(place)),
    'quaywatch.compareDeployments': (_nodes, [place]) => actions.compare(asPlace(place)),
    'quaywatch.openDeploymentLog': (_nodes, [place]) => actions.openLog(asPlace(place)),
    'quaywatch.showDeployments': () => parts.showView(),
    'quaywatch.openDeploymentsInEditor': () => parts.openEditor(),
  };
}

async function deploy(
  { flow }: DeployCommandParts,
  questions: AppQuestions,
  clicked: unknown,
): Promise<void> {
  flow.requireTrust();
  const choice = await (clicked instanceof vscode.Uri
    ? questions.fromUri(clicked)
    : questions.fromWorkspace());
  if (choice) await flow.deploy(choice);
}

async function redeploy(parts: DeployCommandParts, nodes: Invocation): Promise<void> {
  const { flow, targets, dialogs, actions } = parts;
  flow.requireTrust();
  const target = await targets.chooseOne(nodes, {
    placeholder: vscode.l10n.t('Redeploy which container?'),
    accepts: (_container, host) => host.deployments?.canDeploy === true && !isDisconnected(host),
  });
  if (!target || !hasDeployments(target.host)) return;
  const made = deploymentOf(target);
  // Its source is known: it is built anew, and not only run again.
  if (made && (await isMadeAgain(target.host.deployments, made.id))) {
    await actions.retry(made);
    return;
  }
  const redeployment = await redeploymentOf(target, dialogs());
  if (redeployment) await flow.deploy(redeployment.choice, redeployment, target.host);
}

/** Tells what is wrong with what somebody wrote, and opens it. */
async function guarded({ dialogs, notifier }: DeployCommandParts, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof DeployRefusedError)) {
      notifier.failed(vscode.l10n.t('Could not deploy'), error);
      return;
    }
    const open = vscode.l10n.t('Open File');
    const { file, message } = error;
    const chosen = await dialogs().offer(oneLine(message, 600), file === undefined ? [] : [open]);
    if (chosen === open && file !== undefined) await vscode.window.showTextDocument(vscode.Uri.file(file));
  }
}
