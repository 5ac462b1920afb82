import {
  closeKindOf,
  closeNameOf,
  httpRefusalKind,
  type CloseKind,
  type CloseName,
} from '../../protocol/closeCodes';
import {
  isEngineErrorCode,
  isWireErrorCode,
  type AgentErrorCode,
  type WireError,
} from '../../protocol/errorCodes';
import { EngineError, type EngineErrorCode } from '../engine';
import type { HttpRefusal } from './agentSocket';

/** Why a connection is over, and what that means for coming back. */
export interface ConnectionEnd {
  readonly failure: EngineError;
  readonly kind: CloseKind;
  /** The agent asked not to come back earlier. */
  readonly retryAfterMs?: number;
}

const PORT_CODES: Readonly<Record<AgentErrorCode, EngineErrorCode>> = {
  unauthorized: 'tokenRefused',
  tokenExpired: 'tokenRefused',
  tokenRevoked: 'tokenRefused',
  forbidden: 'forbidden',
  badSignature: 'agentFailure',
  unknownAction: 'notSupported',
  commandIdReused: 'agentFailure',
  tooManyCommands: 'agentBusy',
  rateLimited: 'agentBusy',
  tooManyStreams: 'agentBusy',
  streamInUse: 'agentFailure',
  noSuchStream: 'agentFailure',
  noSuchUpload: 'connectionLost',
  tooLarge: 'notSupported',
  shuttingDown: 'connectionLost',
  versionMismatch: 'versionMismatch',
  internal: 'agentFailure',
};

/** What an agent answered instead of doing it. */
export class AgentRefusal extends EngineError {
  constructor(readonly wire: WireError) {
    super(portCodeOf(wire.code), wire.message);
  }
}

function portCodeOf(code: string): EngineErrorCode {
  if (!isWireErrorCode(code)) return 'agentFailure';
  return isEngineErrorCode(code) ? code : PORT_CODES[code];
}

export function connectionLost(): EngineError {
  return new EngineError('connectionLost', 'The connection to the agent was lost.');
}

export function closedByUs(): EngineError {
  return new EngineError('connectionLost', 'The connection to the agent was closed.');
}

/** Why a connection is over that a close frame ended, ours or the agent's. */
export function endByClose(code: number): ConnectionEnd {
  return { failure: failureOfClose(code), kind: closeKindOf(code) };
}

/** What people are told of an end, by its code; of those that say no more than that it is over, nothing. */
const CLOSE_FAILURES: Partial<Record<CloseName, () => EngineError>> = {
  unauthorized: () => tokenRefused('The agent does not know this token.'),
  tokenExpired: () => tokenRefused('The token has expired.'),
  tokenRevoked: () => tokenRefused('The token was revoked.'),
  versionMismatch,
  agentNotTrusted: () =>
    new EngineError(
      'agentNotTrusted',
      'What answered does not know the token, so it is not the agent that was paired.',
    ),
  goingAway: () => new EngineError('connectionLost', 'The agent is shutting down.'),
  deadlineExceeded: tooSlow,
  heartbeatTimeout: () => new EngineError('connectionLost', 'The agent gave no sign of life any more.'),
  sessionTakenOver: () => new EngineError('connectionLost', 'Another connection took over from this one.'),
  permissionsChanged: () => new EngineError('connectionLost', 'What this token may do was changed.'),
  violation: misunderstood,
  flowViolation: misunderstood,
  invalidText: misunderstood,
  tooBig: misunderstood,
};

function failureOfClose(code: number): EngineError {
  const name = closeNameOf(code);
  return (name && CLOSE_FAILURES[name]?.()) ?? connectionLost();
}

function tokenRefused(why: string): EngineError {
  return new EngineError('tokenRefused', `${why} Pair with the agent again.`);
}

function misunderstood(): EngineError {
  return new EngineError('agentFailure', 'The agent and this client do not understand each other.');
}

/** Why an upgrade was refused. */
export function endByRefusal({ status, retryAfterMs }: HttpRefusal): ConnectionEnd {
  return {
    failure: failureOfStatus(status),
    kind: httpRefusalKind(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const VERSION_MISMATCH = 426;
const TOO_MANY = 429;
const UNAVAILABLE = 503;

function failureOfStatus(status: number): EngineError {
  switch (status) {
    case UNAUTHORIZED:
      return tokenRefused('The agent does not know this token.');
    case FORBIDDEN:
      return new EngineError('forbidden', 'Something on the way to the agent refused the connection.');
    case VERSION_MISMATCH:
      return versionMismatch();
    case TOO_MANY:
      return new EngineError('agentBusy', 'The agent asks to wait: there were too many attempts.');
    case UNAVAILABLE:
      return new EngineError('agentBusy', 'The agent takes no more connections for now.');
    default:
      return new EngineError('badResponse', `What answered is not an agent (HTTP status ${status}).`);
  }
}

export function versionMismatch(): EngineError {
  const text =
    'The agent and this extension speak different versions of their protocol. Update the older one.';
  return new EngineError('versionMismatch', text);
}

export function tooSlow(): EngineError {
  return new EngineError('timeout', 'The agent did not answer in time.');
}
