import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disposable } from '../../../base/lifecycle';
import { EngineError } from '../../../engine/engine';
import { FILE_MODE, FOLDER_MODE } from '../../state/atomicFile';
import { asStateError, systemErrorCode } from '../../state/stateError';
import { AgentError } from '../wireErrors';

const NAME_BYTES = 16;

/** Everything uploaded to one agent: files of its own user alone, and together no larger than so many bytes. */
export class UploadStore {
  private usedBytes = 0;

  private constructor(
    private readonly folder: string,
    readonly maxBytes: number,
  ) {}

  /** What an earlier agent left is removed; rejects with StateError. */
  static async open(folder: string, maxBytes: number): Promise<UploadStore> {
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: FOLDER_MODE });
    } catch (error) {
      throw asStateError(folder, error);
    }
    return new UploadStore(folder, maxBytes);
  }

  get used(): number {
    return this.usedBytes;
  }

  make(): Upload {
    const path = join(this.folder, randomBytes(NAME_BYTES).toString('hex'));
    return new Upload(path, (bytes) => this.reserve(bytes));
  }

  /** @throws AgentError `tooLarge` */
  private reserve(bytes: number): void {
    if (this.usedBytes + bytes > this.maxBytes)
      throw new AgentError('tooLarge', `This agent takes no more than ${this.maxBytes} bytes at a time.`);
    this.usedBytes += bytes;
  }
}

/** One upload: bytes in a file, until it is disposed. */
export class Upload implements Disposable {
  private readonly hash = createHash('sha256');
  private file: FileHandle | undefined;
  private length = 0;
  private digest: string | undefined;
  private isDisposed = false;

  constructor(
    private readonly path: string,
    private readonly reserve: (bytes: number) => void,
  ) {}

  get bytes(): number {
    return this.length;
  }

  /** SHA-256 of all bytes in base64url; `undefined` until they are all there. */
  get sha256(): string | undefined {
    return this.digest;
  }

  /** One at a time. Rejects with AgentError `tooLarge`, or EngineError where the disk takes no more. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.isDisposed) return;
    this.reserve(bytes.length);
    this.length += bytes.length;
    this.hash.update(bytes);
    try {
      this.file ??= await open(this.path, 'wx', FILE_MODE);
      await this.file.appendFile(bytes);
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  /** These were all bytes. */
  async complete(): Promise<void> {
    await this.append(new Uint8Array());
    await this.file?.close();
    this.file = undefined;
    this.digest ??= this.hash.digest('base64url');
  }

  /**
   * As often as wanted, once it is complete.
   *
   * @throws EngineError `conflict` when it was disposed
   */
  read(): AsyncIterable<Uint8Array> {
    if (this.isDisposed)
      throw new EngineError('conflict', 'The uploaded folder is not kept any more. Deploy it again.');
    return createReadStream(this.path);
  }

  /** Gives its room back, and removes the file. To be called while nothing is being appended. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.reserve(-this.length);
    void this.remove();
  }

  private async remove(): Promise<void> {
    try {
      await this.file?.close();
    } catch {
      // It goes all the same.
    }
    await rm(this.path, { force: true });
  }
}

function cannotWrite(error: unknown): Error {
  const code = systemErrorCode(error);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const why = isFull ? "The agent's disk is full." : 'The agent could not write the upload to its disk.';
  return new EngineError('engineFailure', why, { cause: error });
}
