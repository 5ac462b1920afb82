import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/lifecycle';
import type { Deployments } from '../engine/deployments';
import type { ContainerEngine } from '../engine/engine';
import { deployCommands } from './commands/deployCommands';
import type { Targets } from './commands/targets';
import { DeployFlow } from './deployments/deployFlow';
import type { PackContext } from './deployments/deployInputs';
import { DeploymentActions } from './deployments/deploymentActions';
import { DeploymentDocuments } from './deployments/deploymentDocuments';
import { DeploymentTracker } from './deployments/deploymentTracker';
import { noticeEnds } from './deployments/endNotices';
import { HandedOver } from './deployments/handedOver';
import { LazyDeployments } from './deployments/lazyDeployments';
import type { DeployHost, DeploymentPlace } from './deployments/place';
import { untilOver } from './deployments/untilOver';
import type { HostSeams } from './composeHosts';
import type { HostConnector } from './hosts/hostConnector';
import type { HostRegistry } from './hosts/hostRegistry';
import { LOCAL_HOST_ID } from './hosts/remoteHostConfig';
import type { Notifier } from './notify';
import type { DeploymentCommand } from './panels/deployments/deploymentsSession';
import { DeploymentsPanel } from './panels/deployments/deploymentsPanel';
import { PanelEditor } from './panels/panelEditor';
import { registerPanelView, type PanelPlaces } from './panels/panelView';
import { settings } from './settings';
import { HostStatus } from './status/hostStatus';

const UNITS_PER_MEGABYTE = 1_000_000;
/** In the state beyond the window: a deployment of this machine may be unfinished. */
const UNFINISHED_KEY = 'deployments.unfinished';

/** Makes what deploys beside an engine of this machine; loads its code. */
export type OpenLocalDeployments = (engine: ContainerEngine, store: DisposableStore) => Promise<Deployments>;

/**
 * The deployments of each host: those that its engine has, across the wire, or else those that run in this process
 * beside it, of which there are at most one: they write the same journals.
 */
export class HostDeployments implements Disposable {
  private readonly store = new DisposableStore();
  private local: LazyDeployments | undefined;

  constructor(
    private readonly isLocal: (engine: ContainerEngine) => boolean,
    private readonly openLocal: OpenLocalDeployments,
  ) {}

  of(engine: ContainerEngine): Deployments | undefined {
    const own = (engine as { readonly deployments?: Deployments }).deployments;
    if (own || !this.isLocal(engine)) return own;
    if (this.local) this.store.delete(this.local);
    this.local = this.store.add(new LazyDeployments((store) => this.openLocal(engine, store)));
    return this.local;
  }

  /** Those of this machine, once its engine was asked for any. */
  get ofThisMachine(): Deployments | undefined {
    return this.local;
  }

  dispose(): void {
    this.store.dispose();
  }
}

export interface DeploymentParts {
  readonly hosts: HostRegistry;
  readonly hostDeployments: HostDeployments;
  readonly connector: HostConnector;
  readonly notifier: Notifier;
  readonly seams: HostSeams;
  readonly targets: Targets;
  readonly diagnostics: PanelPlaces['diagnostics'];
  readonly pack: PackContext;
}

/** Deploying: its commands, its view, its documents, and what is told at the end. */
export function composeDeployments(
  { extensionUri, globalState }: Pick<vscode.ExtensionContext, 'extensionUri' | 'globalState'>,
  parts: DeploymentParts,
  store: DisposableStore,
) {
  const { hosts, connector, notifier, targets, diagnostics, pack } = parts;
  const places = { extensionUri, diagnostics };
  const tracker = store.add(new DeploymentTracker(hosts));
  const status = store.add(new HostStatus(hosts, tracker));
  const dialogs = () => parts.seams.dialogs;
  const handedOver = new HandedOver();
  const panel = new DeploymentsPanel({ hosts, connector, handedOver, run: runCommand });
  store.add(registerPanelView(panel, places));
  const editor = store.add(new PanelEditor(panel, places));
  const showView = async (): Promise<void> => {
    await vscode.commands.executeCommand('quaywatch.deployments.focus');
  };
  const started = (host: DeployHost, deployment: Parameters<DeploymentTracker['track']>[1]): void => {
    tracker.track(host, deployment);
    if (!panel.isVisible) void showView();
  };
  store.add(noticeEnds(tracker, () => panel.isVisible));
  keepUnfinished(globalState, parts, tracker, store);
  const flow = new DeployFlow({ hosts, connector, notifier, dialogs, pack, handedOver, started });
  const documents = store.add(
    new DeploymentDocuments({
      hosts,
      connector,
      maxLength: () => settings.logMaxEditorMegabytes() * UNITS_PER_MEGABYTE,
    }),
  );
  const requireTrust = (): void => flow.requireTrust();
  const again: DeployFlow['again'] = (host, id) => flow.again(host, id);
  const actions = new DeploymentActions({
    hosts,
    notifier,
    dialogs,
    documents,
    requireTrust,
    handedOver,
    again,
    started,
  });
  const openEditor = (): void => editor.show();
  return {
    panel,
    status,
    tracker,
    handlers: deployCommands({ flow, actions, targets, dialogs, notifier, showView, openEditor }),
  };
}

/**
 * What runs in this process is unfinished when the window closes: then the next one looks, though nobody asks, and goes on
 * looking until nothing is unfinished. Meanwhile another window may still be at it.
 */
function keepUnfinished(
  memory: vscode.Memento,
  { connector, hostDeployments }: DeploymentParts,
  tracker: DeploymentTracker,
  store: DisposableStore,
): void {
  const looking = store.add(new DisposableStore());
  const lookUntilOver = (local: Deployments | undefined): void => {
    looking.clear();
    if (local) looking.add(untilOver(local, () => void memory.update(UNFINISHED_KEY, undefined)));
  };
  let running: Deployments | undefined;
  store.add(
    tracker.onDidChange(() => {
      const local = tracker.running.find(({ host }) => host.id === LOCAL_HOST_ID);
      if (local && memory.get(UNFINISHED_KEY) !== true) void memory.update(UNFINISHED_KEY, true);
      if (running && !local) lookUntilOver(running);
      running = local?.host.deployments;
    }),
  );
  const takeOver = (): void => {
    if (!connector.isTrusted || memory.get(UNFINISHED_KEY) !== true) return;
    connector.look();
    lookUntilOver(hostDeployments.ofThisMachine);
  };
  takeOver();
  store.add(connector.onDidGrantTrust(takeOver));
}

const COMMANDS: Readonly<Record<DeploymentCommand, string>> = {
  deploy: 'quaywatch.deploy',
  manageTrust: 'workbench.trust.manage',
  cancel: 'quaywatch.cancelDeployment',
  retry: 'quaywatch.retryDeployment',
  rollBackTo: 'quaywatch.rollBackDeployment',
  compare: 'quaywatch.compareDeployments',
  openLog: 'quaywatch.openDeploymentLog',
};

function runCommand(command: DeploymentCommand, place?: DeploymentPlace): void {
  void vscode.commands.executeCommand(COMMANDS[command], ...(place ? [place] : []));
}
