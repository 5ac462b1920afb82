import type { ServerResponse } from 'node:http';
import { EngineFault } from '../engineFault';
import {
  encodeEvent,
  eventMatches,
  type EngineEvent,
  type EventListener,
  type EventQuery,
} from '../eventsHub';
import { parseFilters } from '../filters';
import { NANOSECONDS_PER_MILLISECOND, parseUnixNanoseconds } from '../time';
import type { Route, RouteContext } from './routing';

export const eventRoutes: readonly Route[] = [
  { name: 'events', method: 'GET', path: /^\/events$/, handle: events },
];

/** The engine lets this many events wait for a slow reader and drops what comes after. */
const MAX_QUEUED_EVENTS = 1024;

function events(context: RouteContext): void {
  const { core, request, response } = context;
  const query = readQuery(context.query, core.personality.badParameterStatus);
  const acceptsLines = (request.headers.accept ?? '').includes('application/x-ndjson');
  const isNegotiated = core.personality.name === '29' && acceptsLines;
  response.writeHead(200, { 'Content-Type': isNegotiated ? 'application/x-ndjson' : 'application/json' });
  response.flushHeaders();
  const stream = new EventStream(response, query, context.apiVersion);
  for (const event of core.events.replay(query)) stream.event(event);
  const remainingNs = query.untilNs === undefined ? undefined : query.untilNs - core.clock.nowNs();
  if (remainingNs !== undefined && remainingNs <= 0n) {
    response.end();
    return;
  }
  const stopListening = core.events.listen(stream);
  const closed = core.counters.streamOpened('events');
  const timer = endAfter(response, remainingNs);
  response.once('close', () => {
    clearTimeout(timer);
    stopListening();
    closed();
  });
}

function endAfter(response: ServerResponse, delayNs: bigint | undefined): NodeJS.Timeout | undefined {
  if (delayNs === undefined) return undefined;
  return setTimeout(() => response.end(), Number(delayNs / NANOSECONDS_PER_MILLISECOND) + 1);
}

function readQuery(query: URLSearchParams, badStatus: number): EventQuery {
  const sinceNs = readTime(query.get('since'), badStatus);
  const untilNs = readTime(query.get('until'), badStatus);
  if (sinceNs !== undefined && untilNs !== undefined && untilNs < sinceNs) {
    const [since, until] = [query.get('since') ?? '', query.get('until') ?? ''];
    throw new EngineFault(400, `\`since\` time (${since}) cannot be after \`until\` time (${until})`);
  }
  return { sinceNs, untilNs, filters: parseFilters(query.get('filters'), badStatus) };
}

function readTime(text: string | null, badStatus: number): bigint | undefined {
  if (text === null || text === '') return undefined;
  const timeNs = parseUnixNanoseconds(text);
  if (timeNs === undefined) throw new EngineFault(badStatus, `invalid value for time: ${text}`);
  return timeNs;
}

/** One reader of events. */
class EventStream implements EventListener {
  private queued = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly query: EventQuery,
    private readonly apiVersion: string,
  ) {}

  event(event: EngineEvent): void {
    if (eventMatches(this.query.filters, event)) this.rawLine(encodeEvent(event, this.apiVersion));
  }

  rawLine(line: string): void {
    if (this.queued >= MAX_QUEUED_EVENTS || this.response.writableEnded) return;
    this.queued++;
    this.response.write(line, () => this.queued--);
  }
}
