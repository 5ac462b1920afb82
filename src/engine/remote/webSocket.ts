import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { AGENT_PATH, LIMITS, SUBPROTOCOLS } from '../../protocol/limits';
import type { Token } from '../../protocol/pairingLink';
import type { EngineError } from '../engine';
import { addressOf, type AgentAccess } from './agentAccess';
import { connectionLost, versionMismatch } from './agentErrors';
import type { AgentSocket, AgentSocketEvents, OpenAgentSocket } from './agentSocket';
import { openConnection, type ConnectOptions } from './secureConnection';
import { systemFailure } from './systemFailure';

const NO_CLOSE_FRAME = 1006;
const MS_PER_SECOND = 1_000;
/** Nobody has to wait longer because a server says so. */
const LONGEST_RETRY_AFTER_MS = 15 * 60 * MS_PER_SECOND;

export type TokenAccess = AgentAccess & { readonly token: Token };

/** Opens WebSockets to a paired agent. */
export function agentSocketOpener(access: TokenAccess, options: ConnectOptions = {}): OpenAgentSocket {
  return (events) => new WebSocketToAgent(access, options, events);
}

class WebSocketToAgent implements AgentSocket {
  private connection: Socket | undefined;
  private socket: WebSocket | undefined;
  private isOver = false;
  private failure: EngineError | undefined;

  constructor(
    private readonly access: TokenAccess,
    private readonly options: ConnectOptions,
    private readonly events: AgentSocketEvents,
  ) {
    void this.open();
  }

  get bufferedBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  sendText(text: string): void {
    this.socket?.send(text, ignoreError);
  }

  sendBinary(bytes: Uint8Array, sent?: () => void): void {
    this.socket?.send(bytes, { binary: true }, (error) => {
      if (!error) sent?.();
    });
  }

  ping(): void {
    this.socket?.ping(undefined, undefined, ignoreError);
  }

  close(code: number): void {
    this.socket?.close(code);
  }

  destroy(): void {
    this.isOver = true;
    this.socket?.terminate();
    this.connection?.destroy();
  }

  private async open(): Promise<void> {
    try {
      const connecting = openConnection(
        this.access,
        this.options,
        (connection) => (this.connection = connection),
      );
      // Not needed before the first remote host is connected.
      const [connection, library] = await Promise.all([connecting, import('ws')]);
      if (this.isOver) connection.destroy();
      else this.upgrade(new library.WebSocket(...this.request(connection)));
    } catch (error) {
      this.connection?.destroy();
      this.end(() => this.events.broken(systemFailure(error, addressOf(this.access))));
    }
  }

  private request(connection: Socket): ConstructorParameters<typeof WebSocket> {
    const { token } = this.access;
    return [
      // VS Code replaces what makes connections for every request of an extension, but for those to a local socket; ours
      // is there already, encrypted and checked.
      `ws+unix:/connected:${AGENT_PATH}`,
      [...SUBPROTOCOLS],
      {
        createConnection: () => connection,
        headers: { Authorization: `Bearer ${token.id}`, Host: addressOf(this.access) },
        perMessageDeflate: false,
        maxPayload: LIMITS.maxAgentMessageBytes,
      },
    ];
  }

  private upgrade(socket: WebSocket): void {
    this.socket = socket;
    socket.on('upgrade', ({ headers }) => {
      const chosen = headers['sec-websocket-protocol'];
      if (chosen === undefined || !SUBPROTOCOLS.includes(chosen)) this.failure = versionMismatch();
    });
    socket.on('unexpected-response', (request, response) => this.refuse(request, response));
    socket.on('open', () => this.tell(() => this.events.opened()));
    socket.on('message', (data, isBinary) => this.tell(() => this.take(data as Buffer, isBinary)));
    for (const event of ['ping', 'pong'] as const)
      socket.on(event, () => this.tell(() => this.events.alive()));
    socket.on('error', (error) => (this.failure ??= systemFailure(error, addressOf(this.access))));
    socket.on('close', (code) => this.end(() => this.ended(code)));
  }

  private take(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.events.binary(data);
    else this.events.text(data.toString());
  }

  private refuse(request: ClientRequest, response: IncomingMessage): void {
    const seconds = Number(response.headers['retry-after']);
    const retryAfterMs = Math.min(seconds * MS_PER_SECOND, LONGEST_RETRY_AFTER_MS);
    const status = response.statusCode ?? 0;
    request.destroy();
    this.connection?.destroy();
    this.end(() => this.events.refused({ status, ...(retryAfterMs > 0 && { retryAfterMs }) }));
  }

  private ended(code: number): void {
    if (code === NO_CLOSE_FRAME) this.events.broken(this.failure ?? connectionLost());
    else this.events.closed(code);
  }

  private tell(event: () => void): void {
    if (!this.isOver) event();
  }

  private end(event: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    event();
  }
}

/** What failed to be sent is told by the socket's end. */
function ignoreError(): void {
  return undefined;
}
