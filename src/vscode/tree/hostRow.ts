import * as vscode from 'vscode';
import { DIMMED } from '../../model/describe';
import { oneLine } from '../../model/format';
import { markdownCard } from '../../model/formatMarkdown';
import { displayFingerprint } from '../../protocol/pairingLink';
import { isDisconnected, isStale, type Host } from '../hosts/host';
import { formatAddress } from '../hosts/remoteHostConfig';
import { needsPerson, troubleOf } from '../hosts/trouble';
import { troubleInWords } from '../hosts/troubleWords';

/** The state of a host's connection in a few words. */
export function hostDescription(host: Host): string {
  const { connection } = host.engine;
  if (connection.kind === 'ready')
    return oneLine(`${connection.info.product} ${connection.info.version}`, 80);
  const trouble = troubleOf(host);
  if (trouble?.kind === 'disconnected') return troubleInWords(trouble, host);
  if (trouble === undefined) return connection.kind === 'connecting' ? vscode.l10n.t('connecting…') : '';
  const reason = troubleInWords(trouble, host);
  return host.engine.containers === undefined
    ? vscode.l10n.t('failed: {0}', reason)
    : vscode.l10n.t('out of date: {0}', reason);
}

export function hostIcon(host: Host): vscode.ThemeIcon {
  const trouble = troubleOf(host);
  if (trouble && trouble.kind !== 'disconnected' && needsPerson(trouble.kind))
    return new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  const icon = host.remote ? 'server' : trouble ? 'vm-outline' : 'vm';
  const isDimmed = isStale(host) || trouble !== undefined;
  return new vscode.ThemeIcon(icon, isDimmed ? new vscode.ThemeColor(DIMMED) : undefined);
}

/** `host;remote;away;`, matched by the menus in package.json. */
export function hostContext(host: Host): string {
  const place = host.remote ? 'remote' : 'local';
  if (isDisconnected(host)) return `host;${place};disconnected;`;
  return `host;${place};${host.engine.connection.kind === 'ready' ? 'ready' : 'away'};`;
}

/** All that is known of a host; shown on its row and, with the others', in the status bar. */
export function hostCard(host: Host, state = hostDescription(host)): vscode.MarkdownString {
  const card = new vscode.MarkdownString(hostMarkdown(host, state), false);
  card.isTrusted = false;
  card.supportHtml = false;
  return card;
}

function hostMarkdown(host: Host, state: string): string {
  const { connection } = host.engine;
  const info = connection.kind === 'ready' ? connection.info : undefined;
  const rows = [
    { label: vscode.l10n.t('State'), value: info ? vscode.l10n.t('connected') : state },
    { label: vscode.l10n.t('Address'), value: host.remote ? formatAddress(host.remote) : info?.address },
    { label: vscode.l10n.t('Certificate'), value: securityText(host) },
    { label: vscode.l10n.t('Engine'), value: info && engineText(info) },
    { label: vscode.l10n.t('Found by'), value: host.remote ? undefined : info?.source },
    { label: vscode.l10n.t('May not'), value: info && withheldText(host) },
  ];
  return markdownCard(host.name, rows);
}

function engineText(info: {
  readonly product: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
}): string {
  return `${info.product} ${info.version} (API ${info.apiVersion}, ${info.operatingSystem})`;
}

function securityText({ remote }: Host): string | undefined {
  if (remote === undefined) return undefined;
  const { security } = remote;
  switch (security.kind) {
    case 'plain':
      return vscode.l10n.t('none: the connection is not encrypted');
    case 'pinned':
      return displayFingerprint(security.key);
    default:
      return vscode.l10n.t('checked as browsers do');
  }
}

/** What the token of a remote host does not let people do. */
function withheldText({ engine: { capabilities } }: Host): string {
  const withheld = [
    capabilities.lifecycle ? undefined : vscode.l10n.t('start and stop'),
    (capabilities.manage ?? capabilities.lifecycle) ? undefined : vscode.l10n.t('rename and remove'),
    capabilities.exec ? undefined : vscode.l10n.t('open a shell'),
  ];
  return withheld.filter((text) => text !== undefined).join(', ');
}
