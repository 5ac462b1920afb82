import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addRunning, addStopped } from './bulk';
import type { ContainerOptions, FakeContainer, HealthStatus } from './container';
import { EngineCore, type CoreOptions } from './core';
import { EngineServer, type ListenTarget } from './engineServer';
import { startEventRain, type EventRain, type RainKind } from './eventRain';
import type { Slicing } from './faultSocket';
import { STDOUT, streamNumber, type StreamName } from './frames';
import { Lifecycle } from './lifecycle';
import type { Personality } from './personalities';
import type { RecordedRequest, StreamKind } from './requestCounters';
import { Router } from './router';

export type { ContainerOptions, FakeContainer, HealthStatus } from './container';
export type { PersonalityName } from './personalities';
export type { RecordedRequest, StreamKind } from './requestCounters';

export interface FakeEngineOptions extends CoreOptions {
  /** Path of the unix socket; by default one in a new directory under the system's temporary directory. */
  readonly socketPath?: string;
  /** Listens on loopback TCP instead; 0 takes a free port. */
  readonly tcpPort?: number;
}

/** A container by handle, id, name or unique prefix of its id. */
export type ContainerReference = string | FakeContainer;

/**
 * A Docker engine made of nothing: it speaks the Engine API over a socket and does what a test tells it, for
 * what a real engine cannot show here. Its controls act at once; requests see the result of every control that
 * ran before them.
 */
export class FakeEngine {
  readonly core: EngineCore;
  private readonly lifecycle: Lifecycle;
  private readonly server: EngineServer;
  private readonly rains = new Set<EventRain>();
  private target: ListenTarget;
  private temporaryDirectory: string | undefined;

  constructor(options: FakeEngineOptions) {
    this.core = new EngineCore(options);
    this.lifecycle = new Lifecycle(this.core);
    this.server = new EngineServer(new Router(this.core, this.lifecycle), this.core.faults);
    this.target = this.chooseTarget(options);
  }

  // --- Serving

  get personality(): Personality {
    return this.core.personality;
  }

  /** The unix socket; throws when the engine listens on TCP. */
  get socketPath(): string {
    if ('socketPath' in this.target) return this.target.socketPath;
    throw new Error('this fake engine listens on TCP');
  }

  /** The TCP port, known after `listen`; throws when the engine listens on a unix socket. */
  get port(): number {
    if ('port' in this.target) return this.target.port;
    throw new Error('this fake engine listens on a unix socket');
  }

  /** `unix://…` or `tcp://…`, as `DOCKER_HOST` wants it. */
  get dockerHost(): string {
    return 'port' in this.target
      ? `tcp://${this.target.host}:${this.target.port}`
      : `unix://${this.target.socketPath}`;
  }

  async listen(): Promise<this> {
    this.target = await this.server.listen(this.target);
    return this;
  }

  /** Closes everything, removes the socket. The engine cannot be used again. */
  dispose(): Promise<void> {
    for (const rain of this.rains) rain.stop();
    this.core.faults.unhang();
    this.server.stopListening();
    this.server.dropConnections();
    if (this.temporaryDirectory !== undefined)
      rmSync(this.temporaryDirectory, { recursive: true, force: true });
    else if ('socketPath' in this.target) rmSync(this.target.socketPath, { force: true });
    return Promise.resolve();
  }

  // --- Containers

  container(reference: ContainerReference): FakeContainer {
    return typeof reference === 'string' ? this.core.containers.get(reference) : reference;
  }

  /** All containers, newest first. */
  get containers(): readonly FakeContainer[] {
    return this.core.containers.newestFirst();
  }

  /** Creates a container; it does not run yet. */
  create(options: ContainerOptions = {}): FakeContainer {
    return this.lifecycle.create(options);
  }

  /** Creates and starts a container. */
  run(options: ContainerOptions = {}): FakeContainer {
    const container = this.create(options);
    this.start(container);
    if (options.health !== undefined && options.health !== 'starting') this.health(container, options.health);
    return container;
  }

  start(reference: ContainerReference): void {
    this.lifecycle.start(this.container(reference));
  }

  stop(reference: ContainerReference): void {
    this.lifecycle.stop(this.container(reference));
  }

  restart(reference: ContainerReference): void {
    this.lifecycle.restart(this.container(reference));
  }

  kill(reference: ContainerReference, signal = 'KILL'): void {
    this.lifecycle.kill(this.container(reference), signal);
  }

  /** The container's process ends by itself, or because the memory ran out. */
  die(reference: ContainerReference, exitCode = 0, options: { outOfMemory?: boolean } = {}): void {
    this.lifecycle.die(this.container(reference), exitCode, options.outOfMemory ?? false);
  }

  pause(reference: ContainerReference): void {
    this.lifecycle.pause(this.container(reference));
  }

  unpause(reference: ContainerReference): void {
    this.lifecycle.unpause(this.container(reference));
  }

  rename(reference: ContainerReference, name: string): void {
    this.lifecycle.rename(this.container(reference), name);
  }

  remove(reference: ContainerReference, options: { force?: boolean } = {}): void {
    this.lifecycle.remove(this.container(reference), options.force ?? false);
  }

  health(reference: ContainerReference, status: HealthStatus): void {
    this.lifecycle.setHealth(this.container(reference), status);
  }

  /** Shows a state that no engine of today knows. No event tells of it. */
  unknownState(reference: ContainerReference, state = 'hibernating'): void {
    this.lifecycle.setState(this.container(reference), state);
  }

  /** Containers cannot be created from this image: it is not there. */
  missingImage(image: string): void {
    this.core.missingImages.add(image);
  }

  /** An image is pulled that no container uses. */
  addImage(name: string): void {
    this.core.unusedImages.add(name);
    this.emitEvent('image', 'pull', name, { name });
  }

  removeImage(name: string): void {
    this.core.unusedImages.delete(name);
    this.emitEvent('image', 'delete', name, { name });
  }

  /** Adds stopped containers without events; 30,000 take well under a second. */
  bulkStopped(count: number): FakeContainer[] {
    return addStopped(this.core, count);
  }

  /** Adds running containers without events. */
  bulkRunning(count: number): FakeContainer[] {
    return addRunning(this.core, count);
  }

  // --- Logs

  /**
   * What the container prints. As in the engine a record ends at a line feed or after 16 KB; what is not
   * terminated yet waits for more, or for the end of the container.
   */
  writeLog(
    reference: ContainerReference,
    stream: StreamName,
    output: Buffer | string,
    options: { timestampNs?: bigint } = {},
  ): void {
    const container = this.container(reference);
    container.writer.write(stream, Buffer.from(output), options.timestampNs);
    container.wakeFollowers();
  }

  /** Stores one record as it is, whatever its size and with or without a line feed. */
  writeRecord(
    reference: ContainerReference,
    stream: StreamName,
    bytes: Buffer | string,
    options: { timestampNs?: bigint } = {},
  ): void {
    const container = this.container(reference);
    const number = container.hasTerminal ? STDOUT : streamNumber(stream);
    container.log.append(number, options.timestampNs ?? this.core.clock.nowNs(), Buffer.from(bytes));
    container.wakeFollowers();
  }

  /** Prints many numbered lines of `lineBytes` bytes, line feed included. */
  writeLines(
    reference: ContainerReference,
    count: number,
    options: { lineBytes?: number; stream?: StreamName } = {},
  ): void {
    const container = this.container(reference);
    const number = container.hasTerminal ? STDOUT : streamNumber(options.stream ?? 'stdout');
    const line = Buffer.alloc(Math.max(12, options.lineBytes ?? 105), 'x');
    line[line.length - 1] = 10;
    for (let index = 0; index < count; index++) {
      line.write(`${String(index).padStart(10, '0')} `, 0, 'latin1');
      container.log.append(number, this.core.clock.nowNs(), line);
    }
    container.wakeFollowers();
  }

  /** The engine reports an error inside the log (type 3): to those who read now, or else to the next reader. */
  writeSystemError(reference: ContainerReference, message: string): void {
    const container = this.container(reference);
    const text = `Error grabbing logs: ${message}\n`;
    if (container.followers.size === 0) container.pendingSystemError = text;
    for (const follower of container.followers) follower.sendSystemError(text);
  }

  /** The log file is truncated: everything stored is gone, without notice to anyone. */
  clearLog(reference: ContainerReference): void {
    this.container(reference).log.clear();
  }

  // --- Events

  /** An event that the engine's own actions do not cause. */
  emitEvent(
    type: string,
    action: string,
    id: string,
    attributes: Readonly<Record<string, string>> = {},
  ): void {
    this.core.events.publish({ type, action, id, attributes });
  }

  /** Sends a line to everyone who follows the events that is not JSON. */
  malformedEventLine(line = '{"Type":"container","Action":\n'): void {
    this.core.events.publishRaw(line);
  }

  /** Emits events of the running containers at a steady rate until stopped or disposed. */
  emitEvents(perSecond: number, kind: RainKind = 'exec'): EventRain {
    const rain = startEventRain(this.core, this.lifecycle, perSecond, kind);
    this.rains.add(rain);
    return rain;
  }

  // --- Faults

  /** Changes each sample of statistics before it is sent; without a function they are sent as they are. */
  changeStats(change: (sample: object) => unknown = (sample) => sample): void {
    this.core.changeStats = change;
  }

  /** While set, the list of containers is answered with broken JSON. */
  get malformedList(): boolean {
    return this.core.hasMalformedList;
  }

  set malformedList(isMalformed: boolean) {
    this.core.hasMalformedList = isMalformed;
  }

  /** While a message is set, requests of that route get a 500 with it. */
  failRoute(route: string, message: string | undefined): void {
    if (message === undefined) this.core.failingRoutes.delete(route);
    else this.core.failingRoutes.set(route, message);
  }

  /**
   * The engine's process is replaced: connections drop, followers end, Docker's events are forgotten. Containers
   * go on as with live restore unless they are to be stopped; a stopped one has no event that tells of it.
   */
  async restartEngine(options: { stopContainers?: boolean } = {}): Promise<void> {
    this.stopListening();
    if (options.stopContainers === true) {
      for (const container of this.containers) this.lifecycle.die(container, 137);
    }
    this.core.events.forget();
    await this.listenAgain();
  }

  /** The engine is gone: connections are refused, and those that are open drop unless they are kept. */
  stopListening(options: { keepConnections?: boolean } = {}): void {
    this.server.stopListening();
    if (options.keepConnections !== true) this.server.dropConnections();
  }

  async listenAgain(): Promise<void> {
    if (!this.server.isListening) await this.server.listen(this.target);
  }

  /** Drops every open connection; new ones are welcome. */
  dropConnections(): void {
    this.server.dropConnections();
  }

  /** Connections are accepted and requests read and counted, and nothing is answered, done or sent. */
  hang(): void {
    this.core.faults.hang();
  }

  /** Goes on where `hang` stopped: what was asked meanwhile is done and answered now. */
  unhang(): void {
    this.core.faults.unhang();
  }

  /** Every connection drops after it has sent so many more bytes; `undefined` ends that. */
  cutConnectionsAfterBytes(byteCount: number | undefined): void {
    this.core.faults.cutAfter(byteCount);
  }

  /** Sends everything in single bytes, or in slices of 1 to 97 bytes drawn from the seed. */
  sliceResponses(slicing: Slicing, seed?: number): void {
    this.core.faults.slice(slicing, seed);
  }

  // --- What clients did

  /** The latest requests, oldest first. */
  get requests(): readonly RecordedRequest[] {
    return this.core.counters.requests;
  }

  /** How often a route was asked: `list`, `inspect`, `logs`, `events`, `stats`, `ping`, `exec.create` and so on. */
  count(route: string): number {
    return this.core.counters.count(route);
  }

  resetCounts(): void {
    this.core.counters.reset();
  }

  openStreams(kind: StreamKind): number {
    return this.core.counters.openStreams(kind);
  }

  get connectionCount(): number {
    return this.server.connectionCount;
  }

  /** Resolves when exactly `count` streams of that kind are open. */
  whenOpenStreams(kind: StreamKind, count: number): Promise<void> {
    return this.core.counters.when(() => this.openStreams(kind) === count);
  }

  /** Resolves when the route was asked at least `count` times. */
  whenRequested(route: string, count = 1): Promise<void> {
    return this.core.counters.when(() => this.count(route) >= count);
  }

  /** What programs that count have written, in all. */
  get execWrittenBytes(): number {
    return [...this.core.execs.values()].reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  }

  /** Sizes that clients gave to their execs, in order. */
  get execSizes(): readonly { readonly height: number; readonly width: number }[] {
    return [...this.core.execs.values()].flatMap((exec) => exec.sizes);
  }

  private chooseTarget(options: FakeEngineOptions): ListenTarget {
    if (options.tcpPort !== undefined) return { host: '127.0.0.1', port: options.tcpPort };
    if (options.socketPath !== undefined) return { socketPath: options.socketPath };
    this.temporaryDirectory = mkdtempSync(join(tmpdir(), 'quaywatch-fake-'));
    return { socketPath: join(this.temporaryDirectory, 'engine.sock') };
  }
}
