import type { ContainerId } from './container';
import type { ContainerIdentity } from './containerIdentity';
import type { LogFilter } from './logFilter';

export type LogStream = 'stdout' | 'stderr';

/** One line a container wrote, without its line ending. */
export interface LogLine {
  /** When the engine received it, RFC 3339 with nanoseconds, exactly as the engine sent it. Empty if it sent none. */
  readonly timestamp: string;
  readonly stream: LogStream;
  readonly text: string;
}

/** Lines handed on together, in the order the engine sent them. */
export interface LogBatch {
  readonly lines: readonly LogLine[];
  /** The sum of the lines' text lengths in UTF-16 units, with one for each line ending. */
  readonly textLength: number;
  /** Where the reader is after this batch, also past lines that a filter left out; absent while there is no such place. */
  readonly place?: LogPlace;
}

/**
 * A place in a container's log: right after one line, which it describes so that it can be recognised when the log is
 * read again. Timestamps alone do not: they repeat, and run backwards between the two streams. The place before the first
 * line of an empty log is told by an ordinal of 0.
 */
export interface LogCursor {
  readonly containerId: ContainerId;
  /** The line's, as {@link LogLine.timestamp}. */
  readonly timestamp: string;
  readonly stream: LogStream;
  /** Which of the lines that are equal in all of this it is, from 1; 0 for the place before all lines. */
  readonly ordinal: number;
  /** FNV-1a of the line's text, an unsigned 32-bit number. */
  readonly hash: number;
}

/** Where a reader is, with what it takes to go on exactly there later, by another connection or another process. */
export interface LogPlace {
  readonly cursor: LogCursor;
  /** When the run began that was being read, as the engine says it; tells whether another began since. */
  readonly runStartedAt: string;
  /** Finds the container's successor, should it have been removed since. */
  readonly identity: ContainerIdentity;
}

/** What to read of a log. */
export interface LogRequest {
  /** How many of the newest lines to begin with; `all` for the whole log. */
  readonly tail: number | 'all';
  /** Leaves out lines older than this, an RFC 3339 timestamp. The engine applies `tail` before it. */
  readonly since?: string;
  /**
   * Go on with what is written from now on: across stop, start and engine restarts, and when the container is created
   * anew by Compose or under its name.
   */
  readonly follow: boolean;
  /** Only lines that pass. Applied where the log is read, so that nothing else crosses a wire. */
  readonly filter?: LogFilter;
  /**
   * Go on right after this place of an earlier {@link LogBatch}; `tail` and `since` are not looked at then. Where the
   * engine does not have the place any more, a gap is told.
   */
  readonly resumeAt?: LogPlace;
}

/** How a run of a container ended. */
export interface RunEnd {
  readonly exitCode?: number;
  readonly outOfMemory: boolean;
}

/**
 * How true to what the container wrote a log is that the engine gives: `exact`; `cached`, read from a bounded local copy
 * of what is sent elsewhere, in which lines may be missing; `unknown`, kept by a driver that we know nothing of.
 */
export type LogFidelity = 'exact' | 'cached' | 'unknown';

/** Something that happened to the followed container or its connection; readers show it between the lines. */
export type LogMarker =
  /** It ended and did not come back at once. */
  | ({ readonly kind: 'stopped' } & RunEnd)
  /** It ended and a new run began at once. */
  | ({ readonly kind: 'restarted' } & RunEnd)
  /** A new run began after a `stopped`. */
  | { readonly kind: 'started' }
  /** The engine has been out of reach for some seconds. */
  | { readonly kind: 'connectionLost'; readonly reason: string }
  /** Reading goes on where it broke off. */
  | { readonly kind: 'reconnected' }
  /**
   * The engine no longer has what followed `from`, because the log was rotated or truncated; reading goes on at `to`.
   * Both are timestamps of lines; they are the same where no line is known that follows. How many lines are missing, only where that can be known.
   */
  | { readonly kind: 'gap'; readonly from: string; readonly to: string; readonly count?: number }
  /** A filter with context left out so many lines between the line before and the line after. */
  | { readonly kind: 'notShown'; readonly count: number }
  /** The log can't be exact, because of the driver that keeps it. Comes before the first line. */
  | { readonly kind: 'fidelity'; readonly driver: string; readonly fidelity: Exclude<LogFidelity, 'exact'> }
  /** The engine itself wrote into the stream, for example that it can't read the log. */
  | { readonly kind: 'engineMessage'; readonly text: string }
  | { readonly kind: 'removed' }
  /** Another container took the place of the removed one: its log follows, from its beginning. */
  | { readonly kind: 'recreated'; readonly containerId: ContainerId };

/** Receives a followed log. Calls come in the order things happened. */
export interface LogSink {
  /**
   * Nothing more is handed over until the promise resolves; the log ends with the error it rejects with. The engine is
   * drained meanwhile, and what a slow reader missed is read again later.
   */
  lines(batch: LogBatch): void | Promise<void>;
  marker(marker: LogMarker): void;
  /** Nothing comes after this. Without an error the log was read to its end; a followed log ends only with an error. */
  ended(error?: Error): void;
}
