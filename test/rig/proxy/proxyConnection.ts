import type { Socket } from 'node:net';
import { PumpedDirection } from './pumpedDirection';
import { PLAIN, type Shape } from './shape';

/** `up` is from the client to the engine. */
export type Direction = 'up' | 'down';

/** One connection through the proxy, and what can be done to it. */
export class ProxyConnection {
  /** The latest request on it, like `GET /v1.41/events?…`. */
  request = '';
  /** Whether the answer to that request began to arrive. */
  isAnswered = false;
  private shapeNow: Shape = PLAIN;
  private readonly directions: Readonly<Record<Direction, PumpedDirection>>;
  private readonly closed: Promise<void>;
  private isOver = false;

  constructor(
    private readonly client: Socket,
    private readonly engine: Socket,
    private readonly hooks: {
      readonly random: () => number;
      readonly onRequest: (connection: ProxyConnection) => void;
      readonly onAnswer: (connection: ProxyConnection) => void;
      readonly onCut: (connection: ProxyConnection) => void;
    },
  ) {
    const { random } = hooks;
    const common = { shape: () => this.shapeNow, random, onLimit: () => this.cut() };
    this.directions = {
      up: new PumpedDirection(client, engine, {
        ...common,
        onChunk: (chunk) => this.noteRequest(chunk),
        // A client of HTTP that ends its side has given the connection up.
        onEnd: () => this.destroy(),
      }),
      down: new PumpedDirection(engine, client, {
        ...common,
        onChunk: () => this.noteAnswer(),
        onEnd: () => client.end(),
      }),
    };
    this.closed = new Promise((resolve) => {
      for (const socket of [client, engine]) {
        // What it is given it passes on at once, as routers do.
        socket.setNoDelay(true);
        socket.on('error', () => this.destroy());
        socket.once('close', () => {
          this.destroy();
          resolve();
        });
      }
    });
  }

  get isOpen(): boolean {
    return !this.isOver;
  }

  /** Resolves when the connection is gone, whoever ended it. */
  whenClosed(): Promise<void> {
    return this.closed;
  }

  passedBytes(direction: Direction): number {
    return this.directions[direction].passedBytes;
  }

  /** Ends it at once and without a farewell: what was not passed on by now never is. */
  cut(): void {
    if (this.isOver) return;
    this.destroy();
    this.hooks.onCut(this);
  }

  /** Passes exactly so many more bytes in that direction and then cuts. */
  cutAfter(direction: Direction, bytes: number): void {
    this.directions[direction].limit(bytes);
  }

  /** Half-open: nothing passes any more, in either direction, and neither end is told. */
  hold(): void {
    for (const direction of Object.values(this.directions)) direction.hold();
  }

  shape(shape: Shape): void {
    this.shapeNow = shape;
  }

  private noteRequest(chunk: Buffer): void {
    const request = /^[A-Z]+ \S+(?= HTTP\/)/.exec(chunk.toString('latin1', 0, 2_000))?.[0];
    if (request === undefined) return;
    this.request = request;
    this.isAnswered = false;
    this.hooks.onRequest(this);
  }

  private noteAnswer(): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.hooks.onAnswer(this);
  }

  private destroy(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const direction of Object.values(this.directions)) direction.stop();
    // A reset, where the transport has such a thing; the end of a unix socket is abrupt anyway.
    if (this.client.remoteAddress === undefined) this.client.destroy();
    else this.client.resetAndDestroy();
    this.engine.destroy();
  }
}
