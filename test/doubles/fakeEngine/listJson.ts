import type { FakeContainer } from './container';
import { EngineFault } from './engineFault';
import { anyMatches, labelsMatch, type Filters } from './filters';
import { minorVersion, type Personality } from './personalities';
import { humanDuration, NANOSECONDS_PER_SECOND } from './time';

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const PODMAN_STATES = [...STATES, 'configured', 'initialized', 'stopped', 'stopping', 'unknown'];
const FILTER_NAMES = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];

export interface ListQuery {
  readonly all: boolean;
  readonly limit: number;
  readonly filters: Filters;
}

/** The containers that a list shows, newest first. */
export function selectContainers(
  containers: readonly FakeContainer[],
  query: ListQuery,
  personality: Personality,
): FakeContainer[] {
  checkFilters(query.filters, personality);
  const showsAll = query.all || query.limit > 0 || query.filters.has('status');
  const selected = containers.filter(
    (container) => (showsAll || container.isRunning) && matches(container, query.filters),
  );
  return query.limit > 0 ? selected.slice(0, query.limit) : selected;
}

function checkFilters(filters: Filters, personality: Personality): void {
  const start = personality.modernMessages ? 'invalid filter' : 'Invalid filter';
  for (const name of filters.keys()) {
    if (!FILTER_NAMES.includes(name)) throw new EngineFault(400, `${start} '${name}'`);
  }
  const states = personality.isPodman ? PODMAN_STATES : STATES;
  for (const status of filters.get('status') ?? []) {
    if (states.includes(status)) continue;
    throw new EngineFault(400, `${start} 'status=${status}'`);
  }
}

function matches(container: FakeContainer, filters: Filters): boolean {
  return (
    anyMatches(filters, 'id', (value) => container.id.startsWith(value)) &&
    anyMatches(filters, 'name', (value) => nameMatches(container.name, value)) &&
    anyMatches(filters, 'status', (value) => container.state === value) &&
    anyMatches(filters, 'health', (value) => container.health === value) &&
    anyMatches(
      filters,
      'exited',
      (value) => container.finishedNs > 0n && String(container.exitCode) === value,
    ) &&
    anyMatches(filters, 'ancestor', (value) => container.image.split(':')[0] === value.split(':')[0]) &&
    labelsMatch(filters, container.labels)
  );
}

/** The engine takes the value as a regular expression over the name, with and without its slash. */
function nameMatches(name: string, value: string): boolean {
  if (name === value || `/${name}` === value) return true;
  try {
    const expression = new RegExp(value);
    return expression.test(name) || expression.test(`/${name}`);
  } catch {
    return false;
  }
}

/** `Status` as people read it: `Up 5 minutes (healthy)`, `Exited (0) 3 hours ago`. */
export function statusText(container: FakeContainer, nowNs: bigint, personality: Personality): string {
  const upTime = humanDuration(nowNs - container.startedNs);
  switch (container.state) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${upTime}${personality.healthInStatus ? healthSuffix(container) : ''}`;
    case 'paused':
      return `Up ${upTime} (Paused)`;
    case 'restarting':
      return `Restarting (${container.exitCode}) ${humanDuration(nowNs - container.finishedNs)} ago`;
    case 'exited':
      return `Exited (${container.exitCode}) ${humanDuration(nowNs - container.finishedNs)} ago`;
    case 'dead':
      return 'Dead';
    case 'removing':
      return 'Removal In Progress';
    default:
      return container.state;
  }
}

function healthSuffix(container: FakeContainer): string {
  if (container.health === 'none') return '';
  return container.health === 'starting' ? ' (health: starting)' : ` (${container.health})`;
}

interface CachedEntry {
  readonly revision: number;
  readonly head: string;
  readonly tail: string;
}

interface CachedList {
  readonly revision: number;
  readonly second: bigint;
  readonly body: Buffer;
}

const MAX_CACHED_LISTS = 16;

/** Makes list answers. Only the status text of a container changes by itself, the rest is kept until it changes. */
export class ListEncoder {
  private readonly entries = new WeakMap<FakeContainer, Map<string, CachedEntry>>();
  private readonly lists = new Map<string, CachedList>();

  constructor(private readonly personality: Personality) {}

  /** Keeps the answer for `key` while nothing changed, for up to a second because the status texts age. */
  encodeCached(key: string, revision: number, nowNs: bigint, encode: () => string): Buffer {
    const second = nowNs / NANOSECONDS_PER_SECOND;
    const known = this.lists.get(key);
    if (known?.revision === revision && known.second === second) return known.body;
    const body = Buffer.from(encode());
    if (this.lists.size >= MAX_CACHED_LISTS) this.lists.clear();
    this.lists.set(key, { revision, second, body });
    return body;
  }

  encode(containers: readonly FakeContainer[], nowNs: bigint, apiVersion: string): string {
    const texts = containers.map((container) => {
      const { head, tail } = this.entry(container, apiVersion);
      return head + JSON.stringify(statusText(container, nowNs, this.personality)) + tail;
    });
    return `[${texts.join(',')}]\n`;
  }

  private entry(container: FakeContainer, apiVersion: string): CachedEntry {
    const versions = this.entries.get(container) ?? new Map<string, CachedEntry>();
    this.entries.set(container, versions);
    const known = versions.get(apiVersion);
    if (known?.revision === container.revision) return known;
    const entry = this.makeEntry(container, apiVersion);
    versions.set(apiVersion, entry);
    return entry;
  }

  private makeEntry(container: FakeContainer, apiVersion: string): CachedEntry {
    const head = JSON.stringify({
      Id: container.id,
      Names: [`/${container.name}`],
      Image: container.image,
      ImageID: container.imageId,
      Command: container.command.join(' '),
      Created: Number(container.createdNs / NANOSECONDS_PER_SECOND),
      Ports: [],
      Labels: container.labels,
      State: container.state,
    });
    const tail = JSON.stringify({
      HostConfig: { NetworkMode: 'default' },
      NetworkSettings: { Networks: { bridge: { NetworkID: container.imageId.slice(7), IPAddress: '' } } },
      Mounts: [],
      ...this.newerFields(container, minorVersion(apiVersion)),
    });
    return {
      revision: container.revision,
      head: `${head.slice(0, -1)},"Status":`,
      tail: `,${tail.slice(1)}`,
    };
  }

  private newerFields(container: FakeContainer, minor: number): object {
    return {
      ...(minor >= 48 && {
        ImageManifestDescriptor: {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: container.imageId,
          size: 1024,
          platform: { architecture: 'amd64', os: 'linux' },
        },
      }),
      ...(minor >= 52 && { Health: { Status: container.health, FailingStreak: container.failingStreak } }),
    };
  }
}
