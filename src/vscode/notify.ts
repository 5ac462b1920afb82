import * as vscode from 'vscode';
import { messageOf } from '../base/errors';
import type { EngineError, EngineErrorCode, TriedEndpoint } from '../engine/engine';
import { oneLine } from '../model/format';
import type { CommandId } from './commands/commandIds';
import { UntrustedWorkspaceError } from './hosts/hostConnector';

/** The same words again within this time are not shown again; they are in the diagnostics. */
const REPEAT_WINDOW_MS = 10_000;

const ENGINE_ERROR_NAME = /^(Engine|EngineNotFound|CertificateChanged|TokenMissing)Error$/;

/** An error's code, also for errors made by another copy of the class, as the suites' bundle has one. */
export function asEngineError(error: unknown): EngineError | undefined {
  const isEngineError = error instanceof Error && ENGINE_ERROR_NAME.test(error.name) && 'code' in error;
  return isEngineError ? (error as EngineError) : undefined;
}

/** The endpoints that were tried in vain, if that is what the error tells of. */
export function triedEndpoints(error: unknown): readonly TriedEndpoint[] {
  const engineError: (EngineError & { readonly tried?: readonly TriedEndpoint[] }) | undefined =
    asEngineError(error);
  return engineError?.tried ?? [];
}

/** What a code means, in a few words that fit after a colon. */
export function reasonInWords(error: unknown): string {
  const engineError = asEngineError(error);
  if (engineError !== undefined) return codeInWords(engineError);
  if (error instanceof UntrustedWorkspaceError) return vscode.l10n.t('this workspace is not trusted');
  return fileFailureInWords(error) ?? oneLine(messageOf(error));
}

/** What writing a file can fail with. */
function fileFailureInWords(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return vscode.l10n.t('there is no space left on the disk');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return vscode.l10n.t('the file may not be written');
    case 'ENOENT':
    case 'ENOTDIR':
      return vscode.l10n.t('the folder does not exist');
    case 'EISDIR':
      return vscode.l10n.t('there is a folder of this name');
    default:
      return undefined;
  }
}

function codeInWords({ code, message }: EngineError): string {
  switch (code) {
    case 'engineNotFound':
      return vscode.l10n.t('no Docker engine was found');
    case 'permissionDenied':
      return vscode.l10n.t('you may not use the Docker engine');
    case 'unreachable':
      return vscode.l10n.t('the engine is not reachable');
    case 'timeout':
      return vscode.l10n.t('the engine did not answer in time');
    case 'badResponse':
      return vscode.l10n.t('what answered is not a Docker engine');
    case 'unsupportedVersion':
      return vscode.l10n.t('the engine is too old');
    case 'tlsFailed':
      return vscode.l10n.t('the certificates were refused');
    case 'badEndpoint':
      return vscode.l10n.t('the address makes no sense ({0})', oneLine(message));
    case 'connectionLost':
      return vscode.l10n.t('the connection to the engine was lost');
    case 'noSuchContainer':
      return vscode.l10n.t('the container is gone');
    case 'noSuchDeployment':
      return vscode.l10n.t('the deployment is not known any more');
    case 'forbidden':
      return vscode.l10n.t('your access to this host does not allow it');
    default:
      return agentFailureInWords(code) ?? requestFailureInWords(code, message);
  }
}

function agentFailureInWords(code: EngineErrorCode): string | undefined {
  switch (code) {
    case 'tokenRefused':
      return vscode.l10n.t('the agent refused the token');
    case 'agentNotTrusted':
      return vscode.l10n.t('what answers is not the agent that was paired');
    case 'certificateChanged':
      return vscode.l10n.t('the certificate has changed');
    case 'versionMismatch':
      return vscode.l10n.t('the agent speaks another version');
    case 'agentBusy':
      return vscode.l10n.t('the agent asks to come back later');
    case 'agentFailure':
      return vscode.l10n.t('the agent failed');
    case 'agentEngineAway':
      return vscode.l10n.t('the agent answers, but not its engine');
    case 'outcomeUnknown':
      return vscode.l10n.t('whether it was done is not known');
    default:
      return undefined;
  }
}

/** Where the engine's own words say more than ours could. */
function requestFailureInWords(code: EngineErrorCode, message: string): string {
  const words = oneLine(message);
  switch (code) {
    case 'notSupported':
      return vscode.l10n.t('this engine cannot do that ({0})', words);
    case 'engineFailure':
      return vscode.l10n.t('the engine failed ({0})', words);
    default:
      return words;
  }
}

/** The one thing that helps. */
interface Help {
  readonly title: string;
  readonly command: CommandId | 'workbench.trust.manage';
}

function helpFor(error: unknown): Help | undefined {
  if (error instanceof UntrustedWorkspaceError) {
    return { title: vscode.l10n.t('Manage Workspace Trust'), command: 'workbench.trust.manage' };
  }
  switch (asEngineError(error)?.code) {
    case 'engineNotFound':
    case 'permissionDenied':
    case 'unsupportedVersion':
    case 'tlsFailed':
      return { title: vscode.l10n.t('Show What Was Tried'), command: 'quaywatch.showTried' };
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
      return { title: vscode.l10n.t('Retry'), command: 'quaywatch.retryConnection' };
    case 'badEndpoint':
      return { title: vscode.l10n.t('Open Settings'), command: 'quaywatch.openSettings' };
    case 'badResponse':
    case 'engineFailure':
      return { title: vscode.l10n.t('Show Diagnostics'), command: 'quaywatch.showDiagnostics' };
    default:
      return undefined;
  }
}

/** Tells people what went wrong: the only place that turns error codes into words. */
export class Notifier {
  private lastText = '';
  private lastShownAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly diagnostics: Pick<vscode.LogOutputChannel, 'error' | 'info'>) {}

  /**
   * @param doing what could not be done, as a sentence's beginning: "Could not stop web"
   * @param reasonOf finds the words for the error
   */
  failed(doing: string, error: unknown, reasonOf = reasonInWords): void {
    const text = `${doing}: ${reasonOf(error)}`;
    this.diagnostics.error(`${doing}: ${messageOf(error)}`);
    const help = helpFor(error);
    if (!this.isRepeated(text)) void this.offer(vscode.window.showErrorMessage, text, help);
  }

  /** A setting can't be used as it is. */
  badSettings(text: string): void {
    this.diagnostics.error(text);
    const help: Help = { title: vscode.l10n.t('Open Settings'), command: 'quaywatch.openSettings' };
    if (!this.isRepeated(text)) void this.offer(vscode.window.showWarningMessage, text, help);
  }

  info(text: string): void {
    if (!this.isRepeated(text)) void vscode.window.showInformationMessage(text);
  }

  private async offer(
    show: (text: string, ...titles: string[]) => Thenable<string | undefined>,
    text: string,
    help: Help | undefined,
  ): Promise<void> {
    const chosen = await show(text, ...(help === undefined ? [] : [help.title]));
    if (chosen !== undefined && help !== undefined) await vscode.commands.executeCommand(help.command);
  }

  private isRepeated(text: string): boolean {
    const nowMs = Date.now();
    const isRepeated = text === this.lastText && nowMs - this.lastShownAtMs < REPEAT_WINDOW_MS;
    this.lastText = text;
    this.lastShownAtMs = nowMs;
    return isRepeated;
  }
}
