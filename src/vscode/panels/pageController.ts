import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { readForHost, type ToPage } from '../../protocol/webview/envelope';
import type { PanelKind, PanelSession } from './panel';

/** A webview, wherever it is: what a view and an editor tab have in common. */
export interface PageHolder {
  readonly place: 'view' | 'editor';
  readonly webview: Pick<vscode.Webview, 'onDidReceiveMessage' | 'postMessage'>;
  readonly visible: boolean;
  readonly onDidChangeVisibility: vscode.Event<unknown>;
}

export interface PageDiagnostics {
  warn(message: string): void;
}

/**
 * Between a page and what it shows. While the page is hidden there is no session, so nothing runs for it; VS Code throws
 * its document away and makes a new one when it is shown again, which then says `ready`.
 */
export class PageController<TextKey extends string, Snapshot, Delta, Action> implements Disposable {
  private readonly store = new DisposableStore();
  private session: { readonly id: number; readonly panel: PanelSession<Snapshot, Action> } | undefined;
  /** The page is there, and was told nothing since it was hidden. */
  private isReady = false;
  private lastSession = 0;
  private sequence = 0;

  constructor(
    private readonly kind: PanelKind<TextKey, Snapshot, Delta, Action>,
    private readonly holder: PageHolder,
    private readonly diagnostics: PageDiagnostics,
  ) {
    this.store.add(holder.webview.onDidReceiveMessage((message: unknown) => this.take(message)));
    this.store.add(
      holder.onDidChangeVisibility(() => {
        if (holder.visible) {
          // The page may have spoken before VS Code said that it is visible.
          if (this.isReady && !this.session) this.openSession();
          return;
        }
        this.isReady = false;
        this.endSession();
      }),
    );
  }

  /** Whether anything runs for the page. */
  get isOpen(): boolean {
    return this.session !== undefined;
  }

  private take(value: unknown): void {
    const message = readForHost(this.kind.protocol, value);
    if (message === undefined)
      this.diagnostics.warn(`The page ${this.kind.name} sent what nobody understands.`);
    else if (message.kind === 'failed')
      this.diagnostics.warn(`The page ${this.kind.name} failed: ${message.message}`);
    else if (message.kind === 'ready') {
      this.isReady = true;
      this.openSession();
    }
    // An action on what is not shown any more may mean something else by now.
    else if (message.session === this.session?.id) this.session.panel.act(message.action);
  }

  private openSession(): void {
    this.endSession();
    if (!this.holder.visible || this.store.isDisposed) return;
    const id = ++this.lastSession;
    this.sequence = 0;
    const panel = this.kind.open({
      place: this.holder.place,
      send: async (delta) => {
        // What is told before the snapshot is in it.
        if (this.session?.id !== id) return;
        await this.post({ kind: 'delta', session: id, sequence: ++this.sequence, delta });
      },
    });
    const snapshot = panel.snapshot();
    this.session = { id, panel };
    const texts = this.kind.texts();
    void this.post({ kind: 'snapshot', session: id, language: vscode.env.language, texts, snapshot });
  }

  private async post(message: ToPage<TextKey, Snapshot, Delta>): Promise<void> {
    // It rejects when the page is gone meanwhile; its session ends by itself then.
    await this.holder.webview.postMessage(message).then(undefined, () => false);
  }

  private endSession(): void {
    const { session } = this;
    this.session = undefined;
    session?.panel.dispose();
  }

  dispose(): void {
    this.endSession();
    this.store.dispose();
  }
}
