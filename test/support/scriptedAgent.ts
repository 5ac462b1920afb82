import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { encodeFrame, FRAME_HEADER_BYTES, type FrameType } from '../../src/protocol/dataFrames';
import type { Envelope } from '../../src/protocol/envelope';
import { SUBPROTOCOL } from '../../src/protocol/limits';
import { encodeLogBody, type LogItem } from '../../src/protocol/logFrames';
import type { Pairing } from '../../src/protocol/pairingLink';
import { agentProofBytes, commandBytes, connectionKeyBytes } from '../../src/protocol/signing';
import { eventually } from './eventually';

export const SECRET = Buffer.alloc(32, 7).toString('base64url');
const NONCE = Buffer.alloc(32, 1).toString('base64url');
const AT = '2026-11-21T10:00:00.000Z';

export const ENGINE_READY = {
  kind: 'ready',
  info: {
    product: 'Docker',
    version: '25.0.0',
    apiVersion: '1.44',
    operatingSystem: 'linux',
    address: 'unix:///var/run/docker.sock',
    source: 'Docker',
  },
};

export interface ScriptedOptions {
  /** In PEM form; plain without them. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Answers upgrades with this status instead. */
  readonly refusal?: { readonly status: number; readonly headers?: Readonly<Record<string, string>> };
  /** Another one than the client offers. */
  readonly subprotocol?: string;
}

/** The agent's end of the wire, which says just what a test tells it to say. */
export class ScriptedAgent {
  readonly connections: ScriptedConnection[] = [];
  /** Bytes of HTTP that clients sent, whether or not they were understood. */
  httpRequests = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly options: ScriptedOptions,
  ) {
    const webSockets = new WebSocketServer({
      noServer: true,
      handleProtocols: () => options.subprotocol ?? SUBPROTOCOL,
    });
    server.on('connection', (socket) => this.sockets.add(socket));
    server.on('upgrade', (request, socket: Socket, head) => {
      this.httpRequests++;
      const { refusal } = this.options;
      if (refusal) socket.end(refusalText(refusal));
      else
        webSockets.handleUpgrade(request, socket, head, (webSocket) =>
          this.connections.push(
            new ScriptedConnection(webSocket, socket, request.headers.authorization ?? ''),
          ),
        );
    });
  }

  static async start(options: ScriptedOptions = {}): Promise<ScriptedAgent> {
    const server = options.tls ? createSecureServer(options.tls) : createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedAgent(server, options);
  }

  get pairing(): Pairing {
    const { port } = this.server.address() as AddressInfo;
    return { host: '127.0.0.1', port, token: { id: 'laptop', secret: SECRET }, security: { kind: 'plain' } };
  }

  /** The connection of this number, from 1, as soon as it is there. */
  async connection(number: number): Promise<ScriptedConnection> {
    await eventually(`connection ${number}`, () => this.connections.length >= number);
    const connection = this.connections[number - 1];
    if (!connection) throw new Error('There is no such connection.');
    return connection;
  }

  async dispose(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

function refusalText({ status, headers = {} }: NonNullable<ScriptedOptions['refusal']>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} No\r\n${lines.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`;
}

export interface EstablishedWish {
  readonly session?: string;
  readonly resumed?: boolean;
  readonly streams?: readonly { readonly stream: number; readonly sequence: number }[];
  readonly engine?: unknown;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

export class ScriptedConnection {
  /** Text frames, in order. */
  readonly received: Envelope[] = [];
  /** Binary frames, in order. */
  readonly frames: Buffer[] = [];
  closeCode: number | undefined;
  pings = 0;
  private readonly taken = new Set<Envelope>();
  private transcript = { nonce: NONCE, clientNonce: '', tokenId: '', serverKey: '' };

  constructor(
    private readonly webSocket: WebSocket,
    private readonly socket: Socket,
    readonly authorization: string,
  ) {
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(data);
      else this.received.push(JSON.parse(data.toString()) as Envelope);
    });
    webSocket.on('ping', () => this.pings++);
    webSocket.on('close', (code) => (this.closeCode = code));
    webSocket.on('error', () => undefined);
  }

  /** The next command, or ack, of this action that no earlier call got. */
  async command(action: string): Promise<Envelope> {
    const find = (): Envelope | undefined =>
      this.received.find((envelope) => envelope.action === action && !this.taken.has(envelope));
    await eventually(`${action} comes`, () => find() !== undefined, 5_000);
    const found = find();
    if (!found) throw new Error(`${action} did not come.`);
    this.taken.add(found);
    return found;
  }

  count(action: string): number {
    return this.received.filter((envelope) => envelope.action === action).length;
  }

  send(message: object): void {
    this.webSocket.send(JSON.stringify({ id: 'e', timestamp: AT, data: {}, ...message }));
  }

  sendText(text: string): void {
    this.webSocket.send(text);
  }

  event(channel: string, action: string, data: object): void {
    this.send({ type: 'event', channel, action, data });
  }

  answer(command: Envelope, status: string, data: object = {}, error?: object): void {
    const { id, channel, action } = command;
    this.send({ type: 'response', id, channel, action, status, data, ...(error && { error }) });
  }

  challenge(): void {
    this.event('system', 'challenge', { nonce: NONCE });
  }

  async prove(secret = SECRET): Promise<void> {
    const command = await this.command('authenticate');
    const { clientNonce, tokenId, serverKey } = command.data as Record<string, string>;
    this.transcript = {
      nonce: NONCE,
      clientNonce: clientNonce ?? '',
      tokenId: tokenId ?? '',
      serverKey: serverKey ?? '',
    };
    const proof = hmac(Buffer.from(secret, 'base64url'), agentProofBytes(this.transcript));
    this.answer(command, 'done', { proof: proof.toString('base64url') });
  }

  /** Accepts the session; resolves with what the client wanted to resume. */
  async establish(wish: EstablishedWish = {}): Promise<unknown> {
    const command = await this.command('open_session');
    this.answer(command, 'done');
    this.event('system', 'connection_established', {
      message: 'Welcome',
      agent: { name: 'scripted', version: '1' },
      epoch: 'e-1',
      session: 's-1',
      resumed: false,
      streams: [],
      role: 'admin',
      capabilities: { lifecycle: true, exec: true },
      engine: ENGINE_READY,
      ...wish,
    });
    return command.data['resume'];
  }

  /** All of it, up to the list of containers. */
  async open(wish: EstablishedWish = {}): Promise<unknown> {
    this.challenge();
    await this.prove();
    const resume = await this.establish(wish);
    if (wish.resumed !== true) this.containers(0, []);
    return resume;
  }

  containers(sequence: number, containers: readonly object[]): void {
    this.event('container', 'initial_state', { sequence, part: 0, last: true, containers });
  }

  /** Whether a command is signed as it has to be on this connection. */
  isSigned({ id, timestamp, channel, action, data, auth }: Envelope): boolean {
    const key = hmac(Buffer.from(SECRET, 'base64url'), connectionKeyBytes(this.transcript));
    const expected = hmac(key, commandBytes({ id, timestamp, channel, action }, data));
    return auth?.signature === expected.toString('base64url');
  }

  log(stream: number, sequence: number, items: readonly LogItem[]): void {
    this.frame('log_update', stream, sequence, encodeLogBody(items));
  }

  frame(type: FrameType, stream: number, sequence: number, body: Uint8Array): void {
    this.webSocket.send(
      encodeFrame({ type, stream, sequence, bodyLength: body.length, isCompressed: false }, body),
    );
  }

  raw(bytes: Uint8Array): void {
    this.webSocket.send(bytes);
  }

  close(code: number): void {
    this.webSocket.close(code);
  }

  /** As a network does. */
  cut(): void {
    this.socket.destroy();
  }
}

export const HEADER_BYTES = FRAME_HEADER_BYTES;

function hmac(key: Uint8Array, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}
