import { setMaxListeners } from 'node:events';
import { renameSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import type { Clock } from '../../base/clock';
import { toDisposable, DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import { EngineError } from '../engine';
import { toEngineError } from './errors';
import { ANSWER_DEADLINE_MS, askForStats, firstLine, type Answer } from './statsAsking';
import { StatsHandouts, type OpenStats } from './statsHandouts';

/** How often whoever serves the others looks whether it still has the place. */
const LOOK_INTERVAL_MS = 2_000;
const ATTEMPTS = 5;
const REFUSAL_PAUSE_MS = 50;
/** As engines' are. Any other may not fit in a line. */
const SHARED_ID = /^[\w.-]{1,255}$/;

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
  /** What is read of others ends with this, as does what is asked of them. */
  private readonly abort = new AbortController();

  /** @param place where they meet, see {@link statsPlace} */
  constructor(
    private readonly place: string,
    private readonly openOwn: OpenStats,
    private readonly clock: Clock,
  ) {
    // Every stream that is open listens to it.
    setMaxListeners(0, this.abort.signal);
  }

  async openStats(id: ContainerId, signal: AbortSignal): ReturnType<OpenStats> {
    if (!SHARED_ID.test(id)) return this.openOwn(id, signal);
    const either = AbortSignal.any([signal, this.abort.signal]);
    let refusing: string | undefined;
    for (let attempt = 0; attempt < ATTEMPTS && !this.isDisposed; attempt++) {
      const lead = await this.takePlace();
      if (lead?.isDisposed === false) {
        const stream = await lead.open(id, signal);
        if (stream) return stream;
      }
      signal.throwIfAborted();
      if (lead) continue;
      const refused = socketAt(this.place);
      const asked = await askForStats(this.place, id, either, this.clock);
      if (asked.kind === 'open') return asked.stream;
      if (asked.kind === 'silent') break;
      if (asked.kind === 'abandoned') refusing = await this.clear(refused, refusing);
    }
    return this.openOwn(id, signal);
  }

  dispose(): void {
    this.isDisposed = true;
    this.lead?.dispose();
    this.abort.abort(new EngineError('connectionLost', 'The connection to the engine was closed.'));
  }

  /**
   * Takes away a socket that was left behind. That is one that refuses twice: somebody may just be about to listen there,
   * or have too many waiting.
   */
  private async clear(
    refused: string | undefined,
    refusedBefore: string | undefined,
  ): Promise<string | undefined> {
    if (refused !== refusedBefore) {
      await new Promise<void>((resolve) => this.clock.setTimer(resolve, REFUSAL_PAUSE_MS));
    } else if (refused !== undefined && socketAt(this.place) === refused) {
      try {
        unlinkSync(this.place);
      } catch {
        // It is no socket, or not ours to remove: whoever wants statistics reads by itself.
      }
    }
    return refused;
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
      // Later ones are of connections that can't be accepted: whoever asked reads by itself.
      server.on('error', () => resolve(false));
      server.listen(this.place, () => resolve(true));
    });
    if (!isListening) return undefined;
    const lead = new Lead(server, this.place, this.openOwn, this.clock);
    if (this.isDisposed) lead.dispose();
    this.lead = lead;
    return lead;
  }
}

/** Closes without taking away what has come to the place meanwhile: Node removes whatever has the name it listened at. */
function closeAt(server: Server, place: string, own: string | undefined): void {
  const isOthers = socketAt(place) !== own;
  const aside = `${place}.${process.pid}`;
  try {
    // No `await` in between: nobody misses it for longer than it takes.
    if (isOthers) renameSync(place, aside);
    server.close();
    if (isOthers) renameSync(aside, place);
  } catch {
    // There was nothing.
    server.close();
  }
}

/** The process that reads for all, while it does. */
class Lead implements Disposable {
  private readonly handouts: StatsHandouts;
  private readonly store = new DisposableStore();
  private readonly sockets = new Set<Socket>();
  private readonly listening: string | undefined;
  private isLost = false;

  constructor(
    server: Server,
    private readonly place: string,
    openOwn: OpenStats,
    private readonly clock: Clock,
  ) {
    this.listening = socketAt(place);
    this.handouts = new StatsHandouts(openOwn, () => this.dispose());
    server.on('connection', (socket) => void this.serve(socket));
    this.store.add(toDisposable(() => closeAt(server, place, this.listening)));
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

  /** Undefined where it lost the place meanwhile. */
  async open(id: ContainerId, signal: AbortSignal): Promise<Readable | undefined> {
    try {
      return await this.handouts.open(id, signal);
    } catch (error) {
      if (this.isLost && !signal.aborted) return undefined;
      throw error;
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
    const deadline = this.clock.setTimer(() => socket.destroy(), ANSWER_DEADLINE_MS);
    socket.on('close', () => {
      deadline.dispose();
      this.sockets.delete(socket);
      gone.abort();
    });
    try {
      const id = await firstLine(socket);
      deadline.dispose();
      if (this.isDisposed) return;
      const stream = await this.open(id, gone.signal);
      if (!stream) return;
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
      this.isLost = socketAt(this.place) !== this.listening;
      if (this.isLost) this.dispose();
      else this.lookLater();
    }, LOOK_INTERVAL_MS);
    this.store.add(timer);
  }
}

function send(socket: Socket, answer: Answer): void {
  socket.write(`${JSON.stringify(answer)}\n`);
}

/**
 * Which socket is at a place. Without a wait: it may be another's a moment later. Numbers of files are used again, so time
 * belongs to it.
 */
function socketAt(path: string): string | undefined {
  try {
    const { ino, mtimeNs } = statSync(path, { bigint: true });
    return `${ino}-${mtimeNs}`;
  } catch {
    return undefined;
  }
}
