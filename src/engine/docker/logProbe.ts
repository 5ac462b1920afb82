import type { LogLine } from '../../model/log';
import type { FollowSession } from './followSession';
import { LogReading, type LogForm } from './logStream';

/** Which log to look into, and how it is written. */
export interface ProbedLog {
  readonly session: FollowSession;
  readonly containerId: string;
  readonly form: LogForm;
}

/** A line of 1 MB is kept in 64 parts, each of which counts. */
const NEWEST_TAIL = 100;

/** The newest line that the container has ended; `undefined` when the log has none. */
export async function newestLine({ session, containerId, form }: ProbedLog): Promise<LogLine | undefined> {
  const stream = await session.api.openLog(containerId, { follow: false, tail: NEWEST_TAIL });
  let newest: LogLine | undefined;
  const reading = new LogReading(stream, form, {
    line: (line) => (newest = line),
    engineMessage: () => undefined,
  });
  await reading.done;
  return newest;
}
