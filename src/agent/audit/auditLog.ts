import { rename, rm } from 'node:fs/promises';
import type { Action } from '../security/permissions';
import { AppendFile } from '../state/appendFile';
import { systemErrorCode } from '../state/stateError';

export interface AuditOptions {
  /** A file that would become larger is put aside first. */
  readonly maxBytes: number;
  /** How many files are kept that were put aside; the oldest is removed. */
  readonly maxOldFiles: number;
}

/** What is done on the agent's machine, with its command. */
export type LocalAction = 'tokenAdded' | 'tokenRevoked';

/** Everything that goes into the log about one event. Never holds a secret. */
export interface AuditRecord {
  readonly action: Action | 'login' | 'logout' | 'revoked' | LocalAction;
  /** `begun` comes before whatever changes something, and its result after it. */
  readonly result: 'begun' | 'done' | 'failed' | 'refused' | 'unknown';
  readonly tokenId?: string;
  readonly tokenName?: string;
  readonly role?: string;
  readonly address?: string;
  readonly containerId?: string;
  readonly containerName?: string;
  /** Joins what belongs to one command. */
  readonly commandId?: string;
  /** Of a failure or refusal. */
  readonly code?: string;
  /** What else is needed to know what was done: the new name, the signal, the program. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Longer texts are cut: what a client sends must not fill the log. */
const MAX_TEXT_LENGTH = 200;

/**
 * Who did what, on what, with which result and when: one JSON object a line, readable by the agent's user alone, rotated
 * by size.
 *
 * **Fails closed.** Whatever changes something is appended as `begun`, and on the disk, before it is done; where that
 * can't be, as on a full disk, {@link require} rejects and the thing must not be done. What only reads goes on: its
 * records are lost, and told to `onLost`.
 */
export class AuditLog {
  private isRotating = false;

  private constructor(
    private readonly file: AppendFile,
    private readonly options: AuditOptions,
    private readonly now: () => Date,
    private readonly onLost: (error: unknown) => void,
  ) {}

  static async open(
    path: string,
    options: AuditOptions,
    now: () => Date,
    onLost: (error: unknown) => void,
  ): Promise<AuditLog> {
    return new AuditLog(await AppendFile.open(path, 'keep'), options, now, onLost);
  }

  /** Resolves when the record is on the disk; rejects with a StateError if that can't be. */
  async require(record: AuditRecord): Promise<void> {
    this.rotateIfLarge();
    await this.file.append(this.lineOf(record), 'synced');
  }

  /** Appends a record of something that is not held up by it. */
  note(record: AuditRecord): void {
    this.rotateIfLarge();
    const written = this.file.append(this.lineOf(record), 'written');
    written.catch((error: unknown) => this.onLost(error));
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private lineOf(record: AuditRecord): string {
    const line = { time: this.now().toISOString(), ...record };
    return JSON.stringify(line, (_key, value: unknown) =>
      typeof value === 'string' ? shorten(value) : value,
    );
  }

  /** What is appended after this goes into the new file. */
  private rotateIfLarge(): void {
    if (this.isRotating || this.file.bytes < this.options.maxBytes) return;
    this.isRotating = true;
    this.file
      .rotate(() => this.moveAside())
      // The file goes on growing; the append itself says whether there is room.
      .catch((error: unknown) => this.onLost(error))
      .finally(() => (this.isRotating = false));
  }

  private async moveAside(): Promise<void> {
    const { maxOldFiles } = this.options;
    await rm(this.oldPath(maxOldFiles), { force: true });
    for (let number = maxOldFiles - 1; number >= 1; number--) {
      await renameIfThere(this.oldPath(number), this.oldPath(number + 1));
    }
    if (maxOldFiles > 0) await renameIfThere(this.file.path, this.oldPath(1));
    else await rm(this.file.path, { force: true });
  }

  private oldPath(number: number): string {
    return `${this.file.path}.${number}`;
  }
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
