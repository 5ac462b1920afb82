import { assertNever } from '../base/errors';
import { backoffDelayMs } from '../base/backoff';

/**
 * How a host is connected, as a pure reducer. Requirements, cited by the tests:
 *
 * 1. Nothing happens before somebody asks: the first state is `idle`, and only `connect` leaves it.
 * 2. One attempt runs at a time; `connect` while connecting or connected changes nothing.
 * 3. A failed attempt or a lost connection waits with growing, jittered delay, without an attempt limit.
 * 4. Only a connection that was ready for {@link STABLE_AFTER_MS} resets the delay, so that an engine which accepts
 *    and hangs up at once is not hammered.
 * 5. `retryNow` skips the waiting, and starts the growth of the delay anew; it changes no other state.
 * 6. Outcomes of an attempt that is no longer the current one are ignored.
 * 7. `close` ends everything; nothing leaves `closed`.
 */
export type ConnectionState<Info, Failure> =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly attempt: number;
      readonly serial: number;
      readonly lastFailure?: Failure;
    }
  | {
      readonly kind: 'ready';
      readonly attempt: number;
      readonly serial: number;
      readonly info: Info;
      readonly sinceMs: number;
    }
  | {
      readonly kind: 'waiting';
      readonly attempt: number;
      readonly serial: number;
      readonly failure: Failure;
      /** Milliseconds since the Unix epoch. */
      readonly retryAtMs: number;
    }
  | { readonly kind: 'closed' };

export type ConnectionInput<Info, Failure> =
  | { readonly kind: 'connect' }
  | { readonly kind: 'connected'; readonly serial: number; readonly info: Info }
  /** The running attempt failed, or the ready connection broke. */
  | { readonly kind: 'lost'; readonly serial: number; readonly failure: Failure }
  | { readonly kind: 'retryDue'; readonly serial: number }
  | { readonly kind: 'retryNow' }
  | { readonly kind: 'close' };

/** A connection that held this long counts as good: the next loss is retried with the first delay again. */
export const STABLE_AFTER_MS = 10_000;

/** What the reducer needs to know of the world, handed in so that it stays pure. */
export interface ConnectionWorld {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export function reduceConnection<Info, Failure>(
  state: ConnectionState<Info, Failure>,
  input: ConnectionInput<Info, Failure>,
  world: ConnectionWorld,
): ConnectionState<Info, Failure> {
  if (state.kind === 'closed') return state;
  switch (input.kind) {
    case 'connect':
      return state.kind === 'idle' ? { kind: 'connecting', attempt: 0, serial: 1 } : state;
    case 'connected':
      if (state.kind !== 'connecting' || state.serial !== input.serial) return state;
      return {
        kind: 'ready',
        attempt: state.attempt,
        serial: state.serial,
        info: input.info,
        sinceMs: world.nowMs,
      };
    case 'lost':
      return lose(state, input.serial, input.failure, world);
    case 'retryDue':
      if (state.kind !== 'waiting' || state.serial !== input.serial) return state;
      return retry(state, state.attempt + 1);
    case 'retryNow':
      return state.kind === 'waiting' ? retry(state, 0) : state;
    case 'close':
      return { kind: 'closed' };
    default:
      return assertNever(input);
  }
}

function retry<Info, Failure>(
  state: Extract<ConnectionState<Info, Failure>, { kind: 'waiting' }>,
  attempt: number,
): ConnectionState<Info, Failure> {
  return { kind: 'connecting', attempt, serial: state.serial + 1, lastFailure: state.failure };
}

function lose<Info, Failure>(
  state: ConnectionState<Info, Failure>,
  serial: number,
  failure: Failure,
  world: ConnectionWorld,
): ConnectionState<Info, Failure> {
  if (state.kind !== 'connecting' && state.kind !== 'ready') return state;
  if (state.serial !== serial) return state;
  const wasStable = state.kind === 'ready' && world.nowMs - state.sinceMs >= STABLE_AFTER_MS;
  const attempt = wasStable ? 0 : state.attempt;
  const retryAtMs = world.nowMs + backoffDelayMs(attempt, world.random);
  return { kind: 'waiting', attempt, serial, failure, retryAtMs };
}
