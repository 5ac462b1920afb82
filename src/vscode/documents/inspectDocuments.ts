import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import { oneLine } from '../../model/format';
import type { Host } from '../hosts/host';
import type { HostConnector } from '../hosts/hostConnector';
import type { HostRegistry } from '../hosts/hostRegistry';

export const INSPECT_SCHEME = 'quaywatch-inspect';

/** What an engine tells of a container, as read-only JSON documents; read anew whenever one is asked for. */
export class InspectDocuments implements vscode.TextDocumentContentProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new vscode.EventEmitter<vscode.Uri>());
  private readonly texts = new Map<string, string>();

  readonly onDidChange = this.changed.event;

  constructor(
    private readonly hosts: HostRegistry,
    private readonly connector: HostConnector,
  ) {
    this.store.add(vscode.workspace.registerTextDocumentContentProvider(INSPECT_SCHEME, this));
    this.store.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === INSPECT_SCHEME) this.texts.delete(uri.toString());
      }),
    );
  }

  async show(host: Host, container: Container): Promise<vscode.TextDocument> {
    const uri = inspectUri(host, container);
    this.texts.set(uri.toString(), await inspected(host, container.id));
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
    return document;
  }

  /** Asked without a text at hand when VS Code restores an editor of an earlier session. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const known = this.texts.get(uri.toString());
    if (known !== undefined) return known;
    const [hostId, containerId] = uri.query.split('/');
    const host = this.hosts.get(hostId ?? '');
    if (host === undefined || containerId === undefined) return '';
    await this.connector.containersOf(host);
    return inspected(host, containerId);
  }

  dispose(): void {
    this.store.dispose();
    this.texts.clear();
  }
}

/** The path is for people; the query says which container is meant. */
export function inspectUri(host: Host, container: Container): vscode.Uri {
  const part = (text: string): string => oneLine(text, 80).replace(/[/\\]/g, '_');
  return vscode.Uri.from({
    scheme: INSPECT_SCHEME,
    path: `/${part(host.name)}/${part(container.name)}.json`,
    query: `${host.id}/${container.id}`,
  });
}

async function inspected(host: Host, id: ContainerId): Promise<string> {
  return JSON.stringify(await host.engine.inspect(id), undefined, 2);
}
