import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { LogLine } from '../../model/log';
import type { LogPosition } from '../../model/logPosition';
import type { LogQuery } from './dockerApi';
import type { ProbedLog } from './logProbe';
import { RunInDoubtError } from '../../model/logTty';
import { HeldStream } from './heldStream';
import { LogReading } from './logStream';
import { LogVigil } from './logVigil';

/** How reading a log from a place on came to its end. */
export type PassEnd =
  /** The engine ended the log, and all it had is read. */
  | 'complete'
  /** The place to go on from did not come by: it must be asked for in another way. */
  | 'missed'
  /** The stream is stuck. */
  | 'stuck'
  /** What came can't be judged without knowing whether another run has begun. */
  | 'runInDoubt';

export interface PassHandlers {
  /** The log is open. */
  opened(stream: HeldStream): void;
  /** A line after the place to go on from comes; the position is still before it. */
  before(line: LogLine): void;
  /** A line after the place to go on from. */
  line(line: LogLine): void;
  /** A line up to that place, which was delivered before. */
  passedBy(line: LogLine): void;
  /** A message of the engine itself. */
  engineMessage(text: string): void;
}

/** Opens a log once and reads what it has after the place reached; without such a place, all it gives. */
export class LogPass implements Disposable {
  private readonly store = new DisposableStore();
  private reading: LogReading | undefined;
  /** Why the vigil ended it. */
  private verdict: PassEnd | undefined;

  constructor(
    private readonly log: ProbedLog,
    private readonly query: LogQuery,
    private readonly position: LogPosition,
    private readonly clock: Clock,
    private readonly handlers: PassHandlers,
  ) {}

  /** What the log left unterminated at its end. */
  get unterminated(): readonly LogLine[] {
    return this.reading?.unterminated() ?? [];
  }

  /** Rejects as {@link LogReading.done} does. */
  async run(): Promise<PassEnd> {
    const { session, containerId, form } = this.log;
    const stream = this.store.add(new HeldStream(await session.api.openLog(containerId, this.query)));
    if (this.position.cursor) this.position.seek();
    const vigil = this.query.follow ? this.store.add(this.keepVigil()) : undefined;
    this.handlers.opened(stream);
    this.reading = new LogReading(stream, form, {
      line: (line) => this.take(line, vigil),
      engineMessage: (text) => this.handlers.engineMessage(text),
    });
    try {
      await this.reading.done;
      return this.position.isSeeking ? 'missed' : 'complete';
    } catch (error) {
      if (this.verdict) return this.verdict;
      if (error instanceof RunInDoubtError) return 'runInDoubt';
      throw error;
    } finally {
      this.position.rereadFrom(this.reading.oldestPartial);
      this.store.dispose();
    }
  }

  dispose(): void {
    this.store.dispose();
  }

  private take(line: LogLine, vigil: LogVigil | undefined): void {
    if (this.store.isDisposed) return;
    vigil?.sawLine(line);
    if (this.position.isSeeking) this.handlers.passedBy(line);
    else this.handlers.before(line);
    if (this.position.accept(line)) this.handlers.line(line);
  }

  private keepVigil(): LogVigil {
    const giveUp = (verdict: PassEnd): void => {
      this.verdict = verdict;
      this.store.dispose();
    };
    return new LogVigil(this.log, this.position, this.clock, {
      missed: () => giveUp('missed'),
      stuck: () => giveUp('stuck'),
      // The stream notices a lost connection by itself; a log that can't be looked into is no reason to stop reading.
      failed: () => undefined,
    });
  }
}
