import { createServer, type Server, type Socket } from 'node:net';

/** Takes connections on loopback and never says a word. */
export class SilentServer {
  private readonly sockets = new Set<Socket>();
  private visits = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on('connection', (socket) => {
      this.visits += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      socket.resume();
    });
  }

  static listen(): Promise<SilentServer> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(new SilentServer(server, typeof address === 'object' && address ? address.port : 0));
      });
    });
  }

  /** How many came, also those that left. */
  get visitCount(): number {
    return this.visits;
  }

  get connectionCount(): number {
    return this.sockets.size;
  }

  dispose(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
