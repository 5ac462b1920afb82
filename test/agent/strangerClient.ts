/**
 * A client of the agent written from PROTOCOL.md alone, by someone who had not read the agent: that the page is enough
 * to write one is what it proves. Where something had to be guessed, the page was mended.
 */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { readFrame } from './strangerFrames';
import { canonical, freshNonce, hmac, proofs, type StrangerLink } from './strangerKeys';
import { StrangerLog, type StreamState } from './strangerLog';
import { openPinned } from './strangerTls';

const HEARTBEAT_IDLE_MS = 15_000;
const HEARTBEAT_DEADLINE_MS = 10_000;
const NORMAL = 1000;
const VIOLATION = 4400;
const HEARTBEAT_TIMEOUT = 4440;
const AGENT_NOT_TRUSTED = 4450;
const FLOW_VIOLATION = 4460;

type Data = Readonly<Record<string, unknown>>;

interface Envelope {
  readonly type: string;
  readonly id: string;
  readonly action: string;
  readonly data: Data;
  readonly status?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface StrangerContainer {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

export interface Established {
  readonly epoch: string;
  readonly session: string;
  readonly resumed: boolean;
  readonly role: string;
}

export interface StrangerAnswer extends Envelope {
  /** What came for the command on all connections, the final status last. */
  readonly statuses: readonly string[];
}

export interface TailOptions {
  readonly tail: number | 'all';
  readonly follow: boolean;
  readonly compression?: 'deflate-raw';
}

interface Waiting {
  readonly channel: string;
  readonly action: string;
  readonly data: Data;
  readonly isSigned: boolean;
  readonly statuses: string[];
  readonly answer: (answer: StrangerAnswer) => void;
}

export class StrangerClient {
  readonly containers = new Map<string, StrangerContainer>();
  established: Established | undefined;
  /** Of the newest connection, once it has ended. */
  closeCode: number | undefined;
  failure: Error | undefined;
  private socket: WebSocket | undefined;
  private connectionKey: Buffer = Buffer.alloc(0);
  private containersSequence: number | undefined;
  private parts: StrangerContainer[] = [];
  private lastStream = 0;
  private silence: NodeJS.Timeout | undefined;
  private readonly logs = new Map<number, StrangerLog>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly awaited = new Map<string, (data: Data) => void>();

  constructor(private readonly link: StrangerLink) {}

  /** Opens a connection and a session, the one of before if there was one and the agent has it still. */
  async connect(): Promise<Established> {
    const socket = await openPinned(this.link);
    this.socket = socket;
    this.closeCode = undefined;
    const challenge = this.event('challenge');
    const broken = new Promise<never>((_resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => reject(new Error(`The agent closed with ${code}.`)));
    });
    socket.on('message', (bytes, isBinary) => this.take(socket, bytes as Buffer, isBinary));
    socket.on('pong', () => this.heard(socket));
    socket.once('close', (code) => this.ended(socket, code));
    return Promise.race([broken, this.open(challenge)]);
  }

  /** Breaks the connection as a network does, without a close frame. */
  cut(): void {
    this.socket?.terminate();
  }

  /** Ends connection and session. */
  close(): void {
    this.socket?.close(NORMAL);
  }

  /** Resolves with the final response, on whichever connection it comes. */
  command(channel: string, action: string, data: Data, isSigned = false): Promise<StrangerAnswer> {
    const id = randomUUID();
    return new Promise((answer) => {
      const waiting = { channel, action, data, isSigned, statuses: [], answer };
      this.waiting.set(id, waiting);
      this.sendCommand(id, waiting);
    });
  }

  perform(kind: string, id: string): Promise<StrangerAnswer> {
    return this.command('container', 'perform', { command: { kind, id } }, true);
  }

  /** Follows a log from its newest lines on, or right after what an earlier stream of another session gave. */
  async tail(containerId: string, options: TailOptions, earlier?: StrangerLog): Promise<StrangerLog> {
    const log = new StrangerLog(++this.lastStream, (state) => this.acknowledge(state), earlier);
    this.logs.set(log.stream, log);
    const { stream, credit } = log.state;
    const answer = await this.command('log', 'start_log_stream', {
      ...{ stream, credit, container_id: containerId, ...options },
      ...(log.place && { resumeAt: log.place }),
    });
    if (answer.status !== 'done') throw new Error(`The log was refused: ${answer.error?.code ?? ''}`);
    return log;
  }

  private async open(challenge: Promise<Data>): Promise<Established> {
    const { nonce } = await challenge;
    const clientNonce = freshNonce();
    const expected = proofs(this.link, String(nonce), clientNonce);
    const { tokenId, key: serverKey } = this.link;
    const client = { name: 'stranger', version: '1' };
    const { data } = await this.command('system', 'authenticate', {
      ...{ tokenId, clientNonce, serverKey, proof: expected.client, client },
    });
    if (data['proof'] !== expected.agent) {
      this.socket?.close(AGENT_NOT_TRUSTED);
      throw new Error('The agent does not know the token.');
    }
    this.connectionKey = expected.connectionKey;
    const unanswered = [...this.waiting];
    const established = this.event('connection_established');
    await this.command('system', 'open_session', this.resumption());
    this.established = (await established) as unknown as Established;
    if (!this.established.resumed) this.forgetSession();
    for (const [id, waiting] of unanswered) this.sendCommand(id, waiting);
    return this.established;
  }

  private resumption(): Data {
    if (!this.established) return {};
    const { session, epoch } = this.established;
    const streams = [...this.logs.values()].filter((log) => !log.stopped).map((log) => log.state);
    const containers = this.containersSequence;
    return { resume: { session, epoch, streams, ...(containers !== undefined && { containers }) } };
  }

  /** Streams and the numbers of container changes are the session's. */
  private forgetSession(): void {
    this.logs.clear();
    this.lastStream = 0;
    this.containersSequence = undefined;
  }

  private sendCommand(id: string, { channel, action, data, isSigned }: Waiting): void {
    const timestamp = new Date().toISOString();
    const signed = ['command', id, timestamp, channel, action, canonical(data)];
    const auth = { signature: hmac(this.connectionKey, ...signed).toString('base64url') };
    this.write({ type: 'command', id, timestamp, channel, action, data, ...(isSigned && { auth }) });
  }

  private acknowledge(state: StreamState): void {
    const envelope = { type: 'ack', id: randomUUID(), timestamp: new Date().toISOString() };
    this.write({ ...envelope, channel: 'system', action: 'ack', data: { streams: [state] } });
  }

  private write(message: Data): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private event(action: string): Promise<Data> {
    return new Promise((resolve) => this.awaited.set(action, resolve));
  }

  private take(socket: WebSocket, bytes: Buffer, isBinary: boolean): void {
    if (socket !== this.socket) return;
    this.heard(socket);
    try {
      if (isBinary) this.takeFrame(bytes);
      else this.takeMessage(JSON.parse(bytes.toString()) as Envelope);
    } catch (error) {
      this.failure = error as Error;
      socket.close(isBinary ? FLOW_VIOLATION : VIOLATION);
    }
  }

  private takeFrame(bytes: Buffer): void {
    const frame = readFrame(bytes);
    this.logs.get(frame.stream)?.take(frame);
  }

  private takeMessage(message: Envelope): void {
    if (message.type === 'response') this.takeResponse(message);
    else if (message.type === 'event') this.takeEvent(message);
    else throw new Error(`A message of the type ${message.type}`);
  }

  private takeResponse(response: Envelope): void {
    const waiting = this.waiting.get(response.id);
    waiting?.statuses.push(response.status ?? '');
    if (!waiting || response.status === 'accepted') return;
    this.waiting.delete(response.id);
    waiting.answer({ ...response, statuses: waiting.statuses });
  }

  private takeEvent({ action, data }: Envelope): void {
    this.awaited.get(action)?.(data);
    this.awaited.delete(action);
    if (action === 'initial_state') this.takeState(data);
    else if (action === 'container_state_change') this.takeChange(data);
  }

  private takeState(data: Data): void {
    if (data['part'] === 0) this.parts = [];
    this.parts.push(...(data['containers'] as StrangerContainer[]));
    if (data['last'] !== true) return;
    this.containers.clear();
    for (const container of this.parts) this.containers.set(container.id, container);
    this.containersSequence = Number(data['sequence']);
  }

  private takeChange(data: Data): void {
    if (data['sequence'] !== (this.containersSequence ?? 0) + 1) {
      void this.command('container', 'request_state', {});
      return;
    }
    for (const updated of data['updated'] as StrangerContainer[]) this.containers.set(updated.id, updated);
    for (const id of data['removed'] as string[]) this.containers.delete(id);
    this.containersSequence = data['sequence'];
  }

  /** A sign of life; some time without one is followed by a ping, and some more by the end. */
  private heard(socket: WebSocket): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      socket.ping();
      this.silence = setTimeout(() => {
        socket.close(HEARTBEAT_TIMEOUT);
        socket.terminate();
      }, HEARTBEAT_DEADLINE_MS);
    }, HEARTBEAT_IDLE_MS);
  }

  private ended(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return;
    clearTimeout(this.silence);
    this.closeCode = code;
    for (const log of this.logs.values()) log.disconnected();
    for (const [id, { action }] of this.waiting)
      if (action === 'authenticate' || action === 'open_session') this.waiting.delete(id);
  }
}
