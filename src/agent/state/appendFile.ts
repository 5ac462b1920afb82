import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FILE_MODE, replaceFile, syncFolder } from './atomicFile';
import { asStateError } from './stateError';

/** Whether an append is over when the system has the text (it survives the process) or when the disk has it. */
export type Durability = 'written' | 'synced';

interface PendingAppend {
  readonly text: string;
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A file of lines that only grows at its end, in the order of the calls. Appends that come while one is under way are
 * written together. One that fails leaves nothing of its lines behind. All methods reject with StateError.
 */
export class AppendFile {
  /** Appends that are written together; none while there is something else to do before the next one. */
  private openBatch: PendingAppend[] | undefined;
  private tail: Promise<void> = Promise.resolve();
  /** What failed may have left half a line at the end, which would spoil the next one. */
  private isEndDoubtful = false;

  private constructor(
    readonly path: string,
    private handle: FileHandle,
    private length: number,
  ) {}

  /** Opens the file or makes it. What a power cut left of a last line, it cuts off or, with `keep`, ends. */
  static async open(path: string, tornLine: 'cut' | 'keep'): Promise<AppendFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await openForAppending(path);
      const { size } = await handle.stat();
      const file = new AppendFile(path, handle, size);
      await file.mendEnd(tornLine);
      return file;
    } catch (error) {
      await handle?.close();
      throw asStateError(path, error);
    }
  }

  get bytes(): number {
    return this.length;
  }

  async readText(): Promise<string> {
    const buffer = Buffer.alloc(this.length);
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  }

  /** @param line without its line ending */
  append(line: string, durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      this.batch().push({ text: `${line}\n`, durability, resolve, reject });
    });
  }

  /** Puts other lines in place of all there are; what was appended before is replaced, too. */
  replace(text: () => string): Promise<void> {
    return this.enqueue(async () => {
      await this.handle.close();
      try {
        await replaceFile(this.path, text());
      } finally {
        await this.reopen();
      }
    });
  }

  /** Lets `move` put the file elsewhere, and goes on with a new one. */
  rotate(move: () => Promise<void>): Promise<void> {
    return this.enqueue(async () => {
      await this.handle.close();
      try {
        await move();
      } finally {
        await this.reopen();
      }
    });
  }

  /** Over when everything appended is written. */
  close(): Promise<void> {
    return this.enqueue(() => this.handle.close());
  }

  private batch(): PendingAppend[] {
    if (this.openBatch !== undefined) return this.openBatch;
    const batch: PendingAppend[] = [];
    void this.enqueue(() => this.writeBatch(batch));
    this.openBatch = batch;
    return batch;
  }

  /** Runs a task after all that was asked for before it, and before all that comes later. */
  private enqueue(task: () => Promise<void>): Promise<void> {
    this.openBatch = undefined;
    const done = this.tail.then(task).catch((error: unknown) => {
      throw asStateError(this.path, error);
    });
    this.tail = done.catch(() => undefined);
    return done;
  }

  private async reopen(): Promise<void> {
    this.handle = await openForAppending(this.path);
    this.length = (await this.handle.stat()).size;
    this.isEndDoubtful = false;
  }

  private async writeBatch(batch: readonly PendingAppend[]): Promise<void> {
    if (this.openBatch === batch) this.openBatch = undefined;
    try {
      await this.write(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const stateError = asStateError(this.path, error);
      for (const { reject } of batch) reject(stateError);
    }
  }

  private async write(batch: readonly PendingAppend[]): Promise<void> {
    const bytes = Buffer.from(batch.map(({ text }) => text).join(''));
    if (this.isEndDoubtful) await this.handle.truncate(this.length);
    this.isEndDoubtful = true;
    try {
      await this.handle.appendFile(bytes);
      if (batch.some(({ durability }) => durability === 'synced')) await this.handle.datasync();
      this.length += bytes.length;
      this.isEndDoubtful = false;
    } catch (error) {
      await this.cutDoubtfulEnd();
      throw error;
    }
  }

  /** Where that fails, the next append tries again before it writes. */
  private async cutDoubtfulEnd(): Promise<void> {
    try {
      await this.handle.truncate(this.length);
      this.isEndDoubtful = false;
    } catch {
      // The error that led here says more.
    }
  }

  private async mendEnd(tornLine: 'cut' | 'keep'): Promise<void> {
    if (this.length === 0) return;
    const last = Buffer.alloc(1);
    await this.handle.read(last, 0, 1, this.length - 1);
    if (last.toString() === '\n') return;
    if (tornLine === 'keep') {
      await this.handle.appendFile('\n');
      this.length += 1;
      return;
    }
    const text = await this.readText();
    this.length = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1));
    await this.handle.truncate(this.length);
  }
}

async function openForAppending(path: string): Promise<FileHandle> {
  const handle = await open(path, 'a+', FILE_MODE);
  await syncFolder(dirname(path));
  return handle;
}
