import { decodeBase64url, encodeBase64url } from './base64url';
import { ProtocolError } from './errorCodes';
import { DEFAULT_PORT, LIMITS } from './limits';
import { KEY_BYTES } from './signing';
import { TOKEN_ID } from './tokenId';
import { decodeUtf8, encodeUtf8 } from './utf8';

export interface Token {
  /** No secret; it is sent in `Authorization`. */
  readonly id: string;
  /** 32 bytes in base64url. Never sent. */
  readonly secret: string;
}

/** All a client needs to know an agent by. */
export interface Pairing {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly token: Token;
  readonly security: PairingSecurity;
  /** What to call the host. */
  readonly name?: string;
}

export type PairingSecurity =
  /** TLS with exactly this public key: SHA-256 of the `SubjectPublicKeyInfo`, base64url. */
  | { readonly kind: 'pinned'; readonly key: string }
  /** TLS with a certificate that is checked as browsers do. */
  | { readonly kind: 'checked' }
  /** No TLS. */
  | { readonly kind: 'plain' };

export const PAIRING_SCHEME = 'quaywatch:';
const VSCODE_PREFIX = 'vscode://quaywatch.quaywatch/pair?link=';
const LINK = /^quaywatch:\/\/(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?\/?#(.*)$/;
const HIGHEST_PORT = 65_535;
const LONGEST_NAME = 100;

export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`;
}

/** @throws ProtocolError `badLink`, which does not quote the text */
export function parseToken(text: string): Token {
  const [id = '', secret = '', ...more] = text.trim().split('.');
  if (more.length > 0 || !TOKEN_ID.test(id) || !isBytes32(secret)) throw badLink('The token is none.');
  return { id, secret };
}

export function formatPairingLink({ host, port, token, security, name }: Pairing): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  const fields = [`token=${formatToken(token)}`];
  if (security.kind === 'pinned') fields.push(`key=${security.key}`);
  if (security.kind === 'plain') fields.push('plain=1');
  if (name !== undefined) fields.push(`name=${encodeURIComponent(name)}`);
  return `quaywatch://${authority}:${port}/#${fields.join('&')}`;
}

/** The same link as one that opens VS Code. */
export function formatVSCodeLink(pairing: Pairing): string {
  return VSCODE_PREFIX + encodeBase64url(encodeUtf8(formatPairingLink(pairing)));
}

/**
 * Reads a pairing link, in either form.
 *
 * @throws ProtocolError `badLink`, which does not quote the link
 */
export function parsePairingLink(text: string): Pairing {
  const trimmed = text.trim();
  if (trimmed.length > LIMITS.maxPairingLinkLength) throw badLink('The link is too long.');
  return parseLink(trimmed.startsWith(VSCODE_PREFIX) ? unwrap(trimmed.slice(VSCODE_PREFIX.length)) : trimmed);
}

function unwrap(wrapped: string): string {
  const bytes = decodeBase64url(wrapped);
  const text = bytes && decodeUtf8(bytes);
  if (text === undefined) throw badLink('The link holds no pairing link.');
  return text;
}

function parseLink(link: string): Pairing {
  const [, address, name, portText, fragment = ''] = LINK.exec(link) ?? [];
  const host = address ?? name;
  if (host === undefined) throw badLink('This is no pairing link.');
  const port = portText === undefined ? DEFAULT_PORT : Number(portText);
  if (port < 1 || port > HIGHEST_PORT) throw badLink('The port is none.');
  const fields = parseFields(fragment);
  const suggested = fields.get('name')?.slice(0, LONGEST_NAME);
  return {
    host,
    port,
    token: parseToken(fields.get('token') ?? ''),
    security: parseSecurity(fields),
    ...(suggested !== undefined && suggested !== '' && { name: suggested }),
  };
}

function parseFields(fragment: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of fragment.split('&')) {
    const at = field.indexOf('=');
    const key = at < 0 ? field : field.slice(0, at);
    if (fields.has(key)) throw badLink('The link says something twice.');
    fields.set(key, decodePercent(at < 0 ? '' : field.slice(at + 1)));
  }
  return fields;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badLink('The link is damaged.');
  }
}

function parseSecurity(fields: ReadonlyMap<string, string>): PairingSecurity {
  const key = fields.get('key');
  const plain = fields.get('plain');
  if (plain !== undefined) {
    if (plain !== '1' || key !== undefined) throw badLink('The link contradicts itself.');
    return { kind: 'plain' };
  }
  if (key === undefined) return { kind: 'checked' };
  if (!isBytes32(key)) throw badLink("The certificate's fingerprint is none.");
  return { kind: 'pinned', key };
}

function isBytes32(text: string): boolean {
  return decodeBase64url(text)?.length === KEY_BYTES;
}

/** How a public key's fingerprint is shown to people. */
export function displayFingerprint(key: string): string {
  return `SHA256:${key}`;
}

function badLink(message: string): ProtocolError {
  return new ProtocolError('badLink', message);
}
