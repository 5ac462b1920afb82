import type { Disposable } from '../../base/lifecycle';
import type { PanelProtocol, PanelTexts } from '../../protocol/webview/envelope';

/** A page that is looked at. */
export interface PanelConnection<Delta> {
  /** Whether the page is a view in the side bar, or a tab among the editors. */
  readonly place: 'view' | 'editor';
  /**
   * Sends what changed. The promise resolves when VS Code has handed it on; whoever waits for it before sending the next
   * is never ahead of a page that is slow.
   */
  send(delta: Delta): Promise<void>;
}

/** What is behind one page while somebody looks at it. Disposed when it is hidden or closed. */
export interface PanelSession<Snapshot, Action> extends Disposable {
  /** All there is to show. Called once, before anything is sent. */
  snapshot(): Snapshot;
  act(action: Action): void;
}

/** A kind of page: the same in the side bar and in an editor tab. */
export interface PanelKind<TextKey extends string, Snapshot, Delta, Action> {
  /** Of the bundles `dist/webview/NAME.js` and `NAME.css`. */
  readonly name: string;
  readonly protocol: PanelProtocol<TextKey, Snapshot, Delta, Action>;
  title(): string;
  texts(): PanelTexts<TextKey>;
  /** Called when a page is there and visible. Whatever costs anything begins here and ends with the session. */
  open(connection: PanelConnection<Delta>): PanelSession<Snapshot, Action>;
}
