import type { TreeItem, UriHandler } from 'vscode';
import type { Event } from '../base/emitter';
import type { DisposableTracker, Disposable } from '../base/lifecycle';
import type { ContainerEngine } from '../engine/engine';
import type { HostSeams } from './composeHosts';
import type { HostList } from './hosts/hostList';
import type { HostRegistry } from './hosts/hostRegistry';
import type { HostTokens } from './hosts/hostTokens';
import type { DeploymentTracker } from './deployments/deploymentTracker';
import type { DeploymentsPanel } from './panels/deployments/deploymentsPanel';
import type { MetricsPanel } from './panels/metrics/metricsPanel';
import type { HostStatus } from './status/hostStatus';
import type { ContainersTree } from './tree/containersTree';
import type { ContainersView } from './tree/containersView';
import type { FilterState } from './tree/filterState';
import type { Node } from './tree/nodes';

/** A row of the tree as a person would find it. */
export interface TreeRow {
  readonly node: Node;
  readonly item: TreeItem;
  readonly children: readonly TreeRow[];
}

/**
 * What the suites inside VS Code use. It exists only in VS Code's test mode, is not public, and changes without notice.
 */
export interface TestApi {
  /** How long `activate` took, in milliseconds. */
  readonly activationMs: number;
  readonly hosts: HostRegistry;
  readonly list: HostList;
  readonly tokens: HostTokens;
  readonly status: HostStatus;
  readonly deployments: DeploymentsPanel;
  readonly tracker: DeploymentTracker;
  readonly metrics: MetricsPanel;
  /** Takes the links that open VS Code. */
  readonly pairingUris: UriHandler;
  /** What reaches engines and asks people; may be put in the place of. */
  readonly seams: HostSeams;
  readonly tree: ContainersTree;
  readonly view: ContainersView;
  readonly filter: FilterState;
  readonly onDidRefresh: Event<Node | Node[] | undefined>;
  /** Puts an engine in the place of the local host's, which is disposed. */
  useEngine(engine: ContainerEngine): void;
  /** The whole tree as it would be shown now, everything expanded. */
  rows(): TreeRow[];
  /** Watches the extension's disposables from now on; its copy of the tracker is not the suites' own. */
  trackDisposables(tracker: DisposableTracker): Disposable;
}

/** What `activate` returns. Extensions find nothing here to build upon. */
export interface ExtensionExports {
  readonly forTests?: TestApi;
}

export function treeRows(tree: ContainersTree, parent?: Node): TreeRow[] {
  return tree.getChildren(parent).map((node) => ({
    node,
    item: tree.resolveTreeItem(tree.getTreeItem(node), node),
    children: treeRows(tree, node),
  }));
}
