import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { FollowSession } from './followSession';
import { Wakeup } from './wakeup';

/**
 * A followed log that only tells when there is something new. What it carries is not looked at: engine 20.10 repeats and
 * skips lines in a followed log while the log rotates, though the log itself is whole.
 */
export class LogTap implements Disposable {
  private readonly wakeup: Wakeup;
  private isOver = false;

  private constructor(
    private readonly stream: Readable,
    clock: Clock,
  ) {
    this.wakeup = new Wakeup(clock);
    stream.on('data', () => this.wakeup.signal());
    // A connection that broke is noticed by whoever reads the log next.
    stream.on('error', () => this.end());
    stream.on('close', () => this.end());
  }

  /** Tells of what is written from now on. */
  static async open(session: FollowSession, containerId: string, clock: Clock): Promise<LogTap> {
    return new LogTap(await session.api.openLog(containerId, { follow: true, tail: 0 }), clock);
  }

  /** The engine ended the log, as it does when the container stops, or the connection broke. */
  get hasEnded(): boolean {
    return this.isOver;
  }

  /** Resolves with true when something was written or the log ended, with false when neither happened in time. */
  async news(timeoutMs: number): Promise<boolean> {
    return this.wakeup.sleep(timeoutMs);
  }

  /** Has the next wait for news end at once. */
  signal(): void {
    this.wakeup.signal();
  }

  dispose(): void {
    this.stream.destroy();
    this.end();
  }

  private end(): void {
    this.isOver = true;
    this.wakeup.signal();
  }
}
