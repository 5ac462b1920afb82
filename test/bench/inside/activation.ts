import * as vscode from 'vscode';
import { extensionApi } from '../../extension/extensionApi';
import { reported } from './report';

async function activationMs(extensionId: string): Promise<number> {
  const extension = vscode.extensions.getExtension(extensionId);
  if (!extension || extension.isActive) throw new Error(`${extensionId} is absent, or active already.`);
  const startedMs = performance.now();
  await extension.activate();
  return performance.now() - startedMs;
}

/** VS Code calls this in the extension host. */
export const run = reported(async () => {
  const notebookMs = await activationMs('vscode.ipynb');
  const oursMs = await activationMs('quaywatch.quaywatch');
  const { activationMs: activateMs } = await extensionApi();
  return { notebookMs, oursMs, activateMs };
});
