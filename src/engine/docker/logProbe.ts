import type { LogCursor, LogLine } from '../../model/log';
import { CursorFinder } from '../../model/logPosition';
import type { LogQuery } from './dockerApi';
import type { FollowSession } from './followSession';
import { readLogStream, type LogForm } from './logStream';

/** Which log to look into, and how it is written. */
export interface ProbedLog {
  readonly session: FollowSession;
  readonly containerId: string;
  readonly form: LogForm;
}

/** Whether the engine still has the cursor's line, looked for from `since` to the end of the log. */
export async function hasCursor(log: ProbedLog, cursor: LogCursor, since: string): Promise<boolean> {
  const finder = new CursorFinder(cursor);
  let isFound = false;
  await readOnce(log, { follow: false, since }, (line) => (isFound ||= finder.isCursor(line)));
  return isFound;
}

/** The newest line the engine has; `undefined` when the log is empty. */
export async function newestLine(log: ProbedLog): Promise<LogLine | undefined> {
  let newest: LogLine | undefined;
  await readOnce(log, { follow: false, tail: 1 }, (line) => (newest = line));
  return newest;
}

async function readOnce(
  { session, containerId, form }: ProbedLog,
  query: LogQuery,
  onLine: (line: LogLine) => void,
): Promise<void> {
  const stream = await session.api.openLog(containerId, query);
  await readLogStream(stream, form, { line: onLine, engineMessage: () => undefined });
}
