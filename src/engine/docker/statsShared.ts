import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { MetricUpdate } from '../../model/metrics';
import type { ContainersChange } from '../engine';
import { StatsReader } from './statsReader';
import type { StatsSession, StatsSessionSource } from './statsSession';

/** Told once of what all watchers of a container are told. */
export interface StatsRecorder {
  update(id: ContainerId, update: MetricUpdate): void;
  /** Nobody watches it any more. */
  left(id: ContainerId): void;
}

interface SharedReader extends Disposable {
  readonly reader: StatsReader;
  readonly updates: Emitter<MetricUpdate>;
}

/**
 * The statistics being read from one engine: one stream for each container that somebody watches, however many do. It
 * begins with the first and ends with the last; without watchers nothing is asked of the engine.
 */
export class SharedStats implements Disposable {
  private readonly store = new DisposableStore();
  private readonly sessionStore = this.store.add(new DisposableStore());
  private readonly readers = new Map<ContainerId, SharedReader>();
  private listenedTo: StatsSession | undefined;

  constructor(
    private readonly sessions: StatsSessionSource,
    private readonly clock: Clock,
    private readonly recorder?: StatsRecorder,
  ) {
    this.store.add(sessions.onDidChangeSession(() => this.noteSession()));
  }

  /** Calls `listener` at once with what is known already, then with each update, until disposed. */
  watch(id: ContainerId, listener: (update: MetricUpdate) => void): Disposable {
    if (this.store.isDisposed) return toDisposable(() => undefined);
    this.listen();
    const known = this.readers.get(id);
    const shared = known ?? this.open(id);
    const subscription = shared.updates.event(listener);
    if (known?.reader.latest) listener(known.reader.latest);
    else if (!known) shared.reader.start();
    return toDisposable(() => {
      subscription.dispose();
      if (!shared.updates.hasListeners) this.close(id, shared);
    });
  }

  dispose(): void {
    this.store.dispose();
    this.readers.clear();
  }

  private open(id: ContainerId): SharedReader {
    const updates = new Emitter<MetricUpdate>();
    const reader = new StatsReader(id, this.sessions, this.clock, (update) => {
      this.recorder?.update(id, update);
      updates.fire(update);
    });
    const shared: SharedReader = {
      reader,
      updates,
      dispose: () => {
        reader.dispose();
        updates.dispose();
      },
    };
    this.readers.set(id, this.store.add(shared));
    return shared;
  }

  private close(id: ContainerId, shared: SharedReader): void {
    if (this.readers.get(id) === shared) this.readers.delete(id);
    this.store.delete(shared);
    this.recorder?.left(id);
    if (this.readers.size === 0) this.forgetSession();
  }

  private noteSession(): void {
    if (this.readers.size === 0) return;
    this.listen();
    this.noteAll();
  }

  /** One subscription for all readers: a change is handed to those it is about. */
  private listen(): void {
    const { session } = this.sessions;
    if (session === this.listenedTo) return;
    this.forgetSession();
    this.listenedTo = session;
    if (session)
      this.sessionStore.add(session.onDidChangeContainers((change) => this.noteContainers(change)));
  }

  private forgetSession(): void {
    this.sessionStore.clear();
    this.listenedTo = undefined;
  }

  private noteContainers(change: ContainersChange): void {
    if (change.kind === 'listed') {
      this.noteAll();
      return;
    }
    for (const { id } of change.containers) this.readers.get(id)?.reader.noteChange();
    for (const id of change.removed) this.readers.get(id)?.reader.noteChange();
  }

  private noteAll(): void {
    for (const { reader } of [...this.readers.values()]) reader.noteChange();
  }
}
