import * as vscode from 'vscode';
import { messageOf } from '../../base/errors';
import type { DeploymentStart } from '../../engine/deployments';
import type { Deployment, DeploymentId } from '../../model/deployment';
import { formatPublishedPort } from '../../model/deployFileForms';
import { hostPaths } from '../../model/deployFilePaths';
import { oneLine } from '../../model/format';
import { foreignContainer } from '../../model/replacedContainer';
import { holdsPassword, splitRepository } from '../../model/repositoryAddress';
import { isDisconnected } from '../hosts/host';
import { UntrustedWorkspaceError, type HostConnector } from '../hosts/hostConnector';
import type { HostRegistry } from '../hosts/hostRegistry';
import type { Notifier } from '../notify';
import type { Dialogs } from '../pairing/dialogs';
import { hostDescription } from '../tree/hostRow';
import { DeployRefusedError } from './deployError';
import { DEPLOY_FILE_NAME } from '../../model/deployFile';
import { fileToSaveIn, hasApp, saveApp, type DeployChoice } from './deployFiles';
import { findPaths, startFor, type PackContext } from './deployInputs';
import type { HandedOver } from './handedOver';
import { deployHosts, type DeployHost } from './place';

export interface DeployFlowParts {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly notifier: Notifier;
  readonly dialogs: () => Dialogs;
  readonly pack: PackContext;
  readonly handedOver: HandedOver;
  /** Something was started here. */
  readonly started: (host: DeployHost, deployment: Deployment) => void;
}

/** Where else it comes from, what it would lose: what has to be known before somebody says yes. */
export interface DeployWarnings {
  readonly warnings?: readonly string[];
}

interface HostItem extends vscode.QuickPickItem {
  readonly host: DeployHost;
}

/** From what somebody chose to the deployments that were started. Nothing is started without a yes that names app and host. */
export class DeployFlow {
  constructor(private readonly parts: DeployFlowParts) {}

  requireTrust(): void {
    const { connector } = this.parts;
    if (!connector.isTrusted) throw new UntrustedWorkspaceError('The workspace is not trusted');
    connector.look();
  }

  async deploy(
    choice: DeployChoice,
    { warnings = [] }: DeployWarnings = {},
    onlyHost?: DeployHost,
  ): Promise<void> {
    this.requireTrust();
    const targets = onlyHost ? [onlyHost] : await this.chooseHosts(choice);
    if (targets.length === 0 || !(await this.confirmPaths(choice, targets))) return;
    const prepared = await Promise.all(
      targets.map(async (host) => ({ host, start: await startFor(choice, host, this.parts.pack) })),
    );
    if (!(await this.confirm(choice, targets, warnings))) return;
    for (const { host, start } of prepared) {
      try {
        this.parts.started(host, await this.begin(host, choice, start));
      } catch (error) {
        this.parts.notifier.failed(
          vscode.l10n.t('Could not deploy {0} to {1}', choice.app.name, oneLine(host.name, 80)),
          error,
        );
      }
    }
  }

  /** The same once more. What its host does not keep is packed anew. */
  async again(host: DeployHost, id: DeploymentId): Promise<Deployment> {
    const choice = this.parts.handedOver.choiceOf({ hostId: host.id, id });
    if (!choice) return host.deployments.retry(id);
    return this.begin(host, choice, await startFor(choice, host, this.parts.pack));
  }

  private async begin(host: DeployHost, choice: DeployChoice, start: DeploymentStart): Promise<Deployment> {
    const deployment = await host.deployments.start(start);
    if (start.context) this.parts.handedOver.remember({ hostId: host.id, id: deployment.id }, choice);
    return deployment;
  }

  /** Those that the app names, or that somebody ticks. */
  private async chooseHosts({ app }: DeployChoice): Promise<readonly DeployHost[]> {
    const able = deployHosts(this.parts.hosts).filter(
      (host) => host.deployments.canDeploy && !isDisconnected(host),
    );
    if (app.hosts.length > 0) return app.hosts.map((name) => this.hostNamed(name, app.name, able));
    const [only] = able;
    if (!only) throw new DeployRefusedError(vscode.l10n.t('There is no host that you may deploy to.'));
    if (able.length === 1) return [only];
    const items: HostItem[] = able.map((host) => ({
      label: oneLine(host.name, 80).replaceAll('$(', '$ ('),
      description: hostDescription(host),
      host,
    }));
    const options = {
      title: vscode.l10n.t('Deploy {0}', app.name),
      placeHolder: vscode.l10n.t('To which hosts?'),
    };
    return ((await this.parts.dialogs().pickSeveral(items, options)) ?? []).map(({ host }) => host);
  }

  private hostNamed(name: string, app: string, able: readonly DeployHost[]): DeployHost {
    const named = this.parts.hosts.all.filter((host) => host.name === name || host.id === name);
    const host = able.find((one) => named.includes(one));
    if (host) return host;
    throw new DeployRefusedError(
      named.length > 0
        ? vscode.l10n.t(
            '{0} is for the host {1}, which you may not deploy to, or which is disconnected.',
            app,
            name,
          )
        : vscode.l10n.t('{0} is for the host {1}, which is not among your hosts.', app, name),
    );
  }

  /** What is outside the workspace was perhaps not meant by whoever opened it. */
  private async confirmPaths(choice: DeployChoice, targets: readonly DeployHost[]): Promise<boolean> {
    const outside = (await findPaths(choice, targets)).filter(({ isInWorkspace }) => !isInWorkspace);
    if (outside.length === 0) return true;
    return this.parts
      .dialogs()
      .confirm(
        vscode.l10n.t('{0} uses paths outside the workspace. Go on?', choice.app.name),
        outside.map(({ field, absolute }) => `${field}: ${absolute}`).join('\n'),
        vscode.l10n.t('Use Them'),
      );
  }

  private async confirm(
    choice: DeployChoice,
    targets: readonly DeployHost[],
    warnings: readonly string[],
  ): Promise<boolean> {
    const { app, unsaved } = choice;
    const deploy = vscode.l10n.t('Deploy');
    const deployAndSave = vscode.l10n.t('Deploy and Save to {0}', DEPLOY_FILE_NAME);
    // Files of a workspace are passed on.
    const isSecret = app.spec.source.kind === 'git' && holdsPassword(app.spec.source.repository);
    const file = unsaved && !isSecret ? fileToSaveIn(choice.baseFolder) : undefined;
    const names = targets.map(({ name }) => oneLine(name, 80)).join(', ');
    const answer = await this.parts
      .dialogs()
      .choose(
        vscode.l10n.t('Deploy {0} to {1}?', app.name, names),
        [...describe(choice), ...replaced(choice, targets), ...warnings].join('\n'),
        file ? [deploy, deployAndSave] : [deploy],
      );
    if (answer === deployAndSave && file) return this.save(file, choice);
    return answer !== undefined;
  }

  /** @returns whether to go on: also without saving, where that failed and was told */
  private async save(file: vscode.Uri, { app, unsaved }: DeployChoice): Promise<boolean> {
    const { dialogs, notifier } = this.parts;
    try {
      if (await hasApp(file, app.name)) {
        const question = vscode.l10n.t('{0} is in {1} already. Replace it?', app.name, DEPLOY_FILE_NAME);
        if (!(await dialogs().confirm(question, '', vscode.l10n.t('Replace')))) return false;
      }
      if (unsaved) await saveApp(file, app.name, unsaved);
    } catch (error) {
      notifier.failed(vscode.l10n.t('{0} was not saved', app.name), error, messageOf);
      return false;
    }
    return true;
  }
}

/** What will happen, a line for each thing. */
function describe({ app: { spec, envFiles } }: DeployChoice): string[] {
  const { source, run } = spec;
  const ports = (run?.ports ?? []).map(formatPublishedPort).join(', ');
  const paths = hostPaths({ spec }).join(', ');
  return [
    sourceInWords(source),
    run?.name === undefined ? undefined : vscode.l10n.t('Container: {0}', run.name),
    ports === '' ? undefined : vscode.l10n.t('Ports: {0}', ports),
    envFiles.length === 0 ? undefined : vscode.l10n.t('Environment from: {0}', envFiles.join(', ')),
    paths === '' ? undefined : vscode.l10n.t('It can reach these paths of the host: {0}', paths),
  ].filter((line) => line !== undefined);
}

/** Whoever made them did not have it in mind that a deployment takes them away. */
function replaced({ app: { spec } }: DeployChoice, targets: readonly DeployHost[]): string[] {
  return targets.flatMap(({ name, engine }) => {
    const container = foreignContainer(spec, engine.containers?.values() ?? []);
    if (!container) return [];
    const words = vscode.l10n.t(
      'It replaces the container {0} on {1}, which was not deployed by Quaywatch: that is removed once the new one runs well, its anonymous volumes stay.',
      oneLine(container.name, 80),
      oneLine(name, 80),
    );
    return [words];
  });
}

function sourceInWords(source: DeployChoice['app']['spec']['source']): string {
  switch (source.kind) {
    case 'git':
      return vscode.l10n.t(
        'Repository: {0}',
        `${splitRepository(source.repository).plain}${source.ref === undefined ? '' : ` (${source.ref})`}`,
      );
    case 'folder':
      return vscode.l10n.t('Folder: {0}', source.folder);
    case 'image':
      return vscode.l10n.t('Image: {0}', source.image);
    case 'compose':
      return vscode.l10n.t('Compose: {0}', [...source.files, ...(source.services ?? [])].join(', '));
  }
}
