import { timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../../protocol/base64url';
import type { CommandData } from '../../protocol/messages';
import type { Token } from '../../protocol/pairingLink';
import {
  agentProofBytes,
  clientProofBytes,
  connectionKeyBytes,
  type Transcript,
} from '../../protocol/signing';
import { isExpired, keyOf, type StoredToken } from '../security/token';
import { deployKey, isSigned, sign, watchKey } from '../security/tokenSecret';
import type { AgentContext } from '../serve/context';
import { noteAudit, principalOf, type Principal } from './principal';
import { UpgradeRefusal } from './refusal';
import type { NamedKey } from './upgradeRequest';

export type ProofRefusal = 'unauthorized' | 'tokenExpired' | 'tokenRevoked';

export type ProofAnswer =
  | {
      readonly kind: 'right';
      readonly principal: Principal;
      /** The agent's own. */
      readonly proof: string;
      readonly connectionKey: Uint8Array;
    }
  | { readonly kind: 'wrong'; readonly reason: ProofRefusal };

type LoginContext = Pick<
  AgentContext,
  'tokens' | 'throttle' | 'lastUsed' | 'audit' | 'log' | 'fingerprint' | 'clock'
>;

/** Finds out who somebody is. Nothing about tokens is remembered: what is on the disk holds. */
export class Logins {
  constructor(private readonly context: LoginContext) {}

  /** @throws UpgradeRefusal where this token may not even try from this address */
  async checkNamed(tokenId: string, address: string): Promise<void> {
    this.checkThrottle(tokenId, address);
    if ((await this.find(tokenId)) !== undefined) return;
    this.context.throttle.failed(address);
    this.context.log.warn({ address, tokenId }, 'A token that does not exist was named.');
    throw new UpgradeRefusal('unauthorized', 'The token is unknown.');
  }

  async checkProof(
    nonce: string,
    { tokenId, clientNonce, serverKey, proof }: CommandData<'authenticate'>,
    address: string,
  ): Promise<ProofAnswer> {
    if (this.context.throttle.blockedForMs(address, tokenId) > 0) return wrong('unauthorized');
    const token = await this.find(tokenId);
    if (token === undefined) return wrong('tokenRevoked');
    const transcript: Transcript = { nonce, clientNonce, tokenId, serverKey };
    const signature = decodeBase64url(proof) ?? new Uint8Array();
    const isRight =
      (serverKey === '' || serverKey === this.context.fingerprint()) &&
      isSigned(keyOf(token), clientProofBytes(transcript), signature);
    if (!isRight) return this.refuse(token, address, 'unauthorized');
    if (isExpired(token, this.context.clock.nowMs())) return this.refuse(token, address, 'tokenExpired');
    return this.accept(token, address, transcript);
  }

  /** @throws UpgradeRefusal */
  async checkWatchKey(key: NamedKey, address: string): Promise<Principal> {
    return this.checkKey(key, address, watchKey);
  }

  /** @throws UpgradeRefusal */
  async checkDeployKey(key: NamedKey, address: string): Promise<Principal> {
    return this.checkKey(key, address, deployKey);
  }

  private async checkKey(
    { tokenId, text }: NamedKey,
    address: string,
    keyFor: (token: Token) => string,
  ): Promise<Principal> {
    this.checkThrottle(tokenId, address);
    const token = await this.find(tokenId);
    const expected = token && keyFor({ id: token.id, secret: token.key });
    if (!token || !expected || !isEqual(expected, text)) {
      this.context.throttle.failed(address, token?.id);
      this.context.log.warn({ address, tokenId }, 'A wrong key was sent.');
      throw new UpgradeRefusal('unauthorized', 'The key is wrong.');
    }
    if (isExpired(token, this.context.clock.nowMs()))
      throw new UpgradeRefusal('unauthorized', 'The token has expired.');
    return this.welcome(token, address);
  }

  private checkThrottle(tokenId: string, address: string): void {
    const blockedMs = this.context.throttle.blockedForMs(address, tokenId);
    if (blockedMs > 0) throw new UpgradeRefusal('rateLimited', 'Too many failed logins.', blockedMs);
  }

  /** A token whose file can't be read is none. */
  private async find(tokenId: string): Promise<StoredToken | undefined> {
    try {
      return await this.context.tokens.find(tokenId);
    } catch (error) {
      this.context.log.warn({ err: error, tokenId }, 'A token can not be used.');
      return undefined;
    }
  }

  private refuse(token: StoredToken, address: string, reason: ProofRefusal): ProofAnswer {
    // The owner of an expired token has proved to have it.
    if (reason === 'unauthorized') this.context.throttle.failed(address, token.id);
    noteAudit(this.context.audit, principalOf(token, address), {
      action: 'login',
      result: 'refused',
      code: reason,
    });
    return wrong(reason);
  }

  private accept(token: StoredToken, address: string, transcript: Transcript): ProofAnswer {
    const key = keyOf(token);
    return {
      kind: 'right',
      principal: this.welcome(token, address),
      proof: Buffer.from(sign(key, agentProofBytes(transcript))).toString('base64url'),
      connectionKey: sign(key, connectionKeyBytes(transcript)),
    };
  }

  private welcome(token: StoredToken, address: string): Principal {
    const { throttle, lastUsed, audit } = this.context;
    throttle.succeeded(address, token.id);
    lastUsed.touch(token.id);
    const principal = principalOf(token, address);
    noteAudit(audit, principal, { action: 'login', result: 'done' });
    return principal;
  }
}

function wrong(reason: ProofRefusal): ProofAnswer {
  return { kind: 'wrong', reason };
}

function isEqual(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
