import { assertNever } from '../base/errors';
import { closeKindOf, CLOSE_REASONS, httpRefusalKind, type CloseKind, type CloseName } from './closeCodes';
import { LIMITS } from './limits';

/**
 * One connection as a client sees it; PROTOCOL.md, chapter 3, requirements C1 to C14. Pure: the runner carries out the
 * effects, in order, and reports back what came of them. Coming back is another machine's business.
 */
export type ClientState =
  | { readonly kind: 'connecting'; readonly deadlineMs: number }
  | { readonly kind: 'verifying'; readonly deadlineMs: number; readonly hasAnswered: boolean }
  | { readonly kind: 'established'; readonly deadlineMs: number }
  | { readonly kind: 'connected'; readonly deadlineMs: number }
  | { readonly kind: 'heartbeat'; readonly deadlineMs: number }
  /** It passes at once; only {@link ClientStep.path} shows it. */
  | { readonly kind: 'inactive' }
  | { readonly kind: 'rejected'; readonly code: number; readonly deadlineMs: number }
  | { readonly kind: 'closing'; readonly code: number; readonly deadlineMs: number }
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'failed'; readonly cause: ClientFailure };

/** Why a connection never got to be one. */
export type ClientFailure =
  | { readonly kind: 'http'; readonly status: number }
  /** A close frame that is not fatal. */
  | { readonly kind: 'closed'; readonly code: number }
  /** The runner knows more: no such name, refused, another certificate. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'deadline' };

export type ClientInput =
  | { readonly kind: 'opened' }
  | { readonly kind: 'upgradeRefused'; readonly status: number }
  | { readonly kind: 'challenge' }
  /** The answer to `authenticate` came, and the agent's proof was checked. */
  | { readonly kind: 'proofRight' }
  | { readonly kind: 'proofWrong' }
  | { readonly kind: 'established' }
  /** Any other message, a ping or a pong came. */
  | { readonly kind: 'signOfLife' }
  /** {@link clientDeadlineMs} has come, or may have. */
  | { readonly kind: 'time' }
  | { readonly kind: 'close'; readonly reason: CloseName }
  | { readonly kind: 'peerClosed'; readonly code: number }
  | { readonly kind: 'socketBroken' };

export type ClientEffect =
  | { readonly kind: 'authenticate' }
  | { readonly kind: 'openSession' }
  /** Everything may be sent. */
  | { readonly kind: 'announce' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'sendClose'; readonly code: number }
  | { readonly kind: 'destroySocket' };

export interface ClientStep {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
  /** The states it went through, the last one included; empty if it stayed. */
  readonly path: readonly ClientState['kind'][];
}

/** @param nowMs of a clock that does not jump; all deadlines are of the same */
export function firstClientState(nowMs: number): ClientState {
  return { kind: 'connecting', deadlineMs: nowMs + LIMITS.connectDeadlineMs };
}

/** When to give the machine a `time`, in milliseconds since the Unix epoch; `undefined` for never. */
export function clientDeadlineMs(state: ClientState): number | undefined {
  return 'deadlineMs' in state ? state.deadlineMs : undefined;
}

/** What an ended connection means for coming back; `undefined` while it is not over. */
export function clientOutcome(state: ClientState): CloseKind | undefined {
  if (state.kind === 'closed') return closeKindOf(state.code);
  if (state.kind !== 'failed') return undefined;
  return state.cause.kind === 'http' ? httpRefusalKind(state.cause.status) : 'retryable';
}

export function reduceClient(state: ClientState, input: ClientInput, nowMs: number): ClientStep {
  if (state.kind === 'closed' || state.kind === 'failed') return stay(state);
  switch (input.kind) {
    case 'opened':
    case 'upgradeRefused':
      return upgrade(state, input);
    case 'challenge':
    case 'proofRight':
    case 'proofWrong':
    case 'established':
      return shakeHands(state, input.kind, nowMs);
    case 'signOfLife':
      return live(state, nowMs);
    case 'time':
      return pass(state, nowMs);
    case 'close':
      return close(state, CLOSE_REASONS[input.reason].code, nowMs);
    case 'peerClosed':
      return endByPeer(state, input.code);
    case 'socketBroken':
      return endByBreak(state);
    default:
      return assertNever(input);
  }
}

function stay(state: ClientState, ...effects: ClientEffect[]): ClientStep {
  return { state, effects, path: [] };
}

function enter(state: ClientState, ...effects: ClientEffect[]): ClientStep {
  return { state, effects, path: [state.kind] };
}

function fail(cause: ClientFailure, ...before: ClientEffect[]): ClientStep {
  return enter({ kind: 'failed', cause }, ...before, { kind: 'destroySocket' });
}

function upgrade(
  state: ClientState,
  input: Extract<ClientInput, { kind: 'opened' | 'upgradeRefused' }>,
): ClientStep {
  if (state.kind !== 'connecting') return stay(state);
  if (input.kind === 'upgradeRefused') return fail({ kind: 'http', status: input.status });
  return enter({ kind: 'verifying', deadlineMs: state.deadlineMs, hasAnswered: false });
}

type HandshakeInput = 'challenge' | 'proofRight' | 'proofWrong' | 'established';

function shakeHands(state: ClientState, input: HandshakeInput, nowMs: number): ClientStep {
  if (isEnding(state)) return stay(state);
  if (state.kind === 'verifying' && input === 'challenge' && !state.hasAnswered)
    return stay({ ...state, hasAnswered: true }, { kind: 'authenticate' });
  if (state.kind === 'verifying' && input === 'proofRight' && state.hasAnswered)
    return enter({ kind: 'established', deadlineMs: state.deadlineMs }, { kind: 'openSession' });
  if (state.kind === 'verifying' && input === 'proofWrong' && state.hasAnswered) return distrust(nowMs);
  if (state.kind === 'established' && input === 'established')
    return enter({ kind: 'connected', deadlineMs: nowMs + LIMITS.heartbeatIdleMs }, { kind: 'announce' });
  return close(state, CLOSE_REASONS.violation.code, nowMs);
}

function isEnding({ kind }: ClientState): boolean {
  return kind === 'closing' || kind === 'rejected';
}

function distrust(nowMs: number): ClientStep {
  const { code } = CLOSE_REASONS.agentNotTrusted;
  const deadlineMs = nowMs + LIMITS.closeDeadlineMs;
  return enter({ kind: 'rejected', code, deadlineMs }, { kind: 'sendClose', code });
}

function live(state: ClientState, nowMs: number): ClientStep {
  const next: ClientState = { kind: 'connected', deadlineMs: nowMs + LIMITS.heartbeatIdleMs };
  if (state.kind === 'connected') return stay(next);
  return state.kind === 'heartbeat' ? enter(next) : stay(state);
}

function pass(state: ClientState, nowMs: number): ClientStep {
  const deadlineMs = clientDeadlineMs(state);
  if (deadlineMs === undefined || nowMs < deadlineMs) return stay(state);
  switch (state.kind) {
    case 'connecting':
      return fail({ kind: 'deadline' });
    case 'verifying':
    case 'established':
      return fail({ kind: 'deadline' }, { kind: 'sendClose', code: CLOSE_REASONS.deadlineExceeded.code });
    case 'connected':
      return enter({ kind: 'heartbeat', deadlineMs: nowMs + LIMITS.heartbeatDeadlineMs }, { kind: 'ping' });
    case 'heartbeat': {
      const step = close(state, CLOSE_REASONS.heartbeatTimeout.code, nowMs);
      return { ...step, path: ['inactive', ...step.path] };
    }
    case 'rejected':
    case 'closing':
      return enter({ kind: 'closed', code: state.code }, { kind: 'destroySocket' });
    default:
      return stay(state);
  }
}

function close(state: ClientState, code: number, nowMs: number): ClientStep {
  if (isEnding(state)) return stay(state);
  if (state.kind === 'connecting') return enter({ kind: 'closed', code }, { kind: 'destroySocket' });
  const deadlineMs = nowMs + LIMITS.closeDeadlineMs;
  return enter({ kind: 'closing', code, deadlineMs }, { kind: 'sendClose', code });
}

function endByPeer(state: ClientState, code: number): ClientStep {
  if (state.kind === 'closing' || state.kind === 'rejected') return endOurs(state.code);
  if (isUp(state)) return enter({ kind: 'closed', code }, { kind: 'destroySocket' });
  if (closeKindOf(code) !== 'fatal') return fail({ kind: 'closed', code });
  const step = enter({ kind: 'closed', code }, { kind: 'destroySocket' });
  return { ...step, path: ['rejected', 'closed'] };
}

function endByBreak(state: ClientState): ClientStep {
  if (state.kind === 'closing' || state.kind === 'rejected') return endOurs(state.code);
  return isUp(state) ? endOurs(CLOSE_REASONS.connectionBroken.code) : fail({ kind: 'broken' });
}

/** Who closed first gives the reason. */
function endOurs(code: number): ClientStep {
  return enter({ kind: 'closed', code }, { kind: 'destroySocket' });
}

function isUp({ kind }: ClientState): boolean {
  return kind === 'connected' || kind === 'heartbeat';
}
