/** The engines the double can be, as data. What differs between real engines differs here and nowhere else. */
export type PersonalityName = '20.10' | '25' | '29' | 'podman';

/** One event of a lifecycle action; `network …` events are about the container's network. */
export type LifecycleStep =
  | 'create'
  | 'init'
  | 'start'
  | 'kill'
  | 'die'
  | 'stop'
  | 'restart'
  | 'pause'
  | 'unpause'
  | 'rename'
  | 'oom'
  | 'cleanup'
  | 'remove'
  | 'destroy'
  | 'network connect'
  | 'network disconnect';

export interface LifecycleSteps {
  readonly create: readonly LifecycleStep[];
  readonly start: readonly LifecycleStep[];
  readonly die: readonly LifecycleStep[];
  readonly remove: readonly LifecycleStep[];
}

export interface Personality {
  readonly name: PersonalityName;
  readonly engineVersion: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly isPodman: boolean;
  /** Value of the `Server` header. */
  readonly serverHeader: string;
  /** Headers that only `/_ping` carries. */
  readonly pingHeaders: Readonly<Record<string, string>>;
  /** Whether a version prefix outside the range is refused; Podman ignores it. */
  readonly refusesVersions: boolean;
  /** How many events `since` can bring back. */
  readonly rememberedEvents: number;
  /** Podman keeps events in a file, Docker in the memory of the daemon. */
  readonly eventsSurviveRestart: boolean;
  /** `all`: 20.10 checks every record; `until-first-match`: newer engines stop checking after the first match. */
  readonly sinceFilter: 'all' | 'until-first-match';
  /** Podman keeps only records after `since`, and reads `since` through a float. */
  readonly sinceIsExclusive: boolean;
  readonly sinceIsFloat: boolean;
  /** Docker stamps all parts of a split line with the time of the first; Podman each with its own. */
  readonly partsShareTimestamp: boolean;
  readonly timestampsAreLocal: boolean;
  readonly healthInStatus: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly statsIntervalMs: number;
  /** Content type of logs, by whether the container has a terminal; `multiplexed` from API 1.42 on. */
  readonly namesLogContentType: boolean;
  readonly lifecycle: LifecycleSteps;
  readonly dieHasDuration: boolean;
  /** How the 4xx messages begin; 20.10 starts some with a capital letter. */
  readonly modernMessages: boolean;
  readonly ambiguousPrefixStatus: number;
  /** Status of parameters that cannot be parsed: 20.10 takes them for failures of its own. */
  readonly badParameterStatus: number;
  /** Clients of an API version below this minor number get errors as plain text. */
  readonly plainErrorsBelow: number;
}

const DOCKER_PING = {
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
};

const docker2010: Personality = {
  name: '20.10',
  engineVersion: '20.10.24+dfsg1',
  apiVersion: '1.41',
  minApiVersion: '1.12',
  isPodman: false,
  serverHeader: 'Docker/20.10.24+dfsg1 (linux)',
  pingHeaders: DOCKER_PING,
  refusesVersions: true,
  rememberedEvents: 256,
  eventsSurviveRestart: false,
  sinceFilter: 'all',
  sinceIsExclusive: false,
  sinceIsFloat: false,
  partsShareTimestamp: true,
  timestampsAreLocal: false,
  healthInStatus: true,
  cgroupVersion: 1,
  statsIntervalMs: 1000,
  namesLogContentType: false,
  lifecycle: {
    create: ['create'],
    start: ['network connect', 'start'],
    die: ['die', 'network disconnect'],
    remove: ['destroy'],
  },
  dieHasDuration: false,
  modernMessages: false,
  ambiguousPrefixStatus: 500,
  badParameterStatus: 500,
  plainErrorsBelow: 24,
};

const docker25: Personality = {
  ...docker2010,
  name: '25',
  engineVersion: '25.0.5',
  apiVersion: '1.44',
  minApiVersion: '1.24',
  serverHeader: 'Docker/25.0.5 (linux)',
  pingHeaders: { ...DOCKER_PING, 'Builder-Version': '2', Swarm: 'inactive' },
  sinceFilter: 'until-first-match',
  cgroupVersion: 2,
  namesLogContentType: true,
  lifecycle: { ...docker2010.lifecycle, die: ['network disconnect', 'die'] },
  dieHasDuration: true,
  modernMessages: true,
  ambiguousPrefixStatus: 400,
  badParameterStatus: 400,
};

const docker29: Personality = {
  ...docker25,
  name: '29',
  engineVersion: '29.0.0',
  apiVersion: '1.52',
  minApiVersion: '1.44',
  serverHeader: 'Docker/29.0.0 (linux)',
  plainErrorsBelow: 0,
};

const podman: Personality = {
  ...docker2010,
  name: 'podman',
  engineVersion: '4.3.1',
  apiVersion: '1.41',
  minApiVersion: '1.24',
  isPodman: true,
  serverHeader: 'Libpod/4.3.1 (linux)',
  pingHeaders: {
    'Builder-Version': '',
    'Libpod-Api-Version': '4.3.1',
    'Libpod-Buildah-Version': '1.28.2',
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
  },
  refusesVersions: false,
  rememberedEvents: 20_000,
  eventsSurviveRestart: true,
  sinceIsExclusive: true,
  sinceIsFloat: true,
  partsShareTimestamp: false,
  timestampsAreLocal: true,
  healthInStatus: false,
  cgroupVersion: 2,
  statsIntervalMs: 5000,
  lifecycle: {
    create: ['create'],
    start: ['init', 'start'],
    die: ['die', 'cleanup'],
    remove: ['remove'],
  },
  modernMessages: true,
  badParameterStatus: 400,
  plainErrorsBelow: 0,
};

export const PERSONALITIES: Readonly<Record<PersonalityName, Personality>> = {
  '20.10': docker2010,
  '25': docker25,
  '29': docker29,
  podman,
};

export function isPersonalityName(text: string): text is PersonalityName {
  return Object.hasOwn(PERSONALITIES, text);
}

/** The minor number of `1.NN`; every API version the double knows has major 1. */
export function minorVersion(version: string): number {
  return Number(version.split('.')[1] ?? '0');
}
