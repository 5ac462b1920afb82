import * as vscode from 'vscode';
import type { JsonStyle } from './logs/logText';

export const SECTION = 'quaywatch';

/** Defaults and bounds, equal to those in package.json, which a person's settings.json need not keep to. */
export const LOG_TAIL_LINES = { fallback: 100, least: 0, most: 100_000 };
export const LOG_CHANNEL_MEGABYTES = { fallback: 8, least: 1, most: 25 };
/** From 50 on VS Code would not open a document. */
export const LOG_EDITOR_MEGABYTES = { fallback: 20, least: 1, most: 45 };
/** In percent, as `docker stats` has them; 0 turns them off. */
export const CPU_THRESHOLD = { fallback: 90, least: 0, most: 100_000 };
export const MEMORY_THRESHOLD = { fallback: 90, least: 0, most: 100 };

type Bounds = typeof LOG_TAIL_LINES;

/** The extension's settings, typed and checked. Read when needed, so that they are never out of date. */
export interface Settings {
  /** Where the engine is; `undefined` to search for it. */
  dockerHost(): string | undefined;
  /** The remote hosts, as somebody wrote them; not checked. */
  hosts(): unknown;
  /** Whether this machine's own engine is among the hosts. */
  showLocalHost(): boolean;
  /** How many of a log's newest lines a tail begins with. */
  logTailLines(): number;
  /** How much text a log channel holds before its oldest part is cut off. */
  logMaxChannelMegabytes(): number;
  /** Whether logs are shown with the time of each line, where nobody said otherwise. */
  hasLogTimestamps(): boolean;
  /** How lines that are JSON objects show in log channels. */
  logJsonStyle(): JsonStyle;
  /** How much of a log is opened in an editor. */
  logMaxEditorMegabytes(): number;
  /** From how many percent of a processor on a container uses too much; `undefined` for never. */
  metricsCpuThreshold(): number | undefined;
  /** From how many percent of its memory on a container uses too much; `undefined` for never. */
  metricsMemoryThreshold(): number | undefined;
  /** Whether to tell of containers that use too much. */
  notifiesOfMetrics(): boolean;
  /** Whether stopped containers are hidden until somebody says otherwise. */
  hideStopped(): boolean;
}

export const settings: Settings = {
  dockerHost: () => text('dockerHost'),
  hosts: () => read('hosts'),
  showLocalHost: () => read('showLocalHost') !== false,
  logTailLines: () => wholeNumber('logs.tailLines', LOG_TAIL_LINES),
  logMaxChannelMegabytes: () => wholeNumber('logs.maxChannelMegabytes', LOG_CHANNEL_MEGABYTES),
  hasLogTimestamps: () => read('logs.timestamps') === true,
  logJsonStyle: () => (read('logs.json') === 'raw' ? 'raw' : 'compact'),
  logMaxEditorMegabytes: () => wholeNumber('logs.maxEditorMegabytes', LOG_EDITOR_MEGABYTES),
  metricsCpuThreshold: () => wholeNumber('metrics.cpuThreshold', CPU_THRESHOLD) || undefined,
  metricsMemoryThreshold: () => wholeNumber('metrics.memoryThreshold', MEMORY_THRESHOLD) || undefined,
  notifiesOfMetrics: () => read('metrics.notify') === true,
  hideStopped: () => read('containers.hideStopped') === true,
};

/** Tells when it was set anew what is too much. */
export function onDidChangeMetrics(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.metrics`)) listener();
  });
}

/** Tells nobody of containers that use too much any more, in any window. */
export async function stopNotifyingOfMetrics(): Promise<void> {
  await vscode.workspace
    .getConfiguration(SECTION)
    .update('metrics.notify', false, vscode.ConfigurationTarget.Global);
}

/** Tells when the engine to use was set anew. */
export function onDidChangeDockerHost(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.dockerHost`)) listener();
  });
}

/** Tells when the hosts to show were set anew. */
export function onDidChangeHosts(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    const keys = [`${SECTION}.hosts`, `${SECTION}.showLocalHost`];
    if (keys.some((key) => event.affectsConfiguration(key))) listener();
  });
}

function read(key: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(key);
}

function text(key: string): string | undefined {
  const value = read(key);
  const trimmed = typeof value === 'string' ? value.trim() : '';
  return trimmed === '' ? undefined : trimmed;
}

function wholeNumber(key: string, { fallback, least, most }: Bounds): number {
  const value = read(key);
  if (typeof value !== 'number' || !Number.isFinite(value)) return fallback;
  return Math.min(most, Math.max(least, Math.round(value)));
}
