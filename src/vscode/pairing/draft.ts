import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import {
  displayFingerprint,
  parsePairingLink,
  parseToken,
  type Pairing,
  type Token,
} from '../../protocol/pairingLink';
import { formatAddress } from '../hosts/remoteHostConfig';
import type { Judgement } from './dialogs';

const TOKEN_COMMAND = 'quaywatch-agent pair';

/** A pairing link in either form; `undefined` for any other text. */
export function readLink(text: string): Pairing | undefined {
  try {
    return parsePairingLink(text);
  } catch {
    return undefined;
  }
}

export function readToken(text: string): Token | undefined {
  try {
    return parseToken(text);
  } catch {
    return undefined;
  }
}

/** Says what a pasted link means, without quoting it: it holds a secret. */
export function judgeLink(text: string): Judgement {
  const pairing = readLink(text);
  if (pairing !== undefined) return { means: endpointInWords(pairing) };
  return {
    isWrong: vscode.l10n.t(
      'This is no pairing link. “{0}” on the server prints one: quaywatch://…',
      TOKEN_COMMAND,
    ),
  };
}

export function judgeToken(text: string): Judgement {
  if (readToken(text) !== undefined || readLink(text) !== undefined) return undefined;
  return { isWrong: vscode.l10n.t('This is no token. “{0}” on the server prints one.', TOKEN_COMMAND) };
}

/** `build:7443 · SHA256:…` */
export function endpointInWords(pairing: Pick<Pairing, 'host' | 'port' | 'security'>): string {
  return `${formatAddress(pairing)} · ${securityInWords(pairing)}`;
}

export function securityInWords({ security }: Pick<Pairing, 'security'>): string {
  switch (security.kind) {
    case 'pinned':
      return displayFingerprint(security.key);
    case 'checked':
      return vscode.l10n.t('certificate checked as browsers do');
    case 'plain':
      return vscode.l10n.t('not encrypted');
  }
}

/** What to call a host of which nobody said it. */
export function suggestedName({ name, host }: Pick<Pairing, 'name' | 'host'>): string {
  const suggested = oneLine(name ?? '', 100).trim();
  return suggested === '' ? host : suggested;
}

/** What a person has to look at before a host is trusted with what is asked of it. */
export function confirmationDetail(pairing: Pairing): string {
  const address = vscode.l10n.t('Address: {0}', formatAddress(pairing));
  return [address, securityParagraph(pairing)].join('\n');
}

function securityParagraph({ security }: Pairing): string {
  switch (security.kind) {
    case 'pinned':
      return [
        vscode.l10n.t('Certificate: {0}', displayFingerprint(security.key)),
        '',
        vscode.l10n.t(
          '“quaywatch-agent fingerprint” on the server shows the same, if nobody stands between.',
        ),
      ].join('\n');
    case 'checked':
      return vscode.l10n.t('Certificate: checked as browsers do');
    case 'plain':
      return [
        vscode.l10n.t('Certificate: none'),
        '',
        vscode.l10n.t(
          'The connection is not encrypted: everybody on the way can read logs and commands, and take them over.',
        ),
      ].join('\n');
  }
}
