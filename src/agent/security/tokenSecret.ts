import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Token } from '../../protocol/pairingLink';
import { deployKeyBytes, KEY_BYTES, watchKeyBytes } from '../../protocol/signing';

/** Begins every id, so that people and tools that search for leaked secrets know a token when they see one. */
const ID_PREFIX = 'qwt_';
const ID_BYTES = 9;
/** 9 bytes in base64url. Also safe as a part of a file name. */
const ID_PATTERN = /^qwt_[A-Za-z0-9_-]{12}$/;

/** A token with a secret of 256 random bits. */
export function makeToken(): Token {
  const id = `${ID_PREFIX}${randomBytes(ID_BYTES).toString('base64url')}`;
  return { id, secret: randomBytes(KEY_BYTES).toString('base64url') };
}

/** Whether a text can be the id of a token that this agent made; one that is may be part of a file name. */
export function isTokenId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** The key of the protocol's HMACs: it is what the agent has to keep of a token to check its proofs. */
export function tokenKey({ secret }: Token): Uint8Array {
  return Buffer.from(secret, 'base64url');
}

/** HMAC-SHA-256. */
export function sign(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest();
}

/** Whether a signature is the one that {@link sign} makes, in a time that tells nothing about it. */
export function isSigned(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const expected = sign(key, message);
  return signature.length === expected.length && timingSafeEqual(expected, signature);
}

/** What opens the plain endpoints and nothing else, in the form in which it is sent: `TOKENID.W`. */
export function watchKey(token: Token): string {
  return keyText(token, watchKeyBytes(token.id));
}

/** With it a pipeline deploys, and looks at what comes of it; in the form in which it is sent: `TOKENID.D`. */
export function deployKey(token: Token): string {
  return keyText(token, deployKeyBytes(token.id));
}

function keyText(token: Token, message: Uint8Array): string {
  return `${token.id}.${Buffer.from(sign(tokenKey(token), message)).toString('base64url')}`;
}
