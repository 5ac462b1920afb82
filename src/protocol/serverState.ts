import { assertNever } from '../base/errors';
import { closeKindOf, CLOSE_REASONS, type CloseName, type HttpRefusalName } from './closeCodes';
import { LIMITS } from './limits';

/**
 * One connection as the agent sees it; PROTOCOL.md, chapter 3, requirements S1 to S14. Pure: the runner carries out the
 * effects, in order, and reports back what came of them.
 */
export type ServerState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'verifying'; readonly deadlineMs: number; readonly isChecking: boolean }
  | { readonly kind: 'established'; readonly deadlineMs: number; readonly isOpening: boolean }
  | { readonly kind: 'connected'; readonly deadlineMs: number }
  | { readonly kind: 'heartbeat'; readonly deadlineMs: number }
  /** It passes at once; only {@link ServerStep.path} shows it. */
  | { readonly kind: 'inactive' }
  | { readonly kind: 'rejected'; readonly code: number; readonly deadlineMs: number }
  | { readonly kind: 'closing'; readonly code: number; readonly deadlineMs: number }
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'failed'; readonly reason: HttpRefusalName | 'broken' };

export type ServerInput =
  | { readonly kind: 'upgradeAccepted' }
  | { readonly kind: 'upgradeRefused'; readonly reason: HttpRefusalName }
  /** A text or binary message came; for a command its action, which decides whether it is its time. */
  | { readonly kind: 'message'; readonly action?: string }
  /** A ping or pong came. */
  | { readonly kind: 'signOfLife' }
  | { readonly kind: 'proofRight' }
  | { readonly kind: 'proofWrong'; readonly reason: 'unauthorized' | 'tokenExpired' | 'tokenRevoked' }
  | { readonly kind: 'sessionOpened' }
  /** {@link serverDeadlineMs} has come, or may have. */
  | { readonly kind: 'time' }
  | { readonly kind: 'close'; readonly reason: CloseName }
  | { readonly kind: 'peerClosed'; readonly code: number }
  | { readonly kind: 'socketBroken' };

export type ServerEffect =
  | { readonly kind: 'sendChallenge' }
  /** Check the `authenticate` that just came, and report `proofRight` or `proofWrong`. */
  | { readonly kind: 'checkProof' }
  | { readonly kind: 'answerProof' }
  | { readonly kind: 'answerRefused'; readonly reason: 'unauthorized' | 'tokenExpired' | 'tokenRevoked' }
  /** Find or make the session that the `open_session` wants, and report `sessionOpened`. */
  | { readonly kind: 'openSession' }
  /** Answer `open_session`, send `connection_established` and what follows it. */
  | { readonly kind: 'announce' }
  /** The message that just came is one to act on. */
  | { readonly kind: 'handle' }
  | { readonly kind: 'ping' }
  /** Nothing of the session goes over this connection any more. */
  | { readonly kind: 'detachSession'; readonly keepsIt: boolean }
  | { readonly kind: 'sendClose'; readonly code: number }
  | { readonly kind: 'destroySocket' };

export interface ServerStep {
  readonly state: ServerState;
  readonly effects: readonly ServerEffect[];
  /** The states it went through, the last one included; empty if it stayed. */
  readonly path: readonly ServerState['kind'][];
}

export const FIRST_SERVER_STATE: ServerState = { kind: 'connecting' };

/** When to give the machine a `time`, in milliseconds since the Unix epoch; `undefined` for never. */
export function serverDeadlineMs(state: ServerState): number | undefined {
  return 'deadlineMs' in state ? state.deadlineMs : undefined;
}

/** @param nowMs of a clock that does not jump; all deadlines are of the same */
export function reduceServer(state: ServerState, input: ServerInput, nowMs: number): ServerStep {
  if (state.kind === 'closed' || state.kind === 'failed') return stay(state);
  switch (input.kind) {
    case 'upgradeAccepted':
    case 'upgradeRefused':
      return upgrade(state, input, nowMs);
    case 'message':
      return receive(state, input.action, nowMs);
    case 'signOfLife':
      return live(state, nowMs);
    case 'proofRight':
    case 'proofWrong':
      return verify(state, input, nowMs);
    case 'sessionOpened':
      return connect(state, nowMs);
    case 'time':
      return pass(state, nowMs);
    case 'close':
      return close(state, CLOSE_REASONS[input.reason].code, nowMs);
    case 'peerClosed':
      return end(state, input.code);
    case 'socketBroken':
      return end(state, CLOSE_REASONS.connectionBroken.code);
    default:
      return assertNever(input);
  }
}

function stay(state: ServerState, ...effects: ServerEffect[]): ServerStep {
  return { state, effects, path: [] };
}

function enter(state: ServerState, ...effects: ServerEffect[]): ServerStep {
  return { state, effects, path: [state.kind] };
}

function isUp({ kind }: ServerState): boolean {
  return kind === 'connected' || kind === 'heartbeat';
}

function upgrade(
  state: ServerState,
  input: Extract<ServerInput, { kind: 'upgradeAccepted' | 'upgradeRefused' }>,
  nowMs: number,
): ServerStep {
  if (state.kind !== 'connecting') return stay(state);
  if (input.kind === 'upgradeRefused') return enter({ kind: 'failed', reason: input.reason });
  const deadlineMs = nowMs + LIMITS.authenticationDeadlineMs;
  return enter({ kind: 'verifying', deadlineMs, isChecking: false }, { kind: 'sendChallenge' });
}

const HANDSHAKE_ACTIONS: ReadonlySet<string | undefined> = new Set(['authenticate', 'open_session']);

function receive(state: ServerState, action: string | undefined, nowMs: number): ServerStep {
  switch (state.kind) {
    case 'verifying':
      if (action === 'authenticate' && !state.isChecking)
        return stay({ ...state, isChecking: true }, { kind: 'checkProof' });
      return close(state, CLOSE_REASONS.violation.code, nowMs);
    case 'established':
      if (action === 'open_session' && !state.isOpening)
        return stay({ ...state, isOpening: true }, { kind: 'openSession' });
      return close(state, CLOSE_REASONS.violation.code, nowMs);
    case 'connected':
    case 'heartbeat': {
      if (HANDSHAKE_ACTIONS.has(action)) return close(state, CLOSE_REASONS.violation.code, nowMs);
      const step = live(state, nowMs);
      return { ...step, effects: [...step.effects, { kind: 'handle' }] };
    }
    default:
      return stay(state);
  }
}

/** The machine's runner need not tell of every message: one in a while is enough to live. */
function live(state: ServerState, nowMs: number): ServerStep {
  if (!isUp(state)) return stay(state);
  const next: ServerState = { kind: 'connected', deadlineMs: nowMs + LIMITS.heartbeatIdleMs };
  return state.kind === 'connected' ? stay(next) : enter(next);
}

function verify(
  state: ServerState,
  input: Extract<ServerInput, { kind: 'proofRight' | 'proofWrong' }>,
  nowMs: number,
): ServerStep {
  if (state.kind !== 'verifying' || !state.isChecking) return stay(state);
  if (input.kind === 'proofRight')
    return enter(
      { kind: 'established', deadlineMs: state.deadlineMs, isOpening: false },
      { kind: 'answerProof' },
    );
  const { code } = CLOSE_REASONS[input.reason];
  return enter(
    { kind: 'rejected', code, deadlineMs: nowMs + LIMITS.closeDeadlineMs },
    { kind: 'answerRefused', reason: input.reason },
    { kind: 'sendClose', code },
  );
}

function connect(state: ServerState, nowMs: number): ServerStep {
  if (state.kind !== 'established' || !state.isOpening) return stay(state);
  return enter({ kind: 'connected', deadlineMs: nowMs + LIMITS.heartbeatIdleMs }, { kind: 'announce' });
}

function pass(state: ServerState, nowMs: number): ServerStep {
  const deadlineMs = serverDeadlineMs(state);
  if (deadlineMs === undefined || nowMs < deadlineMs) return stay(state);
  switch (state.kind) {
    case 'verifying':
    case 'established':
      return close(state, CLOSE_REASONS.deadlineExceeded.code, nowMs);
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

function close(state: ServerState, code: number, nowMs: number): ServerStep {
  switch (state.kind) {
    case 'connecting':
      return enter({ kind: 'failed', reason: 'unavailable' }, { kind: 'destroySocket' });
    case 'verifying':
    case 'established':
    case 'connected':
    case 'heartbeat':
      return enter(
        { kind: 'closing', code, deadlineMs: nowMs + LIMITS.closeDeadlineMs },
        ...detach(state, code),
        { kind: 'sendClose', code },
      );
    default:
      return stay(state);
  }
}

function end(state: ServerState, code: number): ServerStep {
  switch (state.kind) {
    case 'connecting':
    case 'verifying':
    case 'established':
      return enter({ kind: 'failed', reason: 'broken' }, { kind: 'destroySocket' });
    case 'rejected':
    case 'closing':
      return enter({ kind: 'closed', code: state.code }, { kind: 'destroySocket' });
    default:
      return enter({ kind: 'closed', code }, ...detach(state, code), { kind: 'destroySocket' });
  }
}

function detach(state: ServerState, code: number): ServerEffect[] {
  return isUp(state) ? [{ kind: 'detachSession', keepsIt: closeKindOf(code) === 'retryable' }] : [];
}
