/** Links, proofs and signatures as PROTOCOL.md, sections 1, 2, 6 and 12, describes them. From that page alone. */
import { createHmac, randomBytes } from 'node:crypto';

const DEFAULT_PORT = 7443;
const NONCE_BYTES = 32;
const LENGTH_BYTES = 4;

export interface StrangerLink {
  readonly host: string;
  readonly port: number;
  /** Host and port as a URL has them. */
  readonly authority: string;
  readonly tokenId: string;
  readonly secret: Buffer;
  /** Fingerprint of the certificate's public key. */
  readonly key: string;
}

/** Of a link with a key: this client knows no other way to trust an agent. */
export function readLink(text: string): StrangerLink {
  const url = new URL(text);
  const fragment = new URLSearchParams(url.hash.slice(1));
  const [tokenId, secret] = (fragment.get('token') ?? '').split('.');
  const key = fragment.get('key');
  if (!tokenId || !secret || !key) throw new Error('The link has no token, or no key.');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    authority: `${url.hostname}:${port}`,
    tokenId,
    secret: Buffer.from(secret, 'base64url'),
    key,
  };
}

/** HMAC-SHA-256 over texts, each after its length in bytes. */
export function hmac(key: Buffer, ...texts: readonly string[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    mac.update(length).update(bytes);
  }
  return mac.digest();
}

export function freshNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

export interface Proofs {
  readonly client: string;
  readonly agent: string;
  readonly connectionKey: Buffer;
}

export function proofs({ tokenId, secret, key }: StrangerLink, nonce: string, clientNonce: string): Proofs {
  const of = (label: string): Buffer => hmac(secret, label, 'quaywatch.v1', nonce, clientNonce, tokenId, key);
  return {
    client: of('client proof').toString('base64url'),
    agent: of('agent proof').toString('base64url'),
    connectionKey: of('connection key'),
  };
}

export function watchKeyOf({ tokenId, secret }: StrangerLink): string {
  return `${tokenId}.${hmac(secret, 'watch key', tokenId).toString('base64url')}`;
}

/** JSON without spaces, the keys of every object sorted. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
