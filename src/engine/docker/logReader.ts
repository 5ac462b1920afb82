import type { FilteredLog } from '../../model/filteredSink';
import type { LogLine, LogSink } from '../../model/log';

/** Whoever receives a log from here: a sink, with the filter that may stand before it. */
export interface LogReader extends LogSink {
  /** Takes lines the reader has behind it, where reading goes on in the middle of a log. */
  prime(lines: readonly LogLine[]): void;
}

export function readerOf(log: FilteredLog): LogReader {
  const { sink } = log;
  return {
    lines: (batch) => sink.lines(batch),
    marker: (marker) => sink.marker(marker),
    ended: (error) => sink.ended(error),
    prime: (lines) => log.prime(lines),
  };
}
