/**
 * Stands between a reader and an engine, on a unix socket or on loopback TCP, and does to their connections what bad
 * networks do. It never ends one politely by itself.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Emitter } from '../../../src/base/emitter';
import { ProxyConnection } from './proxyConnection';

export interface FaultProxyOptions {
  readonly engineSocketPath: string;
  /** Of the loopback address; to stand before what listens there instead of the engine. */
  readonly port?: number;
  readonly transport: 'unix' | 'tcp';
  readonly random: () => number;
}

export class FaultProxy {
  private readonly live = new Set<ProxyConnection>();
  private readonly didOpen = new Emitter<ProxyConnection>();
  private readonly didRequest = new Emitter<ProxyConnection>();
  private readonly didAnswer = new Emitter<ProxyConnection>();
  private readonly didCut = new Emitter<ProxyConnection>();
  readonly onDidOpen = this.didOpen.event;
  /** A request arrived; the connection names it. */
  readonly onDidRequest = this.didRequest.event;
  /** The first bytes of an answer to the connection's latest request arrived. */
  readonly onDidAnswer = this.didAnswer.event;
  /** The proxy cut the connection; nobody else's ending of one is told here. */
  readonly onDidCut = this.didCut.event;
  private isRefusing = false;

  private constructor(
    readonly dockerHost: string,
    private readonly server: Server,
    private readonly folder: string,
    private readonly options: FaultProxyOptions,
  ) {
    server.on('connection', (client: Socket) => this.accept(client));
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'quaywatch-proxy-'));
    const server = createServer({ allowHalfOpen: true });
    const socketPath = join(folder, 'engine.sock');
    const where = options.transport === 'unix' ? { path: socketPath } : { host: '127.0.0.1', port: 0 };
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, resolve);
    });
    const address = server.address();
    const isTcp = address !== null && typeof address === 'object';
    const dockerHost = isTcp ? `tcp://127.0.0.1:${address.port}` : `unix://${socketPath}`;
    return new FaultProxy(dockerHost, server, folder, options);
  }

  /** The connections that are open, oldest first. */
  get connections(): readonly ProxyConnection[] {
    return [...this.live];
  }

  cutAll(): void {
    for (const connection of this.connections) connection.cut();
  }

  /** While refusing, a new connection is accepted and dropped at once. */
  refuse(isRefusing: boolean): void {
    this.isRefusing = isRefusing;
  }

  async dispose(): Promise<void> {
    this.isRefusing = true;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cutAll();
    await closed;
    for (const emitter of [this.didOpen, this.didRequest, this.didAnswer, this.didCut]) emitter.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      client.on('error', () => undefined);
      client.destroy();
      return;
    }
    const { engineSocketPath: path, port } = this.options;
    const target = port === undefined ? { path } : { host: '127.0.0.1', port };
    const engine = connect({ ...target, allowHalfOpen: true });
    const connection = new ProxyConnection(client, engine, {
      random: this.options.random,
      onRequest: (of) => this.didRequest.fire(of),
      onAnswer: (of) => this.didAnswer.fire(of),
      onCut: (of) => this.didCut.fire(of),
    });
    this.live.add(connection);
    void connection.whenClosed().then(() => this.live.delete(connection));
    this.didOpen.fire(connection);
  }
}
