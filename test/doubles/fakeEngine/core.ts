import { FakeContainer, type ContainerOptions } from './container';
import { ContainerRegistry } from './containerRegistry';
import { EventsHub } from './eventsHub';
import type { ExecInstance } from './exec';
import { ConnectionFaults } from './faultSocket';
import { PERSONALITIES, type Personality, type PersonalityName } from './personalities';
import { SeededRandom } from './random';
import { RequestCounters } from './requestCounters';
import { IncreasingClock, realClock, type NanosecondClock } from './time';

export interface CoreOptions {
  readonly personality: PersonalityName;
  /** Seeds ids, names and faults; the same seed gives the same engine. Default 1. */
  readonly seed?: number;
  /** Source of time; the engine never uses the same nanosecond twice. Default: the real time. */
  readonly clock?: NanosecondClock;
  /** Time between samples of `stats`. Default: that of the personality. */
  readonly statsIntervalMs?: number;
  /** Offset from UTC of Podman's timestamps, in minutes. Default 120. */
  readonly localOffsetMinutes?: number;
  /** Says in `/info` that it runs on another machine than this one. */
  readonly isElsewhere?: boolean;
}

/** Everything the engine knows, shared by its routes and its controls. */
export class EngineCore {
  readonly personality: Personality;
  readonly clock: NanosecondClock;
  readonly random: SeededRandom;
  readonly containers: ContainerRegistry;
  readonly events: EventsHub;
  readonly execs = new Map<string, ExecInstance>();
  readonly counters = new RequestCounters();
  readonly faults: ConnectionFaults;
  readonly statsIntervalMs: number;
  readonly offsetMinutes: number;
  /** The list answers with broken JSON. */
  hasMalformedList = false;
  /** Images that no container uses. */
  readonly unusedImages = new Set<string>();
  readonly isElsewhere: boolean;
  /** Changes each sample of statistics before it is sent. */
  changeStats: (sample: object) => unknown = (sample) => sample;
  /** Images that containers cannot be created from, because they are not there. */
  readonly missingImages = new Set<string>();
  /** Route names that answer 500 with a message. */
  readonly failingRoutes = new Map<string, string>();

  constructor(options: CoreOptions) {
    const seed = options.seed ?? 1;
    this.personality = PERSONALITIES[options.personality];
    this.clock = new IncreasingClock(options.clock ?? realClock());
    this.random = new SeededRandom(seed);
    this.containers = new ContainerRegistry(this.personality);
    this.events = new EventsHub(this.personality, this.clock);
    this.faults = new ConnectionFaults(seed);
    this.statsIntervalMs = options.statsIntervalMs ?? this.personality.statsIntervalMs;
    this.isElsewhere = options.isElsewhere ?? false;
    this.offsetMinutes = this.personality.timestampsAreLocal ? (options.localOffsetMinutes ?? 120) : 0;
  }

  /** Adds a container without telling anyone. */
  addContainer(options: ContainerOptions): FakeContainer {
    const id = this.random.hexId();
    const name = options.name ?? `fake_${id.slice(0, 12)}`;
    const container = new FakeContainer(id, name, options, this);
    this.containers.add(container);
    return container;
  }
}
