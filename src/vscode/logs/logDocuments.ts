import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { NewestText } from '../../model/newestText';
import { oneLine } from '../../model/format';
import { plainLine } from '../../model/plainText';
import type { Target } from '../commands/targets';
import { findContainer } from '../hosts/host';
import type { HostConnector } from '../hosts/hostConnector';
import { hostReplacements } from '../hosts/hostReplaced';
import type { HostRegistry } from '../hosts/hostRegistry';
import { LOG_LANGUAGE, LogText } from './logText';
import { describeMarker, markerLine } from './markers';
import { readWholeLog } from './readLog';

export const LOG_SCHEME = 'quaywatch-log';

/** VS Code takes long over more than this. */
const MOST_LINES = 1_000_000;

export interface LogDocumentsOptions {
  readonly hosts: HostRegistry;
  readonly connector: HostConnector;
  readonly hasTimestamps: () => boolean;
  /** How much a document holds, in UTF-16 units. */
  readonly maxLength: () => number;
}

/** The newest part of logs as read-only documents, as it was when they were opened; read anew when opened again. */
export class LogDocuments implements vscode.TextDocumentContentProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new vscode.EventEmitter<vscode.Uri>());
  /** Read, and about to be asked for. */
  private readonly texts = new Map<string, string>();

  readonly onDidChange = this.changed.event;

  constructor(private readonly options: LogDocumentsOptions) {
    this.store.add(vscode.workspace.registerTextDocumentContentProvider(LOG_SCHEME, this));
  }

  /** @returns whether it is shown; false when it was aborted before that */
  async show(target: Target, signal: AbortSignal): Promise<boolean> {
    const text = await this.read(target, signal);
    if (text === undefined) return false;
    const uri = logUri(target);
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    const opened = await vscode.workspace.openTextDocument(uri);
    const document = await vscode.languages.setTextDocumentLanguage(opened, LOG_LANGUAGE);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    const last = document.lineAt(document.lineCount - 1).range.end;
    editor.revealRange(new vscode.Range(last, last));
    return true;
  }

  /** Asked without a text at hand when VS Code restores an editor of an earlier session. */
  async provideTextDocumentContent(
    uri: vscode.Uri,
    cancellation: vscode.CancellationToken,
  ): Promise<string | undefined> {
    const key = uri.toString();
    const known = this.texts.get(key);
    this.texts.delete(key);
    if (known !== undefined) return known;
    const [hostId = '', containerId = ''] = uri.query.split('/');
    const host = this.options.hosts.get(hostId);
    if (host === undefined) return '';
    await this.options.connector.containersOf(host);
    const container = findContainer(host, containerId);
    if (container === undefined) return '';
    const abort = new AbortController();
    const subscription = cancellation.onCancellationRequested(() => abort.abort());
    try {
      return await this.read({ host, container }, abort.signal);
    } finally {
      subscription.dispose();
    }
  }

  dispose(): void {
    this.store.dispose();
    this.texts.clear();
  }

  private async read(target: Target, signal: AbortSignal): Promise<string | undefined> {
    const newest = new NewestText(this.options.maxLength(), MOST_LINES);
    const text = new LogText(this.options.hasTimestamps(), plainLine);
    const isComplete = await readWholeLog(
      target,
      {
        lines: (batch) => newest.add(text.of(batch), batch.lines.length),
        remark: (marker) => newest.add(`${describeMarker(marker)}\n`, 0),
      },
      { signal, onHostReplaced: hostReplacements(this.options.hosts) },
    );
    if (!isComplete) return undefined;
    return newest.droppedLines === 0
      ? newest.toString()
      : `${leftOutLine(newest.droppedLines)}\n${newest.toString()}`;
  }
}

function leftOutLine(lines: number): string {
  const count = lines.toLocaleString(vscode.env.language);
  return markerLine(vscode.l10n.t('{0} earlier lines are not in this document', count));
}

/** The path is for people; the query says which container is meant. */
function logUri({ host, container }: Target): vscode.Uri {
  const part = (text: string): string => oneLine(text, 80).replace(/[/\\]/g, '_');
  return vscode.Uri.from({
    scheme: LOG_SCHEME,
    path: `/${part(host.name)}/${part(container.name)}.log`,
    query: `${host.id}/${container.id}`,
  });
}
