import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Token } from '../../protocol/pairingLink';
import { createFile, syncFolder } from '../state/atomicFile';
import { readJson } from '../state/jsonFile';
import { asStateError, StateError, systemErrorCode } from '../state/stateError';
import { tokenSchema, type StoredToken, type TokenRequest } from './token';
import { isTokenId, makeToken, tokenKey } from './tokenSecret';

const SUFFIX = '.json';
const HELP = 'Remove the file to revoke this token, and add a new one with "quaywatch-agent token add"';

/** What {@link TokenStore.list} found; a file that can't be read hides none of the others. */
export interface TokenList {
  readonly tokens: readonly StoredToken[];
  readonly unreadable: readonly StateError[];
}

/**
 * The tokens of an agent, one file each, so that adding and revoking by several processes at once lose nothing. Nothing
 * is cached: what is on the disk holds. All methods reject with {@link StateError}.
 */
export class TokenStore {
  constructor(readonly folder: string) {}

  /** Makes a token and stores what checking it takes. */
  async add(request: TokenRequest, now: Date): Promise<{ stored: StoredToken; token: Token }> {
    const token = makeToken();
    const stored: StoredToken = {
      version: 1,
      id: token.id,
      name: request.name,
      role: request.role,
      key: Buffer.from(tokenKey(token)).toString('base64url'),
      createdAt: now.toISOString(),
      ...(request.expiresAt && { expiresAt: request.expiresAt.toISOString() }),
      ...(request.scope && {
        scope: { projects: [...request.scope.projects], labels: [...request.scope.labels] },
      }),
    };
    const path = this.path(token.id);
    try {
      await createFile(path, `${JSON.stringify(stored, undefined, 2)}\n`);
    } catch (error) {
      throw asStateError(path, error);
    }
    return { stored, token };
  }

  /** The token of this id, also when it has expired; `undefined` if there is none. */
  async find(id: string): Promise<StoredToken | undefined> {
    if (!isTokenId(id)) return undefined;
    const path = this.path(id);
    const token = await readJson(path, tokenSchema, HELP);
    if (token === undefined || token.id === id) return token;
    throw new StateError(path, `it holds another token (${token.id})`, HELP);
  }

  /** Oldest first. */
  async list(): Promise<TokenList> {
    const tokens: StoredToken[] = [];
    const unreadable: StateError[] = [];
    for (const id of await this.ids()) {
      try {
        const token = await this.find(id);
        if (token !== undefined) tokens.push(token);
      } catch (error) {
        unreadable.push(asStateError(this.path(id), error));
      }
    }
    tokens.sort((a, b) => a.createdAt.localeCompare(b.createdAt));
    return { tokens, unreadable };
  }

  /** Makes the token worthless, also one whose file can't be read; false if there is none of this id. */
  async revoke(id: string): Promise<boolean> {
    if (!isTokenId(id)) return false;
    const path = this.path(id);
    try {
      await rm(path);
      await syncFolder(this.folder);
      return true;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw asStateError(path, error);
    }
  }

  path(id: string): string {
    return join(this.folder, `${id}${SUFFIX}`);
  }

  private async ids(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.folder);
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .filter(isTokenId);
    } catch (error) {
      throw asStateError(this.folder, error);
    }
  }
}
