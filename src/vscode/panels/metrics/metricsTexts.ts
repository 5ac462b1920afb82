import * as vscode from 'vscode';
import type { PanelTexts } from '../../../protocol/webview/envelope';
import type { MetricsTextKey } from '../../../protocol/webview/metricsTexts';

type Texts = PanelTexts<MetricsTextKey>;

/** The texts of the metrics page in the person's language. Places like `{0}` are filled by the page. */
export function metricsTexts(): Texts {
  return {
    ...tableTexts(),
    ...columnTexts(),
    ...rowTexts(),
    ...hostTexts(),
    ...chartTexts(),
  } satisfies Texts;
}

function tableTexts() {
  return {
    filter: vscode.l10n.t('Filter by name or image'),
    columns: vscode.l10n.t('Columns'),
    group: vscode.l10n.t('Group by project'),
    stopped: vscode.l10n.t('Show stopped'),
    options: vscode.l10n.t('Options'),
    copyCsv: vscode.l10n.t('Copy as CSV'),
    copied: vscode.l10n.t('Copied'),
    openEditor: vscode.l10n.t('Open in Editor'),
    sortBy: vscode.l10n.t('Sort by'),
    sortedUp: vscode.l10n.t('Sorted by {0}, smallest first'),
    sortedDown: vscode.l10n.t('Sorted by {0}, largest first'),
    sortDirectionUp: vscode.l10n.t('Smallest first'),
    sortDirectionDown: vscode.l10n.t('Largest first'),
    tableLabel: vscode.l10n.t('Containers and what they use. Enter opens charts.'),
    rowsShown: vscode.l10n.t('{0} of {1} containers'),
    noProject: vscode.l10n.t('No project'),
    projectRow: vscode.l10n.t('{0}: {1} containers'),
    showOnly: vscode.l10n.t('Only {0}'),
    showAll: vscode.l10n.t('Show all'),
    nothingMatches: vscode.l10n.t('No container matches.'),
    noContainers: vscode.l10n.t('There are no containers yet.'),
    noneRunning: vscode.l10n.t('No container is running. {0} are stopped.'),
    notTrusted: vscode.l10n.t('Nothing is connected before you trust this workspace.'),
    beyondCap: vscode.l10n.t(
      '{0} more are not measured: {1} at once are the most. What is in sight comes first.',
    ),
    leftOut: vscode.l10n.t('{0} stopped containers are not listed.'),
    notWatched: vscode.l10n.t('not measured'),
  };
}

function columnTexts() {
  return {
    name: vscode.l10n.t('Name'),
    cpu: vscode.l10n.t('CPU'),
    memory: vscode.l10n.t('Memory'),
    memoryPercent: vscode.l10n.t('Memory %'),
    network: vscode.l10n.t('Network'),
    block: vscode.l10n.t('Block I/O'),
    processes: vscode.l10n.t('PIDs'),
    networkTotal: vscode.l10n.t('Network total'),
    blockTotal: vscode.l10n.t('Block total'),
    unknown: vscode.l10n.t('not known'),
  };
}

function rowTexts() {
  return {
    waiting: vscode.l10n.t('measuring…'),
    asOf: vscode.l10n.t('as of {0}'),
    hostAway: vscode.l10n.t('engine away'),
    interrupted: vscode.l10n.t('interrupted'),
    removed: vscode.l10n.t('removed'),
    frozen: vscode.l10n.t('nothing new'),
    over: vscode.l10n.t('above the threshold'),
  };
}

function hostTexts() {
  return {
    host: vscode.l10n.t('Host'),
    hostConnecting: vscode.l10n.t('connecting…'),
    hostDisconnected: vscode.l10n.t('disconnected'),
    reconnect: vscode.l10n.t('Try Now'),
    notMeasured: vscode.l10n.t('This host tells no figures.'),
    elsewhere: vscode.l10n.t('The engine runs on a machine that cannot be looked at from here.'),
    containers: vscode.l10n.t('{0} of {1} running'),
    containersTitle: vscode.l10n.t('Containers'),
    images: vscode.l10n.t('Images'),
    load: vscode.l10n.t('Load'),
    disk: vscode.l10n.t('Disk'),
    processorsLabel: vscode.l10n.t('Processors: {0}'),
    ofTotal: vscode.l10n.t('{0} of {1}'),
    limit: vscode.l10n.t('Limit'),
    noLimit: vscode.l10n.t('no limit'),
    showHost: vscode.l10n.t('Charts of {0}'),
  };
}

function chartTexts() {
  return {
    back: vscode.l10n.t('All containers'),
    range5m: vscode.l10n.t('5 min'),
    range15m: vscode.l10n.t('15 min'),
    range1h: vscode.l10n.t('1 h'),
    range24h: vscode.l10n.t('24 h'),
    rangeLabel: vscode.l10n.t('Time range'),
    zoomIn: vscode.l10n.t('Zoom in'),
    zoomOut: vscode.l10n.t('Zoom out'),
    zoomReset: vscode.l10n.t('Whole range'),
    zoomed: vscode.l10n.t('{0} to {1}'),
    savePicture: vscode.l10n.t('Save Picture…'),
    showLogs: vscode.l10n.t('Show Logs'),
    asTable: vscode.l10n.t('As table'),
    asTableOf: vscode.l10n.t('{0}: {1} to {2}, means with the greatest in brackets'),
    time: vscode.l10n.t('Time'),
    averageAndRange: vscode.l10n.t('{1} on average, {0} to {2}'),
    received: vscode.l10n.t('received'),
    sent: vscode.l10n.t('sent'),
    read: vscode.l10n.t('read'),
    written: vscode.l10n.t('written'),
    chartLabel: vscode.l10n.t('Chart of {0}'),
    chartKeys: vscode.l10n.t(
      'Arrow keys move through time, plus and minus zoom, 0 shows the whole range, T shows a table.',
    ),
    chartLoading: vscode.l10n.t('Reading the history…'),
    chartEmpty: vscode.l10n.t('Nothing is known of this time.'),
    chartFailed: vscode.l10n.t('The history could not be read: {0}'),
    markerStarted: vscode.l10n.t('started'),
    markerStopped: vscode.l10n.t('ended ({0})'),
    markerEnded: vscode.l10n.t('ended'),
    markerOutOfMemory: vscode.l10n.t('out of memory'),
    events: vscode.l10n.t('Events'),
  };
}
