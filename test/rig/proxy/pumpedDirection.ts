import type { Socket } from 'node:net';
import { pieces, type Shape } from './shape';

export interface PumpHooks {
  readonly shape: () => Shape;
  readonly random: () => number;
  /** Sees every chunk as it arrives, before anything is done to it. */
  readonly onChunk: (chunk: Buffer) => void;
  /** The bytes that {@link PumpedDirection.limit} allowed have been passed on. */
  readonly onLimit: () => void;
  /** The sender has ended, and everything it sent was passed on. */
  readonly onEnd: () => void;
}

/** Passes bytes from one socket to another, as a shape says, up to a limit, and with backpressure. */
export class PumpedDirection {
  passedBytes = 0;
  private allowedBytes = Infinity;
  private isHeld = false;
  private isStopped = false;
  private pending: Promise<void> = Promise.resolve();

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly hooks: PumpHooks,
  ) {
    from.on('data', (chunk: Buffer) => {
      hooks.onChunk(chunk);
      from.pause();
      this.pending = this.pass(chunk).then(() => {
        if (!this.isHeld) from.resume();
      });
    });
    from.once('end', () => {
      void this.pending.then(() => this.finish());
    });
  }

  limit(bytes: number): void {
    this.allowedBytes = bytes;
    if (bytes === 0) this.hooks.onLimit();
  }

  /** For good: what is held is passed on by nobody. */
  hold(): void {
    this.isHeld = true;
    this.from.pause();
  }

  stop(): void {
    this.isStopped = true;
  }

  private finish(): void {
    if (!this.isStopped && !this.isHeld) this.hooks.onEnd();
  }

  private async pass(chunk: Buffer): Promise<void> {
    for (const { bytes, delayMs } of pieces(chunk, this.hooks.shape(), this.hooks.random)) {
      await pause(delayMs);
      if (this.isStopped || this.isHeld) return;
      const allowed = bytes.subarray(0, Math.min(bytes.length, this.allowedBytes));
      await this.write(allowed);
      if (allowed.length < chunk.length) await nextTurn();
      this.allowedBytes -= allowed.length;
      if (this.allowedBytes > 0) continue;
      this.hooks.onLimit();
      return;
    }
  }

  /** Resolves when the bytes are with the system. */
  private write(bytes: Buffer): Promise<void> {
    this.passedBytes += bytes.length;
    return new Promise((resolve) => {
      this.to.write(bytes, () => resolve());
    });
  }
}

async function pause(delayMs: number): Promise<void> {
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Lets a reader in this process read one piece before the next one is there. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
