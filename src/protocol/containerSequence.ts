import type { Container, ContainerId } from '../model/container';
import { LIMITS } from './limits';
import type { EventData } from './messages';

export type ContainerChangeData = EventData<'container_state_change'>;
export type InitialStateData = EventData<'initial_state'>;

/** The agent's side: numbers the changes of one session, and keeps the newest for a client that comes back. */
export class ContainerChangeLog<Change> {
  private kept: { readonly change: Change; readonly bytes: number }[] = [];
  private keptBytes = 0;
  private last = 0;

  /** What is true up to and including this change is what a snapshot taken now says. */
  get sequence(): number {
    return this.last;
  }

  /**
   * @param make the change with its number
   * @param bytes its size, roughly
   */
  add(make: (sequence: number) => Change, bytes: number): Change {
    const change = make(++this.last);
    this.kept.push({ change, bytes });
    this.keptBytes += bytes;
    while (
      this.kept.length > LIMITS.containerChangesKept ||
      this.keptBytes > LIMITS.containerChangesKeptBytes
    )
      this.keptBytes -= this.kept.shift()?.bytes ?? 0;
    return change;
  }

  /** Everything changed: who comes back needs a snapshot. */
  reset(): void {
    this.last++;
    this.kept = [];
    this.keptBytes = 0;
  }

  /** All changes after that one; `undefined` where some are not kept any more, or it never was. */
  since(sequence: number): readonly Change[] | undefined {
    const missed = this.last - sequence;
    if (missed < 0 || missed > this.kept.length) return undefined;
    return this.kept.slice(this.kept.length - missed).map(({ change }) => change);
  }
}

/** What a client does with a part of a snapshot or a change. */
export type ContainerNews =
  | { readonly kind: 'listed'; readonly containers: ReadonlyMap<ContainerId, Container> }
  | {
      readonly kind: 'changed';
      readonly updated: readonly Container[];
      readonly removed: readonly ContainerId[];
    }
  /** Parts of a snapshot are still to come, or a change it has already. */
  | { readonly kind: 'nothing' }
  /** A number was missed: send `request_state`, once. */
  | { readonly kind: 'outOfSequence' };

/** The client's side: puts the parts of snapshots together, and watches that no change is missed. */
export class ContainerSequence {
  private parts:
    { readonly sequence: number; readonly containers: Map<ContainerId, Container>; next: number } | undefined;
  private last: number | undefined;
  private isAsking = false;

  /** For `resume`: the last snapshot or change applied. */
  get sequence(): number | undefined {
    return this.last;
  }

  /** A new connection begins; the parts of a snapshot that came on the old one are worth nothing. */
  reconnected(): void {
    this.parts = undefined;
    this.isAsking = false;
  }

  takeSnapshot({ sequence, part, last, containers }: InitialStateData): ContainerNews {
    if (part === 0) this.parts = { sequence, containers: new Map(), next: 0 };
    const parts = this.parts;
    if (parts?.sequence !== sequence || parts.next !== part) return this.ask();
    for (const container of containers) parts.containers.set(container.id, container);
    parts.next++;
    if (!last) return { kind: 'nothing' };
    this.parts = undefined;
    this.isAsking = false;
    this.last = sequence;
    return { kind: 'listed', containers: parts.containers };
  }

  takeChange({ sequence, updated, removed }: ContainerChangeData): ContainerNews {
    if (this.last === undefined || sequence <= this.last) return { kind: 'nothing' };
    if (sequence !== this.last + 1) return this.ask();
    this.last = sequence;
    return { kind: 'changed', updated, removed };
  }

  private ask(): ContainerNews {
    this.parts = undefined;
    if (this.isAsking) return { kind: 'nothing' };
    this.isAsking = true;
    return { kind: 'outOfSequence' };
  }
}
