import type { Clock } from '../../base/clock';
import { messageOf } from '../../base/errors';
import { DisposableStore } from '../../base/lifecycle';
import {
  reduceConnection,
  type ConnectionInput,
  type ConnectionState,
  type ConnectionWorld,
} from '../../model/connection';
import { EngineError } from '../engine';
import {
  AgentConnection,
  type AgentConnectionEvents,
  type AgentConnectionOptions,
  type Established,
} from './agentConnection';
import type { ConnectionEnd } from './agentErrors';

export type LinkState = ConnectionState<Established, EngineError>;

export interface RemoteLinkOptions {
  /** What the next attempt needs; rejects with EngineError where there is nothing to try with. */
  readonly prepare: () => Promise<AgentConnectionOptions>;
  readonly clock: Clock;
  /** In [0, 1); jitters the delay between attempts. */
  readonly random: () => number;
}

export interface RemoteLinkEvents extends Pick<AgentConnectionEvents, 'message' | 'frame'> {
  connected(connection: AgentConnection, established: Established): void;
  /** What was connected is not any more. */
  disconnected(failure: EngineError): void;
  /** After all the others. */
  changed(): void;
}

/**
 * Stays connected to an agent: tries again after each end, as the reducer says, unless only a person can help. Then it
 * waits for `retryNow` for ever.
 */
export class RemoteLink {
  private current: LinkState = { kind: 'idle' };
  private connection: AgentConnection | undefined;
  /** Whether another attempt follows if the one under way fails: it may go by a token or address that has changed. */
  private isAskedAgain = false;
  private readonly attemptStore = new DisposableStore();

  constructor(
    private readonly options: RemoteLinkOptions,
    private readonly events: RemoteLinkEvents,
  ) {}

  get state(): LinkState {
    return this.current;
  }

  /** Whether nothing happens before somebody asks for it. */
  get isStuck(): boolean {
    return this.current.kind === 'waiting' && this.current.retryAtMs === Number.POSITIVE_INFINITY;
  }

  connect(): void {
    this.input({ kind: 'connect' });
  }

  retryNow(): void {
    this.isAskedAgain = this.current.kind === 'connecting';
    this.input({ kind: 'retryNow' });
  }

  close(): void {
    const { connection } = this;
    this.connection = undefined;
    connection?.close('normal');
    this.attemptStore.dispose();
    this.current = { kind: 'closed' };
  }

  private input(input: ConnectionInput<Established, EngineError>, end?: ConnectionEnd): void {
    const { clock, random } = this.options;
    const before = this.current;
    const after = this.next(input, { nowMs: clock.nowMs(), random: random() });
    if (after === before) return;
    this.current = end && after.kind === 'waiting' ? this.delayed(after, end) : after;
    this.attemptStore.clear();
    this.enter(this.current);
    this.events.changed();
  }

  private next(input: ConnectionInput<Established, EngineError>, world: ConnectionWorld): LinkState {
    const after = reduceConnection(this.current, input, world);
    if (after.kind === 'connecting' || !this.isAskedAgain) return after;
    this.isAskedAgain = false;
    return reduceConnection(after, { kind: 'retryNow' }, world);
  }

  private delayed(
    state: Extract<LinkState, { kind: 'waiting' }>,
    { kind, retryAfterMs = 0 }: ConnectionEnd,
  ): LinkState {
    if (kind !== 'retryable') return { ...state, retryAtMs: Number.POSITIVE_INFINITY };
    return { ...state, retryAtMs: Math.max(state.retryAtMs, this.options.clock.nowMs() + retryAfterMs) };
  }

  private enter(state: LinkState): void {
    if (state.kind === 'connecting') void this.attempt(state.serial);
    if (state.kind !== 'waiting' || state.retryAtMs === Number.POSITIVE_INFINITY) return;
    const { serial, retryAtMs } = state;
    const delayMs = Math.max(0, retryAtMs - this.options.clock.nowMs());
    const retry = (): void => this.input({ kind: 'retryDue', serial });
    this.attemptStore.add(this.options.clock.setTimer(retry, delayMs));
  }

  private async attempt(serial: number): Promise<void> {
    try {
      const options = await this.options.prepare();
      if (this.current.kind === 'connecting' && this.current.serial === serial) this.open(serial, options);
    } catch (error) {
      const failure =
        error instanceof EngineError
          ? error
          : new EngineError('agentFailure', messageOf(error), { cause: error });
      this.input({ kind: 'lost', serial, failure }, { failure, kind: 'fatal' });
    }
  }

  private open(serial: number, options: AgentConnectionOptions): void {
    const isCurrent = (): boolean => this.connection === connection;
    const connection: AgentConnection = new AgentConnection(options, {
      connected: (established) => {
        if (isCurrent()) this.connected(connection, serial, established);
      },
      message: (message) => {
        if (isCurrent()) this.events.message(message);
      },
      frame: (frame) => {
        if (isCurrent()) this.events.frame(frame);
      },
      ended: (end) => {
        if (isCurrent()) this.ended(serial, end);
      },
    });
    this.connection = connection;
  }

  /** Whoever hears of the state finds everything going on already. */
  private connected(connection: AgentConnection, serial: number, established: Established): void {
    this.events.connected(connection, established);
    this.input({ kind: 'connected', serial, info: established });
  }

  private ended(serial: number, end: ConnectionEnd): void {
    const wasConnected = this.current.kind === 'ready';
    this.connection = undefined;
    if (wasConnected) this.events.disconnected(end.failure);
    this.input({ kind: 'lost', serial, failure: end.failure }, end);
  }
}
