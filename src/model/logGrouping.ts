import type { LogLine, LogStream } from './log';
import {
  continuesRecord,
  isGoFunction,
  isGoLine,
  isIndented,
  isNodeLine,
  isPythonException,
} from './logGroupingLines';
import { isAtLeast, LOG_LEVELS, rankOf, type LogLevel } from './logLevel';
import { readHead } from './logLevelDetect';
import { traceKind, traceLevel, type TraceKind } from './logLevelTraces';
import { parseTimestamp, toSeconds } from './logTime';

/** Where a line belongs. */
export interface RecordPlace {
  /** It begins a record; otherwise it goes on with the record before in the same stream. */
  readonly isHead: boolean;
  /** The level of the record. */
  readonly level: LogLevel | undefined;
}

/** A record that grows beyond these is split; the rest is a record of its own, with the same level. */
export const MAX_RECORD_LINES = 1_000;
/** In UTF-16 units. */
export const MAX_RECORD_LENGTH = 1024 * 1024;
/** An error's stack follows the error's line within this time; what comes later is another error. */
const TRACE_DELAY_SECONDS = 1;

interface LevelPlaces {
  readonly head: RecordPlace;
  readonly rest: RecordPlace;
  /** A warning or worse, which a stack may follow. */
  readonly isGrave: boolean;
}

/** By rank, that of no level first. The same objects for all lines of a level: a line costs no memory. */
const PLACES: readonly LevelPlaces[] = [undefined, ...LOG_LEVELS].map(makePlaces);

function placesOf(level: LogLevel | undefined): LevelPlaces {
  return PLACES[rankOf(level) + 1] ?? makePlaces(level);
}

function makePlaces(level: LogLevel | undefined): LevelPlaces {
  const isGrave = level !== undefined && isAtLeast(level, 'warn');
  return { head: { isHead: true, level }, rest: { isHead: false, level }, isGrave };
}

/**
 * Puts the lines of one container together to records: a head, and the lines that go on with it, such as a stack trace.
 * It decides at once and for good, line by line, and per stream, since the streams interleave.
 *
 * A trace joins the record before when that is a warning or worse, from the same second, and has no trace yet: then it is
 * that record's stack. Otherwise it is an error nobody logged, which must not be taken for a part of something harmless,
 * and begins a record of its own, with level error.
 */
export class LineGrouper {
  private readonly records: Readonly<Record<LogStream, OpenRecord>> = {
    stdout: new OpenRecord(),
    stderr: new OpenRecord(),
  };

  /** @param text the line's text without control sequences, if it is at hand */
  place(line: LogLine, text: string = line.text): RecordPlace {
    const record = line.stream === 'stderr' ? this.records.stderr : this.records.stdout;
    return record.place(text, line.timestamp);
  }

  /** A new run of the container begins: nothing goes on with what was before. */
  reset(): void {
    this.records.stdout.close();
    this.records.stderr.close();
  }
}

/** The newest record of a stream. */
class OpenRecord {
  private isOpen = false;
  private level: LogLevel | undefined;
  private places = placesOf(undefined);
  private lines = 0;
  private length = 0;
  private timestamp = '';
  /** The trace it contains, whose lines follow rules of their own. */
  private trace: TraceKind | undefined;
  /** Python's trace has yet to end with the exception, Rust's to go on with the message. */
  private awaitsMessage = false;

  close(): void {
    this.isOpen = false;
  }

  place(text: string, timestamp: string): RecordPlace {
    if (this.isOpen && this.goesOn(text)) return this.extend(text, timestamp);
    const mark = readHead(text);
    if (this.isOpen && (mark === 'detail' || this.joins(text, timestamp, mark)))
      return this.extend(text, timestamp);
    const level = mark === 'detail' ? undefined : mark;
    this.begin(text, timestamp, level);
    // Only what states no level or a grave one can be the head of a trace.
    if (level === undefined || level === 'error' || level === 'fatal') this.beginTrace(traceKind(text), text);
    return this.places.head;
  }

  private begin(text: string, timestamp: string, level: LogLevel | undefined): void {
    this.isOpen = true;
    if (level !== this.level) this.places = placesOf(level);
    this.level = level;
    this.lines = 1;
    this.length = text.length;
    // Needed only where a trace may join; not keeping it saves time.
    if (this.places.isGrave) this.timestamp = timestamp;
    this.trace = undefined;
    this.awaitsMessage = false;
  }

  private beginTrace(trace: TraceKind | undefined, text: string): void {
    this.trace = trace;
    this.awaitsMessage = trace === 'python' || (trace === 'rust' && text.endsWith(':'));
  }

  private extend(text: string, timestamp: string): RecordPlace {
    const { level, trace, awaitsMessage } = this;
    this.lines++;
    this.length += text.length;
    if (this.lines <= MAX_RECORD_LINES && this.length <= MAX_RECORD_LENGTH) return this.places.rest;
    this.begin(text, timestamp, level);
    this.trace = trace;
    this.awaitsMessage = awaitsMessage;
    return this.places.head;
  }

  private goesOn(text: string): boolean {
    if (isIndented(text)) return true;
    if (continuesRecord(text)) {
      // What was raised while an exception was handled has a trace of its own, after this line.
      if (this.trace === 'python') this.awaitsMessage = true;
      return true;
    }
    return this.trace !== undefined && this.continuesTrace(this.trace, text);
  }

  private continuesTrace(trace: TraceKind, text: string): boolean {
    switch (trace) {
      case 'python':
        return this.continuesPython(text);
      case 'rust': {
        const isMessage = this.awaitsMessage;
        this.awaitsMessage = false;
        return isMessage;
      }
      case 'go':
        return isGoLine(text);
      case 'node':
        return isNodeLine(text);
      case 'uncaught':
      case 'exception':
        return false;
    }
  }

  private continuesPython(text: string): boolean {
    if (!this.awaitsMessage) return false;
    if (traceKind(text) === 'python') return true;
    this.awaitsMessage = false;
    return isPythonException(text);
  }

  /** Whether the line begins the stack of this record's error. */
  private joins(text: string, timestamp: string, mark: LogLevel | undefined): boolean {
    if (mark !== undefined && mark !== 'error') return false;
    if (this.trace || !this.places.isGrave) return false;
    const trace = traceKind(text) ?? (isGoFunction(text) ? 'go' : undefined);
    // What ends a program is nobody's stack.
    if (!trace || trace === 'uncaught' || trace === 'node' || traceLevel(text, trace) === 'fatal')
      return false;
    if (secondsBetween(this.timestamp, timestamp) > TRACE_DELAY_SECONDS) return false;
    this.beginTrace(trace, text);
    return true;
  }
}

/** Without timestamps, no time has passed. */
function secondsBetween(earlier: string, later: string): number {
  const from = parseTimestamp(earlier);
  const to = parseTimestamp(later);
  return from && to ? toSeconds(to) - toSeconds(from) : 0;
}
