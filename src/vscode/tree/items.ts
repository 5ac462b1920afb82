import * as vscode from 'vscode';
import { systemClock, type Clock } from '../../base/clock';
import type { Container, ContainerId } from '../../model/container';
import { highlightRanges } from '../../model/containerFilter';
import { containerContext, containerDescription, DIMMED, stateIcon, stateText } from '../../model/describe';
import { formatImage, oneLine } from '../../model/format';
import type { Aggregate } from '../../model/grouping';
import { isStale, lastFailure, type Host } from '../hosts/host';
import { reasonInWords } from '../notify';
import type { HostTree } from './hostTree';
import type { ContainerNode, HostNode, MoreNode, ProjectNode } from './nodes';
import { itemUri } from './staleDecorations';

/** Turns nodes into what VS Code shows. Tooltips of containers are made when somebody hovers. */
export class ItemPresenter {
  /** Whether a container's log is being tailed; known only once there is somebody who tails. */
  isTailing: (hostId: string, id: ContainerId) => boolean = () => false;
  filterText = '';

  constructor(private readonly clock: Clock = systemClock) {}

  host({ id, host }: HostNode): vscode.TreeItem {
    const item = new vscode.TreeItem(host.name, vscode.TreeItemCollapsibleState.Expanded);
    const description = hostDescription(host);
    item.id = id;
    item.description = description;
    item.tooltip = hostTooltip(host, description);
    item.iconPath = isStale(host)
      ? new vscode.ThemeIcon('vm-outline', new vscode.ThemeColor(DIMMED))
      : new vscode.ThemeIcon('vm');
    item.contextValue = host.engine.connection.kind === 'ready' ? 'host;ready;' : 'host;away;';
    return item;
  }

  project(node: ProjectNode, tree: HostTree): vscode.TreeItem {
    const aggregate = tree.groups.aggregateOf(node.project);
    const can = node.host.engine.capabilities;
    const label = oneLine(node.project);
    const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
    const state = tree.isOpenAtFirst(node.project) ? Expanded : Collapsed;
    const item = new vscode.TreeItem(this.highlighted(label), state);
    item.id = node.id;
    item.iconPath = new vscode.ThemeIcon('layers', projectColor(node.host, aggregate));
    item.contextValue = can.lifecycle ? 'project;canManage;' : 'project;';
    item.resourceUri = itemUri(node);
    if (aggregate !== undefined) item.description = aggregateText(aggregate);
    item.tooltip = vscode.l10n.t('Compose project {0}: {1}', label, aggregateText(aggregate));
    return item;
  }

  container(node: ContainerNode, container: Container): vscode.TreeItem {
    const label = oneLine(container.name);
    const item = new vscode.TreeItem(this.highlighted(label), vscode.TreeItemCollapsibleState.None);
    const { icon, color } = stateIcon(container);
    const shownColor = isStale(node.host) ? DIMMED : color;
    item.id = node.id;
    item.iconPath = new vscode.ThemeIcon(
      icon,
      shownColor === undefined ? undefined : new vscode.ThemeColor(shownColor),
    );
    item.description = this.containerDescription(container);
    item.contextValue = this.containerContext(node, container);
    item.resourceUri = itemUri(node);
    item.accessibilityInformation = { label: spoken(label, container) };
    return item;
  }

  /** What of a container's row depends on more than the container: when it changed, the row is drawn anew. */
  signature(node: ContainerNode, container: Container): string {
    return `${this.containerDescription(container)}\n${this.containerContext(node, container)}`;
  }

  more(node: MoreNode, tree: HostTree, pageSize: number): vscode.TreeItem {
    const hidden = tree.hiddenRows(node.project);
    const next = Math.min(hidden, pageSize);
    const count = hidden.toLocaleString(vscode.env.language);
    const item = new vscode.TreeItem(vscode.l10n.t('… {0} more — show {1} more', count, next));
    item.id = node.id;
    item.contextValue = 'more;';
    item.command = { command: 'quaywatch.showMore', title: vscode.l10n.t('Show More'), arguments: [node] };
    return item;
  }

  private containerDescription(container: Container): string {
    return containerDescription(container, this.clock.nowMs());
  }

  private containerContext({ host }: ContainerNode, container: Container): string {
    return containerContext(container, host.engine.capabilities, this.isTailing(host.id, container.id));
  }

  private highlighted(label: string): vscode.TreeItemLabel {
    return { label, highlights: highlightRanges(label, this.filterText) };
  }
}

/** For screen readers, which see no icon. */
function spoken(label: string, container: Container): string {
  return [label, stateText(container), formatImage(container.image)].join(', ');
}

function projectColor(host: Host, aggregate: Aggregate | undefined): vscode.ThemeColor | undefined {
  if (isStale(host) || aggregate?.active === 0) return new vscode.ThemeColor(DIMMED);
  return aggregate !== undefined && aggregate.unhealthy > 0 ? new vscode.ThemeColor('charts.red') : undefined;
}

/** `3/4 running · 1 unhealthy` */
export function aggregateText(aggregate: Aggregate | undefined): string {
  if (aggregate === undefined) return '';
  const running = vscode.l10n.t('{0}/{1} running', aggregate.running, aggregate.total);
  if (aggregate.unhealthy === 0) return running;
  return `${running} · ${vscode.l10n.t('{0} unhealthy', aggregate.unhealthy)}`;
}

/** Everything a host's row and the rows below it take from the connection; equal states look equal. */
export function hostRowState(host: Host): string {
  return `${host.engine.connection.kind === 'ready'}\n${isStale(host)}\n${hostDescription(host)}`;
}

/** The state of a host's connection in a few words. */
export function hostDescription(host: Host): string {
  const { connection } = host.engine;
  if (connection.kind === 'ready')
    return oneLine(`${connection.info.product} ${connection.info.version}`, 80);
  const failure = lastFailure(host);
  const isKnown = host.engine.containers !== undefined;
  if (failure === undefined) return connection.kind === 'connecting' ? vscode.l10n.t('connecting…') : '';
  const reason = reasonInWords(failure);
  return isKnown ? vscode.l10n.t('out of date: {0}', reason) : vscode.l10n.t('failed: {0}', reason);
}

function hostTooltip(host: Host, description: string): string {
  const { connection } = host.engine;
  if (connection.kind !== 'ready') return oneLine(`${host.name}: ${description}`);
  const { product, version, apiVersion, operatingSystem, address, source } = connection.info;
  return [
    oneLine(`${host.name}: ${product} ${version} (API ${apiVersion}, ${operatingSystem})`),
    oneLine(address),
    vscode.l10n.t('Found by: {0}', oneLine(source)),
  ].join('\n');
}
