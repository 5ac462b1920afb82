import path from 'node:path';
import * as vscode from 'vscode';
import type { Container } from '../../model/container';
import { describeContainer } from '../../model/redeploy';
import { oneLine } from '../../model/format';
import type { Target } from '../commands/targets';
import type { Dialogs } from '../pairing/dialogs';
import { appNameFrom, made } from './askForApp';
import { DeployRefusedError } from './deployError';
import type { DeployChoice } from './deployFiles';
import type { DeploymentPlace } from './place';

const APP_LABEL = 'dev.quaywatch.app';
const DEPLOYMENT_LABEL = 'dev.quaywatch.deployment';
const OWN_IMAGES = 'quaywatch/';
const COMPOSE_FILES = 'com.docker.compose.project.config_files';
const COMPOSE_FOLDER = 'com.docker.compose.project.working_dir';

export interface Redeployment {
  readonly choice: DeployChoice;
  readonly warnings: readonly string[];
}

/** A container that is there as something to deploy: with the image of today, or of the registry's today. */
export async function redeploymentOf(target: Target, dialogs: Dialogs): Promise<Redeployment | undefined> {
  const { container } = target;
  if (container.compose) return composeRedeployment(target);
  const image = oneLine(container.image, 80);
  // What was built here, or is only known by its id, is in no registry.
  if (isOnlyHere(container.image)) return redeploymentWith(target, 'missing');
  const items = [
    {
      label: vscode.l10n.t('Pull a newer image'),
      description: image,
      pull: 'always' as const,
    },
    { label: vscode.l10n.t('Use the image that is there'), description: image, pull: 'missing' as const },
  ];
  const title = vscode.l10n.t('Redeploy {0}', oneLine(container.name, 80));
  const chosen = await dialogs.pick(items, { title, placeHolder: vscode.l10n.t('Which image?') });
  return chosen && redeploymentWith(target, chosen.pull);
}

function isOnlyHere(image: string): boolean {
  return image.startsWith('sha256:') || image.startsWith(OWN_IMAGES);
}

async function redeploymentWith(
  { host, container }: Target,
  pull: 'always' | 'missing',
): Promise<Redeployment> {
  const { description, lost } = describeContainer(await host.engine.inspect(container.id), pull);
  const { app } = made(appOf(container), description, undefined);
  const warning = vscode.l10n.t(
    'It was made with settings that an app can’t have, and would lose them: {0}',
    lost.join(', '),
  );
  // Its environment may hold secrets, which have no place in a file of the workspace: so it is not offered to save it.
  return { choice: { app, baseFolder: undefined }, warnings: lost.length === 0 ? [] : [warning] };
}

/** The deployment that made a container, by the label that it has of it. */
export function deploymentOf({ host, container }: Target): DeploymentPlace | undefined {
  const id = container.labels[DEPLOYMENT_LABEL];
  return id === undefined ? undefined : { hostId: host.id, id };
}

function appOf({ labels, name }: Container): string {
  return labels[APP_LABEL] ?? appNameFrom(name);
}

/** Compose says in labels which files and which folder it made the container of. */
function composeRedeployment({ host, container }: Target): Redeployment {
  const { labels, compose } = container;
  const folder = labels[COMPOSE_FOLDER];
  const files = labels[COMPOSE_FILES]?.split(',').filter((file) => file !== '') ?? [];
  if (host.remote)
    throw new DeployRefusedError(
      vscode.l10n.t(
        '{0} is of a Compose project on {1}: deploy its Compose file from the Explorer.',
        oneLine(container.name, 80),
        host.name,
      ),
    );
  if (folder === undefined || files.length === 0)
    throw new DeployRefusedError(
      vscode.l10n.t(
        'Compose does not say which file {0} is made of: deploy the file from the Explorer.',
        oneLine(container.name, 80),
      ),
    );
  const names = files.map((file) => (path.isAbsolute(file) ? path.relative(folder, file) : file));
  const description = {
    source: {
      compose: names.map((name) => name.split(path.sep).join('/')),
      folder,
      ...(compose && { project: compose.project, services: [compose.service] }),
    },
  };
  const { app, baseFolder } = made(appNameFrom(compose?.project ?? container.name), description, folder);
  return { choice: { app, baseFolder }, warnings: [] };
}
