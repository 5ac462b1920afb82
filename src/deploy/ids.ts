import { randomBytes } from 'node:crypto';
import type { DeploymentId } from '../model/deployment';

/** Nine digits of base 36 hold milliseconds until the year 5188. */
const TIME_DIGITS = 9;

/** Makes ids that sort by time, also among those of one millisecond, and are safe in file names, tags and URLs. */
export class DeploymentIds {
  private lastMs = 0;

  next(nowMs: number): DeploymentId {
    this.lastMs = Math.max(nowMs, this.lastMs + 1);
    return `${this.lastMs.toString(36).padStart(TIME_DIGITS, '0')}-${randomBytes(4).toString('hex')}`;
  }
}
