import { assertNever } from '../../base/errors';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import {
  clientDeadlineMs,
  clientOutcome,
  firstClientState,
  reduceClient,
  type ClientEffect,
  type ClientInput,
  type ClientState,
} from '../../protocol/clientState';
import type { CloseName } from '../../protocol/closeCodes';
import { decodeFrame, type ReceivedFrame } from '../../protocol/dataFrames';
import { ProtocolError } from '../../protocol/errorCodes';
import { encodeMessage, makeAck, makeCommand } from '../../protocol/makeMessages';
import {
  decodeAgentMessage,
  type Ack,
  type AgentEvent,
  type Command,
  type CommandAction,
  type CommandData,
  type EventData,
  type StreamPosition,
} from '../../protocol/messages';
import { EngineError } from '../engine';
import { connectionLost, endByClose, endByRefusal, tooSlow, type ConnectionEnd } from './agentErrors';
import type { AgentSocket, HttpRefusal, OpenAgentSocket } from './agentSocket';
import { Handshake, type HandshakeInput } from './handshake';
import { PendingRequests, type RequestHandlers } from './pendingRequests';

export type Established = EventData<'connection_established'>;
export type Resumption = NonNullable<CommandData<'open_session'>['resume']>;

export interface AgentConnectionOptions extends HandshakeInput {
  readonly openSocket: OpenAgentSocket;
  readonly clock: Clock;
  /** What to go on with; asked once the agent has proved itself. */
  readonly resumption: () => Resumption | undefined;
}

/** What a connection tells. Frames and messages come only while it is connected. */
export interface AgentConnectionEvents {
  connected(established: Established): void;
  message(message: AgentEvent | Ack): void;
  /** @throws ProtocolError for what is against the protocol */
  frame(frame: ReceivedFrame): void;
  /** It is over, or on its way there: nothing more is told. Once. */
  ended(end: ConnectionEnd): void;
}

export interface RequestOptions {
  /** Unique for ever; one that is unique on this connection is made if left out. */
  readonly id?: string;
  readonly isSigned?: boolean;
}

/** Failures of opening a connection that stay until a person does something. */
const LASTING: ReadonlySet<string> = new Set(['certificateChanged', 'versionMismatch', 'badEndpoint']);

/** One connection to an agent, from the first byte to the last. It runs the protocol's client machine. */
export class AgentConnection {
  private state: ClientState;
  private readonly socket: AgentSocket;
  private readonly requests: PendingRequests;
  private timer: (Disposable & { readonly dueMs: number }) | undefined;
  private nonce = '';
  private sign: ReturnType<Handshake['signer']> | undefined;
  private messageCount = 0;
  private established: Established | undefined;
  private refusal: HttpRefusal | undefined;
  private failure: EngineError | undefined;
  private isEndTold = false;

  constructor(
    private readonly options: AgentConnectionOptions,
    private readonly events: AgentConnectionEvents,
  ) {
    this.requests = new PendingRequests(options.clock);
    this.state = firstClientState(this.nowMs);
    this.socket = options.openSocket({
      opened: () => this.input({ kind: 'opened' }),
      refused: (refusal) => {
        this.refusal = refusal;
        this.input({ kind: 'upgradeRefused', status: refusal.status });
      },
      text: (text) => this.guard(() => this.takeText(text)),
      binary: (bytes) => this.guard(() => this.takeBinary(bytes)),
      alive: () => this.input({ kind: 'signOfLife' }),
      closed: (code) => this.input({ kind: 'peerClosed', code }),
      broken: (error) => {
        this.failure = error;
        this.input({ kind: 'socketBroken' });
      },
    });
    this.watchDeadline();
  }

  /** Everything may be sent. */
  get isConnected(): boolean {
    return this.state.kind === 'connected' || this.state.kind === 'heartbeat';
  }

  get bufferedBytes(): number {
    return this.socket.bufferedBytes;
  }

  /** Sends a command. If it can't be sent, it fails before this returns. */
  request<Action extends CommandAction>(
    action: Action,
    data: CommandData<Action>,
    handlers: RequestHandlers<Action>,
    { id = this.nextId(), isSigned = false }: RequestOptions = {},
  ): void {
    if (!this.isConnected) {
      handlers.failed(connectionLost());
      return;
    }
    this.requests.add(id, action, handlers);
    // What is made of an action and its data is one of the commands.
    const command = makeCommand(action, id, this.timestamp(), data) as Command;
    const signature = isSigned && this.sign?.(command, data);
    this.sendText(encodeMessage(signature ? { ...command, auth: { signature } } : command));
  }

  sendAck(streams: readonly StreamPosition[]): void {
    if (this.isConnected) this.sendText(encodeMessage(makeAck(this.nextId(), this.timestamp(), streams)));
  }

  sendFrame(bytes: Uint8Array, sent: () => void): void {
    if (this.isConnected) this.socket.sendBinary(bytes, sent);
  }

  /** Ends it; whoever wanted that hears no more of it. Requests that are pending fail. */
  close(reason: CloseName): void {
    this.isEndTold = true;
    this.input({ kind: 'close', reason });
    this.requests.failAll(connectionLost());
  }

  private get nowMs(): number {
    return this.options.clock.nowMs();
  }

  private input(input: ClientInput): void {
    const { state, effects } = reduceClient(this.state, input, this.nowMs);
    this.state = state;
    for (const effect of effects) this.run(effect);
    this.watchDeadline();
    if (isEnding(this.state)) this.tellEnd();
  }

  private run(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'authenticate':
        this.authenticate();
        break;
      case 'openSession':
        this.openSession();
        break;
      case 'announce':
        if (this.established && !this.isEndTold) this.events.connected(this.established);
        break;
      case 'ping':
        this.socket.ping();
        break;
      case 'sendClose':
        this.socket.close(effect.code);
        break;
      case 'destroySocket':
        this.socket.destroy();
        break;
      default:
        assertNever(effect);
    }
  }

  private authenticate(): void {
    const handshake = new Handshake(this.options, this.nonce);
    this.ask('authenticate', handshake.answer(), ({ proof }) => {
      const isAgent = handshake.isAgent(proof);
      if (isAgent) this.sign = handshake.signer();
      this.input({ kind: isAgent ? 'proofRight' : 'proofWrong' });
    });
  }

  private openSession(): void {
    const resume = this.options.resumption();
    this.ask('open_session', resume ? { resume } : {}, () => undefined);
  }

  /** A refusal is followed by a close frame, which says the same. */
  private ask<Action extends CommandAction>(
    action: Action,
    data: CommandData<Action>,
    done: RequestHandlers<Action>['done'],
  ): void {
    const id = this.nextId();
    this.requests.add(id, action, { done, failed: () => undefined });
    this.sendText(encodeMessage(makeCommand(action, id, this.timestamp(), data) as Command));
  }

  /** What the other end may not send ends the connection. */
  private guard(take: () => void): void {
    if (isOver(this.state) || isEnding(this.state)) return;
    try {
      take();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const reason = error.code === 'flowViolation' ? 'flowViolation' : 'violation';
      this.failure = new EngineError(
        'agentFailure',
        `The agent's message was not understood: ${error.message}`,
      );
      this.input({ kind: 'close', reason });
    }
  }

  private takeText(text: string): void {
    this.input({ kind: 'signOfLife' });
    const message = this.decode(text);
    if (!message || message.type === 'unknown') return;
    if (message.type === 'response') this.requests.take(message);
    else if (message.type === 'event' && message.action === 'challenge') {
      this.nonce = message.data.nonce;
      this.input({ kind: 'challenge' });
    } else if (message.type === 'event' && message.action === 'connection_established') {
      this.established = message.data;
      this.input({ kind: 'established' });
    } else if (this.isConnected) this.events.message(message);
  }

  private decode(text: string): ReturnType<typeof decodeAgentMessage> | undefined {
    try {
      return decodeAgentMessage(text);
    } catch (error) {
      if (!(error instanceof ProtocolError) || !error.command) throw error;
      this.requests.fail(
        error.command.id,
        new EngineError('agentFailure', `The agent's answer: ${error.message}`),
      );
      return undefined;
    }
  }

  private takeBinary(bytes: Uint8Array): void {
    this.input({ kind: 'signOfLife' });
    const frame = decodeFrame(bytes);
    if (this.isConnected) this.events.frame(frame);
  }

  private sendText(text: string): void {
    this.socket.sendText(text);
  }

  private nextId(): string {
    return `c-${++this.messageCount}`;
  }

  private timestamp(): string {
    return new Date(this.nowMs).toISOString();
  }

  /** Most inputs only move the deadline further away: then the timer that is set is early, and is set anew when due. */
  private watchDeadline(): void {
    const dueMs = clientDeadlineMs(this.state);
    if (dueMs !== undefined && this.timer && this.timer.dueMs <= dueMs) return;
    this.timer?.dispose();
    this.timer = undefined;
    if (dueMs === undefined) return;
    const timer = this.options.clock.setTimer(
      () => {
        this.timer = undefined;
        this.input({ kind: 'time' });
      },
      Math.max(0, dueMs - this.nowMs),
    );
    this.timer = { dueMs, dispose: () => timer.dispose() };
  }

  private tellEnd(): void {
    if (this.isEndTold) return;
    this.isEndTold = true;
    const end = this.end();
    this.requests.failAll(connectionLost());
    this.events.ended(end);
  }

  private end(): ConnectionEnd {
    const { state } = this;
    if (state.kind === 'failed') return this.endByFailure(state);
    const { failure, kind } = endByClose('code' in state ? state.code : 0);
    const isSpecific = this.failure?.code === 'agentFailure';
    return { failure: (isSpecific && this.failure) || failure, kind };
  }

  private endByFailure(state: Extract<ClientState, { kind: 'failed' }>): ConnectionEnd {
    const { cause } = state;
    switch (cause.kind) {
      case 'http':
        return endByRefusal(this.refusal ?? cause);
      case 'closed':
        return endByClose(cause.code);
      case 'deadline':
        return { failure: tooSlow(), kind: 'retryable' };
      case 'broken': {
        const failure = this.failure ?? connectionLost();
        return { failure, kind: LASTING.has(failure.code) ? 'fatal' : (clientOutcome(state) ?? 'retryable') };
      }
      default:
        return assertNever(cause);
    }
  }
}

/** Nothing of use comes any more, though the peer's close frame may be awaited. */
function isEnding({ kind }: ClientState): boolean {
  return kind === 'closing' || kind === 'rejected' || kind === 'closed' || kind === 'failed';
}

function isOver({ kind }: ClientState): boolean {
  return kind === 'closed' || kind === 'failed';
}
