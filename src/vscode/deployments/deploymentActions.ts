import * as vscode from 'vscode';
import { isOver, type Deployment, type DeploymentId } from '../../model/deployment';
import { oneLine } from '../../model/format';
import type { Notifier } from '../notify';
import type { Dialogs } from '../pairing/dialogs';
import type { HostRegistry } from '../hosts/hostRegistry';
import type { DeploymentDocuments } from './deploymentDocuments';
import type { HandedOver } from './handedOver';
import {
  deployHosts,
  hasDeployments,
  type DeployHost,
  type DeploymentPlace,
  type PlacedDeployment,
} from './place';
import { nameInWords } from './words';

const MOST_OFFERED = 100;

export interface DeploymentActionParts {
  readonly hosts: HostRegistry;
  readonly notifier: Notifier;
  readonly dialogs: () => Dialogs;
  readonly documents: DeploymentDocuments;
  readonly requireTrust: () => void;
  readonly handedOver: HandedOver;
  readonly again: (host: DeployHost, id: DeploymentId) => Promise<Deployment>;
  readonly started: (host: DeployHost, deployment: Deployment) => void;
}

interface DeploymentItem extends vscode.QuickPickItem {
  readonly placed: PlacedDeployment;
}

/** What is done with deployments that are there: those of a page, or that somebody picks. */
export class DeploymentActions {
  constructor(private readonly parts: DeploymentActionParts) {}

  async cancel(place: DeploymentPlace | undefined): Promise<void> {
    const chosen = await this.find(
      place,
      vscode.l10n.t('Cancel which deployment?'),
      ({ status }) => !isOver(status),
    );
    if (!chosen) return;
    const { host, deployment } = chosen;
    await this.guard(vscode.l10n.t('Could not cancel {0}', nameOf(chosen)), () =>
      host.deployments.cancel(deployment.id),
    );
  }

  async retry(place: DeploymentPlace | undefined): Promise<void> {
    const { handedOver, again } = this.parts;
    const chosen = await this.find(
      place,
      vscode.l10n.t('Retry which deployment?'),
      ({ id, status, isHandedOver }, { id: hostId }) =>
        isOver(status) && (isHandedOver !== true || handedOver.choiceOf({ hostId, id }) !== undefined),
    );
    if (!chosen) return;
    const { host, deployment } = chosen;
    const question = vscode.l10n.t(
      'Deploy {0} to {1} again?',
      oneLine(deployment.app, 80),
      oneLine(host.name, 80),
    );
    await this.start(chosen, { question, action: vscode.l10n.t('Deploy Again') }, () =>
      again(host, deployment.id),
    );
  }

  async rollBack(place: DeploymentPlace | undefined): Promise<void> {
    const chosen = await this.find(
      place,
      vscode.l10n.t('Roll back to which deployment?'),
      (one) => one.canRollBackTo,
    );
    if (!chosen) return;
    const { host, deployment } = chosen;
    const question = vscode.l10n.t(
      'Roll {0} on {1} back to the version of {2}?',
      oneLine(deployment.app, 80),
      oneLine(host.name, 80),
      timeOf(deployment),
    );
    await this.start(chosen, { question, action: vscode.l10n.t('Roll Back') }, () =>
      host.deployments.rollBackTo(deployment.id),
    );
  }

  async compare(place: DeploymentPlace | undefined): Promise<void> {
    const chosen = await this.find(
      place,
      vscode.l10n.t('Compare the inputs of which deployment?'),
      () => true,
    );
    if (!chosen) return;
    const { host, deployment } = chosen;
    await this.guard(vscode.l10n.t('Could not compare {0}', nameOf(chosen)), async () => {
      const { deployments } = await host.deployments.list({ app: deployment.app, limit: MOST_OFFERED });
      const others = deployments
        .filter(({ id }) => id !== deployment.id)
        .map((one) => ({ host, deployment: one }));
      const other = await this.pick(others, vscode.l10n.t('Compare with which deployment?'));
      if (!other) return;
      const isOlder = other.deployment.createdAtMs <= deployment.createdAtMs;
      await this.parts.documents.compare(isOlder ? other : chosen, isOlder ? chosen : other);
    });
  }

  async openLog(place: DeploymentPlace | undefined): Promise<void> {
    const chosen = await this.find(place, vscode.l10n.t('Open the log of which deployment?'), () => true);
    if (!chosen) return;
    await this.guard(vscode.l10n.t('Could not open the log of {0}', nameOf(chosen)), () =>
      this.parts.documents.showLog(chosen),
    );
  }

  private async start(
    chosen: PlacedDeployment,
    { question, action }: { readonly question: string; readonly action: string },
    run: () => Promise<Deployment>,
  ): Promise<void> {
    this.parts.requireTrust();
    const { host, deployment } = chosen;
    if (!(await this.parts.dialogs().confirm(question, deployment.sourceText, action))) return;
    await this.guard(
      vscode.l10n.t('Could not deploy {0} to {1}', oneLine(deployment.app, 80), oneLine(host.name, 80)),
      async () => this.parts.started(host, await run()),
    );
  }

  private async find(
    place: DeploymentPlace | undefined,
    placeHolder: string,
    accepts: (deployment: Deployment, host: DeployHost) => boolean,
  ): Promise<PlacedDeployment | undefined> {
    if (!place)
      return this.pick(
        (await this.all()).filter(({ deployment, host }) => accepts(deployment, host)),
        placeHolder,
      );
    const host = this.parts.hosts.get(place.hostId);
    if (!host || !hasDeployments(host)) return undefined;
    const known = host.deployments.current?.get(place.id);
    const deployment = known ?? (await this.listed(host)).find(({ id }) => id === place.id);
    // The host is asked by the id alone; what it is called is only for the question.
    return { host, deployment: deployment ?? unknownDeployment(place.id) };
  }

  /** The newest ones of all hosts that answer, newest first. */
  private async all(): Promise<PlacedDeployment[]> {
    this.parts.requireTrust();
    const lists = await Promise.all(
      deployHosts(this.parts.hosts).map(async (host) =>
        (await this.listed(host)).map((deployment) => ({ host, deployment })),
      ),
    );
    return lists.flat().sort((one, other) => other.deployment.createdAtMs - one.deployment.createdAtMs);
  }

  private async listed(host: DeployHost): Promise<readonly Deployment[]> {
    try {
      return (await host.deployments.list({ limit: MOST_OFFERED })).deployments;
    } catch (error) {
      this.parts.notifier.failed(
        vscode.l10n.t('Could not list the deployments on {0}', oneLine(host.name, 80)),
        error,
      );
      return [];
    }
  }

  private async pick(
    candidates: readonly PlacedDeployment[],
    placeHolder: string,
  ): Promise<PlacedDeployment | undefined> {
    if (candidates.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('There is no deployment this can be used on.'));
      return undefined;
    }
    const items: DeploymentItem[] = candidates.map((placed) => ({
      label: oneLine(placed.deployment.app, 80).replaceAll('$(', '$ ('),
      description: `${placed.host.name} · ${nameInWords(placed.deployment.status)} · ${timeOf(placed.deployment)}`,
      detail: oneLine(placed.deployment.sourceText, 120),
      placed,
    }));
    const options = { title: vscode.l10n.t('Deployments'), placeHolder };
    return (await this.parts.dialogs().pick(items, options))?.placed;
  }

  private async guard(failure: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.parts.notifier.failed(failure, error);
    }
  }
}

function nameOf({ deployment }: PlacedDeployment): string {
  return oneLine(deployment.app, 80);
}

export function timeOf({ createdAtMs }: Deployment): string {
  return new Date(createdAtMs).toLocaleString(vscode.env.language, {
    dateStyle: 'short',
    timeStyle: 'medium',
  });
}

function unknownDeployment(id: string): Deployment {
  return {
    id,
    app: id,
    sourceKind: 'image',
    sourceText: '',
    startedBy: '',
    createdAtMs: 0,
    status: 'failed',
    stage: 'queued',
    progress: 0,
    message: '',
    stages: [],
    canRollBackTo: false,
  };
}
