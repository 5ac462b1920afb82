import { open, type FileHandle } from 'node:fs/promises';

const FILE_MODE = 0o600;

/**
 * A file that only grows at its end, one append after the other. An append that fails leaves nothing behind: its bytes
 * are cut off before anything else is written.
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

  /** Not to be called before the last one is over. Rejects with the system's error. */
  async append(text: string, isSynced: boolean): Promise<void> {
    if (this.isEndDoubtful) await this.handle.truncate(this.lengthBytes);
    this.isEndDoubtful = true;
    const bytes = Buffer.from(text);
    try {
      await this.handle.appendFile(bytes);
      if (isSynced) await this.handle.datasync();
    } catch (error) {
      await this.cutEnd();
      throw error;
    }
    this.lengthBytes += bytes.length;
    this.isEndDoubtful = false;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** Where that fails, the next append tries again before it writes. */
  private async cutEnd(): Promise<void> {
    try {
      await this.handle.truncate(this.lengthBytes);
      this.isEndDoubtful = false;
    } catch {
      // The error that led here says more.
    }
  }
}
