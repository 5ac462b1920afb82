import { STDERR, STDOUT, type RecordEncoder } from './frames';
import type { LogBlock, LogStore } from './logStore';
import type { Personality } from './personalities';

/** What a request to `/containers/{id}/logs` asks for. */
export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Number of records from the end; undefined for all. */
  readonly tail: number | undefined;
}

/**
 * Walks a log as the engine's reader does: the tail is cut first, then `since` and `until` filter what is left,
 * then the streams. Records that rotation drops before the walk reaches them are skipped without a word.
 */
export class LogReader {
  private block: LogBlock;
  private index: number;
  private sincePassed = false;
  private untilPassed = false;

  constructor(
    private readonly store: LogStore,
    private readonly query: LogQuery,
    private readonly personality: Personality,
  ) {
    this.block = store.firstBlock;
    this.index = 0;
    if (query.tail !== undefined) this.seek(store.endSequence - query.tail);
  }

  /** True once a record after `until` was met: the engine stops reading there. */
  get isFinished(): boolean {
    return this.untilPassed;
  }

  /** Sequence number of the next record to read. */
  get sequence(): number {
    return this.block.firstSequence + this.index;
  }

  /** Encodes records until the buffer holds `limitBytes` or the record `endSequence` is reached. */
  read(encoder: RecordEncoder, limitBytes: number, endSequence: number): void {
    while (encoder.byteLength < limitBytes && this.advance() && this.sequence < endSequence) {
      if (!this.take(encoder)) return;
      this.index++;
    }
  }

  private take(encoder: RecordEncoder): boolean {
    const { block, index } = this;
    const timestampNs = block.timestamp(index);
    if (!this.isSince(timestampNs)) return true;
    if (this.query.untilNs !== undefined && timestampNs > this.query.untilNs) {
      this.untilPassed = true;
      return false;
    }
    const stream = block.stream(index);
    const isWanted = (stream === STDOUT && this.query.stdout) || (stream === STDERR && this.query.stderr);
    if (isWanted) encoder.add(stream, timestampNs, block.data, block.start(index), block.end(index));
    return true;
  }

  private isSince(timestampNs: bigint): boolean {
    const { sinceNs } = this.query;
    if (sinceNs === undefined || this.sincePassed) return true;
    const matches = this.personality.sinceIsExclusive ? timestampNs > sinceNs : timestampNs >= sinceNs;
    if (matches && this.personality.sinceFilter === 'until-first-match') this.sincePassed = true;
    return matches;
  }

  /** Moves to the block that holds the next record; false when there is none yet. */
  private advance(): boolean {
    if (this.block.isDropped) {
      this.block = this.store.firstBlock;
      this.index = 0;
    }
    while (this.index >= this.block.count) {
      if (this.block.next === undefined) return false;
      this.block = this.block.next;
      this.index = 0;
    }
    return true;
  }

  private seek(sequence: number): void {
    while (this.block.next !== undefined && this.block.firstSequence + this.block.count <= sequence) {
      this.block = this.block.next;
    }
    this.index = Math.min(Math.max(0, sequence - this.block.firstSequence), this.block.count);
  }
}
