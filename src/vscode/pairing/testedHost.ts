import * as vscode from 'vscode';
import { asEngineError, reasonInWords } from '../notify';
import type { Pairing } from '../../protocol/pairingLink';
import type { OpenRemote } from '../hosts/remoteAccess';
import { formatAddress } from '../hosts/remoteHostConfig';
import type { Dialogs } from './dialogs';
import { firstConnection } from './firstConnection';

/** What a person may go on with although it could not be tried: it may be there later. */
const MAY_COME_LATER: readonly string[] = ['unreachable', 'timeout', 'connectionLost', 'agentBusy'];

export interface TestingParts {
  readonly dialogs: Dialogs;
  readonly openRemote: OpenRemote;
}

/** Connects to an agent to see whether it works. Whether to go on: it did, or the person wants to all the same. */
export async function isTested(pairing: Pairing, { dialogs, openRemote }: TestingParts): Promise<boolean> {
  const address = formatAddress(pairing);
  const title = vscode.l10n.t('Connecting to {0}', address);
  const again = vscode.l10n.t('Try Again');
  const anyway = vscode.l10n.t('Save Anyway');
  for (;;) {
    try {
      const engine = openRemote(() => Promise.resolve(pairing));
      return await dialogs.progress(title, (signal) => firstConnection(engine, signal));
    } catch (error) {
      const mayComeLater = MAY_COME_LATER.includes(asEngineError(error)?.code ?? '');
      const text = vscode.l10n.t('Could not connect to {0}: {1}', address, agentReason(error));
      const answer = await dialogs.offer(text, mayComeLater ? [again, anyway] : [again]);
      if (answer === anyway) return true;
      if (answer !== again) return false;
    }
  }
}

/** As {@link reasonInWords}, but it is an agent that was asked. */
export function agentReason(error: unknown): string {
  switch (asEngineError(error)?.code) {
    case 'unreachable':
      return vscode.l10n.t('nothing answers there; is the agent running, and the port open?');
    case 'timeout':
      return vscode.l10n.t('the agent did not answer in time');
    case 'tokenRefused':
      return vscode.l10n.t('the agent refused the token; “quaywatch-agent pair” makes a new one');
    case 'certificateChanged':
      return vscode.l10n.t('it shows another certificate than the link names');
    case 'tlsFailed':
      return vscode.l10n.t('nobody vouches for the certificate');
    case 'badResponse':
      return vscode.l10n.t('what answers is not an agent');
    case 'versionMismatch':
      return vscode.l10n.t('the agent speaks another version; update quaywatch-agent, or Quaywatch here');
    default:
      return reasonInWords(error);
  }
}
