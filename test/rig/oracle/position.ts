import type { LogStream } from '../../../src/model/log';

/** A place in one stream of a container's log: a line, by the run that wrote it and its number in that run. */
export interface Position {
  readonly run: number;
  readonly sequence: number;
}

export const BEFORE_ALL: Position = { run: 0, sequence: 0 };
export const AFTER_ALL: Position = { run: Number.MAX_SAFE_INTEGER, sequence: Number.MAX_SAFE_INTEGER };

export const STREAMS: readonly LogStream[] = ['stdout', 'stderr'];

/** Negative when `one` was written before `other`, 0 for the same line. */
export function compare(one: Position, other: Position): number {
  return one.run - other.run || one.sequence - other.sequence;
}

/** How the lines of one stream of a container name their writer. */
export function writerName(container: string, stream: LogStream): string {
  return `${container}-${stream === 'stdout' ? 'out' : 'err'}`;
}
