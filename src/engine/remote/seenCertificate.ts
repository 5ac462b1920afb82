import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { EngineError } from '../engine';
import { addressOf } from './agentAccess';
import { publicKeyFingerprint } from './secureConnection';
import { systemFailure } from './systemFailure';

/** What a server's certificate is, before anybody trusts it. */
export interface SeenCertificate {
  /** Its public key's fingerprint, as in pairing links. */
  readonly key: string;
  /** It is valid for the name, and signed by somebody this machine trusts. */
  readonly isTrusted: boolean;
}

const DEADLINE_MS = 15_000;

/** Begins TLS with a server to see its certificate, and sends nothing else. Rejects with EngineError. */
export function seenCertificate(
  endpoint: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<SeenCertificate> {
  const { host, port } = endpoint;
  const place = addressOf(endpoint);
  return new Promise<SeenCertificate>((resolve, reject) => {
    const servername = isIP(host) === 0 ? host : '';
    // Nothing is sent, so it need not be anybody in particular.
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const end = (settle: () => void): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    const abort = (): void => end(() => reject(new EngineError('connectionLost', 'Nobody waits any more.')));
    const late = (): void => end(() => reject(new EngineError('timeout', `${place}: no answer in time.`)));
    const deadline = setTimeout(late, DEADLINE_MS);
    signal.addEventListener('abort', abort);
    socket.on('error', (error) => end(() => reject(systemFailure(error, place))));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      const isTrusted = socket.authorized;
      end(() =>
        certificate
          ? resolve({ key: publicKeyFingerprint(certificate), isTrusted })
          : reject(new EngineError('tlsFailed', `${place}: there is no certificate.`)),
      );
    });
    if (signal.aborted) abort();
  });
}
