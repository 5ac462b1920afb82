import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { PageController, type PageDiagnostics } from './pageController';
import { pageHtml, webviewOptions } from './pageHtml';
import type { PanelKind } from './panel';

export interface PanelPlaces {
  readonly extensionUri: vscode.Uri;
  readonly diagnostics: PageDiagnostics;
}

/** Shows a kind of page as the view `quaywatch.NAME` of the side bar. */
export function registerPanelView<TextKey extends string, Snapshot, Delta, Action>(
  kind: PanelKind<TextKey, Snapshot, Delta, Action>,
  { extensionUri, diagnostics }: PanelPlaces,
): Disposable {
  const store = new DisposableStore();
  store.add(
    vscode.window.registerWebviewViewProvider(`quaywatch.${kind.name}`, {
      resolveWebviewView: (view) => {
        const { webview } = view;
        webview.options = webviewOptions(extensionUri);
        const controller = store.add(
          new PageController(
            kind,
            {
              place: 'view',
              webview,
              get visible() {
                return view.visible;
              },
              onDidChangeVisibility: view.onDidChangeVisibility,
            },
            diagnostics,
          ),
        );
        view.onDidDispose(() => store.delete(controller));
        webview.html = pageHtml(webview, extensionUri, kind.name);
      },
    }),
  );
  return store;
}
