import * as vscode from 'vscode';
import { Emitter, type Event } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import { lastFailure, type Host } from './host';
import type { HostRegistry } from './hostRegistry';

/** How long a command waits for the first list of a host nobody has looked at yet. */
const FIRST_LIST_DEADLINE_MS = 30_000;

/** Nothing connects in a workspace whose settings may not be believed. */
export class UntrustedWorkspaceError extends Error {
  override readonly name = 'UntrustedWorkspaceError';
}

/** Whether settings of the workspace may be believed. */
export interface Trust {
  readonly isTrusted: boolean;
  readonly onDidGrant: Event<void>;
}

export const workspaceTrust: Trust = {
  get isTrusted() {
    return vscode.workspace.isTrusted;
  },
  onDidGrant: (listener) =>
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      listener();
    }),
};

/** Connects hosts when somebody first looks, and never in a workspace that is not trusted. */
export class HostConnector implements Disposable {
  private readonly store = new DisposableStore();
  private readonly trustChanged = this.store.add(new Emitter<void>());
  private isLookedAt = false;

  /** The workspace was trusted; hosts connect now if anybody looks. */
  readonly onDidGrantTrust = this.trustChanged.event;

  constructor(
    private readonly hosts: HostRegistry,
    private readonly trust: Trust,
  ) {
    this.store.add(hosts.onDidChange(() => this.connectIfWanted()));
    this.store.add(
      trust.onDidGrant(() => {
        this.connectIfWanted();
        this.trustChanged.fire();
      }),
    );
  }

  get isTrusted(): boolean {
    return this.trust.isTrusted;
  }

  /** Somebody sees the hosts, or wants something of them. */
  look(): void {
    this.isLookedAt = true;
    this.connectIfWanted();
  }

  retry(): void {
    this.look();
    if (!this.isTrusted) return;
    for (const { engine } of this.hosts.all) engine.retryNow();
  }

  /** The containers of a host; connects it first if need be. Rejects with what kept it from being connected. */
  async containersOf(host: Host): Promise<ReadonlyMap<ContainerId, Container>> {
    if (!this.isTrusted) throw new UntrustedWorkspaceError('The workspace is not trusted');
    this.look();
    return host.engine.containers ?? (await firstList(host));
  }

  private connectIfWanted(): void {
    if (!this.isLookedAt || !this.isTrusted) return;
    for (const { engine } of this.hosts.all) engine.connect();
  }

  dispose(): void {
    this.store.dispose();
  }
}

function firstList(host: Host): Promise<ReadonlyMap<ContainerId, Container>> {
  const store = new DisposableStore();
  return new Promise<ReadonlyMap<ContainerId, Container>>((resolve, reject) => {
    const fail = (): void =>
      reject(lastFailure(host) ?? new Error(vscode.l10n.t('The host did not answer in time.')));
    const check = (): void => {
      const { containers, connection } = host.engine;
      if (containers !== undefined) resolve(containers);
      else if (connection.kind === 'waiting' || connection.kind === 'closed') fail();
    };
    store.add(host.engine.onDidChangeContainers(check));
    store.add(host.engine.onDidChangeConnection(check));
    const timer = setTimeout(fail, FIRST_LIST_DEADLINE_MS);
    store.add(toDisposable(() => clearTimeout(timer)));
    check();
  }).finally(() => store.dispose());
}
