import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import {
  ContainerSequence,
  type ContainerChangeData,
  type ContainerNews,
  type InitialStateData,
} from '../../protocol/containerSequence';
import type { ContainersChange } from '../engine';

/** The containers as the agent tells of them; the last known ones while it is away. */
export class RemoteContainers implements Disposable {
  private readonly didChange = new Emitter<ContainersChange>();
  readonly onDidChange = this.didChange.event;
  private sequence = new ContainerSequence();
  private known: Map<ContainerId, Container> | undefined;
  private isListed = false;

  /** @param requestState asks the agent for a new snapshot */
  constructor(private readonly requestState: () => void) {}

  get current(): ReadonlyMap<ContainerId, Container> | undefined {
    return this.known;
  }

  /** A list came in this session. */
  get isCurrent(): boolean {
    return this.isListed;
  }

  /** For `resume`. */
  get lastSequence(): number | undefined {
    return this.sequence.sequence;
  }

  connected(isResumed: boolean): void {
    if (isResumed) {
      this.sequence.reconnected();
      return;
    }
    this.sequence = new ContainerSequence();
    this.isListed = false;
  }

  takeSnapshot(data: InitialStateData): void {
    this.take(this.sequence.takeSnapshot(data));
  }

  takeChange(data: ContainerChangeData): void {
    this.take(this.sequence.takeChange(data));
  }

  dispose(): void {
    this.didChange.dispose();
  }

  private take(news: ContainerNews): void {
    switch (news.kind) {
      case 'nothing':
        return;
      case 'outOfSequence':
        this.requestState();
        return;
      case 'listed':
        this.known = new Map(news.containers);
        this.isListed = true;
        this.didChange.fire({ kind: 'listed' });
        return;
      case 'changed':
        this.change(news.updated, news.removed);
    }
  }

  private change(updated: readonly Container[], removed: readonly ContainerId[]): void {
    const { known } = this;
    if (!known) return;
    for (const id of removed) known.delete(id);
    for (const container of updated) known.set(container.id, container);
    this.didChange.fire({ kind: 'updated', containers: updated, removed });
  }
}
