import { addAbortSignal, PassThrough, type Readable } from 'node:stream';
import { asError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import { LineSplitter } from '../../model/ndjson';
import { EngineError } from '../engine';
import { decodeUtf8 } from './utf8';

/**
 * Opens a container's statistics: one line of JSON for each sample. The stream belongs to the caller; `signal` gives up
 * the request as well as the stream. Rejects with an {@link EngineError}.
 */
export type OpenStats = (id: ContainerId, signal: AbortSignal) => Promise<Readable>;

/** Reads the statistics of an engine's containers once, and hands them to as many as ask. */
export class StatsHandouts implements Disposable {
  private readonly handouts = new Map<ContainerId, Handout>();

  /** @param onEmpty nobody reads any container's statistics any more */
  constructor(
    private readonly openStats: OpenStats,
    private readonly onEmpty: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.handouts.size === 0;
  }

  /** What {@link OpenStats} does, out of a stream that others may read as well. */
  async open(id: ContainerId, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const handout = this.handouts.get(id) ?? this.begin(id);
    return handout.join(signal);
  }

  /** Ends what everybody reads. */
  dispose(): void {
    for (const handout of [...this.handouts.values()]) handout.end();
  }

  private begin(id: ContainerId): Handout {
    const handout: Handout = new Handout(
      (signal) => this.openStats(id, signal),
      () => this.forget(id, handout),
    );
    this.handouts.set(id, handout);
    handout.begin();
    return handout;
  }

  private forget(id: ContainerId, handout: Handout): void {
    if (this.handouts.get(id) !== handout) return;
    this.handouts.delete(id);
    if (this.isEmpty) this.onEmpty();
  }
}

/** One container's statistics. Ends with its last reader, or with the engine's stream. */
class Handout {
  private readonly readers = new Set<PassThrough>();
  private readonly abort = new AbortController();
  private readonly lines = new LineSplitter((text) => this.hand(text), decodeUtf8);
  private opened: Promise<void> = Promise.resolve();

  constructor(
    private readonly open: (signal: AbortSignal) => Promise<Readable>,
    private readonly onEnd: () => void,
  ) {}

  begin(): void {
    this.opened = this.open(this.abort.signal).then((stream) => this.read(stream));
    this.opened.catch((error: unknown) => this.end(asError(error)));
  }

  async join(signal: AbortSignal): Promise<Readable> {
    const reader = new PassThrough();
    // Whoever reads it is told; until then nobody is there to tell.
    reader.on('error', () => undefined);
    const left = new Promise<never>((_resolve, reject) => {
      reader.once('close', () => {
        this.leave(reader);
        reject(reader.errored ?? new EngineError('connectionLost', 'The statistics ended.'));
      });
    });
    left.catch(() => undefined);
    this.readers.add(reader);
    addAbortSignal(signal, reader);
    await Promise.race([this.opened, left]);
    return reader;
  }

  /** Ends all readers: with an error if there is one. */
  end(error?: Error): void {
    this.onEnd();
    this.abort.abort();
    for (const reader of [...this.readers]) {
      if (error) reader.destroy(error);
      else reader.end();
    }
    this.readers.clear();
  }

  private leave(reader: PassThrough): void {
    if (this.readers.delete(reader) && this.readers.size === 0) this.end();
  }

  private read(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.push(chunk));
    stream.on('end', () => this.end());
    stream.on('error', (error) => this.end(error));
    stream.on('close', () => this.end(stream.readableEnded ? undefined : brokeOff()));
    this.abort.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    if (this.abort.signal.aborted) stream.destroy();
  }

  private push(chunk: Buffer): void {
    try {
      this.lines.push(chunk);
    } catch (error) {
      this.end(asError(error));
    }
  }

  /** Whoever is slow misses whole samples: the counters in the next one make up for them. */
  private hand(text: string): void {
    for (const reader of this.readers) if (!reader.writableNeedDrain) reader.write(`${text}\n`);
  }
}

function brokeOff(): EngineError {
  return new EngineError('connectionLost', 'The connection broke while statistics were read.');
}
