import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { DisposableStore } from '../base/lifecycle';
import type { MetricThresholds } from '../model/thresholdWatch';
import { findContainer } from './hosts/host';
import type { HostConnector } from './hosts/hostConnector';
import type { HostList } from './hosts/hostList';
import type { HostRegistry } from './hosts/hostRegistry';
import type { LogTails } from './logs/logTails';
import type { Notifier } from './notify';
import { KnownFigures } from './panels/metrics/knownFigures';
import { MarkerMemory, recordRuns } from './panels/metrics/containerMarkers';
import { MetricsPanel } from './panels/metrics/metricsPanel';
import { ThresholdNotices } from './panels/metrics/thresholdNotices';
import { PanelEditor } from './panels/panelEditor';
import { registerPanelView } from './panels/panelView';
import type { PageDiagnostics } from './panels/pageController';
import { onDidChangeMetrics, settings, stopNotifyingOfMetrics } from './settings';
import type { ContainersTree } from './tree/containersTree';

export interface MetricsSurroundings {
  readonly diagnostics: PageDiagnostics;
  readonly hosts: HostRegistry;
  readonly list: HostList;
  readonly connector: HostConnector;
  readonly notifier: Notifier;
  readonly logs: LogTails;
  readonly tree: ContainersTree;
}

export interface MetricsParts {
  readonly panel: MetricsPanel;
  readonly openEditor: () => void;
}

/** What there is of metrics: the pages, notices, and what cards of the tree mention. Nothing of it asks before it is shown. */
export function composeMetrics(
  context: Pick<vscode.ExtensionContext, 'extensionUri' | 'globalState'>,
  parts: MetricsSurroundings,
  store: DisposableStore,
): MetricsParts {
  const { hosts, list, connector, notifier, logs, tree } = parts;
  const figures = new KnownFigures(() => systemClock.nowMs());
  tree.setFigures((hostId, id) => figures.get(hostId, id));
  const notices = store.add(
    new ThresholdNotices({
      thresholds: thresholdsOf,
      isWanted: () => settings.notifiesOfMetrics(),
      stopWanting: () => void stopNotifyingOfMetrics(),
      clock: systemClock,
      showLogs: (host, container) => logs.tail(host, container),
      showMetrics: () => editor.show(),
      show: (message, ...buttons) => vscode.window.showWarningMessage(message, ...buttons),
    }),
  );
  const markers = store.add(new MarkerMemory());
  store.add(recordRuns(hosts, markers));
  const panel: MetricsPanel = new MetricsPanel({
    hosts,
    connector,
    memory: context.globalState,
    markers,
    notifier,
    clock: systemClock,
    thresholds: thresholdsOf,
    onSample: (host, id, sample) => {
      figures.set(host.id, id, sample);
      notices.take(host, findContainer(host, id), sample);
    },
    showLogs: (host, id) => {
      const container = findContainer(host, id);
      if (container) logs.tail(host, container);
    },
    reconnect: (host) => {
      connector.look();
      if (connector.isTrusted) list.reconnect(host);
    },
    openEditor: () => editor.show(),
  });
  const places = { extensionUri: context.extensionUri, diagnostics: parts.diagnostics };
  const editor = store.add(new PanelEditor(panel, places));
  store.add(registerPanelView(panel, places));
  store.add(onDidChangeMetrics(() => panel.updateThresholds()));
  return { panel, openEditor: () => editor.show() };
}

function thresholdsOf(): MetricThresholds {
  return { cpuPercent: settings.metricsCpuThreshold(), memoryPercent: settings.metricsMemoryThreshold() };
}
