import * as vscode from 'vscode';
import { shortId, type Container } from '../../model/container';
import { stateText } from '../../model/describe';
import { formatAllPorts, formatDuration } from '../../model/format';
import type { MetricSample } from '../../model/metrics';
import { binarySize, percentDigits } from '../../model/metricsText';
import { markdownCard } from '../../model/formatMarkdown';

/** The card shown when somebody hovers a container. All its values come from outside and are escaped. */
export function containerCard(
  container: Container,
  nowMs: number,
  /** In words, what of its log is shown. */
  logFilter?: string,
  /** What it uses, where that is known. */
  sample?: MetricSample,
): vscode.MarkdownString {
  const { compose } = container;
  const rows = [
    { label: vscode.l10n.t('State'), value: stateText(container) },
    { label: vscode.l10n.t('Since'), value: sinceText(container.stateSinceMs, nowMs) },
    { label: vscode.l10n.t('Image'), value: container.image },
    { label: vscode.l10n.t('Command'), value: container.command },
    { label: vscode.l10n.t('Ports'), value: formatAllPorts(container.ports) },
    { label: vscode.l10n.t('Created'), value: dateText(container.createdAtMs) },
    {
      label: vscode.l10n.t('Compose'),
      value: compose && `${compose.project} / ${compose.service} #${compose.replica}`,
    },
    { label: vscode.l10n.t('CPU'), value: sample && cpuText(sample) },
    { label: vscode.l10n.t('Memory'), value: sample && memoryText(sample) },
    { label: vscode.l10n.t('Log filter'), value: logFilter },
    { label: vscode.l10n.t('ID'), value: shortId(container.id) },
  ];
  const card = new vscode.MarkdownString(markdownCard(container.name, rows), false);
  card.isTrusted = false;
  card.supportHtml = false;
  return card;
}

/** The card stays while figures change, so it says of when they are. */
function cpuText({ cpuPercent, timeMs }: MetricSample): string | undefined {
  if (cpuPercent === undefined) return undefined;
  const time = new Date(timeMs).toLocaleTimeString(vscode.env.language);
  return vscode.l10n.t('{0} at {1}', `${percentDigits(cpuPercent)}%`, time);
}

function memoryText({ memoryBytes, memoryLimitBytes }: MetricSample): string | undefined {
  if (memoryBytes === undefined) return undefined;
  const used = binarySize(memoryBytes);
  return memoryLimitBytes === undefined ? used : `${used} / ${binarySize(memoryLimitBytes)}`;
}

function sinceText(sinceMs: number | undefined, nowMs: number): string | undefined {
  return sinceMs === undefined ? undefined : `${dateText(sinceMs)} (${formatDuration(nowMs - sinceMs)})`;
}

function dateText(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleString(vscode.env.language);
}
