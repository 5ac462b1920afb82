import * as vscode from 'vscode';
import { parseVSCodeLinkText } from './linkText';
import type { Pairing } from '../../protocol/pairingLink';

const PAIR_PATH = '/pair';

/** Takes `vscode://quaywatch.quaywatch/pair?link=…`. Whatever calls it, a person is asked before anything is done. */
export class PairingUriHandler implements vscode.UriHandler {
  constructor(
    private readonly paired: (pairing: Pairing) => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      if (uri.path !== PAIR_PATH) throw new Error(vscode.l10n.t('this link is not one of Quaywatch'));
      const pairing = parseVSCodeLinkText(uri.query);
      if (pairing === undefined) throw new Error(vscode.l10n.t('the link holds no pairing link'));
      await this.paired(pairing);
    } catch (error) {
      this.failed(error);
    }
  }
}
