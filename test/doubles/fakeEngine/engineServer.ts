import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { rmSync } from 'node:fs';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultSocket, type ConnectionFaults } from './faultSocket';
import type { Router } from './router';

export type ListenTarget = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Accepts connections and hands each to the HTTP server through a socket that can be made to misbehave. */
export class EngineServer {
  private readonly http: HttpServer;
  private readonly sockets = new Set<Socket>();
  private listener: Server | undefined;

  constructor(
    router: Router,
    private readonly faults: ConnectionFaults,
  ) {
    this.http = createHttpServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    this.http.on('request', (request, response) => router.handle(request, response));
    this.http.on('upgrade', (request, connection, head) => router.handleUpgrade(request, connection, head));
    this.http.on('clientError', (_error, connection) => connection.destroy());
  }

  get connectionCount(): number {
    return this.sockets.size;
  }

  get isListening(): boolean {
    return this.listener !== undefined;
  }

  /** Listens and returns where; a port of 0 becomes the port that was free. */
  async listen(target: ListenTarget): Promise<ListenTarget> {
    if (this.listener !== undefined) throw new Error('the engine listens already');
    if ('socketPath' in target) rmSync(target.socketPath, { force: true });
    const listener = createNetServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      if ('socketPath' in target) listener.listen(target.socketPath, resolve);
      else listener.listen(target.port, target.host, resolve);
    });
    this.listener = listener;
    if ('socketPath' in target) return target;
    return { host: target.host, port: (listener.address() as AddressInfo).port };
  }

  /** No new connections; a unix socket disappears. Open connections stay. */
  stopListening(): void {
    this.listener?.close();
    this.listener = undefined;
  }

  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    this.http.emit('connection', new FaultSocket(socket, this.faults));
  }
}
