import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import { DisposableStore, type Disposable } from '../base/lifecycle';
import type { Deployments } from '../engine/deployments';
import type { ContainerEngine } from '../engine/engine';
import type { DisconnectedHosts } from './hosts/hostList';
import { HostList } from './hosts/hostList';
import type { HostConnector } from './hosts/hostConnector';
import type { HostRegistry } from './hosts/hostRegistry';
import { badEntryInWords, hostSettings } from './hosts/hostSettings';
import { HostTokens } from './hosts/hostTokens';
import type { LookAtCertificate, OpenRemote } from './hosts/remoteAccess';
import { WakeWatch } from './hosts/wakeWatch';
import type { Notifier } from './notify';
import { vscodeDialogs, type Dialogs } from './pairing/dialogs';
import { HostFlows } from './pairing/hostFlows';
import { PairingUriHandler } from './pairing/pairingUri';
import { agentReason } from './pairing/testedHost';
import { onDidChangeDockerHost, onDidChangeHosts, settings } from './settings';
import type { ContainersView } from './tree/containersView';

/** What reaches engines. */
export interface HostOpeners {
  openLocal: () => ContainerEngine;
  openRemote: OpenRemote;
  lookAtCertificate: LookAtCertificate;
  deploymentsOf: (engine: ContainerEngine) => Deployments | undefined;
}

/** What reaches engines and people; suites put others in their place. */
export interface HostSeams extends HostOpeners {
  dialogs: Dialogs;
}

export interface HostParts {
  readonly seams: HostSeams;
  readonly tokens: HostTokens;
  readonly list: HostList;
}

const DISCONNECTED_KEY = 'hosts.disconnected';

/** The hosts, kept as the settings name them. */
export function composeHosts(
  context: Pick<vscode.ExtensionContext, 'secrets' | 'workspaceState'>,
  hosts: HostRegistry,
  notifier: Notifier,
  openers: HostOpeners,
  store: DisposableStore,
): HostParts {
  const seams: HostSeams = { ...openers, dialogs: vscodeDialogs };
  const tokens = new HostTokens(context.secrets);
  const list = store.add(
    new HostList({
      hosts,
      tokens,
      localName: vscode.l10n.t('Local'),
      openLocal: () => seams.openLocal(),
      openRemote: (access) => seams.openRemote(access),
      deploymentsOf: (engine) => seams.deploymentsOf(engine),
      wanted: () => ({ remote: hostSettings.read().hosts, hasLocal: settings.showLocalHost() }),
      disconnected: disconnectedHosts(context.workspaceState),
    }),
  );
  const tellBad = badEntriesTeller(notifier);
  tellBad();
  store.add(
    onDidChangeHosts(() => {
      list.update();
      tellBad();
    }),
  );
  store.add(onDidChangeDockerHost(() => list.replaceLocal(seams.openLocal())));
  store.add(retryAfterSleep(hosts, list));
  return { seams, tokens, list };
}

export interface Surroundings {
  readonly connector: HostConnector;
  readonly notifier: Notifier;
  readonly view: ContainersView;
}

/** How people add and change hosts, by commands and by links. */
export function composePairing(
  { seams, tokens, list }: HostParts,
  { connector, notifier, view }: Surroundings,
  store: DisposableStore,
): { readonly flows: HostFlows; readonly pairingUris: vscode.UriHandler } {
  const flows = new HostFlows({
    get dialogs() {
      return seams.dialogs;
    },
    openRemote: (access) => seams.openRemote(access),
    lookAtCertificate: (endpoint, signal) => seams.lookAtCertificate(endpoint, signal),
    settings: hostSettings,
    tokens,
    isTrusted: () => connector.isTrusted,
    isConnected: (id) => list.isConnected(id),
    renewed: (id) => list.renew(id),
    added: (id) => view.revealSoon(id),
  });
  const pairingUris = new PairingUriHandler(
    (pairing) => flows.addPaired(pairing),
    (error) => notifier.failed(vscode.l10n.t('The host was not added'), error, agentReason),
  );
  store.add(vscode.window.registerUriHandler(pairingUris));
  return { flows, pairingUris };
}

/** Names the entries that can't be used: once, and again when they are others. */
function badEntriesTeller(notifier: Notifier): () => void {
  let told = '';
  return () => {
    const text = hostSettings.read().bad.map(badEntryInWords).join(' ');
    if (text !== '' && text !== told) notifier.badSettings(text);
    told = text;
  };
}

function disconnectedHosts(memory: vscode.Memento): DisconnectedHosts {
  return {
    get: () => {
      const ids: unknown = memory.get(DISCONNECTED_KEY);
      return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
    },
    set: (ids) => void memory.update(DISCONNECTED_KEY, ids),
  };
}

/** After the machine slept, what is away is tried at once. Time is only looked at while there are remote hosts. */
function retryAfterSleep(hosts: HostRegistry, list: HostList): Disposable {
  const store = new DisposableStore();
  let watch: WakeWatch | undefined;
  const sync = (): void => {
    const isWanted = hosts.all.some(({ remote }) => remote);
    if (isWanted && !watch) watch = store.add(new WakeWatch(systemClock, () => list.retryAway()));
    if (isWanted || !watch) return;
    store.delete(watch);
    watch = undefined;
  };
  store.add(hosts.onDidChange(sync));
  store.add(
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) watch?.look();
    }),
  );
  sync();
  return store;
}
