import * as vscode from 'vscode';
import type { Event } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';

const CONTEXT_KEY = 'quaywatch.isTailing';

interface Tails {
  readonly tailed: readonly unknown[];
  readonly onDidChange: Event<void>;
}

/** Keeps the menus informed whether anything is tailed at all: a project's row does not know which of its logs are. */
export function keepTailingContext(...all: readonly Tails[]): Disposable {
  const store = new DisposableStore();
  let isTailing = false;
  const update = (): void => {
    const wasTailing = isTailing;
    isTailing = all.some(({ tailed }) => tailed.length > 0);
    if (isTailing !== wasTailing) void vscode.commands.executeCommand('setContext', CONTEXT_KEY, isTailing);
  };
  for (const { onDidChange } of all) store.add(onDidChange(update));
  return store;
}
