import { createHmac, timingSafeEqual } from 'node:crypto';
import { encodeBase64url } from '../../protocol/base64url';
import type { CommandData } from '../../protocol/messages';
import type { Token } from '../../protocol/pairingLink';
import {
  agentProofBytes,
  clientProofBytes,
  commandBytes,
  connectionKeyBytes,
  KEY_BYTES,
  type SignedFields,
  type Transcript,
} from '../../protocol/signing';
import type { JsonObject } from '../../protocol/envelope';

/** Random bytes that nobody can foresee. */
export type RandomBytes = (count: number) => Uint8Array;

export interface HandshakeInput {
  readonly token: Token;
  /** The fingerprint of the key that was pinned and seen; empty where none is. */
  readonly serverKey: string;
  readonly client: { readonly name: string; readonly version: string };
  readonly randomBytes: RandomBytes;
}

/** The secrets of one connection: what proves that both ends know the token, and signs what follows. */
export class Handshake {
  private readonly secret: Uint8Array;
  private readonly transcript: Transcript;

  /** @param nonce the agent's, from its challenge */
  constructor(
    private readonly input: HandshakeInput,
    nonce: string,
  ) {
    const { token, serverKey, randomBytes } = input;
    this.secret = Buffer.from(token.secret, 'base64url');
    const clientNonce = encodeBase64url(randomBytes(KEY_BYTES));
    this.transcript = { nonce, clientNonce, tokenId: token.id, serverKey };
  }

  answer(): CommandData<'authenticate'> {
    const { clientNonce, tokenId, serverKey } = this.transcript;
    const proof = encodeBase64url(hmac(this.secret, clientProofBytes(this.transcript)));
    return { tokenId, clientNonce, serverKey, proof, client: this.input.client };
  }

  /** Whether the other end knows the token, too. */
  isAgent(proof: string): boolean {
    const expected = hmac(this.secret, agentProofBytes(this.transcript));
    const given = Buffer.from(proof, 'base64url');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Signs commands of this connection. */
  signer(): (command: SignedFields, data: JsonObject) => string {
    const key = hmac(this.secret, connectionKeyBytes(this.transcript));
    return (command, data) => encodeBase64url(hmac(key, commandBytes(command, data)));
  }
}

function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest();
}
