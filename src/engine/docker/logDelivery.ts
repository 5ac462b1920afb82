import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { LogBatch, LogLine, LogPlace } from '../../model/log';
import { LogBatcher } from '../../model/logBatcher';
import type { HeldStream } from './heldStream';
import type { LogReader } from './logReader';

export interface LogDeliveryOptions {
  /** The engine waits while the reader holds; that of a followed log would drop lines. */
  readonly mayWait: boolean;
  readonly clock: Clock;
  /** Where to go on after the lines that were added so far. */
  place(): LogPlace | undefined;
  /** The reader could not take a batch. */
  failed(error: unknown): void;
}

/** Hands lines to a reader in batches, where it may no faster than the reader takes them. */
export class LogDelivery implements Disposable {
  private readonly batcher: LogBatcher;
  private stream: HeldStream | undefined;
  private held: Promise<void> = Promise.resolve();

  constructor(
    private readonly reader: LogReader,
    private readonly options: LogDeliveryOptions,
  ) {
    this.batcher = new LogBatcher((batch) => this.deliver(batch), options.clock);
  }

  /** Resolves when the reader has taken everything it was given; rejects when it could not. */
  get taken(): Promise<void> {
    return this.held;
  }

  /** What is added from now on comes from this stream. */
  opened(stream: HeldStream): void {
    this.stream = stream;
  }

  add(line: LogLine): void {
    this.batcher.add(line);
  }

  /** Hands on what has gathered, for example before a marker. */
  flush(): void {
    this.batcher.flush();
  }

  dispose(): void {
    this.batcher.dispose();
  }

  private deliver(batch: LogBatch): void {
    const place = this.options.place();
    const taken = this.reader.lines(place ? { ...batch, place } : batch);
    if (taken && this.options.mayWait) this.waitFor(taken);
  }

  private waitFor(taken: Promise<void>): void {
    const hold = this.stream?.hold();
    this.held = Promise.all([this.held, taken]).then(() => {
      // Without this, the first line to come would be a batch of its own, and be waited for again.
      this.batcher.rest();
      hold?.dispose();
    });
    this.held.catch((error: unknown) => this.options.failed(error));
  }
}
