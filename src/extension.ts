import * as vscode from 'vscode';
import { messageOf } from './base/errors';
import { DisposableStore } from './base/lifecycle';
import { setListenerErrorHandler } from './base/emitter';
import { compose } from './vscode/compose';
import type { ExtensionExports } from './vscode/testApi';

/** Composes and registers. Nothing is read and nothing connected until somebody looks. */
export function activate(context: vscode.ExtensionContext): ExtensionExports {
  const startedAtMs = performance.now();
  const store = new DisposableStore();
  context.subscriptions.push(store);
  const diagnostics = vscode.window.createOutputChannel('Quaywatch', { log: true });
  context.subscriptions.push(diagnostics);
  setListenerErrorHandler((error) => diagnostics.error(error instanceof Error ? error : messageOf(error)));
  try {
    const parts = compose(context, diagnostics, store);
    const activationMs = performance.now() - startedAtMs;
    diagnostics.debug(`Activated in ${activationMs.toFixed(1)} ms`);
    return context.extensionMode === vscode.ExtensionMode.Test
      ? { forTests: { ...parts, activationMs } }
      : {};
  } catch (error) {
    store.dispose();
    diagnostics.error(error instanceof Error ? error : messageOf(error));
    void vscode.window.showErrorMessage(vscode.l10n.t('Quaywatch could not start: {0}', messageOf(error)));
    return {};
  }
}
