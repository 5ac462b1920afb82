import { createHash, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { inflateRawSync } from 'node:zlib';
import { WebSocket, type ClientOptions } from 'ws';
import { eventually } from '../support/eventually';
import { canonical, fields, hmac, readUpdate, type Frame, type RawUpdate } from './rawWire';

/** A message as it came. */
export interface Message {
  readonly type: string;
  readonly id: string;
  readonly channel: string;
  readonly action: string;
  readonly status?: string;
  readonly data: Record<string, unknown>;
  readonly error?: { readonly code: string; readonly message: string; readonly retryAfterMs?: number };
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly error?: { readonly code: string; readonly message: string } };
}

export interface RawTarget {
  /** As `wss://host:port`. */
  readonly url: string;
  /** `TOKENID.SECRET`. */
  readonly token: string;
  /** The certificate's fingerprint; empty without TLS. */
  readonly key: string;
}

export interface RawOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: readonly string[];
  readonly path?: string;
  /** Instead of the token's id. */
  readonly authorization?: string;
  readonly socket?: ClientOptions;
}

const HEADER_BYTES = 20;
const FIRST_CREDIT = 2_097_152;

interface Stream {
  lastSequence: number;
  cost: number;
  credit: number;
  isAcknowledging: boolean;
}

/** A client of the protocol, written from its document with a WebSocket library and nothing of the agent's code. */
export class RawClient {
  readonly messages: Message[] = [];
  readonly frames: Frame[] = [];
  private readonly readFrames = new WeakMap<Frame, RawUpdate>();
  closeCode: number | undefined;
  refusal: Refusal | undefined;
  connectionKey: Buffer = Buffer.alloc(0);
  /** For somebody who would rather not look. */
  ignoresCertificate = false;
  private readonly streams = new Map<number, Stream>();
  private readonly socket: WebSocket;
  private count = 0;
  private nextStream = 1;

  constructor(
    readonly target: RawTarget,
    options: RawOptions = {},
  ) {
    const { path = '/ws/agent', protocols = ['quaywatch.v1'], authorization, headers } = options;
    this.socket = new WebSocket(`${target.url}${path}`, [...protocols], {
      // The public key is checked instead of who signed the certificate.
      rejectUnauthorized: false,
      perMessageDeflate: false,
      headers: { Authorization: authorization ?? `Bearer ${this.tokenId}`, ...headers },
      ...options.socket,
    });
    this.socket.on('upgrade', (response) => this.checkCertificate(response));
    this.socket.on('message', (data, isBinary) => this.take(data as Buffer, isBinary));
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => (this.closeCode ??= 1006));
    this.socket.on('unexpected-response', (_request, response) => this.takeRefusal(response));
  }

  /** Connects, authenticates and opens a session. */
  static async open(target: RawTarget, resume?: object): Promise<RawClient> {
    const client = new RawClient(target);
    await client.authenticate();
    await client.openSession(resume);
    return client;
  }

  get tokenId(): string {
    return this.target.token.split('.')[0] ?? '';
  }

  get isClosed(): boolean {
    return this.closeCode !== undefined || this.refusal !== undefined;
  }

  get webSocket(): WebSocket {
    return this.socket;
  }

  // --- Opening

  async authenticate(change: (data: Record<string, unknown>) => object = (data) => data): Promise<Message> {
    const challenge = await this.event('challenge');
    const nonce = String(challenge.data['nonce']);
    const clientNonce = randomBytes(32).toString('base64url');
    const secret = Buffer.from(this.target.token.split('.')[1] ?? '', 'base64url');
    const transcript = ['quaywatch.v1', nonce, clientNonce, this.tokenId, this.target.key];
    const data = change({
      tokenId: this.tokenId,
      clientNonce,
      serverKey: this.target.key,
      proof: hmac(secret, fields('client proof', ...transcript)).toString('base64url'),
      client: { name: 'raw', version: '1' },
    });
    const response = await this.command('system', 'authenticate', data);
    if (response.status !== 'done') return response;
    const expected = hmac(secret, fields('agent proof', ...transcript)).toString('base64url');
    if (response.data['proof'] !== expected) {
      this.close(4450);
      throw new Error('The agent does not know the token.');
    }
    this.connectionKey = hmac(secret, fields('connection key', ...transcript));
    return response;
  }

  async openSession(resume?: object): Promise<Message> {
    await this.command('system', 'open_session', resume === undefined ? {} : { resume });
    return this.event('connection_established');
  }

  get established(): Message {
    const found = this.messages.find(({ action }) => action === 'connection_established');
    if (found === undefined) throw new Error('There is no session.');
    return found;
  }

  /** For `open_session`, to come back with these streams. */
  resumption(streams: readonly number[] = [...this.streams.keys()]): object {
    const { session, epoch } = this.established.data;
    const positions = streams.map((stream) => {
      const { lastSequence: sequence, credit } = this.streamState(stream);
      return { stream, sequence, credit };
    });
    const containers = this.containerSequence;
    return { session, epoch, streams: positions, ...(containers !== undefined && { containers }) };
  }

  /** Takes over what another connection of this client had received. */
  continues(former: RawClient): void {
    for (const [stream, state] of former.streams) this.streams.set(stream, { ...state });
    this.nextStream = former.nextStream;
  }

  // --- Containers

  get containerSequence(): number | undefined {
    const news = this.messages.filter(
      ({ action, data }) =>
        (action === 'initial_state' && data['last'] === true) || action === 'container_state_change',
    );
    return news.at(-1)?.data['sequence'] as number | undefined;
  }

  /** The containers as snapshots and changes say. */
  get containers(): ReadonlyMap<string, Record<string, unknown>> {
    let containers = new Map<string, Record<string, unknown>>();
    for (const { action, data } of this.messages) {
      if (action === 'initial_state') {
        if (data['part'] === 0) containers = new Map();
        put(containers, data['containers']);
      } else if (action === 'container_state_change') {
        put(containers, data['updated']);
        for (const id of data['removed'] as string[]) containers.delete(id);
      }
    }
    return containers;
  }

  async containersKnown(): Promise<void> {
    await this.until('the containers are known', () => this.containerSequence !== undefined);
  }

  idOf(name: string): string {
    for (const [id, container] of this.containers) if (container['name'] === name) return id;
    throw new Error(`There is no container ${name}.`);
  }

  // --- Commands

  /** Sends a command and resolves with its final response. */
  async command(channel: string, action: string, data: object, id = this.newId()): Promise<Message> {
    this.send({ type: 'command', id, timestamp: now(), channel, action, data });
    return this.response(id);
  }

  /** The same, again after the time that the agent asks to wait, if it does. */
  async patientCommand(channel: string, action: string, data: object): Promise<Message> {
    for (;;) {
      const response = await this.command(channel, action, data);
      if (response.error?.code !== 'rateLimited') return response;
      await delay(response.error.retryAfterMs);
    }
  }

  /** The same, signed. */
  async signed(channel: string, action: string, data: object, id: string = randomUUID()): Promise<Message> {
    this.sendSigned(channel, action, data, id);
    return this.response(id);
  }

  sendSigned(channel: string, action: string, data: object, id: string, key = this.connectionKey): void {
    this.send(this.makeSigned(channel, action, data, id, key));
  }

  makeSigned(channel: string, action: string, data: object, id: string, key = this.connectionKey): object {
    const timestamp = now();
    const signature = hmac(key, fields('command', id, timestamp, channel, action, canonical(data)));
    const auth = { signature: signature.toString('base64url') };
    return { type: 'command', id, timestamp, channel, action, data, auth };
  }

  perform(command: object, id?: string): Promise<Message> {
    return this.signed('container', 'perform', { command }, id);
  }

  /** Begins to read a log, and returns the stream's number. */
  async startLog(containerId: string, wish: object = {}): Promise<number> {
    const stream = this.newStream();
    const data = {
      stream,
      container_id: containerId,
      tail: 'all',
      follow: true,
      credit: FIRST_CREDIT,
      ...wish,
    };
    const { status, error } = await this.command('log', 'start_log_stream', data);
    if (status !== 'done') throw new Error(`start_log_stream: ${error?.code}`);
    return stream;
  }

  newStream(credit = FIRST_CREDIT): number {
    const stream = this.nextStream++;
    this.streams.set(stream, { lastSequence: 0, cost: 0, credit, isAcknowledging: true });
    return stream;
  }

  /** The last frame that was taken over on an earlier connection. */
  continueAt(stream: number, lastSequence: number): void {
    this.streams.set(stream, { lastSequence, cost: 0, credit: FIRST_CREDIT, isAcknowledging: true });
  }

  /** Frames of this stream are not acknowledged any more. */
  stall(stream: number): void {
    this.streamState(stream).isAcknowledging = false;
  }

  unstall(stream: number): void {
    this.streamState(stream).isAcknowledging = true;
    this.acknowledge(stream);
  }

  acknowledge(stream: number): void {
    const state = this.streamState(stream);
    state.credit = state.cost + FIRST_CREDIT;
    this.sendAck(stream, state.lastSequence, state.credit);
  }

  sendAck(stream: number, sequence: number, credit: number): void {
    const data = { streams: [{ stream, sequence, credit }] };
    this.send({ type: 'ack', id: this.newId(), timestamp: now(), channel: 'system', action: 'ack', data });
  }

  sendInput(stream: number, sequence: number, data: Buffer): void {
    this.sendFrame(5, stream, sequence, data);
  }

  sendFrame(type: number, stream: number, sequence: number, data: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = type;
    header.writeUInt32BE(stream, 4);
    header.writeBigUInt64BE(BigInt(sequence), 8);
    header.writeUInt32BE(data.length, 16);
    this.socket.send(Buffer.concat([header, data]));
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  // --- Waiting

  event(action: string, from = 0): Promise<Message> {
    return this.first(`the event ${action}`, ({ type, action: its }, index) => {
      return index >= from && type === 'event' && its === action;
    });
  }

  response(id: string): Promise<Message> {
    return this.first(
      `a final response to ${id}`,
      (message) => message.type === 'response' && message.id === id && message.status !== 'accepted',
    );
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    await eventually(
      () => `${what} (closed: ${this.closeCode ?? 'no'}, last: ${JSON.stringify(this.messages.at(-1))})`,
      () => isTrue() || this.isClosed,
    );
    if (!isTrue()) {
      const why = this.refusal ? `HTTP ${this.refusal.status}` : String(this.closeCode);
      throw new Error(`Closed with ${why} before ${what}.`);
    }
  }

  async closed(): Promise<number> {
    await eventually(
      () => `the connection is closed (last: ${JSON.stringify(this.messages.at(-1))})`,
      () => this.closeCode !== undefined,
    );
    return this.closeCode ?? 0;
  }

  async refused(): Promise<Refusal> {
    await eventually(
      'the upgrade is refused',
      () => this.refusal !== undefined || this.closeCode !== undefined,
    );
    if (this.refusal === undefined) throw new Error(`It was not refused: ${this.closeCode}`);
    return this.refusal;
  }

  // --- Data

  updates(stream: number): readonly RawUpdate[] {
    return this.framesOf(stream)
      .filter(({ type }) => type === 1)
      .map((frame) => this.updateOf(frame));
  }

  /** Read once: whoever waits for lines asks again and again. */
  private updateOf(frame: Frame): RawUpdate {
    const known = this.readFrames.get(frame);
    if (known) return known;
    const update = readUpdate(frame);
    this.readFrames.set(frame, update);
    return update;
  }

  lines(stream: number): readonly string[] {
    return this.updates(stream).flatMap(({ lines }) => lines.map(({ text }) => text));
  }

  framesOf(stream: number): readonly Frame[] {
    return this.frames.filter((frame) => frame.stream === stream);
  }

  output(stream: number): string {
    const frames = this.framesOf(stream).filter(({ type }) => type === 3);
    return Buffer.concat(frames.map(({ body }) => body)).toString();
  }

  // --- Ending

  close(code = 1000): void {
    this.socket.close(code);
  }

  /** Ends it as a broken network does. */
  cut(): void {
    this.socket.terminate();
  }

  private async first(what: string, isIt: (message: Message, index: number) => boolean): Promise<Message> {
    await this.until(what, () => this.messages.some(isIt));
    const found = this.messages.find(isIt);
    if (found === undefined) throw new Error(`There is not ${what}.`);
    return found;
  }

  private take(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.takeFrame(data);
    else this.messages.push(JSON.parse(data.toString()) as Message);
  }

  private takeFrame(data: Buffer): void {
    const isCompressed = data[1] === 1;
    const rest = data.subarray(HEADER_BYTES);
    const bodyLength = data.readUInt32BE(16);
    const body = isCompressed ? inflateRawSync(rest) : rest;
    if (body.length !== bodyLength) throw new Error('A body of another length than it states.');
    const stream = data.readUInt32BE(4);
    const sequence = Number(data.readBigUInt64BE(8));
    const cost = HEADER_BYTES + bodyLength;
    this.frames.push({ type: data[0] ?? 0, stream, sequence, body, cost, isCompressed });
    const state = this.streamState(stream);
    if (sequence !== state.lastSequence + 1)
      throw new Error(`Frame ${sequence} of stream ${stream} after ${state.lastSequence}.`);
    if (state.cost >= state.credit) throw new Error('A frame beyond the credit.');
    state.lastSequence = sequence;
    state.cost += cost;
    if (state.isAcknowledging) this.acknowledge(stream);
  }

  private streamState(stream: number): Stream {
    const state = this.streams.get(stream);
    if (state === undefined) throw new Error(`Stream ${stream} was not opened.`);
    return state;
  }

  private checkCertificate(response: IncomingMessage): void {
    if (this.target.key === '' || this.ignoresCertificate) return;
    const { raw } = (response.socket as unknown as TLSSocket).getPeerCertificate();
    const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
    if (createHash('sha256').update(spki).digest('base64url') !== this.target.key)
      throw new Error('The certificate is another one than the pinned one.');
  }

  private takeRefusal(response: IncomingMessage): void {
    let text = '';
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    response.on('end', () => {
      const { statusCode, headers } = response;
      this.refusal = { status: statusCode ?? 0, headers, body: JSON.parse(text) as Refusal['body'] };
    });
  }

  private newId(): string {
    this.count += 1;
    return `c-${this.count}`;
  }
}

function put(containers: Map<string, Record<string, unknown>>, list: unknown): void {
  for (const container of list as Record<string, unknown>[])
    containers.set(String(container['id']), container);
}

function now(): string {
  return new Date().toISOString();
}
