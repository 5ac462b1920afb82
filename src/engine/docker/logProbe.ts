import type { ContainerId } from '../../model/container';
import type { LogCursor, LogLine, LogRequest } from '../../model/log';
import { cursorAfter, cursorBeforeAll } from '../../model/logPosition';
import { parseTimestamp, sinceParameter } from '../../model/logTime';
import { EngineError } from '../engine';
import type { LogQuery } from './dockerApi';
import type { FollowSession } from './followSession';
import { HeldStream } from './heldStream';
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
export async function newestLine(log: ProbedLog): Promise<LogLine | undefined> {
  return (await linesOf(log, { tail: NEWEST_TAIL })).at(-1);
}

/** Where a log ends at the moment, if it has lines, and the place before what a request gets, as far as it is known. */
export interface LogBeginning {
  readonly start: LogCursor | undefined;
  readonly end: LogCursor | undefined;
}

export async function beginningOf(
  log: ProbedLog,
  { tail, since }: Pick<LogRequest, 'tail' | 'since'>,
): Promise<LogBeginning> {
  const { containerId, session } = log;
  const moment = await newestMoment(log);
  const end = placeInMoment(containerId, moment, 0);
  if (!end) return { start: cursorBeforeAll(containerId), end };
  // Among lines of one timestamp, those that a tail leaves out tell which of them the rest are.
  const isTailExact = session.partStamps === 'shared';
  const isInMoment = tail === 0 || (tail !== 'all' && since === undefined && isTailExact);
  return { start: isInMoment ? placeInMoment(containerId, moment, tail) : undefined, end };
}

/** The newest lines of a log that share their timestamp, in order and from the first of them on; none in an empty log. */
export async function newestMoment(log: ProbedLog): Promise<readonly LogLine[]> {
  const newest = await linesOf(log, { tail: NEWEST_TAIL });
  const moment = ofLastTimestamp(newest);
  const timestamp = parseTimestamp(moment.at(-1)?.timestamp ?? '');
  const mayBeCut = moment.length > 1 && moment.length === newest.length;
  if (!mayBeCut || !timestamp) return moment;
  const since = await linesOf(log, { since: sinceParameter(timestamp), tail: 'all' });
  const whole = ofLastTimestamp(since);
  return whole.length >= moment.length ? whole : moment;
}

/** The place before the last so many lines of a moment that is known from its first line on, if it has more lines. */
export function placeInMoment(
  containerId: ContainerId,
  moment: readonly LogLine[],
  linesAfter: number,
): LogCursor | undefined {
  const lines = moment.slice(0, Math.max(0, moment.length - linesAfter));
  const last = lines.at(-1);
  if (!last) return undefined;
  const ordinal = lines.filter(({ stream, text }) => stream === last.stream && text === last.text).length;
  return { ...cursorAfter(containerId, last), ordinal };
}

function ofLastTimestamp(lines: readonly LogLine[]): readonly LogLine[] {
  const last = lines.at(-1);
  const before = lines.findLastIndex(({ timestamp }) => timestamp !== last?.timestamp);
  return lines.slice(before + 1);
}

async function linesOf(log: ProbedLog, part: Pick<LogQuery, 'tail' | 'since'>): Promise<readonly LogLine[]> {
  const { session, containerId, form } = log;
  const stream = await session.api.openLog(containerId, { follow: false, ...part });
  const lines: LogLine[] = [];
  const reading = new LogReading(new HeldStream(stream), form, {
    line: (line) => lines.push(line),
    engineMessage: () => undefined,
  });
  await reading.done.catch((error: unknown) => {
    // The engine can't read on; what it could is before that.
    if (!(error instanceof EngineError) || error.code !== 'engineFailure') throw error;
  });
  return lines;
}
