import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { EngineError, type ContainerEngine, type LogFollow } from '../../engine/engine';
import type { Container, ContainerId } from '../../model/container';
import { findSuccessor, type ContainerIdentity } from '../../model/containerIdentity';
import type { LogBatch, LogMarker, LogRequest, LogSink } from '../../model/log';

export interface ScopedFollowInput {
  /** Has all containers. */
  readonly engine: Pick<ContainerEngine, 'followLog'>;
  /** Has the containers that may be seen. */
  readonly seen: Pick<ContainerEngine, 'containers' | 'onDidChangeContainers'>;
  readonly id: ContainerId;
  readonly request: LogRequest;
  readonly sink: LogSink;
}

/** The container whose log is read, or whose successor is waited for. */
interface Place {
  id: ContainerId;
  readonly identity: ContainerIdentity;
}

/**
 * Follows a log that must not lead out of a scope. The engine itself would go on with whatever takes the place of a
 * removed container, and where a request says to resume is what the client says: so the engine is only ever asked for
 * the log of a visible container, and is stopped when it moves on to another one. Then this waits for a successor that
 * may be seen, as the engine waits for any.
 */
export class ScopedFollow implements LogFollow {
  private readonly store = new DisposableStore();
  private following: Disposable | undefined;
  private place: Place | undefined;
  private isAwaitingSuccessor = false;
  private isRemovalTold = false;

  constructor(private readonly input: ScopedFollowInput) {
    this.store.add(input.seen.onDidChangeContainers(() => this.takeChange()));
    // A sink hears nothing before the call that began the following has returned.
    if (input.seen.containers !== undefined) queueMicrotask(() => this.begin());
  }

  dispose(): void {
    this.stopFollowing();
    this.store.dispose();
  }

  /** Before the first list nobody knows which containers there are: that is waited for. */
  private takeChange(): void {
    if (this.place === undefined) this.begin();
    else if (this.isAwaitingSuccessor) this.lookForSuccessor(this.place);
  }

  private begin(): void {
    if (this.store.isDisposed || this.place !== undefined) return;
    const { request, seen } = this.input;
    const { resumeAt } = request;
    const id = resumeAt?.cursor.containerId ?? this.input.id;
    const container = seen.containers?.get(id);
    if (container !== undefined) {
      this.follow(container, request);
    } else if (resumeAt !== undefined && request.follow) {
      // It was removed while the reader was away, or was never to be seen: the answer is the same in both cases.
      this.awaitSuccessor({ id, identity: resumeAt.identity });
    } else {
      this.end(new EngineError('noSuchContainer', 'No such container.'));
    }
  }

  private follow(container: Container, request: LogRequest): void {
    const { name, compose } = container;
    const place: Place = { id: container.id, identity: { name, ...(compose && { compose }) } };
    this.place = place;
    const { resumeAt } = request;
    // Whose successor to look for is told by the container, not by the client.
    const safe = resumeAt ? { ...request, resumeAt: { ...resumeAt, identity: place.identity } } : request;
    const { engine, sink } = this.input;
    const isCurrent = (): boolean => this.place === place && !this.isAwaitingSuccessor;
    this.following = engine.followLog(container.id, safe, {
      lines: (batch) => {
        if (isCurrent()) this.takeContainer(batch, place);
        return isCurrent() ? sink.lines(batch) : undefined;
      },
      marker: (marker) => {
        if (isCurrent()) this.takeMarker(marker, place);
      },
      ended: (error) => {
        if (isCurrent()) this.end(error);
      },
    });
  }

  /** What is of another container must not pass, even if nobody told of it. */
  private takeContainer(batch: LogBatch, place: Place): void {
    const containerId = batch.place?.cursor.containerId ?? place.id;
    if (containerId !== place.id) this.takeMarker({ kind: 'recreated', containerId }, place);
  }

  private takeMarker(marker: LogMarker, place: Place): void {
    if (marker.kind === 'recreated' && !this.input.seen.containers?.has(marker.containerId)) {
      this.stopFollowing();
      this.awaitSuccessor(place);
      return;
    }
    if (marker.kind === 'recreated') {
      place.id = marker.containerId;
      this.isRemovalTold = false;
    } else if (marker.kind === 'removed') {
      this.isRemovalTold = true;
    }
    this.input.sink.marker(marker);
  }

  private awaitSuccessor(place: Place): void {
    this.place = place;
    this.isAwaitingSuccessor = true;
    if (this.lookForSuccessor(place) || this.isRemovalTold) return;
    this.isRemovalTold = true;
    this.input.sink.marker({ kind: 'removed' });
  }

  /** Goes on with the successor, if there is one by now. */
  private lookForSuccessor({ id, identity }: Place): boolean {
    const successor = findSuccessor(this.input.seen.containers?.values() ?? [], identity, id);
    if (successor === undefined) return false;
    this.isAwaitingSuccessor = this.isRemovalTold = false;
    this.input.sink.marker({ kind: 'recreated', containerId: successor.id });
    const { follow, filter } = this.input.request;
    this.follow(successor, { tail: 'all', follow, ...(filter && { filter }) });
    return true;
  }

  private stopFollowing(): void {
    this.following?.dispose();
    this.following = undefined;
  }

  private end(error: Error | undefined): void {
    this.dispose();
    this.input.sink.ended(error);
  }
}
