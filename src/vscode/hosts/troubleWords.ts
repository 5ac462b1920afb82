import * as vscode from 'vscode';
import type { CommandId } from '../commands/commandIds';
import { reasonInWords } from '../notify';
import { displayFingerprint } from '../../protocol/pairingLink';
import type { Host } from './host';
import { formatAddress } from './remoteHostConfig';
import { changedKeys, type Trouble } from './trouble';

/** What is wrong with a host, in a few words that fit after a colon. */
export function troubleInWords({ kind, error }: Trouble, host: Host): string {
  if (kind === 'disconnected') return vscode.l10n.t('disconnected');
  if (kind === 'tokenMissing') return vscode.l10n.t('there is no token for this host here');
  if (kind === 'engineDown') return vscode.l10n.t('the agent answers, but not its engine');
  if (kind === 'certificateRefused') return vscode.l10n.t('nobody vouches for the certificate');
  const isAgentAway = kind === 'unreachable' && host.remote && error?.code !== 'agentBusy';
  return isAgentAway ? vscode.l10n.t('the agent is not reachable') : reasonInWords(error);
}

/** More of it, one row each: what a person needs to know before doing something. */
export function troubleDetails({ kind, error }: Trouble, host: Host): string[] {
  const address = host.remote === undefined ? '' : formatAddress(host.remote);
  switch (kind) {
    case 'certificateChanged': {
      const keys = changedKeys(error);
      if (keys === undefined) return [];
      return [
        vscode.l10n.t('Paired with {0}', displayFingerprint(keys.pinnedKey)),
        vscode.l10n.t('Now it is {0}', displayFingerprint(keys.seenKey)),
      ];
    }
    case 'versionMismatch':
      return [vscode.l10n.t('Update quaywatch-agent on {0}, or Quaywatch here', address)];
    case 'engineDown':
      return [reasonInWords(error?.cause ?? error)];
    case 'unreachable':
      return host.remote ? [vscode.l10n.t('It is tried again by itself: {0}', address)] : [];
    default:
      return [];
  }
}

/** The one thing that helps. */
export interface Remedy {
  readonly title: string;
  readonly icon: string;
  readonly command: CommandId;
}

export function remedyFor({ kind }: Trouble, host: Host): Remedy {
  if (!host.remote && kind !== 'disconnected') {
    return {
      title: vscode.l10n.t('Show What Was Tried'),
      icon: 'list-unordered',
      command: 'quaywatch.showTried',
    };
  }
  switch (kind) {
    case 'tokenMissing':
    case 'tokenRefused':
    case 'agentNotTrusted':
      return { title: vscode.l10n.t('Enter a New Token…'), icon: 'key', command: 'quaywatch.enterToken' };
    case 'certificateChanged':
    case 'certificateRefused':
      return {
        title: vscode.l10n.t('Check the Certificate…'),
        icon: 'shield',
        command: 'quaywatch.trustCertificate',
      };
    case 'disconnected':
      return { title: vscode.l10n.t('Connect'), icon: 'plug', command: 'quaywatch.reconnectHost' };
    default:
      return { title: vscode.l10n.t('Try Now'), icon: 'refresh', command: 'quaywatch.reconnectHost' };
  }
}
