import type { IncomingMessage } from 'node:http';
import {
  AGENT_PATH,
  CONTAINER_LOGS_PATH,
  DEPLOYMENT_LOGS_PATH,
  METRICS_PATH,
  SUBPROTOCOLS,
} from '../../protocol/limits';
import { WATCH_COOKIE } from '../../protocol/plainMessages';
import { TOKEN_ID } from '../../protocol/tokenId';
import { UpgradeRefusal } from './refusal';

const PLAIN_PATHS = [CONTAINER_LOGS_PATH, DEPLOYMENT_LOGS_PATH, METRICS_PATH] as const;
export type PlainPath = (typeof PLAIN_PATHS)[number];

const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;
const WEBSOCKET_VERSION = '13';
const BEARER = /^Bearer +([^ ]+) *$/i;
const KEY = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})$/;

/** Where a request for an upgrade leads. */
export type Target =
  | { readonly kind: 'agent' }
  | { readonly kind: 'plain'; readonly path: PlainPath; readonly query: URLSearchParams };

/** @throws UpgradeRefusal */
export function targetOf(request: IncomingMessage): Target {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path === AGENT_PATH) return { kind: 'agent' };
  const plain = PLAIN_PATHS.find((known) => known === path);
  if (plain !== undefined) return { kind: 'plain', path: plain, query: new URLSearchParams(query) };
  throw new UpgradeRefusal('notFound', 'There is nothing here.');
}

/** @throws UpgradeRefusal */
export function checkUpgrade({ method, headers }: IncomingMessage): void {
  const isUpgrade = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
  if (!isUpgrade) throw new UpgradeRefusal('badRequest', 'This is for WebSocket connections.');
  const isWellFormed =
    WEBSOCKET_KEY.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === WEBSOCKET_VERSION;
  if (!isWellFormed) throw new UpgradeRefusal('badRequest', 'The WebSocket handshake is malformed.');
}

/** @throws UpgradeRefusal */
export function checkOrigin({ headers }: IncomingMessage, allowed: readonly string[]): void {
  const { origin } = headers;
  if (origin !== undefined && !allowed.includes(origin))
    throw new UpgradeRefusal('forbidden', 'Web pages of this origin are not allowed here.');
}

/**
 * The newest version both sides speak.
 *
 * @throws UpgradeRefusal
 */
export function chooseSubprotocol({ headers }: IncomingMessage): string {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const chosen = SUBPROTOCOLS.find((version) => offered.includes(version));
  if (chosen === undefined)
    throw new UpgradeRefusal('versionMismatch', 'This agent speaks another version of the protocol.');
  return chosen;
}

/**
 * The token's id that a client of the protocol names.
 *
 * @throws UpgradeRefusal
 */
export function namedToken({ headers }: IncomingMessage): string {
  const named = BEARER.exec(headers.authorization ?? '')?.[1];
  if (named === undefined) throw new UpgradeRefusal('unauthorized', 'An Authorization header is needed.');
  if (named.includes('.'))
    throw new UpgradeRefusal('unauthorized', 'Only the id of a token is sent, never its secret.');
  if (!TOKEN_ID.test(named)) throw new UpgradeRefusal('unauthorized', 'This is no id of a token.');
  return named;
}

/** A key for one purpose alone, with the token it is derived from. */
export interface NamedKey {
  readonly tokenId: string;
  readonly text: string;
}

/**
 * The watch key that a client of a plain endpoint sends.
 *
 * @throws UpgradeRefusal
 */
export function namedWatchKey({ headers }: IncomingMessage): NamedKey {
  return namedKey(BEARER.exec(headers.authorization ?? '')?.[1] ?? cookieOf(headers.cookie ?? ''), 'watch');
}

/**
 * The deploy key that a pipeline sends.
 *
 * @throws UpgradeRefusal
 */
export function namedDeployKey({ headers }: IncomingMessage): NamedKey {
  return namedKey(BEARER.exec(headers.authorization ?? '')?.[1], 'deploy');
}

function namedKey(text: string | undefined, kind: 'watch' | 'deploy'): NamedKey {
  if (text === undefined) throw new UpgradeRefusal('unauthorized', `A ${kind} key is needed.`);
  const [, tokenId] = KEY.exec(text) ?? [];
  if (tokenId === undefined) throw new UpgradeRefusal('unauthorized', `This is no ${kind} key.`);
  return { tokenId, text };
}

function cookieOf(header: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim() === WATCH_COOKIE) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
