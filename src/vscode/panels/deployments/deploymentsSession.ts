import * as vscode from 'vscode';
import { systemClock } from '../../../base/clock';
import { DisposableStore, toDisposable, type Disposable } from '../../../base/lifecycle';
import { isOver, type Deployment } from '../../../model/deployment';
import { DeploymentHistory, type HistoryPage } from '../../../model/deploymentHistory';
import type {
  DeploymentHost,
  DeploymentPlace,
  DeploymentRow,
  DeploymentsAction,
  DeploymentsDelta,
  DeploymentsSnapshot,
} from '../../../protocol/webview/deployments';
import { deployHosts, hasDeployments, type DeployHost } from '../../deployments/place';
import type { HandedOver } from '../../deployments/handedOver';
import type { Host } from '../../hosts/host';
import type { HostConnector } from '../../hosts/hostConnector';
import type { HostRegistry } from '../../hosts/hostRegistry';
import { watchHosts } from '../../hosts/hostWatch';
import { troubleOf } from '../../hosts/trouble';
import { troubleInWords } from '../../hosts/troubleWords';
import { reasonInWords } from '../../notify';
import type { PanelConnection, PanelSession } from '../panel';
import { LogFeed } from './logFeed';
import { pageRow } from './pageRows';

/** Past deployments read at once. */
const PAGE_SIZE = 50;
/** What changes within this time is sent together. */
const FLUSH_DELAY_MS = 50;
/** How long a host that does not answer may hold up the past of the others. */
const PATIENCE_MS = 1_500;

export type DeploymentCommand = Exclude<DeploymentsAction['kind'], 'more' | 'filter' | 'follow' | 'unfollow'>;

export interface DeploymentsSessionParts {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly handedOver: HandedOver;
  /** Does what the person wants; asks and tells by itself. */
  readonly run: (command: DeploymentCommand, place?: DeploymentPlace) => void;
}

interface Filter {
  readonly hostId?: string;
  readonly app?: string;
}

/** What is behind the page of deployments while somebody looks at it. */
export class DeploymentsSession implements PanelSession<DeploymentsSnapshot, DeploymentsAction> {
  private readonly store = new DisposableStore();
  private readonly logs = new Map<string, LogFeed>();
  /** What the page follows, also where its host is away. */
  private readonly followed = new Map<string, DeploymentPlace>();
  private readonly changed = new Map<string, DeploymentRow>();
  private readonly touchedHosts = new Set<string>();
  private readonly failures = new Map<string, string>();
  private readonly apps = new Set<string>();
  private history: DeploymentHistory | undefined;
  private filter: Filter = {};
  private isStarted = false;
  private hostsText = '';
  private isHostsDirty = false;
  private timer: Disposable | undefined;
  private isSending = false;

  constructor(
    private readonly connection: PanelConnection<DeploymentsDelta>,
    private readonly parts: DeploymentsSessionParts,
  ) {
    const { connector } = parts;
    if (connector.isTrusted) this.start();
    else
      this.store.add(
        connector.onDidGrantTrust(() => {
          this.start();
          void connection.send({ kind: 'trusted' });
        }),
      );
  }

  snapshot(): DeploymentsSnapshot {
    const { hosts, connector } = this.parts;
    const running = this.isStarted ? deployHosts(hosts).flatMap((host) => this.runningRows(host)) : [];
    return {
      place: this.connection.place,
      isTrusted: connector.isTrusted,
      hosts: this.isStarted ? this.pageHosts() : [],
      running,
    };
  }

  act(action: DeploymentsAction): void {
    switch (action.kind) {
      case 'filter':
        this.filter = {
          ...(action.hostId !== undefined && { hostId: action.hostId }),
          ...(action.app !== undefined && { app: action.app }),
        };
        this.readPast();
        break;
      case 'more':
        this.readMore();
        break;
      case 'follow':
        this.follow(action.place);
        break;
      case 'unfollow':
        this.unfollow(action.place);
        break;
      case 'deploy':
      case 'manageTrust':
        this.parts.run(action.kind);
        break;
      default:
        this.parts.run(action.kind, action.place);
    }
  }

  dispose(): void {
    this.history = undefined;
    for (const log of this.logs.values()) log.dispose();
    this.logs.clear();
    this.timer?.dispose();
    this.store.dispose();
  }

  private start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.parts.connector.look();
    this.store.add(watchHosts(this.parts.hosts, (host, store) => this.watch(host, store)));
    this.store.add(this.parts.hosts.onDidChange(() => this.hostsChanged()));
  }

  private watch(host: Host, store: DisposableStore): void {
    store.add(host.engine.onDidChangeConnection(() => this.connectionChanged(host)));
    if (!hasDeployments(host)) return;
    store.add(host.deployments.watch());
    store.add(host.deployments.onDidChange((deployments) => this.take(host, deployments)));
    // The same host with another engine: its logs are followed anew.
    for (const place of this.followed.values()) if (place.hostId === host.id) this.follow(place);
    store.add(toDisposable(() => this.closeLogs(host.id)));
  }

  private hostsChanged(): void {
    this.isHostsDirty = true;
    this.schedule();
  }

  private connectionChanged({ id, engine }: Host): void {
    this.hostsChanged();
    this.touchedHosts.add(id);
    // What could not be read while it was away.
    if (engine.connection.kind === 'ready' && this.failures.delete(id)) this.readPast();
  }

  private take(host: DeployHost, deployments: readonly Deployment[]): void {
    for (const deployment of deployments) {
      this.apps.add(deployment.app);
      this.changed.set(`${host.id}/${deployment.id}`, this.row(host.id, deployment));
    }
    this.touchedHosts.add(host.id);
    this.schedule();
  }

  private readPast(): void {
    const { hosts } = this.parts;
    const { hostId, app } = this.filter;
    const sources = deployHosts(hosts)
      .filter(({ id }) => hostId === undefined || hostId === id)
      .map(({ id, deployments }) => ({
        hostId: id,
        list: (before: string | undefined, limit: number) =>
          deployments.list({
            limit,
            ...(app !== undefined && { app }),
            ...(before !== undefined && { before }),
          }),
      }));
    const history: DeploymentHistory = new DeploymentHistory(sources, PAGE_SIZE, {
      clock: systemClock,
      ms: PATIENCE_MS,
      onLateAnswer: () => {
        // Beside what is shown: what began and ended meanwhile is in no page that was read.
        if (this.history === history) void this.sendPage(history, history.again(), false);
      },
    });
    this.history = history;
    this.failures.clear();
    void this.sendPage(history, history.next(), true);
  }

  private readMore(): void {
    const { history } = this;
    if (history) void this.sendPage(history, history.next(), false);
  }

  private async sendPage(
    history: DeploymentHistory,
    reading: Promise<HistoryPage>,
    isFresh: boolean,
  ): Promise<void> {
    const page = await reading;
    // Another filter was chosen meanwhile, or nobody looks any more.
    if (this.history !== history || this.store.isDisposed) return;
    this.takeFailures(page);
    const rows = page.rows.map(({ hostId, deployment }) => this.newest(hostId, deployment));
    for (const { deployment } of rows) this.apps.add(deployment.app);
    const apps = [...this.apps].sort((one, other) => one.localeCompare(other));
    await this.connection.send({ kind: 'past', rows, isFresh, hasMore: page.hasMore, apps });
  }

  private takeFailures({ failures, late }: HistoryPage): void {
    this.failures.clear();
    for (const { hostId, error } of failures) this.failures.set(hostId, reasonInWords(error));
    for (const hostId of late) this.failures.set(hostId, vscode.l10n.t('It has not answered yet.'));
    this.hostsChanged();
  }

  /** It may have gone on since the host listed it. */
  private newest(hostId: string, deployment: Deployment): DeploymentRow {
    const known = this.parts.hosts.get(hostId)?.deployments?.current?.get(deployment.id);
    return this.row(hostId, known ?? deployment);
  }

  private runningRows({ id, deployments }: DeployHost): DeploymentRow[] {
    return running(deployments.current?.values() ?? []).map((deployment) => this.row(id, deployment));
  }

  /** What this window packed it can pack again. */
  private row(hostId: string, { isHandedOver, ...deployment }: Deployment): DeploymentRow {
    const isLost = isHandedOver === true && !this.parts.handedOver.choiceOf({ hostId, id: deployment.id });
    return pageRow(hostId, isLost ? { ...deployment, isHandedOver } : deployment);
  }

  private follow(place: DeploymentPlace): void {
    const key = `${place.hostId}/${place.id}`;
    this.followed.set(key, place);
    this.logs.get(key)?.dispose();
    this.logs.delete(key);
    const deployments = this.parts.hosts.get(place.hostId)?.deployments;
    if (deployments) this.logs.set(key, new LogFeed(deployments, place, () => this.schedule()));
  }

  private unfollow({ hostId, id }: DeploymentPlace): void {
    const key = `${hostId}/${id}`;
    this.followed.delete(key);
    this.logs.get(key)?.dispose();
    this.logs.delete(key);
  }

  /** What is followed stays known: another engine of the host may take its place. */
  private closeLogs(hostId: string): void {
    for (const [key, log] of this.logs) {
      if (this.followed.get(key)?.hostId !== hostId) continue;
      log.dispose();
      this.logs.delete(key);
    }
  }

  private schedule(): void {
    if (this.timer || this.isSending || this.store.isDisposed) return;
    const timer = setTimeout(() => {
      this.timer?.dispose();
      this.timer = undefined;
      void this.flush();
    }, FLUSH_DELAY_MS);
    this.timer = toDisposable(() => clearTimeout(timer));
  }

  /** Waits for the page, so that a slow one is sent the newest state and not all that led to it. */
  private async flush(): Promise<void> {
    this.isSending = true;
    const deltas = this.takeDeltas();
    for (const delta of deltas) await this.connection.send(delta);
    this.isSending = false;
    if (deltas.length > 0) this.schedule();
  }

  private takeDeltas(): DeploymentsDelta[] {
    const deltas: DeploymentsDelta[] = [];
    if (this.isHostsDirty) deltas.push(...this.takeHosts());
    if (this.changed.size > 0) deltas.push({ kind: 'changed', rows: [...this.changed.values()] });
    for (const hostId of this.touchedHosts) {
      const current = this.parts.hosts.get(hostId)?.deployments?.current;
      if (current)
        deltas.push({ kind: 'running', hostId, ids: running(current.values()).map(({ id }) => id) });
    }
    this.changed.clear();
    this.touchedHosts.clear();
    this.isHostsDirty = false;
    for (const log of this.logs.values()) {
      const delta = log.take();
      if (delta) deltas.push(delta);
    }
    return deltas;
  }

  private takeHosts(): DeploymentsDelta[] {
    const hosts = this.pageHosts();
    const text = JSON.stringify(hosts);
    if (text === this.hostsText) return [];
    this.hostsText = text;
    return [{ kind: 'hosts', hosts }];
  }

  private pageHosts(): DeploymentHost[] {
    return deployHosts(this.parts.hosts).map((host) => {
      const problem = troubleOf(host);
      const trouble = problem ? troubleInWords(problem, host) : this.failures.get(host.id);
      const { id, name, deployments } = host;
      const { canDeploy } = deployments;
      return { id, name, canDeploy, isAway: isAway(host), ...(trouble !== undefined && { trouble }) };
    });
  }
}

/** Deployments of this machine go on without its engine, and so does the word of them; an agent's do as well. */
function isAway(host: Host): boolean {
  const kind = troubleOf(host)?.kind;
  return host.remote !== undefined && kind !== undefined && kind !== 'engineDown';
}

function running(deployments: Iterable<Deployment>): Deployment[] {
  return [...deployments].filter(({ status }) => !isOver(status));
}
