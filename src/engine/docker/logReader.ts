import { asError } from '../../base/errors';
import type { FilteredLog } from '../../model/filteredSink';
import type { LogLine, LogPlace, LogSink } from '../../model/log';

/** Whoever receives a log from here: a sink, with the filter that may stand before it. */
export interface LogReader extends LogSink {
  /** Takes lines the reader has behind it, where reading goes on in the middle of a log. */
  prime(lines: readonly LogLine[]): void;
  /** Hears where the log begins for it, where that is known before the first line. */
  begun(place: LogPlace): void;
}

/**
 * A reader that throws is given up, and harms nobody else.
 *
 * @param giveUp must see to it that the reader is not called any more, except for its end
 */
export function guarded(reader: LogReader, giveUp: (error: Error) => void): LogReader {
  const attempt = <Result>(call: () => Result): Result | undefined => {
    try {
      return call();
    } catch (error) {
      giveUp(asError(error));
    }
  };
  return {
    lines: (batch) => attempt(() => reader.lines(batch)),
    marker: (marker) => attempt(() => reader.marker(marker)),
    prime: (lines) => attempt(() => reader.prime(lines)),
    begun: (place) => attempt(() => reader.begun(place)),
    ended: (error) => {
      try {
        reader.ended(error);
      } catch {
        // It is over, and there is nobody left to be told.
      }
    },
  };
}

export function readerOf(log: FilteredLog): LogReader {
  const { sink } = log;
  return {
    lines: (batch) => sink.lines(batch),
    marker: (marker) => sink.marker(marker),
    ended: (error) => sink.ended(error),
    prime: (lines) => log.prime(lines),
    begun: (place) => void sink.lines({ lines: [], textLength: 0, place }),
  };
}
