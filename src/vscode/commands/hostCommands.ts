import * as vscode from 'vscode';
import { formatAddress } from '../hosts/remoteHostConfig';
import { isDisconnected, type Host } from '../hosts/host';
import type { HostConnector } from '../hosts/hostConnector';
import type { HostList } from '../hosts/hostList';
import type { HostRegistry } from '../hosts/hostRegistry';
import { troubleOf } from '../hosts/trouble';
import { remedyFor } from '../hosts/troubleWords';
import type { Notifier } from '../notify';
import { agentReason } from '../pairing/testedHost';
import type { HostFlows } from '../pairing/hostFlows';
import { hostStateIcon } from '../status/hostStatus';
import { hostDescription } from '../tree/hostRow';
import type { CommandHandlers, Invocation } from './registry';
import { plainLabel } from './targets';

type HostCommand =
  | 'quaywatch.addHost'
  | 'quaywatch.renameHost'
  | 'quaywatch.editHost'
  | 'quaywatch.enterToken'
  | 'quaywatch.trustCertificate'
  | 'quaywatch.removeHost'
  | 'quaywatch.reconnectHost'
  | 'quaywatch.disconnectHost'
  | 'quaywatch.showHosts';

export interface HostCommandParts {
  readonly hosts: HostRegistry;
  readonly list: HostList;
  readonly flows: HostFlows;
  readonly connector: HostConnector;
  readonly notifier: Notifier;
  /** Brings a host's row in front of the person. */
  readonly reveal: (host: Host) => Promise<void>;
}

interface HostItem extends vscode.QuickPickItem {
  readonly host?: Host;
}

/** What people do with hosts. */
export function hostCommands(parts: HostCommandParts): Pick<CommandHandlers, HostCommand> {
  const { flows, list, connector } = parts;
  const guarded = async (run: () => Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      parts.notifier.failed(vscode.l10n.t('The host was not changed'), error, agentReason);
    }
  };
  const onRemote = (run: (host: Host) => Promise<void>) => async (nodes: Invocation) => {
    const host = await chooseHost(nodes, parts.hosts, ({ remote }) => remote !== undefined);
    if (host) await guarded(() => run(host));
  };
  return {
    'quaywatch.addHost': () => guarded(() => flows.add()),
    'quaywatch.renameHost': onRemote((host) => flows.rename(host)),
    'quaywatch.editHost': onRemote((host) => flows.edit(host)),
    'quaywatch.enterToken': onRemote((host) => flows.enterToken(host)),
    'quaywatch.trustCertificate': onRemote((host) => flows.trustCertificate(host)),
    'quaywatch.removeHost': onRemote((host) => flows.remove(host)),
    'quaywatch.reconnectHost': async (nodes) => {
      const host = await chooseHost(nodes, parts.hosts, ({ engine }) => engine.connection.kind !== 'ready');
      if (!host) return;
      connector.look();
      if (connector.isTrusted) list.reconnect(host);
    },
    'quaywatch.disconnectHost': async (nodes) => {
      const host = await chooseHost(nodes, parts.hosts, (one) => !isDisconnected(one));
      if (host) list.disconnect(host);
    },
    'quaywatch.showHosts': () => showHosts(parts),
  };
}

async function chooseHost(
  [node]: Invocation,
  hosts: HostRegistry,
  accepts: (host: Host) => boolean,
): Promise<Host | undefined> {
  if (node !== undefined) return hosts.get(node.host.id);
  const items = hosts.all.filter(accepts).map(itemOf);
  if (items.length > 0) {
    const placeHolder = vscode.l10n.t('Which host?');
    return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.host;
  }
  const add = vscode.l10n.t('Add Host…');
  const text = vscode.l10n.t('There is no host this can be used on.');
  if ((await vscode.window.showInformationMessage(text, add)) === add)
    await vscode.commands.executeCommand('quaywatch.addHost');
  return undefined;
}

function itemOf(host: Host): HostItem & { readonly host: Host } {
  const address = host.remote ? formatAddress(host.remote) : '';
  const description = [address, hostDescription(host)].filter((text) => text !== '').join(' · ');
  return {
    label: plainLabel(host.name),
    description: plainLabel(description),
    iconPath: new vscode.ThemeIcon(hostStateIcon(host)),
    host,
  };
}

/** All hosts and how they are. Choosing one does what helps it, or shows it. */
async function showHosts(parts: HostCommandParts): Promise<void> {
  parts.connector.look();
  const add: HostItem = { label: vscode.l10n.t('Add Host…'), iconPath: new vscode.ThemeIcon('add') };
  const separator: HostItem = { label: '', kind: vscode.QuickPickItemKind.Separator };
  const items: HostItem[] = [...parts.hosts.all.map(showItemOf), separator, add];
  const placeHolder = vscode.l10n.t('Show a host, or do what helps it');
  const chosen = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  if (chosen === add) await vscode.commands.executeCommand('quaywatch.addHost');
  if (chosen?.host) await showOrHelp(chosen.host, parts);
}

function showItemOf(host: Host): HostItem {
  const trouble = troubleOf(host);
  return { ...itemOf(host), ...(trouble && { detail: remedyFor(trouble, host).title }) };
}

async function showOrHelp(host: Host, { reveal }: HostCommandParts): Promise<void> {
  const trouble = troubleOf(host);
  const node = { kind: 'host', id: host.id, host } as const;
  if (trouble) await vscode.commands.executeCommand(remedyFor(trouble, host).command, node);
  else await reveal(host);
}
