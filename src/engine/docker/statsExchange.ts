import { rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Clock } from '../../base/clock';
import { toDisposable, DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import { toEngineError } from './errors';
import { askForStats, firstLine, type Answer } from './statsAsking';
import { StatsHandouts, type OpenStats } from './statsHandouts';

/** How often whoever serves the others looks whether it still has the place. */
const LOOK_INTERVAL_MS = 2_000;
const ATTEMPTS = 5;

/**
 * Shares the statistics of one engine among the processes of a user, each of which is a window of the editor: the engine
 * has one stream for a container however many of them watch it. The first to want any listens at a place all know, reads
 * for all, and leaves when nobody reads; the others ask it, and one of them takes its place when it has gone.
 *
 * Whatever goes wrong between them, statistics are read all the same: then by oneself.
 */
export class StatsExchange implements Disposable {
  private lead: Lead | undefined;
  private taking: Promise<Lead | undefined> | undefined;
  private isDisposed = false;

  /** @param place where they meet, see {@link statsPlace} */
  constructor(
    private readonly place: string,
    private readonly openOwn: OpenStats,
    private readonly clock: Clock,
  ) {}

  async openStats(id: ContainerId, signal: AbortSignal): ReturnType<OpenStats> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.isDisposed; attempt++) {
      const lead = await this.takePlace();
      if (lead?.isDisposed === false) return lead.open(id, signal);
      signal.throwIfAborted();
      if (lead) continue;
      const asked = await askForStats(this.place, id, signal, this.clock);
      if (asked.kind === 'open') return asked.stream;
      if (asked.kind === 'silent') break;
      if (asked.kind === 'abandoned') await rm(this.place, { force: true });
    }
    return this.openOwn(id, signal);
  }

  dispose(): void {
    this.isDisposed = true;
    this.lead?.dispose();
  }

  /** Becomes the one that reads for all, unless there is one. */
  private async takePlace(): Promise<Lead | undefined> {
    if (this.lead?.isDisposed === false) return this.lead;
    this.taking ??= this.listen().finally(() => (this.taking = undefined));
    return this.taking;
  }

  private async listen(): Promise<Lead | undefined> {
    const server = createServer();
    const isListening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(this.place, () => resolve(true));
    });
    if (!isListening) return undefined;
    const inode = await inodeOf(this.place);
    const lead = new Lead(
      server,
      this.openOwn,
      async () => (await inodeOf(this.place)) === inode,
      this.clock,
    );
    if (this.isDisposed) lead.dispose();
    this.lead = lead;
    return lead;
  }
}

/** The process that reads for all, while it does. */
class Lead implements Disposable {
  private readonly handouts: StatsHandouts;
  private readonly store = new DisposableStore();
  private readonly sockets = new Set<Socket>();

  constructor(
    server: Server,
    openOwn: OpenStats,
    private readonly hasPlace: () => Promise<boolean>,
    private readonly clock: Clock,
  ) {
    this.handouts = new StatsHandouts(openOwn, () => this.dispose());
    server.on('connection', (socket) => void this.serve(socket));
    this.store.add(toDisposable(() => server.close()));
    this.store.add(
      toDisposable(() => {
        for (const socket of this.sockets) socket.destroy();
      }),
    );
    this.store.add(this.handouts);
    this.lookLater();
  }

  get isDisposed(): boolean {
    return this.store.isDisposed;
  }

  async open(id: ContainerId, signal: AbortSignal): ReturnType<OpenStats> {
    try {
      return await this.handouts.open(id, signal);
    } finally {
      if (this.handouts.isEmpty) this.dispose();
    }
  }

  dispose(): void {
    this.store.dispose();
  }

  private async serve(socket: Socket): Promise<void> {
    const gone = new AbortController();
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      gone.abort();
    });
    try {
      const id = await firstLine(socket);
      if (this.isDisposed) return;
      const stream = await this.open(id, gone.signal);
      send(socket, { isOpen: true });
      pipeline(stream, socket, () => undefined);
    } catch (error) {
      const { code, message } = toEngineError(error, 'follow the statistics');
      send(socket, { isOpen: false, code, message });
      socket.end();
    }
  }

  /** The socket may have been taken away: by somebody who cleans up, or who took it for one that was left behind. */
  private lookLater(): void {
    const timer = this.clock.setTimer(() => {
      this.store.delete(timer);
      void this.hasPlace().then((hasPlace) => {
        if (!hasPlace) this.dispose();
        else if (!this.isDisposed) this.lookLater();
      });
    }, LOOK_INTERVAL_MS);
    this.store.add(timer);
  }
}

function send(socket: Socket, answer: Answer): void {
  socket.write(`${JSON.stringify(answer)}\n`);
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch {
    return undefined;
  }
}
