import { appendFileSync, writeFileSync } from 'node:fs';
import type { LogLine, LogSink } from '../../src/model/log';
import { parseOracleLine } from './oracle/oracleLine';

const TEXT_LENGTH = 60;
/** A row ends when nothing came for so long. */
const IDLE_MS = 500;

/**
 * Writes what a reader delivers to a file, before the checker sees it: lines that follow each other in their stream as
 * one row, everything out of the ordinary as rows of its own. For finding out why a run failed.
 */
export function traced(path: string, sink: LogSink): LogSink {
  writeFileSync(path, '');
  const write = (row: string): void => appendFileSync(path, `${new Date().toISOString()} ${row}\n`);
  const rows = new Rows(write);
  let idle: NodeJS.Timeout | undefined;
  return {
    lines: (batch) => {
      clearTimeout(idle);
      idle = setTimeout(() => rows.end(), IDLE_MS);
      for (const line of batch.lines) rows.take(line);
      return sink.lines(batch);
    },
    marker: (marker) => {
      rows.end();
      write(JSON.stringify(marker));
      sink.marker(marker);
    },
    ended: (error) => {
      rows.end();
      write(`ended ${String(error)}`);
      sink.ended(error);
    },
  };
}

/** Gathers lines in order, in each stream by itself, until something else comes. */
class Rows {
  private readonly open = new Map<string, { first: LogLine; last: LogLine; run: number; sequence: number }>();

  constructor(private readonly write: (row: string) => void) {}

  take(line: LogLine): void {
    const parsed = parseOracleLine(line.text);
    const row = this.open.get(line.stream);
    if (!parsed) {
      this.end();
      this.write(`${line.timestamp} ${line.stream} ${JSON.stringify(line.text.slice(0, TEXT_LENGTH))}`);
    } else if (row?.run === parsed.run && row.sequence + 1 === parsed.sequence) {
      row.last = line;
      row.sequence++;
    } else {
      if (row) this.end();
      this.open.set(line.stream, { first: line, last: line, run: parsed.run, sequence: parsed.sequence });
    }
  }

  end(): void {
    for (const { first, last } of this.open.values()) {
      this.write(`${first.timestamp} ${head(first)} .. ${last.timestamp} ${head(last)}`);
    }
    this.open.clear();
  }
}

function head({ text }: LogLine): string {
  return text.split(' ', 3).join(' ');
}
