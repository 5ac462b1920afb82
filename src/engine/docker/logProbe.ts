import type { LogCursor, LogLine } from '../../model/log';
import { CursorFinder } from '../../model/logPosition';
import type { LogQuery } from './dockerApi';
import type { FollowSession } from './followSession';
import { LogReading, type LogForm } from './logStream';

/** Which log to look into, and how it is written. */
export interface ProbedLog {
  readonly session: FollowSession;
  readonly containerId: string;
  readonly form: LogForm;
}

/**
 * Whether the engine still has the cursor's line. Looks from `since` on first, and through the whole log before it says
 * no: an engine that rotates a log while it is read may end it early.
 */
export async function hasCursor(log: ProbedLog, cursor: LogCursor, since: string): Promise<boolean> {
  return (
    (await isIn(log, cursor, { follow: false, since })) ||
    (await isIn(log, cursor, { follow: false, tail: 'all' }))
  );
}

function isIn(log: ProbedLog, cursor: LogCursor, query: LogQuery): Promise<boolean> {
  const finder = new CursorFinder(cursor);
  return readUntil(log, query, (line) => finder.isCursor(line));
}

/** A line of 1 MB is kept in 64 parts, each of which counts. */
const NEWEST_TAIL = 100;

/** The newest line that the container has ended; `undefined` when the log has none. */
export async function newestLine(log: ProbedLog): Promise<LogLine | undefined> {
  let newest: LogLine | undefined;
  await readUntil(log, { follow: false, tail: NEWEST_TAIL }, (line) => {
    newest = line;
    return false;
  });
  return newest;
}

/** Reads a log up to the line that is wanted; false when it has none. */
async function readUntil(
  { session, containerId, form }: ProbedLog,
  query: LogQuery,
  isWanted: (line: LogLine) => boolean,
): Promise<boolean> {
  const stream = await session.api.openLog(containerId, query);
  const search = { isDone: false };
  const reading = new LogReading(stream, form, {
    line: (line) => {
      search.isDone ||= isWanted(line);
      if (search.isDone) stream.destroy();
    },
    engineMessage: () => undefined,
  });
  try {
    await reading.done;
  } catch (error) {
    if (!search.isDone) throw error;
  }
  return search.isDone;
}
