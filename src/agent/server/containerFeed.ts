import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerEngine, ContainersChange } from '../../engine/engine';
import type { Container, ContainerId } from '../../model/container';
import { ContainerChangeLog } from '../../protocol/containerSequence';
import { LIMITS } from '../../protocol/limits';
import type { EventAction, EventData } from '../../protocol/messages';

/** Parts of a snapshot are made while less than this waits to be sent. */
const SNAPSHOT_AHEAD_BYTES = 1_048_576;

/** Where a feed's messages go while its client is connected. */
export interface ControlOutlet {
  readonly waitingControlBytes: number;
  sendControl(text: string): void;
}

type EncodeEvent = <Action extends EventAction>(action: Action, data: EventData<Action>) => string;

interface Snapshot {
  readonly sequence: number;
  readonly containers: readonly Container[];
  sent: number;
  part: number;
}

/** What one session is told of its containers: a snapshot in parts, then numbered changes. */
export class ContainerFeed implements Disposable {
  private readonly store = new DisposableStore();
  private readonly changes = new ContainerChangeLog<string>();
  private outlet: ControlOutlet | undefined;
  private snapshot: Snapshot | undefined;

  constructor(
    private readonly engine: Pick<ContainerEngine, 'containers' | 'onDidChangeContainers'>,
    private readonly encode: EncodeEvent,
  ) {
    this.store.add(engine.onDidChangeContainers((change) => this.take(change)));
  }

  /** @param applied the last change the client has, if it comes back with one */
  attach(outlet: ControlOutlet, applied?: number): void {
    this.outlet = outlet;
    this.snapshot = undefined;
    const missed = applied === undefined ? undefined : this.changes.since(applied);
    if (missed === undefined) this.sendSnapshot();
    else for (const text of missed) outlet.sendControl(text);
  }

  detach(): void {
    this.outlet = undefined;
    this.snapshot = undefined;
  }

  /** Begins a snapshot, if there is a list already. */
  sendSnapshot(): void {
    const { containers } = this.engine;
    if (containers === undefined || this.outlet === undefined) return;
    this.snapshot = {
      sequence: this.changes.sequence,
      containers: [...containers.values()],
      sent: 0,
      part: 0,
    };
    this.proceed();
  }

  /** To be called when what waited was sent. */
  proceed(): void {
    while (this.snapshot && this.outlet && this.outlet.waitingControlBytes < SNAPSHOT_AHEAD_BYTES) {
      this.sendPart(this.snapshot, this.outlet);
    }
  }

  dispose(): void {
    this.detach();
    this.store.dispose();
  }

  private sendPart(snapshot: Snapshot, outlet: ControlOutlet): void {
    const { sequence, part, sent } = snapshot;
    const containers = snapshot.containers.slice(sent, sent + LIMITS.containersPerPart);
    snapshot.sent += containers.length;
    snapshot.part += 1;
    const last = snapshot.sent >= snapshot.containers.length;
    outlet.sendControl(this.encode('initial_state', { sequence, part, last, containers }));
    if (!last) return;
    this.snapshot = undefined;
    const missed = this.changes.since(sequence);
    if (missed === undefined) this.sendSnapshot();
    else for (const text of missed) outlet.sendControl(text);
  }

  private take(change: ContainersChange): void {
    if (change.kind === 'listed') {
      this.changes.reset();
      this.sendSnapshot();
      return;
    }
    const { containers, removed } = change;
    for (let start = 0; start === 0 || start < containers.length; start += LIMITS.containersPerPart) {
      const updated = containers.slice(start, start + LIMITS.containersPerPart);
      this.tell(updated, start === 0 ? removed : []);
    }
  }

  private tell(updated: readonly Container[], removed: readonly ContainerId[]): void {
    const sequence = this.changes.sequence + 1;
    const text = this.encode('container_state_change', { sequence, updated, removed });
    this.changes.add(() => text, text.length);
    // What happens during a snapshot follows it.
    if (this.snapshot === undefined) this.outlet?.sendControl(text);
  }
}
