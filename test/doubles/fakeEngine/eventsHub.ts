import { anyMatches, labelsMatch, type Filters } from './filters';
import { minorVersion, type Personality } from './personalities';
import { NANOSECONDS_PER_SECOND, type NanosecondClock } from './time';

export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeNs: bigint;
  /** Podman has one action `health_status` and says which in a field of its own. */
  readonly podmanHealth?: string;
}

export type EventFacts = Omit<EngineEvent, 'timeNs'>;

export interface EventQuery {
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly filters: Filters;
}

/** Gets events; a raw line is one that a test made up, which no filter applies to. */
export interface EventListener {
  event(event: EngineEvent): void;
  rawLine(line: string): void;
}

/** API version from which events no longer repeat themselves as `status`, `id` and `from`. */
const VERSION_WITHOUT_LEGACY_FIELDS = 52;
const FUZZY_ACTIONS = ['health_status', 'exec_create', 'exec_start'];

/** Remembers a bounded number of events and tells everyone who listens of new ones. */
export class EventsHub {
  private remembered: EngineEvent[] = [];
  private readonly listeners = new Set<EventListener>();

  constructor(
    private readonly personality: Personality,
    private readonly clock: NanosecondClock,
  ) {}

  publish(facts: EventFacts): EngineEvent {
    const event = { ...facts, timeNs: this.clock.nowNs() };
    this.remembered.push(event);
    if (this.remembered.length > this.personality.rememberedEvents) this.remembered.shift();
    for (const listener of this.listeners) listener.event(event);
    return event;
  }

  publishRaw(line: string): void {
    for (const listener of this.listeners) listener.rawLine(line);
  }

  /** Remembered events between `since` and `until`, oldest first; none when neither is given. */
  replay(query: EventQuery): EngineEvent[] {
    const { sinceNs, untilNs } = query;
    if (sinceNs === undefined && untilNs === undefined) return [];
    return this.remembered.filter(
      (event) =>
        (sinceNs === undefined || event.timeNs >= sinceNs) &&
        (untilNs === undefined || event.timeNs <= untilNs) &&
        eventMatches(query.filters, event),
    );
  }

  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  /** What a restart of the engine does to its memory. */
  forget(): void {
    if (!this.personality.eventsSurviveRestart) this.remembered = [];
  }
}

export function eventMatches(filters: Filters, event: EngineEvent): boolean {
  if (filters.size === 0) return true;
  const { attributes } = event;
  const isFuzzy = filters.get('event')?.some((value) => FUZZY_ACTIONS.includes(value)) ?? false;
  return (
    anyMatches(filters, 'event', (value) =>
      isFuzzy ? event.action.startsWith(value) : event.action === value,
    ) &&
    anyMatches(filters, 'type', (value) => event.type === value) &&
    anyMatches(filters, 'scope', (value) => value === 'local') &&
    anyMatches(filters, 'container', (value) => isNamed(event, value)) &&
    anyMatches(filters, 'network', (value) => event.type === 'network' && isNamed(event, value)) &&
    anyMatches(filters, 'image', (value) => isOfImage(attributes['image'] ?? event.id, value)) &&
    labelsMatch(filters, attributes)
  );
}

function isNamed(event: EngineEvent, value: string): boolean {
  return event.id.startsWith(value) || (event.attributes['name'] ?? '').startsWith(value);
}

function isOfImage(image: string, value: string): boolean {
  return image === value || image.split(':')[0] === value;
}

/** One event as one line of JSON, in the form of the API version that the client asked for. */
export function encodeEvent(event: EngineEvent, apiVersion: string): string {
  const seconds = (event.timeNs / NANOSECONDS_PER_SECOND).toString();
  const body =
    `"Type":${JSON.stringify(event.type)},"Action":${JSON.stringify(event.action)},` +
    `"Actor":${JSON.stringify({ ID: event.id, Attributes: event.attributes })},` +
    `"scope":"local","time":${seconds},"timeNano":${event.timeNs.toString()}`;
  if (minorVersion(apiVersion) >= VERSION_WITHOUT_LEGACY_FIELDS) return `{${body}}\n`;
  return `{${legacyFields(event)}${body}${podmanHealth(event)}}\n`;
}

function legacyFields(event: EngineEvent): string {
  if (event.type !== 'container' && event.type !== 'image') return '';
  const start = `"status":${JSON.stringify(event.action)},"id":${JSON.stringify(event.id)},`;
  const image = event.attributes['image'];
  return event.type === 'container' && image !== undefined
    ? `${start}"from":${JSON.stringify(image)},`
    : start;
}

function podmanHealth(event: EngineEvent): string {
  return event.podmanHealth === undefined ? '' : `,"HealthStatus":${JSON.stringify(event.podmanHealth)}`;
}
