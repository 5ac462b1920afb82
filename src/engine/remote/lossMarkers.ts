import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { LogMarker } from '../../model/log';

/** Being away for less than this is not worth a line: only the return is told. */
const GRACE_MS = 2_000;

/** Tells the reader of a log once when the agent is out of reach, and once when reading goes on. */
export class LossMarkers implements Disposable {
  private isLost = false;
  private timer: Disposable | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (marker: LogMarker) => void,
  ) {}

  lost(reason: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.timer = this.clock.setTimer(() => this.tell({ kind: 'connectionLost', reason }), GRACE_MS);
  }

  returned(): void {
    if (!this.isLost) return;
    this.dispose();
    this.isLost = false;
    this.tell({ kind: 'reconnected' });
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
  }
}
