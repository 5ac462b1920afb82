import type { ContainerEngine } from '../../engine/engine';
import type { Pairing, Token } from '../../protocol/pairingLink';

/** All that is needed to open a connection to an agent. */
export interface RemoteAccess extends Omit<Pairing, 'token' | 'name'> {
  readonly token: Token;
}

/**
 * Makes an engine that reaches an agent, and does nothing until it is asked to connect.
 *
 * @param access asked for before each attempt, so that a new token or certificate counts at the next one; rejects with
 *   `EngineError` where there is none
 */
export type OpenRemote = (access: () => Promise<RemoteAccess>) => ContainerEngine;

/** The certificate a server shows, before anybody trusts it. */
export interface SeenCertificate {
  /** Its public key's fingerprint: SHA-256 of the `SubjectPublicKeyInfo`, base64url. */
  readonly key: string;
  /** It is valid for the name, and signed by somebody this machine trusts. */
  readonly isTrusted: boolean;
}

/** Looks at a server's certificate and sends nothing. Rejects with `EngineError`. */
export type LookAtCertificate = (
  endpoint: Pick<Pairing, 'host' | 'port'>,
  signal: AbortSignal,
) => Promise<SeenCertificate>;
