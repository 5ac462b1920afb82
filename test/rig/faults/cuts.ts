import type { FaultProxy } from '../proxy/faultProxy';
import type { Direction, ProxyConnection } from '../proxy/proxyConnection';
import type { Shape } from '../proxy/shape';
import type { RigLog } from '../rigLog';
import { until } from '../wait';
import type { LogSource } from './logConnections';
import type { CutKind } from './plan';

/** A cut that waits for bytes happens without them after this time. */
const LONGEST_WAIT_MS = 5_000;
const LONGEST_HALF_OPEN_MS = 600;
const LONGEST_REFUSAL_MS = 400;

/** Cuts connections in all the ways of {@link CutKind}. Each call cuts at least one, unless there is none to cut. */
export class Cuts {
  constructor(
    private readonly proxy: FaultProxy,
    private readonly connections: LogSource,
    private readonly random: () => number,
    private readonly linesPerStep: number,
  ) {}

  async make(kind: CutKind, log: RigLog): Promise<void> {
    const { id } = log.writer;
    switch (kind) {
      case 'log':
        return this.afterBytes(log, await this.connections.awaited(id), 64 * 1024);
      case 'answer':
        return this.next(log, 'down', this.random() < 0.5 ? 400 : 8 * 1024);
      case 'request':
        return this.next(log, 'up', 200);
      case 'halfOpen':
        return this.halfOpen(await this.connections.awaited(id));
      case 'bytes':
        return this.shaped(log, { kind: 'sliced', longestBytes: 1 }, 6 * 1024);
      case 'slices':
        return this.shaped(log, { kind: 'sliced', longestBytes: 97 }, 32 * 1024);
      case 'slow':
        return this.shaped(log, { kind: 'slow', bytesPerSecond: 64 * 1024 }, 32 * 1024);
      case 'delay':
        return this.shaped(log, { kind: 'delayed', delayMs: 5 + this.random() * 50 }, 64 * 1024);
      case 'events':
        this.cutEvents();
        return;
      case 'everything':
        this.proxy.cutAll();
        return;
      case 'refused':
        return this.refuse();
    }
  }

  /** Behind an agent they are on the one connection that there is. */
  private cutEvents(): void {
    const events = this.proxy.connections.filter(({ request }) => request.includes('/events'));
    for (const connection of events.length > 0 ? events : this.proxy.connections) connection.cut();
  }

  private async afterBytes(
    log: RigLog,
    connection: ProxyConnection | undefined,
    longestBytes: number,
  ): Promise<void> {
    connection?.cutAfter('down', this.upTo(longestBytes));
    await this.awaitCut(log, connection);
  }

  private async awaitCut(log: RigLog, connection: ProxyConnection | undefined): Promise<void> {
    if (!connection) return;
    await until(() => {
      log.keepWriting(this.linesPerStep);
      return !connection.isOpen;
    }, LONGEST_WAIT_MS);
    connection.cut();
  }

  private upTo(longestBytes: number): number {
    return 1 + Math.floor(this.random() * longestBytes);
  }

  private async shaped(log: RigLog, shape: Shape, longestBytes: number): Promise<void> {
    const connection = await this.connections.awaited(log.writer.id);
    connection?.shape(shape);
    await this.afterBytes(log, connection, longestBytes);
  }

  /** Cuts the log, and then the reader's next request for it or the answer to that, after some bytes. */
  private async next(log: RigLog, direction: Direction, longestBytes: number): Promise<void> {
    const { id } = log.writer;
    const bytes = this.upTo(longestBytes);
    const next = this.connections.next(id, (connection) => connection.cutAfter(direction, bytes));
    (await this.connections.awaited(id))?.cut();
    await this.awaitCut(log, await next);
  }

  private async halfOpen(connection: ProxyConnection | undefined): Promise<void> {
    connection?.hold();
    await new Promise((resolve) => setTimeout(resolve, this.random() * LONGEST_HALF_OPEN_MS));
    connection?.cut();
  }

  private async refuse(): Promise<void> {
    this.proxy.refuse(true);
    this.proxy.cutAll();
    await new Promise((resolve) => setTimeout(resolve, this.random() * LONGEST_REFUSAL_MS));
    this.proxy.refuse(false);
  }
}
