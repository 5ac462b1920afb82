import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { PageController } from './pageController';
import { pageHtml, webviewOptions } from './pageHtml';
import type { PanelKind } from './panel';
import type { PanelPlaces } from './panelView';

/** Shows a kind of page as an editor tab: one, which is brought to the front when asked for again, and after a reload. */
export class PanelEditor<TextKey extends string, Snapshot, Delta, Action> implements Disposable {
  private readonly store = new DisposableStore();
  private panel: vscode.WebviewPanel | undefined;

  constructor(
    private readonly kind: PanelKind<TextKey, Snapshot, Delta, Action>,
    private readonly places: PanelPlaces,
  ) {
    this.store.add(
      vscode.window.registerWebviewPanelSerializer(this.viewType, {
        deserializeWebviewPanel: (panel) => {
          // Two windows may have been made one; a second tab would show the same.
          if (this.panel) panel.dispose();
          else this.fill(panel);
          return Promise.resolve();
        },
      }),
    );
  }

  private get viewType(): string {
    return `quaywatch.${this.kind.name}.editor`;
  }

  show(): void {
    if (this.panel) {
      this.panel.reveal();
      return;
    }
    const { extensionUri } = this.places;
    const title = this.kind.title();
    const column = vscode.ViewColumn.Active;
    this.fill(
      vscode.window.createWebviewPanel(this.viewType, title, column, {
        ...webviewOptions(extensionUri),
        retainContextWhenHidden: false,
      }),
    );
  }

  private fill(panel: vscode.WebviewPanel): void {
    const { extensionUri, diagnostics } = this.places;
    const { webview } = panel;
    this.panel = panel;
    panel.title = this.kind.title();
    panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
    webview.options = webviewOptions(extensionUri);
    const controller = this.store.add(
      new PageController(
        this.kind,
        {
          place: 'editor',
          webview,
          get visible() {
            return panel.visible;
          },
          onDidChangeVisibility: panel.onDidChangeViewState,
        },
        diagnostics,
      ),
    );
    panel.onDidDispose(() => {
      if (this.panel === panel) this.panel = undefined;
      this.store.delete(controller);
    });
    webview.html = pageHtml(webview, extensionUri, this.kind.name);
  }

  /** The tab stays: it is filled again after a reload, which also disposes. */
  dispose(): void {
    this.store.dispose();
  }
}
