import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { assertNever, messageOf } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { CLOSE_REASONS, closeNameOf, type CloseName } from '../../protocol/closeCodes';
import { decodeFrame } from '../../protocol/dataFrames';
import { ProtocolError } from '../../protocol/errorCodes';
import { LIMITS } from '../../protocol/limits';
import { done, encodeMessage, failed } from '../../protocol/makeMessages';
import {
  decodeClientMessage,
  type Ack,
  type CommandOf,
  type EngineState,
  type ReceivedCommand,
} from '../../protocol/messages';
import type { ServerEffect } from '../../protocol/serverState';
import type { AdmittedConnection } from '../security/connectionLimits';
import { mayDo } from '../security/permissions';
import { TokenBucket } from '../security/tokenBucket';
import { ClientActions } from './clientActions';
import type { DataFrame } from './dataFrame';
import type { ProofAnswer } from './logins';
import { ServerMachine } from './machine';
import { answerPing, Outlet } from './outlet';
import { noteAudit } from './principal';
import type { Services } from './services';
import type { Session, SessionConnection, SessionEnd } from './session';
import { eventEncoder, nowText } from './texts';
import { engineStateOf } from './wireErrors';

const NONCE_BYTES = 32;
/** Before it has authenticated, a client sends two small messages and perhaps a ping. */
const MAX_BYTES_BEFORE_AUTH = 3 * LIMITS.maxMessageBytesBeforeAuth;

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly transport: Duplex;
  readonly address: string;
  /** As the request named it. */
  readonly tokenId: string;
  readonly admitted: AdmittedConnection;
  readonly services: Services;
  /** It is gone for good. */
  readonly onOver: () => void;
}

type OpenSession = CommandOf<'open_session'>;
type Right = Extract<ProofAnswer, { kind: 'right' }>;
/** What the machine is asked about. */
type Incoming = ReceivedCommand | Ack | Buffer;

/** One client's connection: carries out what the state machine says. */
export class Connection implements SessionConnection {
  private readonly machine: ServerMachine;
  private readonly outlet: Outlet;
  private readonly encode = eventEncoder('c');
  private readonly nonce = randomBytes(NONCE_BYTES).toString('base64url');
  private readonly messages: TokenBucket;
  private incoming: Incoming | undefined;
  private authenticate: CommandOf<'authenticate'> | undefined;
  private openSessionCommand: OpenSession | undefined;
  private answer: Right | undefined;
  private session: Session | undefined;
  private streamsGoingOn: readonly { stream: number; sequence: number }[] = [];
  private isResumed = false;
  private actions: ClientActions | undefined;
  /** Until the session holds the token. */
  private tokenHold: Disposable | undefined;
  private bytesBeforeAuth = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { socket, transport, services } = options;
    const { clock } = services;
    this.machine = new ServerMachine(clock, (effect) => this.carryOut(effect));
    this.messages = new TokenBucket(
      { capacity: LIMITS.messageBurst, refillPerSecond: LIMITS.messagesPerSecond },
      () => clock.nowMs(),
    );
    this.outlet = new Outlet(socket, transport, {
      tooSlow: () => this.close('clientTooSlow'),
      controlWritten: () => this.session?.controlWritten(),
    });
    this.listen(socket, transport);
  }

  /** The upgrade was answered: sends the challenge. */
  begin(): void {
    this.machine.input({ kind: 'upgradeAccepted' });
  }

  get address(): string {
    return this.options.address;
  }

  get tokenId(): string {
    return this.options.tokenId;
  }

  get isAuthenticated(): boolean {
    return this.answer !== undefined;
  }

  get waitingControlBytes(): number {
    return this.outlet.waitingControlBytes;
  }

  sendControl(text: string): void {
    this.outlet.sendControl(text);
  }

  sendBulk(frame: DataFrame): void {
    this.outlet.sendBulk(frame);
  }

  dropBulk(stream: number): void {
    this.outlet.dropBulk(stream);
  }

  takenOver(): void {
    this.session = undefined;
    this.close('sessionTakenOver');
  }

  sessionEnded(reason: SessionEnd): void {
    this.session = undefined;
    this.close(reason);
  }

  /** Closes it, and counts it no longer, in favour of another one. */
  makeRoom(): void {
    this.options.admitted.dispose();
    this.close('deadlineExceeded');
  }

  close(reason: CloseName): void {
    this.machine.input({ kind: 'close', reason });
  }

  private listen(socket: WebSocket, transport: Duplex): void {
    transport.on('data', this.countBeforeAuth);
    socket.on('message', (data, isBinary) => this.receive(data, isBinary));
    socket.on('ping', (data) => {
      this.signOfLife();
      answerPing(socket, data);
    });
    socket.on('pong', () => this.signOfLife());
    socket.on('error', (error: Error & { code?: string }) => this.fail(error));
    socket.on('close', (code) => {
      const isBroken = code === CLOSE_REASONS.connectionBroken.code;
      this.machine.input(isBroken ? { kind: 'socketBroken' } : { kind: 'peerClosed', code });
    });
  }

  /** The library has one size limit for a connection's whole life: this is the smaller one before. */
  private readonly countBeforeAuth = (chunk: Buffer): void => {
    this.bytesBeforeAuth += chunk.length;
    if (this.bytesBeforeAuth > MAX_BYTES_BEFORE_AUTH) this.close('tooBig');
  };

  private signOfLife(): void {
    if (this.messages.take()) this.machine.input({ kind: 'signOfLife' });
    else this.close('tooManyMessages');
  }

  /** The library found a frame that is none, and has closed with the code for that. */
  private fail(error: Error & { code?: string }): void {
    this.options.services.context.log.debug({ err: error }, 'A connection failed.');
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.close('tooBig');
    else if (error.code === 'WS_ERR_INVALID_UTF8') this.close('invalidText');
    else if (error.code?.startsWith('WS_ERR') === true) this.close('violation');
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (!this.messages.take()) {
      this.close('tooManyMessages');
      return;
    }
    // With the library's default `binaryType` a message is one Buffer.
    const bytes = data as Buffer;
    if (!this.isAuthenticated && bytes.length > LIMITS.maxMessageBytesBeforeAuth) {
      this.close('tooBig');
      return;
    }
    try {
      if (isBinary) this.deliver(bytes);
      else this.deliver(decodeClientMessage(bytes.toString()));
    } catch (error) {
      this.refuse(error);
    }
  }

  private deliver(message: Incoming): void {
    this.incoming = message;
    const action = !Buffer.isBuffer(message) && message.type === 'command' ? message.action : undefined;
    this.machine.input({ kind: 'message', ...(action !== undefined && { action }) });
    this.incoming = undefined;
  }

  private refuse(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.options.services.context.log.error({ err: error }, 'A message could not be dealt with.');
      this.close('internalError');
      return;
    }
    const { command, code, message } = error;
    if (command && this.isConnected() && (code === 'badRequest' || code === 'unknownAction')) {
      // Whether it is its time comes before whether it makes sense.
      this.machine.input({ kind: 'message', action: command.action });
      if (this.isConnected()) this.sendControl(encodeMessage(failed(command, nowText(), { code, message })));
      return;
    }
    this.options.services.context.log.debug({ code }, `A client broke the protocol: ${message}`);
    this.close(code === 'flowViolation' ? 'flowViolation' : code === 'tooLarge' ? 'tooBig' : 'violation');
  }

  /** A method, because what a property said before an input need not hold after it. */
  private isConnected(): boolean {
    const { kind } = this.machine.state;
    return kind === 'connected' || kind === 'heartbeat';
  }

  private carryOut(effect: ServerEffect): void {
    const { socket } = this.options;
    switch (effect.kind) {
      case 'sendChallenge':
        this.sendControl(this.encode('challenge', { nonce: this.nonce }));
        return;
      case 'checkProof':
        void this.checkProof();
        return;
      case 'answerProof':
        this.answerProof();
        return;
      case 'answerRefused':
        this.answerRefused(effect.reason);
        return;
      case 'openSession':
        this.openSession();
        return;
      case 'announce':
        this.announce();
        return;
      case 'handle':
        this.handle();
        return;
      case 'ping':
        socket.ping();
        return;
      case 'detachSession':
        this.detachSession(effect.keepsIt);
        return;
      case 'sendClose':
        this.sendClose(effect.code);
        return;
      case 'destroySocket':
        this.destroy();
        return;
      default:
        assertNever(effect);
    }
  }

  private async checkProof(): Promise<void> {
    const command = this.incoming;
    if (command === undefined || Buffer.isBuffer(command) || command.type !== 'command') return;
    if (command.action !== 'authenticate') return;
    this.authenticate = command;
    const answer = await this.proofOf(command);
    if (answer.kind === 'wrong') this.machine.input({ kind: 'proofWrong', reason: answer.reason });
    else {
      this.answer = answer;
      this.machine.input({ kind: 'proofRight' });
    }
  }

  private async proofOf({ data }: CommandOf<'authenticate'>): Promise<ProofAnswer> {
    const { address, tokenId, services } = this.options;
    if (data.tokenId !== tokenId) return { kind: 'wrong', reason: 'unauthorized' };
    try {
      return await services.logins.checkProof(this.nonce, data, address);
    } catch (error) {
      services.context.log.error({ err: error }, 'A proof could not be checked.');
      return { kind: 'wrong', reason: 'unauthorized' };
    }
  }

  private answerProof(): void {
    const { answer, authenticate, options } = this;
    if (!answer || !authenticate) return;
    options.transport.off('data', this.countBeforeAuth);
    options.admitted.authenticated();
    options.services.context.connectionRates.giveBack(options.address);
    this.tokenHold = options.services.context.tokenWatch.hold(answer.principal.token);
    this.sendControl(encodeMessage(done(authenticate, nowText(), { proof: answer.proof })));
  }

  private answerRefused(reason: 'unauthorized' | 'tokenExpired' | 'tokenRevoked'): void {
    if (!this.authenticate) return;
    const message = CLOSE_REASONS[reason].meaning;
    this.sendControl(encodeMessage(failed(this.authenticate, nowText(), { code: reason, message })));
  }

  private openSession(): void {
    const command = this.incoming;
    if (command === undefined || Buffer.isBuffer(command) || command.type !== 'command') return;
    if (command.action !== 'open_session' || !this.answer) return;
    const { sessions } = this.options.services;
    const { principal } = this.answer;
    const { resume } = command.data;
    const found = resume && sessions.find(resume, principal);
    this.openSessionCommand = command;
    this.isResumed = found !== undefined;
    const session = (this.session = found ?? sessions.make(principal));
    try {
      this.streamsGoingOn = session.attach(this, found && resume);
    } catch (error) {
      this.session = undefined;
      session.dispose();
      this.refuse(error);
      return;
    }
    this.tokenHold?.dispose();
    this.machine.input({ kind: 'sessionOpened' });
  }

  private announce(): void {
    const { session, openSessionCommand, answer, options } = this;
    if (!session || !openSessionCommand || !answer) return;
    const { connectionKey } = answer;
    this.actions = new ClientActions({
      services: options.services,
      session,
      connection: this,
      connectionKey,
    });
    this.sendControl(encodeMessage(done(openSessionCommand, nowText(), {})));
    const { lifecycle, exec } = session.engine.capabilities;
    const { rights } = session.principal;
    const data = {
      message: 'Welcome',
      agent: { name: 'quaywatch-agent', version: options.services.context.version },
      epoch: options.services.sessions.epoch,
      session: session.id,
      resumed: this.isResumed,
      streams: this.streamsGoingOn,
      role: rights.role,
      capabilities: {
        lifecycle,
        manage: lifecycle && mayDo(rights, 'remove'),
        exec,
        deployments: session.deployments !== undefined && mayDo(rights, 'deployments'),
        deploy: session.deployments?.canDeploy === true,
        metrics: session.engine.metrics !== undefined && mayDo(rights, 'metrics'),
      },
      engine: this.engineState(session),
    };
    this.sendControl(this.encode('connection_established', data));
    session.begin();
  }

  private engineState(session: Session): EngineState {
    return engineStateOf(session.engine.connection, this.options.services.context.clock.nowMs());
  }

  private handle(): void {
    const { incoming, session, actions } = this;
    if (incoming === undefined || !session || !actions) return;
    if (Buffer.isBuffer(incoming)) session.receive(decodeFrame(incoming));
    else if (incoming.type === 'ack') session.acknowledge(incoming.data.streams);
    else actions.handle(incoming);
  }

  private detachSession(keepsIt: boolean): void {
    const { session } = this;
    this.session = undefined;
    this.outlet.close();
    if (!session) return;
    if (keepsIt) this.options.services.sessions.leave(session);
    else session.dispose();
  }

  private sendClose(code: number): void {
    this.outlet.close();
    const name = closeNameOf(code);
    this.options.services.context.log.debug({ code, address: this.options.address }, 'Closing a connection.');
    this.options.socket.close(code, name);
  }

  private destroy(): void {
    const { socket, admitted, services, onOver, address } = this.options;
    this.machine.dispose();
    this.outlet.close();
    this.tokenHold?.dispose();
    if (this.answer)
      noteAudit(services.context.audit, this.answer.principal, { action: 'logout', result: 'done' });
    try {
      socket.terminate();
    } catch (error) {
      services.context.log.debug({ err: error, address }, messageOf(error));
    }
    admitted.dispose();
    onOver();
  }
}
