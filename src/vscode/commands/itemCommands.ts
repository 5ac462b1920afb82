import * as vscode from 'vscode';
import type { Container } from '../../model/container';
import { browsablePorts, formatPort, oneLine } from '../../model/format';
import type { InspectDocuments } from '../documents/inspectDocuments';
import type { Host } from '../hosts/host';
import { formatAddress } from '../hosts/remoteHostConfig';
import type { Notifier } from '../notify';
import { openShell } from './shellTerminal';
import type { CommandHandlers, Invocation } from './registry';
import type { Target, Targets } from './targets';

type ItemCommand =
  | 'quaywatch.inspect'
  | 'quaywatch.openShell'
  | 'quaywatch.browsePort'
  | 'quaywatch.copyName'
  | 'quaywatch.copyId'
  | 'quaywatch.copyImage';

/** What can be looked up, opened or copied of a container. */
export function itemCommands(
  targets: Targets,
  documents: InspectDocuments,
  notifier: Notifier,
): Pick<CommandHandlers, ItemCommand> {
  const copy =
    (read: (container: Container) => string) =>
    async (nodes: Invocation): Promise<void> => {
      const chosen = await targets.choose(nodes, {
        placeholder: vscode.l10n.t('Copy from which container?'),
      });
      if (chosen.length === 0) return;
      await vscode.env.clipboard.writeText(chosen.map(({ container }) => read(container)).join('\n'));
    };
  return {
    'quaywatch.inspect': (nodes) => inspect(nodes, targets, documents, notifier),
    'quaywatch.openShell': async (nodes) => {
      const chosen = await targets.choose(nodes, {
        placeholder: vscode.l10n.t('Open a shell in which container?'),
        accepts: ({ state }, { engine }) => state === 'running' && engine.capabilities.exec,
      });
      for (const target of chosen) openShell(target);
    },
    'quaywatch.browsePort': async (nodes) => {
      const target = await targets.chooseOne(nodes, {
        placeholder: vscode.l10n.t('Open a port of which container?'),
        accepts: (container) => browsablePorts(container, undefined).length > 0,
      });
      if (target !== undefined) await browse(target);
    },
    'quaywatch.copyName': copy(({ name }) => name),
    'quaywatch.copyId': copy(({ id }) => id),
    'quaywatch.copyImage': copy(({ image }) => image),
  };
}

async function inspect(
  nodes: Invocation,
  targets: Targets,
  documents: InspectDocuments,
  notifier: Notifier,
): Promise<void> {
  const chosen = await targets.choose(nodes, { placeholder: vscode.l10n.t('Inspect which container?') });
  for (const { host, container } of chosen) {
    try {
      await documents.show(host, container);
    } catch (error) {
      notifier.failed(vscode.l10n.t('Could not inspect {0}', oneLine(container.name, 80)), error);
    }
  }
}

/** Where a host's published ports are. */
function addressOf({ remote, engine: { connection } }: Host): string | undefined {
  if (remote) return `tcp://${formatAddress(remote)}`;
  return connection.kind === 'ready' ? connection.info.address : undefined;
}

async function browse({ host, container }: Target): Promise<void> {
  const ports = browsablePorts(container, addressOf(host));
  const items = ports.map(({ port, url }) => ({ label: formatPort(port), description: url, url }));
  const placeHolder = vscode.l10n.t('Open which port of {0}?', oneLine(container.name, 80));
  const chosen = items.length > 1 ? await vscode.window.showQuickPick(items, { placeHolder }) : items[0];
  if (chosen === undefined) return;
  // Where the window runs elsewhere, VS Code forwards the port and knows its address there.
  await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(chosen.url, true)));
}
