import { EngineFault } from '../engineFault';
import { LogFollower } from '../logFollower';
import { LogReader, type LogQuery } from '../logReader';
import { minorVersion, type Personality } from '../personalities';
import { parseUnixNanoseconds, roundThroughFloat } from '../time';
import { containerOf, flag, type Route, type RouteContext } from './routing';

export const logRoutes: readonly Route[] = [
  { name: 'logs', method: 'GET', path: /^\/containers\/([^/]+)\/logs$/, handle: logs },
];

const VERSION_WITH_MULTIPLEXED_TYPE = 42;

function logs(context: RouteContext): void {
  const { core, response } = context;
  const wanted = readQuery(context.query, core.personality);
  const container = containerOf(context);
  if (container.logDriver === 'none') {
    throw new EngineFault(501, 'configured logging driver does not support reading');
  }
  const contentType = logContentType(core.personality, context.apiVersion, container.hasTerminal);
  if (contentType !== undefined) response.setHeader('Content-Type', contentType);
  const format = {
    isRaw: container.hasTerminal,
    withTimestamps: wanted.timestamps,
    offsetMinutes: core.offsetMinutes,
  };
  const follows = wanted.follow && container.isRunning;
  const reader = new LogReader(container.log, wanted, core.personality);
  const follower = new LogFollower(response, reader, container.log, format, follows);
  const closed = core.counters.streamOpened('logs');
  container.followers.add(follower);
  response.once('close', () => {
    container.followers.delete(follower);
    closed();
  });
  follower.start(container.takeSystemError());
}

function logContentType(
  personality: Personality,
  apiVersion: string,
  hasTerminal: boolean,
): string | undefined {
  if (!personality.namesLogContentType) return undefined;
  const isMultiplexed = !hasTerminal && minorVersion(apiVersion) >= VERSION_WITH_MULTIPLEXED_TYPE;
  return `application/vnd.docker.${isMultiplexed ? 'multiplexed' : 'raw'}-stream`;
}

function readQuery(query: URLSearchParams, personality: Personality): LogQuery {
  const stdout = flag(query, 'stdout');
  const stderr = flag(query, 'stderr');
  if (!stdout && !stderr) throw new EngineFault(400, 'Bad parameters: you must choose at least one stream');
  return {
    stdout,
    stderr,
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    sinceNs: readTime(query.get('since'), personality),
    untilNs: readTime(query.get('until'), personality),
    tail: readTail(query.get('tail')),
  };
}

/** Absent, empty and 0 mean no limit. */
function readTime(text: string | null, personality: Personality): bigint | undefined {
  if (text === null || text === '' || text === '0') return undefined;
  const timeNs = parseUnixNanoseconds(text);
  if (timeNs === undefined)
    throw new EngineFault(personality.badParameterStatus, `invalid value for time: ${text}`);
  return personality.sinceIsFloat ? roundThroughFloat(timeNs) : timeNs;
}

/** What is not a number means all, as in the engine. */
function readTail(text: string | null): number | undefined {
  if (text === null || !/^[+-]?\d+$/.test(text)) return undefined;
  const tail = Number(text);
  return tail < 0 ? undefined : tail;
}
