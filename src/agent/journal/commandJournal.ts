import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';
import { AppendFile } from '../state/appendFile';
import {
  CommandTable,
  type BeginAnswer,
  type CommandEntry,
  type CommandIntent,
  type CommandKey,
  type CommandOutcome,
  type CommandTableLimits,
} from './commandTable';
import { intentLine, outcomeLine, readRecords, tableText } from './journalRecords';

const TABLE_LIMITS: CommandTableLimits = { ...LIMITS, maxTotal: 5 * LIMITS.maxCommandsKept };
/** The file is written anew when it has this many lines more than twice as many as it needs. */
const SPARE_LINES = 1_000;
const LINES_PER_ENTRY = 2;

const INTERRUPTED: CommandOutcome = {
  status: 'unknown',
  reconciled: 'undetermined',
  message: 'The agent was ended while it ran this command.',
};

/**
 * The durable table of commands. An intent is on the disk before its command runs; what came of it is written at once,
 * too, and is on the disk soon: should only that be lost, the command is `unknown`, and never runs a second time.
 */
export class CommandJournal implements Disposable {
  private readonly didSettle = new Emitter<CommandEntry>();
  /** Fires for every command that comes to an outcome, or to a better one than `unknown`. */
  readonly onDidSettle = this.didSettle.event;
  /** Intents that are not on the disk yet. */
  private readonly arriving = new Map<CommandEntry, Promise<void>>();

  private constructor(
    private readonly file: AppendFile,
    private readonly table: CommandTable,
    private lines: number,
  ) {}

  /**
   * Reads back what was remembered; what ran when the agent was ended is `unknown` from here on. Rejects with a StateError,
   * also where a line other than the last makes no sense: to go on without it could run a command twice.
   */
  static async open(path: string, limits: CommandTableLimits = TABLE_LIMITS): Promise<CommandJournal> {
    const file = await AppendFile.open(path, 'cut');
    try {
      const table = new CommandTable(limits);
      const lines = readRecords(path, await file.readText(), table);
      for (const entry of table.interrupted()) table.settle(entry, INTERRUPTED);
      return new CommandJournal(file, table, lines);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get size(): number {
    return this.table.size;
  }

  get(key: CommandKey): CommandEntry | undefined {
    return this.table.get(key);
  }

  /** Commands of which it is not known what came of them: to be looked into, and told to {@link settle}. */
  interrupted(): readonly CommandEntry[] {
    return this.table.interrupted().filter(({ outcome }) => outcome !== undefined);
  }

  /**
   * Remembers a command. Once this resolves with `new`, the intent is on the disk, and the command is to be run and told
   * to {@link settle}. Rejects with a StateError if it can't be remembered: then it must not run.
   */
  async begin(intent: CommandIntent): Promise<BeginAnswer> {
    const answer = this.table.begin(intent);
    if (answer.kind === 'known') await this.arriving.get(answer.entry);
    if (answer.kind !== 'new') return answer;
    const entry = this.table.get(intent) ?? intent;
    const written = this.file.append(intentLine(entry), 'synced');
    this.arriving.set(entry, written);
    try {
      await written;
    } catch (error) {
      this.table.delete(intent);
      throw error;
    } finally {
      this.arriving.delete(entry);
    }
    this.lines += 1;
    return answer;
  }

  /**
   * Says what came of a command. The new outcome counts at once; rejects with a StateError if it could not be written,
   * after which the command would be `unknown` to the next run of the agent.
   */
  async settle(key: CommandKey, outcome: CommandOutcome): Promise<void> {
    const entry = this.table.settle(key, outcome);
    if (entry === undefined) return;
    this.didSettle.fire(entry);
    await this.file.append(outcomeLine(entry, outcome), 'written');
    this.lines += 1;
    await this.compactIfLarge();
  }

  /** Over when everything is written. */
  async close(): Promise<void> {
    await this.file.close();
    this.dispose();
  }

  dispose(): void {
    this.didSettle.dispose();
  }

  private async compactIfLarge(): Promise<void> {
    const needed = this.table.size * LINES_PER_ENTRY;
    if (this.lines <= LINES_PER_ENTRY * needed + SPARE_LINES) return;
    this.lines = needed;
    // What is in the table and not in the file yet is appended after this: read twice, it says the same.
    await this.file.replace(() => tableText(this.table));
  }
}
