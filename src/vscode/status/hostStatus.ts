import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { oneLine } from '../../model/format';
import { escapeMarkdown } from '../../model/formatMarkdown';
import type { CommandId } from '../commands/commandIds';
import type { DeploymentTracker } from '../deployments/deploymentTracker';
import type { PlacedDeployment } from '../deployments/place';
import { nameInWords } from '../deployments/words';
import type { Host } from '../hosts/host';
import type { HostRegistry } from '../hosts/hostRegistry';
import { watchHosts } from '../hosts/hostWatch';
import { formatAddress } from '../hosts/remoteHostConfig';
import { needsPerson, troubleOf } from '../hosts/trouble';
import { hostDescription } from '../tree/hostRow';

const SHOW_HOSTS: CommandId = 'quaywatch.showHosts';
const SHOW_DEPLOYMENTS: CommandId = 'quaywatch.showDeployments';

/**
 * `2/3 hosts` in the status bar, while there are hosts beyond this machine. While something that was started here is
 * deployed, how far that is.
 */
export class HostStatus implements Disposable {
  private readonly store = new DisposableStore();
  private readonly item: vscode.StatusBarItem;
  private shown = '';

  constructor(
    private readonly hosts: HostRegistry,
    private readonly deployments: Pick<DeploymentTracker, 'running' | 'onDidChange'>,
  ) {
    this.item = this.store.add(
      vscode.window.createStatusBarItem('quaywatch.hosts', vscode.StatusBarAlignment.Left),
    );
    this.item.name = vscode.l10n.t('Quaywatch Hosts');
    this.store.add(
      watchHosts(hosts, (host, store) => store.add(host.engine.onDidChangeConnection(() => this.update()))),
    );
    this.store.add(hosts.onDidChange(() => this.update()));
    this.store.add(deployments.onDidChange(() => this.update()));
    this.update();
  }

  /** What it says now; empty while it is hidden. */
  get text(): string {
    return this.shown === '' ? '' : this.item.text;
  }

  get tooltip(): string {
    const { tooltip } = this.item;
    return typeof tooltip === 'object' ? tooltip.value : (tooltip ?? '');
  }

  dispose(): void {
    this.store.dispose();
  }

  private update(): void {
    const hosts = this.hosts.all;
    const { running } = this.deployments;
    const rows = [
      ...running.map(deploymentRow),
      ...(hosts.some(({ remote }) => remote) ? hosts.map(markdownRow) : []),
    ];
    const state = rows.join('\n');
    if (state === this.shown) return;
    this.shown = state;
    if (state === '') {
      this.item.hide();
      return;
    }
    this.item.tooltip = new vscode.MarkdownString(state, true);
    if (running.length > 0) this.showDeployments(running);
    else this.showHosts(hosts);
    this.item.show();
  }

  private showHosts(hosts: readonly Host[]): void {
    const ready = hosts.filter(({ engine }) => engine.connection.kind === 'ready').length;
    const isHelpless = hosts.some(isHelplessHost);
    const counted = vscode.l10n.t('{0}/{1} hosts', ready, hosts.length);
    this.item.command = SHOW_HOSTS;
    this.item.text = `$(${isHelpless ? 'warning' : 'server'}) ${counted}`;
    this.item.accessibilityInformation = {
      label: vscode.l10n.t('Quaywatch: {0} of {1} hosts connected', ready, hosts.length),
      role: 'button',
    };
    this.item.backgroundColor = isHelpless
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
  }

  private showDeployments(running: readonly PlacedDeployment[]): void {
    const [first] = running;
    const text =
      first && running.length === 1
        ? deploymentText(first)
        : vscode.l10n.t('{0} deployments', running.length);
    this.item.command = SHOW_DEPLOYMENTS;
    // What comes from a host must stay text.
    this.item.text = `$(sync~spin) ${text.replaceAll('$(', '$ (')}`;
    this.item.accessibilityInformation = { label: `Quaywatch: ${text}`, role: 'button' };
    this.item.backgroundColor = undefined;
  }
}

/** `web: Building image 45%` */
function deploymentText({ deployment: { app, stage, progress } }: PlacedDeployment): string {
  return `${oneLine(app, 40)}: ${nameInWords(stage)} ${Math.round(progress)}%`;
}

function deploymentRow(placed: PlacedDeployment): string {
  const text = `${deploymentText(placed)} (${oneLine(placed.host.name, 80)})`;
  return `$(sync~spin) ${escapeMarkdown(text)}  `;
}

/** Somebody has to do something before it comes back; that somebody disconnected it is no trouble. */
function isHelplessHost(host: Host): boolean {
  const trouble = troubleOf(host);
  return trouble !== undefined && trouble.kind !== 'disconnected' && needsPerson(trouble.kind);
}

function markdownRow(host: Host): string {
  const icon = hostStateIcon(host);
  const name = `**${escapeMarkdown(oneLine(host.name, 80))}**`;
  const address = host.remote ? ` (${escapeMarkdown(formatAddress(host.remote))})` : '';
  return `$(${icon}) ${name}${address}: ${escapeMarkdown(hostDescription(host))}  `;
}

/** The codicon that stands for how a host is. */
export function hostStateIcon(host: Host): string {
  const { connection } = host.engine;
  if (connection.kind === 'ready') return 'pass-filled';
  const trouble = troubleOf(host);
  if (trouble === undefined) return connection.kind === 'connecting' ? 'sync' : 'circle-outline';
  if (trouble.kind === 'disconnected') return 'debug-disconnect';
  return needsPerson(trouble.kind) ? 'warning' : 'sync';
}
