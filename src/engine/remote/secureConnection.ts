import { createHash, type X509Certificate } from 'node:crypto';
import { connect as connectPlainly, isIP, type Socket } from 'node:net';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { CertificateChangedError, EngineError } from '../engine';
import { addressOf, isLoopback, type AgentAccess, type AgentEndpoint } from './agentAccess';
import { systemFailure } from './systemFailure';

export interface ConnectOptions {
  /** No TLS even where others can listen: the person insisted. */
  readonly allowsPlain?: boolean;
  /** Certificates in PEM form of issuers to trust instead of the usual ones. */
  readonly issuers?: string;
}

const OLDEST_TLS = 'TLSv1.2';
/**
 * Connects to an agent and checks that it is the right one, before anything is sent to it. Rejects with EngineError:
 * `certificateChanged`, `tlsFailed`, `unreachable`, or `badEndpoint` where TLS is missing.
 *
 * @param began called at once with the socket, so that it can be destroyed at any time
 */
export function openConnection(
  access: AgentAccess,
  options: ConnectOptions,
  began: (socket: Socket) => void,
): Promise<Socket> {
  const { host, port, security } = access;
  if (security.kind === 'plain') {
    if (options.allowsPlain !== true && !isLoopback(host)) return Promise.reject(plainRefused(access));
    const socket = connectPlainly({ host, port });
    return established(socket, 'connect', access, began, () => undefined);
  }
  // A pinned certificate may be signed by anybody; its key is checked below.
  const socket = beginTls(access, options, security.kind === 'checked');
  return established(socket, 'secureConnect', access, began, () => {
    if (security.kind === 'pinned') checkKey(socket, security.key);
  });
}

function beginTls({ host, port }: AgentEndpoint, { issuers }: ConnectOptions, isChecked: boolean): TLSSocket {
  return connectSecurely({
    host,
    port,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    minVersion: OLDEST_TLS,
    rejectUnauthorized: isChecked,
    ...(issuers !== undefined && { ca: issuers }),
  });
}

function established(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  endpoint: AgentEndpoint,
  began: (socket: Socket) => void,
  check: () => void,
): Promise<Socket> {
  began(socket);
  const place = addressOf(endpoint);
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => reject(systemFailure(error, place)));
    socket.once('close', () => reject(new EngineError('unreachable', `${place}: the connection broke off.`)));
    socket.once(event, () => {
      try {
        check();
        socket.setNoDelay(true);
        resolve(socket);
      } catch (error) {
        socket.destroy();
        reject(systemFailure(error, place));
      }
    });
  });
}

function checkKey(socket: TLSSocket, pinned: string): void {
  const seen = keyOf(socket);
  if (seen !== pinned) throw new CertificateChangedError(pinned, seen ?? '');
}

function keyOf(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate && publicKeyFingerprint(certificate);
}

/** As in pairing links: SHA-256 of the `SubjectPublicKeyInfo` in DER, in base64url. */
export function publicKeyFingerprint({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

function plainRefused(endpoint: AgentEndpoint): EngineError {
  return new EngineError(
    'badEndpoint',
    `${addressOf(endpoint)}: without TLS everybody on the way could read along. Only an agent on this machine is reached so, or one for which it was allowed.`,
  );
}
