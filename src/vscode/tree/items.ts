import * as vscode from 'vscode';
import { systemClock, type Clock } from '../../base/clock';
import type { Container, ContainerId } from '../../model/container';
import { highlightRanges } from '../../model/containerFilter';
import {
  containerContext,
  containerDescription,
  DIMMED,
  stateIcon,
  stateText,
  type MenuCapabilities,
} from '../../model/describe';
import { formatImage, oneLine } from '../../model/format';
import type { Aggregate } from '../../model/grouping';
import { isDisconnected, isStale, type Host } from '../hosts/host';
import { messageState } from './hostMessages';
import { hostCard, hostContext, hostDescription, hostIcon } from './hostRow';
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
    const item = new vscode.TreeItem(oneLine(host.name, 80), vscode.TreeItemCollapsibleState.Expanded);
    const description = hostDescription(host);
    item.id = id;
    item.description = description;
    item.tooltip = hostCard(host, description);
    item.iconPath = hostIcon(host);
    item.contextValue = hostContext(host);
    item.accessibilityInformation = { label: `${oneLine(host.name, 80)}, ${description}` };
    return item;
  }

  project(node: ProjectNode, tree: HostTree): vscode.TreeItem {
    const aggregate = tree.groups.aggregateOf(node.project);
    const can = capabilitiesOf(node.host);
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
    return containerContext(container, capabilitiesOf(host), this.isTailing(host.id, container.id));
  }

  private highlighted(label: string): vscode.TreeItemLabel {
    return { label, highlights: highlightRanges(label, this.filterText) };
  }
}

/** Nothing can be done with what somebody disconnected, but to look at it. */
function capabilitiesOf(host: Host): MenuCapabilities {
  if (isDisconnected(host)) return { lifecycle: false, exec: false };
  return { ...host.engine.capabilities, deploy: host.deployments?.canDeploy === true };
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
  const isReady = host.engine.connection.kind === 'ready';
  const can = Object.values(capabilitiesOf(host)).join();
  return `${isReady}\n${isStale(host)}\n${can}\n${hostDescription(host)}\n${messageState(host)}`;
}
