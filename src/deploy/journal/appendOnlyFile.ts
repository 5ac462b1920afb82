import { open, type FileHandle } from 'node:fs/promises';

const FILE_MODE = 0o600;
const NEWLINE = 0x0a;

/** Not all was appended. */
export class AppendError extends Error {
  override readonly name = 'AppendError';

  constructor(
    /** The system's, like `ENOSPC`. */
    readonly code: string,
    /** How many lines are there all the same: readers may have them already. */
    readonly keptLines: number,
    cause: unknown,
  ) {
    super(`The journal can't be written (${code}).`, { cause });
  }
}

/**
 * A file of lines that only grows at its end, one append after the other. Of an append that fails the whole lines that were
 * written stay, because somebody may have read them; half a line is cut off before anything else is written.
 */
export class AppendOnlyFile {
  private isEndDoubtful = false;

  private constructor(
    private readonly handle: FileHandle,
    private lengthBytes: number,
  ) {}

  /** Opens the file or makes it, and cuts off what is behind `keepBytes`. */
  static async open(path: string, keepBytes?: number): Promise<AppendOnlyFile> {
    const handle = await open(path, 'a', FILE_MODE);
    try {
      const { size } = await handle.stat();
      if (keepBytes === undefined || keepBytes >= size) return new AppendOnlyFile(handle, size);
      await handle.truncate(keepBytes);
      return new AppendOnlyFile(handle, keepBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.lengthBytes;
  }

  /** Not to be called before the last one is over. Rejects with an {@link AppendError}. */
  async append(text: string, isSynced: boolean): Promise<void> {
    if (this.isEndDoubtful) await this.cutEnd();
    const bytes = Buffer.from(text);
    this.isEndDoubtful = true;
    try {
      await this.handle.appendFile(bytes);
      if (isSynced) await this.handle.datasync();
    } catch (error) {
      throw new AppendError(codeOf(error), await this.keepWholeLines(bytes), error);
    }
    this.lengthBytes += bytes.length;
    this.isEndDoubtful = false;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** How many lines of an append that failed are in the file. */
  private async keepWholeLines(bytes: Buffer): Promise<number> {
    try {
      const { size } = await this.handle.stat();
      const written = bytes.subarray(0, Math.max(0, size - this.lengthBytes));
      const whole = written.subarray(0, written.lastIndexOf(NEWLINE) + 1);
      this.lengthBytes += whole.length;
      await this.cutEnd();
      return whole.toString('latin1').split('\n').length - 1;
    } catch {
      // The next append cuts off the rest before it writes; the error that led here says more.
      return 0;
    }
  }

  private async cutEnd(): Promise<void> {
    await this.handle.truncate(this.lengthBytes);
    this.isEndDoubtful = false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
