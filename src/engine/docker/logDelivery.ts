import { asError } from '../../base/errors';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { LogBatch, LogLine, LogMarker, LogPlace } from '../../model/log';
import { LogBatcher } from '../../model/logBatcher';
import type { HeldStream } from './heldStream';
import type { LogReader } from './logReader';

/** A followed log goes on while its reader is busy, until so much text waits, in UTF-16 units. */
const MAX_WAITING_LENGTH = 4 * 1024 * 1024;

export interface LogDeliveryOptions {
  /** The engine waits while the reader holds; that of a followed log would drop lines. */
  readonly mayWait: boolean;
  readonly clock: Clock;
  /** Where to go on after the lines that were added so far. */
  place(): LogPlace | undefined;
  /** The reader could not take a batch; nothing more is handed over but the end. */
  failed(error: Error): void;
}

type Piece =
  | { readonly kind: 'lines'; readonly batch: LogBatch }
  | { readonly kind: 'marker'; readonly marker: LogMarker }
  | { readonly kind: 'end'; readonly error: Error | undefined };

/**
 * Hands a log to a reader: lines in batches, with what else happens in its place between them, and no faster than the
 * reader takes them. What comes while it is busy waits for its turn.
 */
export class LogDelivery implements Disposable {
  private readonly batcher: LogBatcher;
  private stream: HeldStream | undefined;
  private hold: Disposable | undefined;
  private waiting: Piece[] = [];
  private waitingLength = 0;
  /** The reader has not yet taken what it was given. */
  private isBusy = false;
  private isDisposed = false;

  constructor(
    private readonly reader: LogReader,
    private readonly options: LogDeliveryOptions,
  ) {
    this.batcher = new LogBatcher((batch) => this.deliver(batch), options.clock);
  }

  /** What is added from now on comes from this stream. */
  opened(stream: HeldStream): void {
    this.letGo();
    this.stream = stream;
    this.holdIfNeeded();
  }

  add(line: LogLine): void {
    this.batcher.add(line);
  }

  /** Hands on what has gathered. */
  flush(): void {
    this.batcher.flush();
  }

  marker(marker: LogMarker): void {
    this.flush();
    this.pass({ kind: 'marker', marker });
  }

  /** To be called last: the reader hears of the end when it has taken everything. */
  end(error: Error | undefined): void {
    this.flush();
    this.batcher.dispose();
    this.pass({ kind: 'end', error });
  }

  dispose(): void {
    this.isDisposed = true;
    this.batcher.dispose();
    this.waiting = [];
    this.letGo();
  }

  private deliver(batch: LogBatch): void {
    const place = this.options.place();
    this.pass({ kind: 'lines', batch: place ? { ...batch, place } : batch });
  }

  private pass(piece: Piece): void {
    if (this.isDisposed) return;
    this.waiting.push(piece);
    this.waitingLength += textLengthOf(piece);
    this.handOn();
  }

  private handOn(): void {
    while (!this.isBusy) {
      const piece = this.waiting.shift();
      if (!piece) break;
      this.waitingLength -= textLengthOf(piece);
      this.hand(piece);
    }
    this.holdIfNeeded();
  }

  private hand(piece: Piece): void {
    if (piece.kind === 'lines') this.handLines(piece.batch);
    else if (piece.kind === 'marker') this.reader.marker(piece.marker);
    else this.reader.ended(piece.error);
  }

  private handLines(batch: LogBatch): void {
    const taken = this.reader.lines(batch);
    if (!taken) return;
    this.isBusy = true;
    taken
      .then(() => {
        this.isBusy = false;
        // Without this, the first line to come would be a batch of its own, and be waited for again.
        this.batcher.rest();
        this.handOn();
      })
      .catch((error: unknown) => this.fail(asError(error)));
  }

  private fail(error: Error): void {
    if (this.isDisposed) return;
    const isEnding = this.waiting.some(({ kind }) => kind === 'end');
    this.waiting = [];
    this.batcher.dispose();
    this.isBusy = false;
    if (isEnding) this.reader.ended(error);
    else this.options.failed(error);
  }

  private holdIfNeeded(): void {
    const { isBusy, options, waitingLength } = this;
    if (isBusy && (options.mayWait || waitingLength > MAX_WAITING_LENGTH)) this.hold ??= this.stream?.hold();
    else if (!isBusy) this.letGo();
  }

  private letGo(): void {
    this.hold?.dispose();
    this.hold = undefined;
  }
}

function textLengthOf(piece: Piece): number {
  return piece.kind === 'lines' ? piece.batch.textLength : 1;
}
