import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { messageOf } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { Container, ContainerId, Health } from '../../model/container';
import { LineSplitter } from '../../model/ndjson';
import { EngineError, type ContainersChange } from '../engine';
import { readContainer } from './containerList';
import {
  changesContainer,
  contradicts,
  readEvent,
  removesContainer,
  tellsState,
  type EngineEvent,
} from './engineEvent';
import { RunTimesMemory } from './runTimes';
import { decodeUtf8 } from './utf8';

/** What the watch asks of the engine. */
export interface ContainerSource {
  /** Opens the stream of container events; resolves once the engine is subscribed. */
  openEvents(): Promise<Readable>;
  /** The entries of `GET /containers/json?all=1`, of all containers or of those with these ids. */
  listContainers(ids?: readonly ContainerId[]): Promise<readonly unknown[]>;
}

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

/** The least time between two looks at changed containers: a burst of events costs a few requests, not thousands. */
const REFRESH_INTERVAL_MS = 100;
/** Ids travel in the URL; a hundred of them stay well below what servers take. */
const IDS_PER_REQUEST = 100;
/** How often a container is looked at again when the list contradicts the latest event, before the list is believed. */
const MAX_LOOKS = 50;
/** Reading a list of tens of thousands of entries lets others run after each slice. */
const ENTRIES_PER_SLICE = 2_000;

/**
 * Keeps a map of an engine's containers live without polling: subscribe to events, list once, then look again at just
 * those containers an event spoke of. An event is only ever taken as "this container changed", so the map always holds
 * what a list said, whichever engine and version sent the event.
 */
export class ContainerWatch implements Disposable {
  private readonly containers = new Map<ContainerId, Container>();
  private readonly changed = new Set<ContainerId>();
  /** The latest event about a container that no list has confirmed yet, and how often that was hoped for. */
  private readonly unconfirmed = new Map<ContainerId, { readonly event: EngineEvent; looks: number }>();
  /** What events told of health: Podman's lists do not. */
  private readonly health = new Map<ContainerId, Health>();
  private readonly runs = new RunTimesMemory();
  /** Removed while a request was under way whose answer may still show them. Ids are never used twice. */
  private readonly removed = new Set<ContainerId>();
  private events: Readable | undefined;
  private isListed = false;
  private isRefreshing = false;
  private mustListAll = false;
  private isDisposed = false;

  private readonly didChange = new Emitter<ContainersChange>();
  readonly onDidChange = this.didChange.event;
  private readonly didSeeEvent = new Emitter<EngineEvent>();
  readonly onEvent = this.didSeeEvent.event;
  private readonly didLose = new Emitter<EngineError>();
  /** The events ended or a look failed: what the map shows may be out of date from now on. Fires once. */
  readonly onDidLose = this.didLose.event;

  constructor(
    private readonly source: ContainerSource,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  get current(): ReadonlyMap<ContainerId, Container> {
    return this.containers;
  }

  /** Subscribes, lists, then applies what happened meanwhile. Resolves when the map is complete. */
  async start(): Promise<void> {
    const events = await this.source.openEvents();
    if (this.isDisposed) {
      events.destroy();
      return;
    }
    this.events = events;
    this.readEvents(events);
    await this.listAll();
    this.isListed = true;
    this.scheduleRefresh();
  }

  dispose(): void {
    this.isDisposed = true;
    this.events?.destroy();
    this.didChange.dispose();
    this.didSeeEvent.dispose();
    this.didLose.dispose();
  }

  private readEvents(events: Readable): void {
    const splitter = new LineSplitter((text) => this.takeEvent(text), decodeUtf8);
    events.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch (error) {
        this.lose(new EngineError('badResponse', `The engine's events can't be read: ${messageOf(error)}`));
      }
    });
    const ended = (error?: Error): void =>
      this.lose(
        new EngineError('connectionLost', 'The connection to the engine was lost.', { cause: error }),
      );
    events.on('error', ended);
    events.on('close', () => ended());
  }

  private takeEvent(text: string): void {
    let event: EngineEvent | undefined;
    try {
      event = readEvent(text);
    } catch {
      this.log(
        'warn',
        `The engine sent an event that is no JSON (${text.length} characters). Listing again.`,
      );
      this.mustListAll = true;
      this.scheduleRefresh();
      return;
    }
    if (!event) return;
    if (removesContainer(event)) this.remove(event.containerId);
    else if (changesContainer(event)) this.note(event);
    this.didSeeEvent.fire(event);
    this.scheduleRefresh();
  }

  private note(event: EngineEvent): void {
    const { containerId: id, health } = event;
    this.changed.add(id);
    this.runs.take(event);
    if (tellsState(event)) this.unconfirmed.set(id, { event, looks: 0 });
    if (health) this.health.set(id, health);
    if (event.action === 'die') this.health.delete(id);
  }

  private remove(id: ContainerId): void {
    this.changed.delete(id);
    this.unconfirmed.delete(id);
    this.health.delete(id);
    this.runs.forget(id);
    this.removed.add(id);
    if (this.containers.delete(id)) this.didChange.fire({ kind: 'updated', containers: [], removed: [id] });
  }

  private scheduleRefresh(): void {
    const isNeeded = this.mustListAll || this.changed.size > 0;
    if (!isNeeded || !this.isListed || this.isRefreshing || this.isDisposed) return;
    this.isRefreshing = true;
    this.refresh().then(
      () => this.rest(),
      (error: unknown) => this.lose(error),
    );
  }

  private rest(): void {
    this.clock.setTimer(() => {
      this.isRefreshing = false;
      this.removed.clear();
      this.scheduleRefresh();
    }, REFRESH_INTERVAL_MS);
  }

  private async refresh(): Promise<void> {
    if (this.mustListAll) {
      this.mustListAll = false;
      await this.listAll();
      return;
    }
    const ids = [...this.changed];
    this.changed.clear();
    for (let start = 0; start < ids.length; start += IDS_PER_REQUEST) {
      const asked = ids.slice(start, start + IDS_PER_REQUEST);
      this.apply(asked, await this.source.listContainers(asked));
    }
  }

  private apply(asked: readonly ContainerId[], entries: readonly unknown[]): void {
    if (this.isDisposed) return;
    const missing = new Set(asked);
    const updated: Container[] = [];
    for (const container of this.readEntries(entries)) {
      missing.delete(container.id);
      this.containers.set(container.id, container);
      updated.push(container);
      this.confirm(container);
    }
    for (const id of missing) this.unconfirmed.delete(id);
    const gone = [...missing].filter((id) => this.containers.delete(id));
    if (updated.length + gone.length > 0)
      this.didChange.fire({ kind: 'updated', containers: updated, removed: gone });
  }

  private confirm(container: Container): void {
    const expectation = this.unconfirmed.get(container.id);
    if (!expectation) return;
    if (contradicts(expectation.event, container) && expectation.looks++ < MAX_LOOKS) {
      this.changed.add(container.id);
    } else {
      this.unconfirmed.delete(container.id);
    }
  }

  private async listAll(): Promise<void> {
    this.removed.clear();
    const entries = await this.source.listContainers();
    const listed: Container[] = [];
    for (let start = 0; start < entries.length; start += ENTRIES_PER_SLICE) {
      if (start > 0) await new Promise((resolve) => setImmediate(resolve));
      listed.push(...this.readEntries(entries.slice(start, start + ENTRIES_PER_SLICE)));
    }
    if (this.isDisposed) return;
    this.containers.clear();
    for (const container of listed) {
      if (!this.removed.has(container.id)) this.containers.set(container.id, container);
    }
    this.didChange.fire({ kind: 'listed' });
  }

  private readEntries(entries: readonly unknown[]): readonly Container[] {
    const nowMs = this.clock.nowMs();
    return entries.flatMap((entry) => {
      const container = readContainer(entry, nowMs);
      if (!container) this.log('warn', 'The engine listed a container without an id; it is not shown.');
      return container && !this.removed.has(container.id) ? [this.withNews(container)] : [];
    });
  }

  /** With what events told and lists do not. */
  private withNews(container: Container): Container {
    const health = container.health ?? this.health.get(container.id);
    const run = this.runs.of(container.id);
    if (health === undefined && run === undefined) return container;
    return { ...container, ...(health !== undefined && { health }), ...(run && { run }) };
  }

  private lose(error: unknown): void {
    if (this.isDisposed) return;
    const lost = error instanceof EngineError ? error : new EngineError('connectionLost', messageOf(error));
    this.isDisposed = true;
    this.events?.destroy();
    this.didLose.fire(lost);
  }
}
