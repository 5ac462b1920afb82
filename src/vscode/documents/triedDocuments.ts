import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { oneLine } from '../../model/format';
import { lastFailure, type Host } from '../hosts/host';
import type { HostRegistry } from '../hosts/hostRegistry';
import { reasonInWords, triedEndpoints } from '../notify';

const TRIED_SCHEME = 'quaywatch-tried';
/** Its lines are wrapped, as package.json says. */
const TRIED_LANGUAGE = 'quaywatch-tried';

/** A readable account of where engines were looked for and what came of it. */
export class TriedDocuments implements vscode.TextDocumentContentProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new vscode.EventEmitter<vscode.Uri>());

  readonly onDidChange = this.changed.event;

  constructor(private readonly hosts: HostRegistry) {
    this.store.add(vscode.workspace.registerTextDocumentContentProvider(TRIED_SCHEME, this));
  }

  async show(): Promise<void> {
    const uri = vscode.Uri.from({ scheme: TRIED_SCHEME, path: `/${vscode.l10n.t('What Was Tried')}.txt` });
    this.changed.fire(uri);
    const opened = await vscode.workspace.openTextDocument(uri);
    const document = await vscode.languages.setTextDocumentLanguage(opened, TRIED_LANGUAGE);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  provideTextDocumentContent(): string {
    return this.hosts.all.map(triedText).join('\n\n');
  }

  dispose(): void {
    this.store.dispose();
  }
}

function triedText(host: Host): string {
  const { connection } = host.engine;
  if (connection.kind === 'ready') {
    const { product, version, address, source } = connection.info;
    const found = vscode.l10n.t(
      '{0} {1} is connected at {2} (found by: {3}).',
      product,
      version,
      address,
      source,
    );
    return `${host.name}\n\n${found}`;
  }
  const failure = lastFailure(host);
  if (failure === undefined) return `${host.name}\n\n${vscode.l10n.t('Nothing was tried yet.')}`;
  const intro = vscode.l10n.t('Quaywatch could not connect: {0}.', reasonInWords(failure));
  return `${host.name}\n\n${intro}\n\n${rowsOf(failure)}\n\n${adviceText()}\n`;
}

function rowsOf(failure: Error): string {
  const tried = triedEndpoints(failure);
  if (tried.length === 0) return oneLine(failure.message, 2_000);
  const rows = tried.map(({ source, address, error }, index) =>
    [
      `${index + 1}. ${oneLine(source)}`,
      `   ${vscode.l10n.t('Address:')} ${oneLine(address)}`,
      `   ${vscode.l10n.t('Result:')}  ${reasonInWords(error)}`,
      `   ${oneLine(error.message, 1_000)}`,
    ].join('\n'),
  );
  return `${vscode.l10n.t('These places were tried, in this order:')}\n\n${rows.join('\n\n')}`;
}

function adviceText(): string {
  return [
    vscode.l10n.t('What you can do:'),
    `- ${vscode.l10n.t('Start Docker (or Podman, Colima, OrbStack, Rancher Desktop) on this machine.')}`,
    `- ${vscode.l10n.t('If you may not use the socket: on Linux, add yourself to the group “docker” and sign in again.')}`,
    `- ${vscode.l10n.t('If the engine is elsewhere: set “quaywatch.dockerHost”, for example to ssh://user@server.')}`,
    `- ${vscode.l10n.t('Then run “Quaywatch: Retry Connection”. It is also tried again by itself.')}`,
  ].join('\n');
}
