import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { systemClock, type Clock } from '../../base/clock';
import type { Aggregate } from '../../model/grouping';
import type { HostConnector } from '../hosts/hostConnector';
import type { HostRegistry } from '../hosts/hostRegistry';
import { isStale, type Host } from '../hosts/host';
import type { ContainersTree } from './containersTree';
import type { FilterState } from './filterState';
import type { Node } from './nodes';
import type { StaleDecorations } from './staleDecorations';
import { welcomeFor } from './welcome';

export const CONTAINERS_VIEW = 'quaywatch.containers';

/** How often the uptimes on screen are brought up to date. */
const UPTIME_REFRESH_MS = 60_000;

export interface ContainersViewParts {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly tree: ContainersTree;
  readonly filter: FilterState;
  readonly decorations: StaleDecorations;
  readonly clock?: Clock;
}

/** The Containers view around its tree: message, badge, welcome, and what happens while it is visible. */
export class ContainersView implements Disposable {
  private readonly store = new DisposableStore();
  private readonly uptimeTimer = this.store.add(new DisposableStore());
  private readonly contexts = new Map<string, unknown>();
  private readonly clock: Clock;
  private staleHosts = '';

  readonly view: vscode.TreeView<Node>;

  constructor(private readonly parts: ContainersViewParts) {
    const { tree, filter, connector } = parts;
    this.clock = parts.clock ?? systemClock;
    tree.setFilter(filter.value);
    this.view = this.store.add(
      vscode.window.createTreeView(CONTAINERS_VIEW, {
        treeDataProvider: tree,
        canSelectMany: true,
        showCollapseAll: true,
      }),
    );
    this.store.add(this.view.onDidChangeVisibility(() => this.onVisibility()));
    this.store.add(filter.onDidChange((value) => tree.setFilter(value)));
    this.store.add(tree.onDidChangeContent(() => this.update()));
    this.store.add(connector.onDidGrantTrust(() => this.update()));
    this.onVisibility();
    this.update();
  }

  /** What is selected, for commands that were called without an item. */
  get selection(): readonly Node[] {
    return this.view.selection;
  }

  /** Brings a host's row in front of the person. */
  async reveal(host: Host): Promise<void> {
    await vscode.commands.executeCommand(`${CONTAINERS_VIEW}.focus`);
    const node = this.parts.tree.hostNode(host);
    if (node) await this.view.reveal(node, { select: true, focus: true, expand: true });
  }

  /** Does so as soon as there is a host of this id. */
  revealSoon(id: string): void {
    const { hosts } = this.parts;
    const waiting = this.store.add(new DisposableStore());
    const tryNow = (): boolean => {
      const host = hosts.get(id);
      if (host) void this.reveal(host).then(undefined, () => undefined);
      return host !== undefined;
    };
    if (tryNow()) this.store.delete(waiting);
    else waiting.add(hosts.onDidChange(() => tryNow() && this.store.delete(waiting)));
  }

  private onVisibility(): void {
    this.uptimeTimer.clear();
    if (!this.view.visible) return;
    this.parts.connector.look();
    this.parts.tree.refreshChangedRows();
    this.scheduleUptimes();
  }

  private scheduleUptimes(): void {
    this.uptimeTimer.clear();
    this.uptimeTimer.add(
      this.clock.setTimer(() => {
        this.parts.tree.refreshChangedRows();
        this.scheduleUptimes();
      }, UPTIME_REFRESH_MS),
    );
  }

  private update(): void {
    const { hosts, connector, filter, decorations } = this.parts;
    const stale = hosts.all
      .filter(isStale)
      .map(({ id }) => id)
      .join('\n');
    if (stale !== this.staleHosts) decorations.refresh();
    this.staleHosts = stale;
    this.setContext('quaywatch.welcome', welcomeFor(hosts.all, connector.isTrusted));
    this.setContext('quaywatch.hideStopped', filter.value.hideStopped);
    this.setContext('quaywatch.isFiltered', filter.value.text !== '');
    const total = this.total();
    this.view.badge = badgeFor(total);
    const message = this.messageFor(total);
    if (this.view.message !== message) this.view.message = message;
  }

  private messageFor(total: Aggregate): string {
    const { text, hideStopped } = this.parts.filter.value;
    const stopped = total.total - total.active;
    const parts = [
      text === '' ? undefined : vscode.l10n.t('Filter: {0}', text),
      hideStopped && stopped > 0 ? vscode.l10n.t('stopped hidden ({0})', stopped) : undefined,
      text !== '' && total.total > 0 && this.shownCount() === 0
        ? vscode.l10n.t('nothing matches')
        : undefined,
    ].filter((part) => part !== undefined);
    if (parts.length > 0) return parts.join(' · ');
    const isEmpty =
      total.total === 0 && this.parts.hosts.all.some(({ engine }) => engine.containers !== undefined);
    return isEmpty ? vscode.l10n.t('There are no containers yet.') : '';
  }

  private total(): Aggregate {
    const sum = { total: 0, running: 0, active: 0, unhealthy: 0 };
    for (const { groups } of this.parts.tree.hostTrees) {
      const { total, running, active, unhealthy } = groups.total;
      sum.total += total;
      sum.running += running;
      sum.active += active;
      sum.unhealthy += unhealthy;
    }
    return sum;
  }

  private shownCount(): number {
    return [...this.parts.tree.hostTrees].reduce((sum, { groups }) => sum + groups.shownCount, 0);
  }

  /** Setting a context is a message to the window; it is sent only when it says something new. */
  private setContext(key: string, value: unknown): void {
    if (this.contexts.has(key) && this.contexts.get(key) === value) return;
    this.contexts.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  dispose(): void {
    this.store.dispose();
  }
}

function badgeFor({ running, unhealthy }: Aggregate): vscode.ViewBadge | undefined {
  if (unhealthy > 0) return { value: unhealthy, tooltip: vscode.l10n.t('{0} unhealthy', unhealthy) };
  return running > 0 ? { value: running, tooltip: vscode.l10n.t('{0} running', running) } : undefined;
}
