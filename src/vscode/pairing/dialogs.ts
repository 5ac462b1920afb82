import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle';

/** What an input box says of what was typed: nothing, what it means, or why it can't be. */
export type Judgement = undefined | { readonly means: string } | { readonly isWrong: string };

export interface InputQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeHolder?: string;
  /** Shows dots: it holds a secret. */
  readonly isSecret?: boolean;
  /** Nothing is an answer too. */
  readonly mayBeEmpty?: boolean;
  readonly judge: (text: string) => Judgement;
}

/** How the flows around hosts ask people; suites answer in their place. */
export interface Dialogs {
  /** `undefined` when the person left; never an answer that is wrong. */
  input(question: InputQuestion): Promise<string | undefined>;
  pick<Item extends vscode.QuickPickItem>(
    items: readonly Item[],
    options: { readonly title: string; readonly placeHolder: string },
  ): Promise<Item | undefined>;
  /** Asks in the middle of the window; nothing goes on without an answer. */
  confirm(question: string, detail: string, action: string): Promise<boolean>;
  /** As {@link confirm}, with several ways to go on; `undefined` for none of them. */
  choose(question: string, detail: string, actions: readonly string[]): Promise<string | undefined>;
  /** `undefined` when the person left. */
  pickSeveral<Item extends vscode.QuickPickItem>(
    items: readonly Item[],
    options: { readonly title: string; readonly placeHolder: string },
  ): Promise<readonly Item[] | undefined>;
  /** Tells what went wrong, and offers what can be done. */
  offer(text: string, actions: readonly string[]): Promise<string | undefined>;
  /** Shows that something takes a while. The signal is aborted when the person has enough. */
  progress<Result>(title: string, run: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
  /** What can be read of it without asking anybody; else empty. */
  clipboard(): Promise<string>;
}

export const vscodeDialogs: Dialogs = {
  input: async ({ title, prompt, value, placeHolder, isSecret, mayBeEmpty, judge }) =>
    vscode.window
      .showInputBox({
        title,
        prompt,
        ...(value !== undefined && { value }),
        ...(placeHolder !== undefined && { placeHolder }),
        password: isSecret ?? false,
        // What is pasted comes from another window.
        ignoreFocusOut: true,
        validateInput: (text) => (text.trim() === '' ? undefined : inWords(judge(text))),
      })
      .then((text) => {
        if (mayBeEmpty === true && text?.trim() === '') return '';
        return text === undefined || isRefused(judge(text)) ? undefined : text.trim();
      }),
  pick: async (items, { title, placeHolder }) =>
    vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }),
  confirm: async (question, detail, action) =>
    (await vscode.window.showWarningMessage(question, { modal: true, detail }, action)) === action,
  choose: async (question, detail, actions) =>
    vscode.window.showWarningMessage(question, { modal: true, detail }, ...actions),
  pickSeveral: async (items, { title, placeHolder }) =>
    vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true, canPickMany: true }),
  offer: async (text, actions) => vscode.window.showErrorMessage(text, ...actions),
  progress: withAbort,
  clipboard: async () => {
    // A browser asks the person first, and where it may not be read VS Code shows an error and waits for an answer.
    if (vscode.env.uiKind === vscode.UIKind.Web) return '';
    return vscode.env.clipboard.readText();
  },
};

function inWords(judgement: Judgement): vscode.InputBoxValidationMessage | undefined {
  if (judgement === undefined) return undefined;
  return 'means' in judgement
    ? { message: judgement.means, severity: vscode.InputBoxValidationSeverity.Info }
    : { message: judgement.isWrong, severity: vscode.InputBoxValidationSeverity.Error };
}

function isRefused(judgement: Judgement): boolean {
  return judgement !== undefined && 'isWrong' in judgement;
}

async function withAbort<Result>(
  title: string,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (_progress, cancellation) => {
    const abort = new AbortController();
    const store = new DisposableStore();
    store.add(cancellation.onCancellationRequested(() => abort.abort()));
    try {
      return await run(abort.signal);
    } finally {
      store.dispose();
    }
  });
}
