import { EngineError, type CertificateChangedError, type EngineErrorCode } from '../../engine/engine';
import { isDisconnected, lastFailure, type Host } from './host';

/** What keeps a host from being up to date, as far as what helps differs. */
export type TroubleKind =
  /** Somebody wanted it so. */
  | 'disconnected'
  | 'tokenMissing'
  | 'tokenRefused'
  /** What answers is not the agent that was paired with. */
  | 'agentNotTrusted'
  /** Another certificate than the one that was paired with. */
  | 'certificateChanged'
  /** A certificate that nobody vouches for. */
  | 'certificateRefused'
  | 'versionMismatch'
  /** The agent, or this machine's engine, does not answer. */
  | 'unreachable'
  /** The agent answers; its engine does not. */
  | 'engineDown'
  | 'engineNotFound'
  | 'permissionDenied'
  | 'failed';

export interface Trouble {
  readonly kind: TroubleKind;
  /** Absent only for `disconnected`. */
  readonly error?: EngineError;
}

/** No token is kept for the host here; so nobody was asked. */
export class TokenMissingError extends EngineError {
  override readonly name = 'TokenMissingError';

  constructor() {
    super('tokenRefused', 'No token is kept here for this host.');
  }
}

/** Trouble that ends by itself, as soon as the other side is back. */
const PASSING: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  'unreachable',
  'engineDown',
  'engineNotFound',
]);

/** It stays until a person does something; trying again by itself would not help, and may count as an attack. */
export function needsPerson(kind: TroubleKind): boolean {
  return !PASSING.has(kind);
}

/** `undefined` while it is connected, and before anything went wrong. */
export function troubleOf(host: Host): Trouble | undefined {
  if (isDisconnected(host)) return { kind: 'disconnected' };
  const error = lastFailure(host);
  if (error === undefined) return undefined;
  return { kind: host.remote ? remoteTrouble(error) : localTrouble(error.code), error };
}

function localTrouble(code: EngineErrorCode): TroubleKind {
  switch (code) {
    case 'engineNotFound':
    case 'permissionDenied':
      return code;
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
      return 'unreachable';
    default:
      return 'failed';
  }
}

function remoteTrouble(error: EngineError): TroubleKind {
  if (error instanceof TokenMissingError) return 'tokenMissing';
  switch (error.code) {
    case 'agentEngineAway':
      return 'engineDown';
    case 'tokenRefused':
    case 'agentNotTrusted':
    case 'certificateChanged':
    case 'versionMismatch':
      return error.code;
    case 'tlsFailed':
      return 'certificateRefused';
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
    case 'agentBusy':
      return 'unreachable';
    default:
      return 'failed';
  }
}

/** The fingerprints of a changed certificate. */
export function changedKeys(
  error: EngineError | undefined,
): { readonly pinnedKey: string; readonly seenKey: string } | undefined {
  const isChange = error?.name === 'CertificateChangedError' && 'pinnedKey' in error && 'seenKey' in error;
  return isChange ? (error as CertificateChangedError) : undefined;
}
