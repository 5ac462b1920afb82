import type { LogFollower } from './logFollower';
import { LogStore, type LogLimits } from './logStore';
import { LogWriter } from './logWriter';
import type { Personality } from './personalities';
import type { NanosecondClock } from './time';

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type HealthStatus = 'none' | 'starting' | 'healthy' | 'unhealthy';
/** `fluentd` stands for the drivers that send a log elsewhere: the engine reads back a copy of its own. */
export type LogDriver = 'json-file' | 'local' | 'journald' | 'k8s-file' | 'fluentd' | 'none';

export interface ContainerOptions {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  /** A terminal: logs are not framed and everything is stdout. */
  readonly tty?: boolean;
  readonly logDriver?: LogDriver;
  readonly logLimits?: LogLimits;
  /** Anything but `none` means that the container has a health check. */
  readonly health?: HealthStatus;
  readonly restartPolicy?: string;
  readonly createdNs?: bigint;
}

export interface ContainerContext {
  readonly clock: NanosecondClock;
  readonly personality: Personality;
}

/** A container of the fake engine: its facts and its log. Actions on it are in `lifecycle.ts`. */
export class FakeContainer {
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly hasTerminal: boolean;
  readonly logDriver: LogDriver;
  readonly logLimits: LogLimits;
  readonly restartPolicy: string;
  readonly createdNs: bigint;
  readonly followers = new Set<LogFollower>();
  /** Goes to the next reader of the log as a frame of type 3. */
  pendingSystemError: string | undefined;
  /** Open: tests set states that no engine of today knows. */
  state: ContainerState | (string & {}) = 'created';
  health: HealthStatus;
  exitCode = 0;
  isOutOfMemory = false;
  startedNs = 0n;
  finishedNs = 0n;
  restartCount = 0;
  failingStreak = 0;
  /** Counts changes, so that answers made of this container can be kept until it changes. */
  revision = 0;
  private store: LogStore | undefined;
  private logWriter: LogWriter | undefined;

  constructor(
    readonly id: string,
    public name: string,
    options: ContainerOptions,
    private readonly context: ContainerContext,
  ) {
    this.image = options.image ?? 'busybox:latest';
    this.imageId = `sha256:${id.split('').reverse().join('')}`;
    this.command = options.command ?? ['sh'];
    this.labels = options.labels ?? {};
    this.env = options.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
    this.hasTerminal = options.tty ?? false;
    this.logDriver = options.logDriver ?? (context.personality.isPodman ? 'k8s-file' : 'json-file');
    this.logLimits = options.logLimits ?? {};
    this.health = options.health ?? 'none';
    this.restartPolicy = options.restartPolicy ?? 'no';
    this.createdNs = options.createdNs ?? context.clock.nowNs();
  }

  /** The process exists: running or frozen. */
  get isRunning(): boolean {
    return this.state === 'running' || this.state === 'paused' || this.state === 'restarting';
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get log(): LogStore {
    return (this.store ??= new LogStore(this.logLimits));
  }

  get writer(): LogWriter {
    return (this.logWriter ??= new LogWriter(
      this.log,
      this.context.clock,
      this.context.personality,
      this.hasTerminal,
    ));
  }

  changed(): void {
    this.revision++;
  }

  takeSystemError(): string | undefined {
    const text = this.pendingSystemError;
    this.pendingSystemError = undefined;
    return text;
  }

  wakeFollowers(): void {
    for (const follower of this.followers) follower.wake();
  }

  /** The process ended: what it left unterminated is stored, then readers that follow come to their end. */
  endLog(): void {
    this.logWriter?.flush();
    for (const follower of this.followers) follower.finish();
  }
}
