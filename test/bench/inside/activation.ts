import * as vscode from 'vscode';
import { extensionApi } from '../../extension/extensionApi';
import { report } from './report';

async function activationMs(extensionId: string): Promise<number> {
  const extension = vscode.extensions.getExtension(extensionId);
  if (!extension || extension.isActive) throw new Error(`${extensionId} is absent, or active already.`);
  const startedMs = performance.now();
  await extension.activate();
  return performance.now() - startedMs;
}

/** VS Code calls this in the extension host. */
export async function run(): Promise<void> {
  const emmetMs = await activationMs('vscode.emmet');
  const oursMs = await activationMs('quaywatch.quaywatch');
  const { activationMs: activateMs } = await extensionApi();
  await report({ emmetMs, oursMs, activateMs });
}
