import type { Clock } from '../../../base/clock';
import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { Deployments } from '../../../engine/deployments';
import type { Deployment, DeploymentId } from '../../../model/deployment';
import { LIMITS } from '../../../protocol/limits';
import type { EventAction, EventData } from '../../../protocol/messages';
import type { ControlOutlet } from '../containerFeed';

/** Changes wait while more than this is to be sent; of each deployment then only the newest state counts. */
const AHEAD_BYTES = 1_048_576;

type EncodeEvent = <Action extends EventAction>(action: Action, data: EventData<Action>) => string;

/** What one connection is told of the deployments it watches: a list, then what differs from what was told. */
export class DeploymentFeed implements Disposable {
  private readonly store = new DisposableStore();
  private told: Map<DeploymentId, Deployment> | undefined;
  private timer: Disposable | undefined;
  private isChangeDue = false;

  constructor(
    private readonly deployments: Pick<Deployments, 'current' | 'onDidChange' | 'watch'>,
    private readonly outlet: ControlOutlet,
    private readonly encode: EncodeEvent,
    private readonly clock: Clock,
  ) {
    this.store.add(deployments.onDidChange(() => this.changed()));
    this.store.add(deployments.watch());
    this.changed();
  }

  /** To be called when what waited was sent. */
  proceed(): void {
    if (this.isChangeDue && this.timer === undefined) this.tell();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
    this.store.dispose();
  }

  private changed(): void {
    if (this.store.isDisposed) return;
    if (this.told === undefined) {
      this.sendList();
      return;
    }
    this.isChangeDue = true;
    this.timer ??= this.clock.setTimer(() => {
      this.timer = undefined;
      this.tell();
    }, LIMITS.deploymentChangeDelayMs);
  }

  private sendList(): void {
    const { current } = this.deployments;
    if (current === undefined) return;
    this.told = new Map(current);
    const parts = inParts([...current.values()]);
    for (const [part, deployments] of parts.entries()) {
      const last = part === parts.length - 1;
      this.outlet.sendControl(this.encode('deployment_list', { part, last, deployments }));
    }
  }

  private tell(): void {
    const { current } = this.deployments;
    if (this.outlet.waitingControlBytes >= AHEAD_BYTES || current === undefined || !this.told) return;
    this.isChangeDue = false;
    const { told } = this;
    const updated = [...current.values()].filter((deployment) => told.get(deployment.id) !== deployment);
    const removed = [...told.keys()].filter((id) => !current.has(id));
    this.told = new Map(current);
    if (updated.length + removed.length === 0) return;
    for (const [index, part] of inParts(updated).entries()) {
      const data = { updated: part, removed: index === 0 ? removed : [] };
      this.outlet.sendControl(this.encode('deployment_state_change', data));
    }
  }
}

/** At least one, which may be empty. */
function inParts(deployments: readonly Deployment[]): readonly (readonly Deployment[])[] {
  const parts: Deployment[][] = [];
  for (let start = 0; start === 0 || start < deployments.length; start += LIMITS.deploymentsPerPart)
    parts.push(deployments.slice(start, start + LIMITS.deploymentsPerPart));
  return parts;
}
