import { messageOf } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { EngineError } from '../engine/engine';
import { lockHolder, takeLock, type HeldLock } from './journal/journalLock';

export interface FolderLockOptions {
  readonly folder: string;
  /** Whether nothing needs the lock but who asked for it. */
  readonly isIdle: () => boolean;
  /** What another process wrote meanwhile has to be read. */
  readonly onTaken: () => Promise<void>;
  readonly warn: (message: string) => void;
  /** Another way to take it. */
  readonly takeLock?: typeof takeLock;
}

/** The lock of the folder of the journals: taken with the first that needs it, and given back when all is idle. */
export class FolderLock implements Disposable {
  private held: Promise<HeldLock> | undefined;
  /** Over when every lock that was held before is given back. */
  private released: Promise<void> = Promise.resolve();
  private holders = 0;

  constructor(private readonly options: FolderLockOptions) {}

  async isHeldElsewhere(): Promise<boolean> {
    return !this.held && (await lockHolder(this.options.folder)) !== undefined;
  }

  /** @throws EngineError `conflict` while another process runs deployments here */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.holders += 1;
    try {
      this.held ??= this.take().catch((error: unknown) => {
        this.held = undefined;
        throw error;
      });
      await this.held;
      return await work();
    } finally {
      this.holders -= 1;
      await this.letGoIfIdle();
    }
  }

  async letGoIfIdle(): Promise<void> {
    if (this.holders > 0 || !this.options.isIdle()) return;
    const { held } = this;
    this.held = undefined;
    if (!held) return;
    // Whoever wants it meanwhile waits: until it is given back, this very process would seem to hold it.
    this.released = this.released.then(() => this.release(held));
    await this.released;
  }

  /** Gives it back although something is under way: another process takes that over. */
  dispose(): void {
    void this.held?.then((lock) => lock.release()).catch(() => undefined);
  }

  private async take(): Promise<HeldLock> {
    await this.released;
    const taken = await (this.options.takeLock ?? takeLock)(this.options.folder);
    if ('heldBy' in taken)
      throw new EngineError(
        'conflict',
        `Another process of this machine (${taken.heldBy}) runs deployments at the moment. Try again when they are over.`,
      );
    try {
      await this.options.onTaken();
    } catch (error) {
      await taken.release();
      throw error;
    }
    return taken;
  }

  private async release(lock: Promise<HeldLock>): Promise<void> {
    try {
      await (await lock).release();
    } catch (error) {
      this.options.warn(`The lock of the journals was not given back: ${messageOf(error)}`);
    }
  }
}
