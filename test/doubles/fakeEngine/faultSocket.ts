import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { SeededRandom } from './random';

export type Slicing = 'off' | 'bytes' | 'random';
const MAX_RANDOM_SLICE_BYTES = 97;

/** Faults of the transport, for every connection of the engine, those that are open included. */
export class ConnectionFaults {
  slicing: Slicing = 'off';
  private random: SeededRandom;
  private cutLimit: number | undefined;
  private cutGeneration = 0;
  private hanging = false;
  private readonly parked = new Set<() => void>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  get isHanging(): boolean {
    return this.hanging;
  }

  get cutAfterBytes(): number | undefined {
    return this.cutLimit;
  }

  /** Changes with every new limit, so that connections start to count anew. */
  get generation(): number {
    return this.cutGeneration;
  }

  slice(slicing: Slicing, seed?: number): void {
    this.slicing = slicing;
    if (seed !== undefined) this.random = new SeededRandom(seed);
  }

  cutAfter(byteCount: number | undefined): void {
    this.cutLimit = byteCount;
    this.cutGeneration++;
  }

  hang(): void {
    this.hanging = true;
  }

  unhang(): void {
    this.hanging = false;
    const waiting = [...this.parked];
    this.parked.clear();
    for (const resume of waiting) resume();
  }

  /** Runs at once, or when the engine no longer hangs. */
  whenAwake(run: () => void): void {
    if (this.hanging) this.parked.add(run);
    else run();
  }

  nextSliceBytes(remaining: number): number {
    if (this.slicing === 'off') return remaining;
    if (this.slicing === 'bytes') return 1;
    return Math.min(remaining, this.random.between(1, MAX_RANDOM_SLICE_BYTES));
  }
}

/** Stands between the HTTP server and a connection, and does to its bytes what a bad network would do. */
export class FaultSocket extends Duplex {
  private sentBytes = 0;
  private generation: number;

  constructor(
    private readonly raw: Socket,
    private readonly faults: ConnectionFaults,
  ) {
    super({ allowHalfOpen: true });
    this.generation = faults.generation;
    raw.on('data', (bytes) => {
      if (!this.push(bytes)) raw.pause();
    });
    raw.on('end', () => this.push(null));
    raw.on('error', () => this.destroy());
    raw.on('close', () => this.destroy());
  }

  override _read(): void {
    this.raw.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.send(bytes, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.raw.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.raw.destroy();
    done(error);
  }

  private send(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.faults.whenAwake(() => {
      if (this.destroyed) {
        done();
        return;
      }
      const piece = bytes.subarray(0, this.faults.nextSliceBytes(bytes.length));
      const rest = bytes.subarray(piece.length);
      if (this.isCutBy(piece.length)) {
        this.cut(piece, done);
        return;
      }
      this.sentBytes += piece.length;
      if (rest.length === 0) this.raw.write(piece, () => done());
      else this.raw.write(piece, () => setImmediate(() => this.send(rest, done)));
    });
  }

  private isCutBy(byteCount: number): boolean {
    if (this.generation !== this.faults.generation) {
      this.generation = this.faults.generation;
      this.sentBytes = 0;
    }
    const limit = this.faults.cutAfterBytes;
    return limit !== undefined && this.sentBytes + byteCount > limit;
  }

  /** Sends exactly the bytes that are still allowed, then drops the connection without a farewell. */
  private cut(piece: Buffer, done: (error?: Error | null) => void): void {
    const allowed = piece.subarray(0, (this.faults.cutAfterBytes ?? 0) - this.sentBytes);
    this.sentBytes += allowed.length;
    this.raw.write(allowed, () => {
      this.destroy();
      done();
    });
  }
}
