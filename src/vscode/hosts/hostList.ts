import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import type { ContainerEngine } from '../../engine/engine';
import { isDisconnected, type Host } from './host';
import type { HostRegistry } from './hostRegistry';
import type { HostTokens } from './hostTokens';
import type { OpenRemote, RemoteAccess } from './remoteAccess';
import { isSameEndpoint, isSameMachine, LOCAL_HOST_ID, type RemoteHostConfig } from './remoteHostConfig';
import { needsPerson, TokenMissingError, troubleOf } from './trouble';

/** What hosts there are to be. */
export interface WantedHosts {
  readonly remote: readonly RemoteHostConfig[];
  readonly hasLocal: boolean;
}

/** The ids of hosts that somebody disconnected, kept beyond the window. */
export interface DisconnectedHosts {
  get(): readonly string[];
  set(ids: readonly string[]): void;
}

export interface HostListParts {
  readonly hosts: HostRegistry;
  readonly tokens: HostTokens;
  readonly localName: string;
  readonly openLocal: () => ContainerEngine;
  readonly openRemote: OpenRemote;
  /** The deployments beside an engine; left out where nothing is deployed. */
  readonly deploymentsOf?: (engine: ContainerEngine) => Deployments | undefined;
  /** As the settings are now. */
  readonly wanted: () => WantedHosts;
  readonly disconnected: DisconnectedHosts;
}

/** A host of ours: the same object while it is the same host, so that its tails and rows go on when it is renamed. */
type OwnHost = { -readonly [Key in keyof Host]: Host[Key] };

/** Keeps the hosts as the settings name them: this machine first, then the remote ones in their order. */
export class HostList implements Disposable {
  private readonly store = new DisposableStore();

  constructor(private readonly parts: HostListParts) {
    this.store.add(parts.tokens.onDidChange((id) => this.parts.hosts.get(id)?.engine.retryNow()));
    this.update();
  }

  /** Takes the settings over. Hosts that did not change keep their connection. */
  update(): void {
    const { remote, hasLocal } = this.parts.wanted();
    const local = hasLocal ? [this.local()] : [];
    this.parts.hosts.replaceAll([...local, ...remote.map((config) => this.remote(config))]);
    const wanted = new Set(this.parts.hosts.all.map(({ id }) => id));
    const gone = this.parts.disconnected.get().filter((id) => id !== LOCAL_HOST_ID && !wanted.has(id));
    for (const id of gone) this.setDisconnected(id, false);
  }

  /** This machine's engine is another one now. */
  replaceLocal(engine: ContainerEngine): void {
    const known = this.parts.hosts.get(LOCAL_HOST_ID);
    if (known) this.parts.hosts.set({ ...known, ...this.withDeployments(engine) });
    else engine.dispose();
  }

  /** Connects at once, also what somebody disconnected. */
  reconnect(host: Host): void {
    if (!isDisconnected(host)) {
      host.engine.connect();
      host.engine.retryNow();
      return;
    }
    this.setDisconnected(host.id, false);
    const engine = host.remote ? this.open(host.remote) : this.parts.openLocal();
    this.parts.hosts.set({ ...host, ...this.withDeployments(engine) });
    engine.connect();
  }

  isConnected(id: string): boolean {
    return this.parts.hosts.get(id)?.engine.connection.kind === 'ready';
  }

  /** Connects anew at once: a new token counts from now on, not from the next break on. Its tails end. */
  renew(id: string): void {
    const host = this.parts.hosts.get(id);
    if (!host?.remote) return;
    const engine = this.open(host.remote);
    this.parts.hosts.set({ ...host, ...this.withDeployments(engine) });
    engine.connect();
  }

  /** Ends the connection, for good. What was known of the host stays to be seen. */
  disconnect(host: Host): void {
    this.setDisconnected(host.id, true);
    host.engine.dispose();
    this.parts.hosts.set({ ...host });
  }

  /** Tries at once all that are away, but for those that only a person can help. */
  retryAway(): void {
    for (const host of this.parts.hosts.all) {
      const trouble = troubleOf(host);
      if (trouble && !needsPerson(trouble.kind)) host.engine.retryNow();
    }
  }

  dispose(): void {
    this.store.dispose();
  }

  private local(): Host {
    const { hosts, localName: name, openLocal } = this.parts;
    const id = LOCAL_HOST_ID;
    return hosts.get(id) ?? { id, name, ...this.withDeployments(this.closedIfDisconnected(id, openLocal())) };
  }

  private remote(config: RemoteHostConfig): Host {
    const { id, name } = config;
    const known: OwnHost | undefined = this.parts.hosts.get(id);
    if (!known?.remote || !isSameMachine(known.remote, config)) {
      const engine = this.closedIfDisconnected(id, this.open(config));
      return { id, name, remote: config, ...this.withDeployments(engine) };
    }
    const isSame = isSameEndpoint(known.remote, config);
    known.name = name;
    known.remote = config;
    if (!isSame) known.engine.retryNow();
    return known;
  }

  private withDeployments(engine: ContainerEngine): Pick<Host, 'engine' | 'deployments'> {
    return { engine, deployments: this.parts.deploymentsOf?.(engine) };
  }

  private open(config: RemoteHostConfig): ContainerEngine {
    return this.parts.openRemote(() => this.accessTo(config));
  }

  private async accessTo(config: RemoteHostConfig): Promise<RemoteAccess> {
    const token = await this.parts.tokens.get(config.id);
    if (!token) throw new TokenMissingError();
    const { host, port, security } = this.parts.hosts.get(config.id)?.remote ?? config;
    return { host, port, security, token };
  }

  private closedIfDisconnected(id: string, engine: ContainerEngine): ContainerEngine {
    if (this.parts.disconnected.get().includes(id)) engine.dispose();
    return engine;
  }

  private setDisconnected(id: string, isSo: boolean): void {
    const before = this.parts.disconnected.get();
    if (before.includes(id) === isSo) return;
    this.parts.disconnected.set(isSo ? [...before, id] : before.filter((one) => one !== id));
  }
}
