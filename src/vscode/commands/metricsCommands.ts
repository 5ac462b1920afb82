import * as vscode from 'vscode';
import type { MetricsFocus } from '../../protocol/webview/metrics';
import { rowKey } from '../panels/metrics/hostRows';
import type { MetricsPanel } from '../panels/metrics/metricsPanel';
import type { Node } from '../tree/nodes';
import type { CommandHandlers } from './registry';
import type { Targets } from './targets';

type MetricsCommand = 'quaywatch.showMetrics' | 'quaywatch.openMetrics';

export interface MetricsCommandParts {
  readonly targets: Targets;
  readonly panel: Pick<MetricsPanel, 'show'>;
  readonly openEditor: () => void;
}

export function metricsCommands(parts: MetricsCommandParts): Pick<CommandHandlers, MetricsCommand> {
  const { targets, panel, openEditor } = parts;
  return {
    'quaywatch.showMetrics': async (nodes) => {
      const [node] = nodes;
      const focus = node ? focusOn(node) : await chosenFocus(targets);
      if (focus) panel.show(focus);
    },
    'quaywatch.openMetrics': () => openEditor(),
  };
}

async function chosenFocus(targets: Targets): Promise<MetricsFocus | undefined> {
  const chosen = await targets.chooseOne([], {
    placeholder: vscode.l10n.t('Show the metrics of which container?'),
  });
  return chosen && { kind: 'container', key: rowKey(chosen.host.id, chosen.container.id) };
}

function focusOn(node: Node): MetricsFocus | undefined {
  switch (node.kind) {
    case 'container':
      return { kind: 'container', key: rowKey(node.host.id, node.containerId) };
    case 'project':
      return { kind: 'project', hostId: node.host.id, project: node.project };
    case 'host':
      return { kind: 'host', hostId: node.host.id };
    default:
      return undefined;
  }
}
