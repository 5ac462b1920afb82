import type * as vscode from 'vscode';
import { formatToken, parseToken, type Token } from '../../protocol/pairingLink';

const KEY_PREFIX = 'token:';

/** The tokens of hosts, in the secret storage of VS Code and nowhere else. */
export class HostTokens {
  constructor(
    private readonly secrets: Pick<vscode.SecretStorage, 'get' | 'store' | 'delete' | 'onDidChange'>,
  ) {}

  /** `undefined` where there is none, or none that can be one. */
  async get(hostId: string): Promise<Token | undefined> {
    const text = await this.secrets.get(KEY_PREFIX + hostId);
    try {
      return text === undefined ? undefined : parseToken(text);
    } catch {
      return undefined;
    }
  }

  async store(hostId: string, token: Token): Promise<void> {
    await this.secrets.store(KEY_PREFIX + hostId, formatToken(token));
  }

  async delete(hostId: string): Promise<void> {
    await this.secrets.delete(KEY_PREFIX + hostId);
  }

  /** Tells of each token that was stored or deleted, also by another window. */
  onDidChange(listener: (hostId: string) => void): vscode.Disposable {
    return this.secrets.onDidChange(({ key }) => {
      if (key.startsWith(KEY_PREFIX)) listener(key.slice(KEY_PREFIX.length));
    });
  }
}
