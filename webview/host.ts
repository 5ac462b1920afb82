import {
  readForPage,
  type PanelProtocol,
  type PanelTexts,
  type ToHost,
} from '../src/protocol/webview/envelope';

/** What VS Code gives a page, once. */
interface VSCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VSCodeApi;

/** What the page does with what it is sent. */
export interface PageHandler<TextKey extends string, Snapshot, Delta> {
  /** Forget all that was; this is all there is. Comes first, and whenever the page was hidden or missed something. */
  snapshot(snapshot: Snapshot, texts: PanelTexts<TextKey>, language: string): void;
  delta(delta: Delta): void;
}

/** The page's only way out. */
export interface PageHost<Action> {
  /** Nothing is sent before the first snapshot. */
  act(action: Action): void;
  /** What the page remembered of itself the last time it was shown, also before the window was loaded anew; not checked. */
  remembered(): unknown;
  /** For the page's own state: small, and JSON. */
  remember(state: unknown): void;
}

const LONGEST_FAILURE = 2_000;

/**
 * Connects a page with its extension: says `ready`, takes the snapshot and the deltas in their order, and asks anew where
 * one is missing or the page was out of sight. Messages that are not of the protocol are dropped, and reported.
 */
export function connectHost<TextKey extends string, Snapshot, Delta, Action>(
  protocol: PanelProtocol<TextKey, Snapshot, Delta, Action>,
  handler: PageHandler<TextKey, Snapshot, Delta>,
): PageHost<Action> {
  const api = acquireVsCodeApi();
  const post = (message: ToHost<Action>): void => api.postMessage(message);
  let session: number | undefined;
  let sequence = 0;

  const failed = (what: string): void => post({ kind: 'failed', message: what.slice(0, LONGEST_FAILURE) });
  const askAnew = (): void => {
    session = undefined;
    post({ kind: 'ready' });
  };

  const take = (value: unknown): void => {
    const message = readForPage(protocol, value);
    if (message === undefined) {
      failed('A message was not understood.');
      return;
    }
    if (message.kind === 'snapshot') {
      session = message.session;
      sequence = 0;
      handler.snapshot(message.snapshot, message.texts, message.language);
    } else if (message.session === session) {
      sequence += 1;
      if (message.sequence === sequence) handler.delta(message.delta);
      else askAnew();
    }
  };

  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => take(data));
  window.addEventListener('error', ({ message, error }: ErrorEvent) =>
    failed(error instanceof Error ? (error.stack ?? error.message) : message),
  );
  window.addEventListener('unhandledrejection', ({ reason }) => failed(String(reason)));
  // A page that VS Code kept although it was hidden was told nothing meanwhile.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') askAnew();
  });
  askAnew();

  return {
    act: (action) => {
      if (session !== undefined) post({ kind: 'action', session, action });
    },
    remembered: () => api.getState(),
    remember: (state) => api.setState(state),
  };
}
