import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * A Git server and a registry on loopback that ask for a sign-in, refuse it, and say it back in the error, as it came and
 * as it reads: what a careless server may do.
 */
export class EchoServer {
  /** What it said back. */
  readonly echoes: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      this.answer(request, response);
    });
  }

  static listen(): Promise<EchoServer> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(new EchoServer(server, typeof address === 'object' && address ? address.port : 0));
      });
    });
  }

  dispose(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
    const { authorization } = headers;
    const isRegistry = url.startsWith('/v2');
    if (isRegistry) response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    if (authorization === undefined) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="all"' }).end();
      return;
    }
    const reads = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    const echo = `${authorization} which reads ${reads} may not`;
    this.echoes.push(`${url} ${echo}`);
    if (isRegistry)
      response
        .writeHead(403, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ errors: [{ code: 'DENIED', message: echo }] }));
    else response.writeHead(403, { 'Content-Type': 'text/plain' }).end(`${echo}\n`);
  }
}
