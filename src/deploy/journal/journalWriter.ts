import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { Deployment } from '../../model/deployment';
import { AppendError, type AppendOnlyFile } from './appendOnlyFile';
import type { Intent, JournalOpening, JournalRecord } from './journalRecord';

/** Lines that come within this time are written together. */
const LOG_DELAY_MS = 50;
const BATCH_BYTES = 64 * 1024;
/** More than this waits for the disk only if the disk is much slower than the build; then lines are left out. */
const MOST_PENDING_BYTES = 4 * 1024 * 1024;
const LONGEST_LINE = 16 * 1024;
const KEPT_LINES = 20;
const LONGEST_KEPT_LINE = 500;

type LogStream = 'stdout' | 'stderr' | 'system';
type Unplaced = { readonly timeMs: number } & (
  | { readonly kind: 'log'; readonly stream: LogStream; readonly text: string }
  | { readonly kind: 'state'; readonly deployment: Deployment }
);

export interface JournalWriterOptions {
  readonly file: AppendOnlyFile;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  /** Of the last entry that is there already. */
  readonly sequence: number;
  /** Of log lines; what comes behind is counted only. */
  readonly mostLogBytes: number;
  /** Gives space back on a full disk, so that at least the states can be written; `false` if there is none left. */
  readonly makeRoom: () => Promise<boolean>;
  /** Something was written. */
  readonly onWritten: () => void;
}

/**
 * Writes one deployment's journal, in the order of the calls. A state is on the disk when its promise resolves; log lines
 * are written soon. Sequences are given when a line is written, so that a line that can't be leaves no hole.
 */
export class JournalWriter {
  private pending: Unplaced[] = [];
  private pendingBytes = 0;
  private timer: Disposable | undefined;
  private tail: Promise<void> = Promise.resolve();
  private sequence: number;
  private leftOut = 0;
  private logBytes = 0;
  /** From then on only states are written: what room there is, is theirs. */
  private isFull = false;
  private readonly newest: string[] = [];

  constructor(private readonly options: JournalWriterOptions) {
    this.sequence = options.sequence;
  }

  /** The newest lines, oldest first, each shortened. */
  get lastLines(): readonly string[] {
    return this.newest;
  }

  log(stream: LogStream, text: string): void {
    const { redact, mostLogBytes, clock } = this.options;
    const whole = redact(text);
    const line = whole.length > LONGEST_LINE ? `${whole.slice(0, LONGEST_LINE)}…` : whole;
    if (stream !== 'system') this.keep(line);
    this.logBytes += line.length;
    if (this.logBytes > mostLogBytes || this.pendingBytes > MOST_PENDING_BYTES) {
      this.leftOut += 1;
      return;
    }
    this.pending.push({ kind: 'log', stream, text: line, timeMs: clock.nowMs() });
    this.pendingBytes += line.length;
    if (this.pendingBytes >= BATCH_BYTES) void this.flush();
    else this.timer ??= clock.setTimer(() => void this.flush(), LOG_DELAY_MS);
  }

  /**
   * Rejects with the system's error where it can't be written.
   *
   * @param isSynced on the disk, and not only out of this process
   */
  async state(deployment: Deployment, isSynced: boolean): Promise<void> {
    void this.flush();
    await this.enqueue(() => {
      if (this.isFull && !isSynced) throw new Error('The disk is full.');
      const timeMs = this.options.clock.nowMs();
      return this.writeWithRoom([{ kind: 'state', deployment, timeMs }], isSynced);
    });
  }

  async open(opening: JournalOpening): Promise<void> {
    await this.enqueue(() => this.appendWithRoom(`${JSON.stringify(opening)}\n`));
  }

  async intent(intent: Intent): Promise<void> {
    const record: JournalRecord = { kind: 'intent', intent };
    await this.enqueue(() => this.appendWithRoom(`${JSON.stringify(record)}\n`));
  }

  /** Over when all lines are written, or can't be. */
  flush(): Promise<void> {
    this.timer?.dispose();
    this.timer = undefined;
    const { pending } = this;
    this.pending = [];
    this.pendingBytes = 0;
    if (pending.length === 0) return this.tail;
    return this.enqueue(() => this.writeLog(pending)).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.enqueue(() => this.options.file.close());
  }

  private keep(line: string): void {
    this.newest.push(line.length > LONGEST_KEPT_LINE ? `${line.slice(0, LONGEST_KEPT_LINE)}…` : line);
    if (this.newest.length > KEPT_LINES) this.newest.shift();
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.tail.then(task);
    this.tail = done.catch(() => undefined);
    return done;
  }

  /** A full disk costs lines, which are counted, and not the deployment. */
  private async writeLog(entries: readonly Unplaced[]): Promise<void> {
    try {
      if (this.isFull) this.leftOut += entries.length;
      else await this.write(entries, false);
    } catch {
      this.isFull = true;
    }
  }

  private async writeWithRoom(entries: readonly Unplaced[], isSynced: boolean): Promise<void> {
    try {
      await this.write(entries, isSynced);
    } catch (error) {
      this.isFull = true;
      if (!(await this.options.makeRoom())) throw error;
      await this.write(entries, isSynced);
    }
  }

  private async appendWithRoom(text: string): Promise<void> {
    try {
      await this.options.file.append(text, true);
    } catch (error) {
      this.isFull = true;
      if (!(await this.options.makeRoom())) throw error;
      await this.options.file.append(text, true);
    }
  }

  private async write(entries: readonly Unplaced[], isSynced: boolean): Promise<void> {
    const all = this.leftOut === 0 ? entries : [this.lossLine(), ...entries];
    const told = this.leftOut;
    const text = all
      .map((entry, index) => `${JSON.stringify({ sequence: this.sequence + 1 + index, ...entry })}\n`)
      .join('');
    try {
      await this.options.file.append(text, isSynced);
    } catch (error) {
      if (error instanceof AppendError) this.count(entries, error.keptLines, told);
      throw error;
    }
    this.sequence += all.length;
    this.leftOut -= told;
    this.options.onWritten();
  }

  /** Of entries that could not all be written, the first are there; log lines among the others are left out. */
  private count(entries: readonly Unplaced[], keptLines: number, told: number): void {
    this.sequence += keptLines;
    const isLossTold = told > 0 && keptLines > 0;
    if (isLossTold) this.leftOut -= told;
    const keptEntries = isLossTold ? keptLines - 1 : keptLines;
    this.leftOut += entries.slice(keptEntries).filter(({ kind }) => kind === 'log').length;
    if (keptLines > 0) this.options.onWritten();
  }

  private lossLine(): Unplaced {
    const text = `… ${this.leftOut} lines are not in the log: it was too long, or the disk was full …`;
    return { kind: 'log', stream: 'system', text, timeMs: this.options.clock.nowMs() };
  }
}
