import { userInfo } from 'node:os';
import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import { trackDisposables, type DisposableStore } from '../base/lifecycle';
import { DockerEngine } from '../engine/docker/dockerEngine';
import type { Log } from '../engine/docker/containerWatch';
import type { ContainerEngine } from '../engine/engine';
import { RemoteEngine } from '../engine/remote/remoteEngine';
import { oneLine } from '../model/format';
import { changeCommands } from './commands/changeCommands';
import { hostCommands } from './commands/hostCommands';
import { itemCommands } from './commands/itemCommands';
import { lifecycleCommands } from './commands/lifecycleCommands';
import { logCommands } from './commands/logCommands';
import { logFileCommands } from './commands/logFileCommands';
import { logFilterCommands } from './commands/logFilterCommands';
import { metricsCommands } from './commands/metricsCommands';
import { registerCommands } from './commands/registry';
import { stopTailingCommand } from './commands/stopTailingCommand';
import { tailTogetherCommands } from './commands/tailTogetherCommand';
import { Targets } from './commands/targets';
import { viewCommands } from './commands/viewCommands';
import { InspectDocuments } from './documents/inspectDocuments';
import { TriedDocuments } from './documents/triedDocuments';
import { composeDeployments, HostDeployments } from './composeDeployments';
import { composeHosts, composePairing, type HostOpeners } from './composeHosts';
import type { PackContext } from './deployments/deployInputs';
import { composeMetrics } from './composeMetrics';
import { HostConnector, workspaceTrust } from './hosts/hostConnector';
import { HostRegistry } from './hosts/hostRegistry';
import { hostReplacements } from './hosts/hostReplaced';
import type { LookAtCertificate, OpenRemote } from './hosts/remoteAccess';
import { LogDocuments } from './logs/logDocuments';
import { LogLinks } from './logs/logLinks';
import { LogOutputs } from './logs/logOutputs';
import { LogTails } from './logs/logTails';
import { SavedFilters } from './logs/savedFilters';
import { MergedTails } from './logs/mergedTails';
import type { MergedTerminalOptions } from './logs/mergedTailTerminal';
import { keepTailingContext } from './logs/tailingContext';
import { Notifier } from './notify';
import { settings } from './settings';
import type { TestApi } from './testApi';
import { treeRows } from './testApi';
import { ContainersTree } from './tree/containersTree';
import { ContainersView } from './tree/containersView';
import { FilterState } from './tree/filterState';
import { StaleDecorations } from './tree/staleDecorations';

const UNITS_PER_MEGABYTE = 1_000_000;

/** Puts the extension together by hand: every part gets exactly what it needs. Does no I/O and connects nothing. */
export function compose(
  context: vscode.ExtensionContext,
  diagnostics: vscode.LogOutputChannel,
  store: DisposableStore,
): Omit<TestApi, 'activationMs'> {
  const notifier = new Notifier(diagnostics);
  const hosts = store.add(new HostRegistry());
  const hostDeployments = store.add(localDeployments(context, diagnostics));
  const openers = openersFor(context, diagnostics, hostDeployments);
  const hostParts = composeHosts(context, hosts, notifier, openers, store);
  const { list } = hostParts;
  const connector = store.add(new HostConnector(hosts, workspaceTrust));
  const filter = store.add(new FilterState(context, settings.hideStopped()));
  const tails = composeTails(context, { hosts, connector, notifier }, store);
  const { tree } = tails;
  const decorations = store.add(new StaleDecorations(hosts));
  const view = store.add(new ContainersView({ hosts, connector, tree, filter, decorations }));

  const { flows, pairingUris } = composePairing(hostParts, { connector, notifier, view }, store);

  const targets = new Targets(hosts, connector);
  const around = { hosts, list, connector, notifier, tree, diagnostics, logs: tails.logs };
  const metrics = composeMetrics(context, around, store);
  const tried = store.add(new TriedDocuments(hosts));
  const { seams } = hostParts;
  const deploying = composeDeployments(
    context,
    { hosts, hostDeployments, connector, notifier, seams, targets, diagnostics, pack },
    store,
  );
  const handlers = {
    ...tailHandlers({ hosts, targets, ...tails }),
    ...containerHandlers({ hosts, connector, notifier }, targets, store),
    ...viewCommands({ connector, tree, filter, tried, diagnostics }),
    ...metricsCommands({ targets, ...metrics }),
    ...deploying.handlers,
    ...hostCommands({ hosts, list, flows, connector, notifier, reveal: (host) => view.reveal(host) }),
  };
  const failed = vscode.l10n.t('The command could not be run');
  store.add(registerCommands(handlers, (error) => notifier.failed(failed, error)));
  return {
    hosts,
    tree,
    view,
    filter,
    onDidRefresh: tree.onDidChangeTreeData,
    useEngine: (engine) => list.replaceLocal(engine),
    ...hostParts,
    status: deploying.status,
    metrics: metrics.panel,
    deployments: deploying.panel,
    tracker: deploying.tracker,
    pairingUris,
    rows: () => treeRows(tree),
    trackDisposables,
  };
}

interface TailSurroundings {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly notifier: Notifier;
}

interface ComposedTails extends Omit<TailParts, 'hosts' | 'targets'> {
  readonly tree: ContainersTree;
}

/** All that tails logs, and the tree that shows it. */
function composeTails(
  context: vscode.ExtensionContext,
  { hosts, connector, notifier }: TailSurroundings,
  store: DisposableStore,
): ComposedTails {
  const filters = store.add(new SavedFilters(context.globalState));
  const outputs = new LogOutputs();
  const logs = store.add(logTails(outputs, notifier, filters));
  store.add(hosts.onDidChange(() => stopReplaced(hosts, logs)));
  store.add(new LogLinks());
  const together = store.add(mergedTails(outputs, hosts, filters));
  const tree = treeOf({ hosts, connector, logs, together, filters }, store);
  store.add(keepTailingContext(logs, together));
  return { logs, together, filters, tree };
}

function containerHandlers(
  { hosts, connector, notifier }: TailSurroundings,
  targets: Targets,
  store: DisposableStore,
) {
  const documents = store.add(new InspectDocuments(hosts, connector));
  return {
    ...logFileCommands({
      targets,
      documents: store.add(logDocuments(hosts, connector)),
      notifier,
      settings,
      onHostReplaced: hostReplacements(hosts),
    }),
    ...lifecycleCommands(targets, notifier),
    ...changeCommands(targets, notifier),
    ...itemCommands(targets, documents, notifier),
  };
}

function openersFor(
  context: vscode.ExtensionContext,
  diagnostics: vscode.LogOutputChannel,
  hostDeployments: HostDeployments,
): HostOpeners {
  return {
    openLocal: () => localEngine(diagnostics),
    openRemote: remoteOpener(context, diagnostics),
    lookAtCertificate,
    deploymentsOf: (engine) => hostDeployments.of(engine),
  };
}

/** What deploys beside this machine's engine. Its code and its journals are read when somebody looks, or deploys. */
function localDeployments(
  context: vscode.ExtensionContext,
  diagnostics: vscode.LogOutputChannel,
): HostDeployments {
  return new HostDeployments(
    (engine) => engine instanceof DockerEngine,
    async (engine, store) => {
      if (!(engine instanceof DockerEngine)) throw new Error('The engine is not one of this machine.');
      const [{ DockerDeployEngine }, { LocalDeployments }, { machineTools }] = await Promise.all([
        import('../engine/docker/dockerDeployEngine'),
        import('../deploy/localDeployments'),
        import('../deploy/machineTools'),
      ]);
      return store.add(
        new LocalDeployments({
          engine: store.add(new DockerDeployEngine(engine)),
          folder: vscode.Uri.joinPath(context.globalStorageUri, 'deployments').fsPath,
          startedBy: userInfo().username,
          log: (level, message) => diagnostics[level](message),
          tools: machineTools(),
        }),
      );
    },
  );
}

/** Packs a folder for a host on another machine, as it is read. */
const pack: PackContext = (spec) =>
  async function* () {
    const { contextOf } = await import('../deploy/sources/folderContext');
    yield* contextOf(spec)?.() ?? [];
  };

function remoteOpener(context: vscode.ExtensionContext, diagnostics: vscode.LogOutputChannel): OpenRemote {
  const { version } = context.extension.packageJSON as { readonly version?: unknown };
  return (access) =>
    new RemoteEngine({
      access,
      // Whoever added a host without TLS was told what it means.
      allowsPlain: true,
      clientVersion: String(version),
      log: (level, message) => diagnostics[level](message),
    });
}

const lookAtCertificate: LookAtCertificate = async (endpoint, signal) => {
  const { seenCertificate } = await import('../engine/remote/seenCertificate');
  return seenCertificate(endpoint, signal);
};

/** The tree with all it has to know of tails, filters and trust. */
function treeOf(
  { hosts, connector, logs, together, filters }: Omit<TailParts, 'targets'> & { connector: HostConnector },
  store: DisposableStore,
): ContainersTree {
  const tree = store.add(new ContainersTree(hosts));
  tree.setTrust(() => connector.isTrusted);
  tree.setLogFilters((host, container) => filters.filterFor(host, container));
  tree.setTailing((hostId, id) => logs.isTailing(hostId, id) || together.isTailing(hostId, id));
  store.add(filters.onDidChange(() => tree.refreshChangedRows()));
  for (const tails of [logs, together]) store.add(tails.onDidChange(() => tree.refreshChangedRows()));
  return tree;
}

/** Making one does nothing; what talks to Docker is loaded when it is first asked to connect. */
function localEngine(diagnostics: vscode.LogOutputChannel): ContainerEngine {
  const log: Log = (level, message) => diagnostics[level](message);
  return new DockerEngine({
    openSession: async (signal) => {
      const { dockerSessionOpener } = await import('../engine/docker/openDockerSession');
      return dockerSessionOpener(() => settings.dockerHost(), log, { sharesStats: true })(signal);
    },
    log,
  });
}

function logTails(outputs: LogOutputs, notifier: Notifier, filters: SavedFilters): LogTails {
  return new LogTails({
    openChannel: (name) => outputs.open(name),
    tailLines: () => settings.logTailLines(),
    hasTimestamps: () => settings.hasLogTimestamps(),
    jsonStyle: () => settings.logJsonStyle(),
    filterFor: (host, container) => filters.filterFor(host, container),
    maxChannelLength: () => settings.logMaxChannelMegabytes() * UNITS_PER_MEGABYTE,
    onFailed: ({ name }, error) =>
      notifier.failed(vscode.l10n.t('Could not tail {0}', oneLine(name, 80)), error),
  });
}

function mergedTails(outputs: LogOutputs, hosts: HostRegistry, filters: SavedFilters): MergedTails {
  return new MergedTails({
    openChannel: (name) => outputs.open(name),
    tailLines: () => settings.logTailLines(),
    hasTimestamps: () => settings.hasLogTimestamps(),
    jsonStyle: () => settings.logJsonStyle(),
    maxChannelLength: () => settings.logMaxChannelMegabytes() * UNITS_PER_MEGABYTE,
    filterFor: (host, container) => filters.filterFor(host, container),
    onDidChangeFilters: filters.onDidChange,
    onHostReplaced: hostReplacements(hosts),
  });
}

interface TailParts {
  readonly hosts: HostRegistry;
  readonly targets: Targets;
  readonly logs: LogTails;
  readonly together: MergedTails;
  readonly filters: SavedFilters;
}

function tailHandlers({ hosts, targets, logs, together, filters }: TailParts) {
  return {
    ...logCommands({
      targets,
      logs,
      filters,
      hasTimestampsByDefault: () => settings.hasLogTimestamps(),
    }),
    ...logFilterCommands({ targets, logs, together, filters }),
    ...tailTogetherCommands({
      targets,
      logs,
      together,
      terminalOptions: () => mergedTerminalOptions(hosts, filters),
    }),
    'quaywatch.stopTailing': stopTailingCommand(targets, logs, together),
  };
}

function mergedTerminalOptions(hosts: HostRegistry, filters: SavedFilters): MergedTerminalOptions {
  return {
    tailLines: settings.logTailLines(),
    hasTimestamps: settings.hasLogTimestamps(),
    filterFor: (host, container) => filters.filterFor(host, container),
    onHostReplaced: hostReplacements(hosts),
    clock: systemClock,
  };
}

/** A host whose engine was replaced is another one; nothing would ever come of the old one's tails. */
function stopReplaced(hosts: HostRegistry, logs: LogTails): void {
  for (const { host } of logs.tailed) if (hosts.get(host.id) !== host) logs.stopHost(host.id);
}

function logDocuments(hosts: HostRegistry, connector: HostConnector): LogDocuments {
  return new LogDocuments({
    hosts,
    connector,
    hasTimestamps: () => settings.hasLogTimestamps(),
    maxLength: () => settings.logMaxEditorMegabytes() * UNITS_PER_MEGABYTE,
  });
}
