import * as vscode from 'vscode';
import { systemClock, type Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Container } from '../../model/container';
import { compileFilter, SHOW_ALL, type ContainerFilter } from '../../model/containerFilter';
import type { Host } from '../hosts/host';
import type { HostRegistry } from '../hosts/hostRegistry';
import { watchHosts } from '../hosts/hostWatch';
import { filterInWords } from '../logs/filterWords';
import type { SavedFilters } from '../logs/savedFilters';
import type { KnownFigures } from '../panels/metrics/knownFigures';
import { ChangeQueue, type CollectedChange } from './changeQueue';
import { messageItem, messageParts } from './hostMessages';
import { HostTree, PAGE_SIZE } from './hostTree';
import { hostRowState, ItemPresenter } from './items';
import { containerNodeId, type ContainerNode, type MoreNode, type Node } from './nodes';
import { containerCard } from './tooltip';
import { hasWelcome } from './welcome';

/** Hosts, their Compose projects and containers, as a tree that is drawn anew only where it changed. */
export class ContainersTree implements vscode.TreeDataProvider<Node>, Disposable {
  private readonly store = new DisposableStore();
  private readonly treeDataChanged = this.store.add(new Emitter<Node | Node[] | undefined>());
  private readonly contentChanged = this.store.add(new Emitter<void>());
  private readonly trees = new Map<string, HostTree>();
  private readonly presenter: ItemPresenter;
  /** What the rows handed out look like, to find those whose uptime or menu changed. */
  private readonly signatures = new Map<string, string>();
  private filter = SHOW_ALL;
  private logFilterOf: SavedFilters['filterFor'] = () => undefined;
  private figuresOf: KnownFigures['get'] = () => undefined;
  private isTrusted = (): boolean => true;

  readonly onDidChangeTreeData = this.treeDataChanged.event;
  /** Something changed that the view sums up: containers, hosts, the filter. */
  readonly onDidChangeContent = this.contentChanged.event;

  constructor(
    private readonly hosts: HostRegistry,
    private readonly clock: Clock = systemClock,
  ) {
    this.presenter = new ItemPresenter(clock);
    this.store.add(watchHosts(hosts, (host, store) => this.watch(host, store)));
    this.store.add(hosts.onDidChange(() => this.refresh(undefined)));
  }

  get hostTrees(): Iterable<HostTree> {
    return this.trees.values();
  }

  /** Tells the tree who knows which logs are tailed; menus depend on it. */
  setTailing(isTailing: ItemPresenter['isTailing']): void {
    this.presenter.isTailing = isTailing;
    this.refreshChangedRows();
  }

  /** Tells the tree who knows the filters of logs; their containers' cards name them. */
  setLogFilters(filterOf: SavedFilters['filterFor']): void {
    this.logFilterOf = filterOf;
  }

  /** Tells the tree who knows what containers use; their cards name it. */
  setFigures(figuresOf: KnownFigures['get']): void {
    this.figuresOf = figuresOf;
  }

  /** Tells the tree who knows whether hosts may be connected at all. */
  setTrust(isTrusted: () => boolean): void {
    this.isTrusted = isTrusted;
  }

  setFilter(filter: ContainerFilter): void {
    this.filter = filter;
    this.presenter.filterText = filter.text;
    for (const tree of this.trees.values()) tree.setFilter(compileFilter(filter));
    this.refresh(undefined);
  }

  showMore(node: MoreNode): void {
    const parent = this.trees.get(node.host.id)?.showMore(node.project);
    if (parent !== undefined) this.refresh([parent]);
  }

  /** Draws the rows anew whose uptime or menu changed since they were drawn. */
  refreshChangedRows(): void {
    const nodes: Node[] = [];
    for (const tree of this.trees.values()) {
      for (const node of tree.shownContainers) {
        const container = tree.groups.get(node.containerId);
        const known = this.signatures.get(node.id);
        if (container === undefined || known === undefined) continue;
        if (this.signature(node, container) !== known) nodes.push(node);
      }
    }
    if (nodes.length > 0) this.treeDataChanged.fire(nodes);
  }

  /** The row of a host; `undefined` while a welcome text stands in the place of the tree. */
  hostNode({ id }: Host): Node | undefined {
    return this.roots().find((node) => node.id === id);
  }

  getChildren(parent?: Node): Node[] {
    if (parent === undefined) return this.roots();
    if (parent.kind !== 'host' && parent.kind !== 'project') return [];
    const tree = this.trees.get(parent.host.id);
    if (tree === undefined) return [];
    const messages = parent.kind === 'host' ? tree.messages(messageParts(tree.host)) : [];
    return [...messages, ...tree.children(parent)];
  }

  getParent(node: Node): Node | undefined {
    return this.trees.get(node.host.id)?.parentOf(node);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const tree = this.trees.get(node.host.id);
    // VS Code may ask for a row whose removal it has not heard of yet.
    if (tree === undefined) return new vscode.TreeItem('');
    switch (node.kind) {
      case 'host':
        return this.presenter.host(node);
      case 'message':
        return messageItem(node);
      case 'project':
        return this.presenter.project(node, tree);
      case 'more':
        return this.presenter.more(node, tree, PAGE_SIZE);
      default:
        return this.containerItem(node, tree);
    }
  }

  private containerItem(node: ContainerNode, tree: HostTree): vscode.TreeItem {
    const container = tree.groups.get(node.containerId);
    if (container === undefined) return new vscode.TreeItem('');
    this.signatures.set(node.id, this.signature(node, container));
    return this.presenter.container(node, container);
  }

  /** A row that is drawn anew has its card made anew, too. */
  private signature(node: ContainerNode, container: Container): string {
    return `${this.presenter.signature(node, container)}\n${this.logFilterText(node.host, container) ?? ''}`;
  }

  private logFilterText(host: Host, container: Container): string | undefined {
    const filter = this.logFilterOf(host, container);
    return filter && filterInWords(filter);
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind !== 'container') return item;
    const container = this.trees.get(node.host.id)?.groups.get(node.containerId);
    if (container !== undefined) {
      const logFilter = this.logFilterText(node.host, container);
      const sample = this.figuresOf(node.host.id, container.id);
      item.tooltip = containerCard(container, this.clock.nowMs(), logFilter, sample);
    }
    return item;
  }

  private roots(): Node[] {
    if (hasWelcome(this.hosts.all, this.isTrusted())) return [];
    return this.hosts.all.flatMap(({ id }) => this.trees.get(id)?.node ?? []);
  }

  private watch(host: Host, store: DisposableStore): void {
    const tree = new HostTree(host, compileFilter(this.filter));
    this.trees.set(host.id, tree);
    const queue = store.add(new ChangeQueue((change) => this.take(tree, change), this.clock));
    store.add(host.engine.onDidChangeContainers((change) => queue.push(change)));
    let shownState = hostRowState(host);
    store.add(
      host.engine.onDidChangeConnection(() => {
        const state = hostRowState(host);
        // Drawing a host draws all below it; a failed attempt after another changes nothing.
        const nodes = this.roots().length === 0 ? undefined : state === shownState ? [] : [tree.node];
        shownState = state;
        this.refresh(nodes);
      }),
    );
    store.add({
      dispose: () => {
        if (this.trees.get(host.id) === tree) this.trees.delete(host.id);
        this.signatures.clear();
      },
    });
  }

  private take(tree: HostTree, change: CollectedChange): void {
    if (change.kind === 'listed') {
      tree.replaceAll(tree.host.engine.containers?.values() ?? []);
      this.refresh(undefined);
      return;
    }
    for (const id of change.removed) this.signatures.delete(containerNodeId(tree.host, id));
    const nodes = tree.apply(change.containers, change.removed);
    this.refresh(nodes);
  }

  private refresh(nodes: Node[] | undefined): void {
    if (nodes === undefined || nodes.length > 0) this.treeDataChanged.fire(nodes);
    this.contentChanged.fire();
  }

  dispose(): void {
    this.store.dispose();
    this.trees.clear();
  }
}
