import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { HTTP_REFUSALS, type HttpRefusalName } from '../../protocol/closeCodes';
import { HEALTH_PATH, LIMITS } from '../../protocol/limits';
import type { TlsMaterial } from '../tls/certificate';
import { systemErrorCode } from '../state/stateError';
import type { Health } from './health';

/** The address can't be listened on; the message says why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const MAX_HEADER_BYTES = 8_192;
const OLDEST_TLS = 'TLSv1.2';

/** @returns false for a path that is not theirs */
type OtherRequests = (request: IncomingMessage, response: ServerResponse) => boolean;

export type AgentHttpServer = Server | TlsServer;

/**
 * A server that answers `/health` and refuses all else but what `others` take, and WebSocket upgrades, which are for whoever listens to its
 * `upgrade` event. Every request has a deadline.
 */
export function createHttpServer(
  tls: TlsMaterial | undefined,
  health: Health,
  others: OtherRequests = () => false,
): AgentHttpServer {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: LIMITS.authenticationDeadlineMs,
    requestTimeout: LIMITS.authenticationDeadlineMs,
    keepAliveTimeout: LIMITS.authenticationDeadlineMs,
    connectionsCheckingInterval: LIMITS.authenticationDeadlineMs,
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    others(request, response) ? undefined : respond(request, response, health);
  if (tls === undefined) return createPlainServer(limits, answer);
  const secure = {
    ...limits,
    ...pemOf(tls),
    minVersion: OLDEST_TLS,
    handshakeTimeout: limits.headersTimeout,
  } as const;
  return createTlsServer(secure, answer);
}

/** Counts a server's sockets from now on; the returned function destroys those there are, WebSockets among them. */
export function trackSockets(server: AgentHttpServer, maxSockets: number): () => void {
  const sockets = new Set<Socket>();
  server.maxConnections = maxSockets;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** Makes connections from now on meet another certificate; those that are open stay. */
export function replaceCertificate(server: AgentHttpServer, tls: TlsMaterial): void {
  if ('setSecureContext' in server) server.setSecureContext({ ...pemOf(tls), minVersion: OLDEST_TLS });
}

function pemOf({ certificate, key }: TlsMaterial): { cert: string; key: string } {
  return { cert: certificate, key };
}

/** Resolves with the port; rejects with {@link ListenError}. */
export function listen(server: AgentHttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new ListenError(whyNot(host, port, error), { cause: error }));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function whyNot(host: string, port: number, error: Error): string {
  const place = `${host}, port ${port}`;
  switch (systemErrorCode(error)) {
    case 'EADDRINUSE':
      return `${place}: something listens there already; choose another --port`;
    case 'EACCES':
      return `${place}: this user may not listen there; choose a --port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${place}: this machine has no such address; correct --host`;
    default:
      return `${place}: ${error.message}`;
  }
}

function respond(request: IncomingMessage, response: ServerResponse, health: Health): void {
  const [path] = (request.url ?? '').split('?');
  if (path === HEALTH_PATH && (request.method === 'GET' || request.method === 'HEAD')) {
    const report = health.report();
    send(response, report.status === 'ok' ? 200 : 503, report);
    return;
  }
  const refusal: HttpRefusalName = path?.startsWith('/ws/') === true ? 'badRequest' : 'notFound';
  const message = refusal === 'badRequest' ? 'This is for WebSocket connections.' : 'There is nothing here.';
  // What a body would bring is not waited for.
  response.setHeader('Connection', 'close');
  send(response, HTTP_REFUSALS[refusal].status, { error: { code: refusal, message } });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
