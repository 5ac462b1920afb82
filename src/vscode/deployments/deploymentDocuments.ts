import * as vscode from 'vscode';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import { oneLine } from '../../model/format';
import type { HostConnector } from '../hosts/hostConnector';
import type { HostRegistry } from '../hosts/hostRegistry';
import { LOG_LANGUAGE } from '../logs/logText';
import { DeploymentLog } from './deploymentLog';
import {
  asPlace,
  hasDeployments,
  type DeployHost,
  type DeploymentPlace,
  type PlacedDeployment,
} from './place';

export const DEPLOYMENT_SCHEME = 'quaywatch-deployment';

/** A document of a deployment that runs grows at most this often. */
const UPDATE_DELAY_MS = 500;
/** After this time a document that was closed is not open again. */
const CLOSE_DELAY_MS = 1_000;

export interface DeploymentDocumentParts {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  /** How much a log's document holds, in UTF-16 units. */
  readonly maxLength: () => number;
}

interface OpenLog {
  readonly log: DeploymentLog;
  readonly store: DisposableStore;
}

/** Logs and inputs of deployments, as read-only documents. The log of one that runs grows while it is open. */
export class DeploymentDocuments implements vscode.TextDocumentContentProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new vscode.EventEmitter<vscode.Uri>());
  private readonly logs = new Map<string, OpenLog>();

  readonly onDidChange = this.changed.event;

  constructor(private readonly parts: DeploymentDocumentParts) {
    this.store.add(vscode.workspace.registerTextDocumentContentProvider(DEPLOYMENT_SCHEME, this));
    this.store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.closed(uri)));
  }

  async showLog(placed: PlacedDeployment): Promise<void> {
    const opened = await vscode.workspace.openTextDocument(uriOf(placed, 'log'));
    const document = await vscode.languages.setTextDocumentLanguage(opened, LOG_LANGUAGE);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    const last = document.lineAt(document.lineCount - 1).range.end;
    editor.revealRange(new vscode.Range(last, last));
  }

  /** Shows what differs between the inputs of two deployments, the older one on the left. */
  async compare(older: PlacedDeployment, newer: PlacedDeployment): Promise<void> {
    const app = oneLine(newer.deployment.app, 80);
    const title = vscode.l10n.t('Inputs of {0}: {1} ↔ {2}', app, time(older), time(newer));
    await vscode.commands.executeCommand('vscode.diff', uriOf(older, 'json'), uriOf(newer, 'json'), title);
  }

  /** Also asked when VS Code restores an editor of an earlier session. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const place = placeOf(uri);
    const host = place && this.parts.hosts.get(place.hostId);
    if (!place || !host || !hasDeployments(host))
      return vscode.l10n.t('The host of this deployment is not among the hosts any more.');
    if (!this.parts.connector.isTrusted) return '';
    this.parts.connector.look();
    return uri.path.endsWith('.log') ? this.readLog(uri, host, place) : readInputs(host, place);
  }

  dispose(): void {
    this.store.dispose();
    this.logs.clear();
  }

  private async readLog(uri: vscode.Uri, host: DeployHost, { id }: DeploymentPlace): Promise<string> {
    const key = uri.toString();
    const known = this.logs.get(key);
    if (known) return known.log.text();
    const store = this.store.add(new DisposableStore());
    const changed = store.add(throttled(() => this.changed.fire(uri), UPDATE_DELAY_MS));
    const log = store.add(
      new DeploymentLog(host.deployments, id, this.parts.maxLength(), () => changed.run()),
    );
    this.logs.set(key, { log, store });
    await log.whenRead;
    return log.text();
  }

  /** A document that gets another language is closed and opened again at once: that is no end. */
  private closed(uri: vscode.Uri): void {
    if (!this.logs.has(uri.toString())) return;
    const timer = setTimeout(() => {
      const isOpen = vscode.workspace.textDocuments.some((one) => one.uri.toString() === uri.toString());
      if (!isOpen) this.close(uri);
    }, CLOSE_DELAY_MS);
    this.logs.get(uri.toString())?.store.add(toDisposable(() => clearTimeout(timer)));
  }

  private close(uri: vscode.Uri): void {
    const open = this.logs.get(uri.toString());
    if (!open) return;
    this.logs.delete(uri.toString());
    this.store.delete(open.store);
  }
}

async function readInputs(host: DeployHost, { id }: DeploymentPlace): Promise<string> {
  return `${JSON.stringify(sorted(await host.deployments.readSpec(id)), undefined, 2)}\n`;
}

/** Members by their names, so that equal inputs are equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}

/** The path is for people; the query says which deployment is meant. */
function uriOf(placed: PlacedDeployment, ending: 'log' | 'json'): vscode.Uri {
  const { host, deployment } = placed;
  const part = (text: string): string => oneLine(text, 80).replace(/[/\\]/g, '_');
  return vscode.Uri.from({
    scheme: DEPLOYMENT_SCHEME,
    path: `/${part(host.name)}/${part(`${deployment.app} ${time(placed)}`)}.${ending}`,
    query: JSON.stringify({ hostId: host.id, id: deployment.id }),
  });
}

function placeOf({ query }: vscode.Uri): DeploymentPlace | undefined {
  try {
    return asPlace(JSON.parse(query));
  } catch {
    return undefined;
  }
}

function time({ deployment }: PlacedDeployment): string {
  return new Date(deployment.createdAtMs).toLocaleString(vscode.env.language, {
    dateStyle: 'short',
    timeStyle: 'medium',
  });
}

/** Runs at most once in a while, and once after the last time it was wanted. */
function throttled(run: () => void, delayMs: number): Disposable & { run(): void } {
  let timer: NodeJS.Timeout | undefined;
  const stop = toDisposable(() => clearTimeout(timer));
  return {
    run: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        run();
      }, delayMs);
    },
    dispose: () => stop.dispose(),
  };
}
