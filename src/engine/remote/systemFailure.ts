import { messageOf } from '../../base/errors';
import { EngineError } from '../engine';

const TLS_CODES = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH$)/;

/**
 * What went wrong while a connection was opened, or broke it off.
 *
 * @param place where it went to, for people
 */
export function systemFailure(error: unknown, place: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = systemCodeOf(error);
  const options = { cause: error };
  if (TLS_CODES.test(code))
    return new EngineError('tlsFailed', `${place}: the certificate was not accepted (${code}).`, options);
  return new EngineError('unreachable', `${place}: ${explain(code) ?? messageOf(error)}`, options);
}

function systemCodeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function explain(code: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there. Is the agent running?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no machine of this name.';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return 'there is no way to this machine.';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection broke off.';
    default:
      return undefined;
  }
}
