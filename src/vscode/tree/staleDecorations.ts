import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { DIMMED } from '../../model/describe';
import { isStale } from '../hosts/host';
import type { HostRegistry } from '../hosts/hostRegistry';
import type { ContainerNode, ProjectNode } from './nodes';

/** Names rows of the tree, for nothing but their decoration. The host's id is the authority. */
export const ITEM_SCHEME = 'quaywatch-item';

export function itemUri({ id, host }: ContainerNode | ProjectNode): vscode.Uri {
  return vscode.Uri.from({ scheme: ITEM_SCHEME, path: `/${id}`, query: host.id });
}

/** Dims the rows of a host whose connection is away: they are shown, but may be out of date. */
export class StaleDecorations implements vscode.FileDecorationProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new vscode.EventEmitter<undefined>());

  readonly onDidChangeFileDecorations = this.changed.event;

  constructor(private readonly hosts: HostRegistry) {
    this.store.add(vscode.window.registerFileDecorationProvider(this));
  }

  /** A host became stale or current. */
  refresh(): void {
    this.changed.fire(undefined);
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== ITEM_SCHEME) return undefined;
    const host = this.hosts.get(uri.query);
    if (host === undefined || !isStale(host)) return undefined;
    return new vscode.FileDecoration(
      undefined,
      vscode.l10n.t('May be out of date'),
      new vscode.ThemeColor(DIMMED),
    );
  }

  dispose(): void {
    this.store.dispose();
  }
}
