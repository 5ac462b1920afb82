import type { DeployChoice } from './deployFiles';
import type { DeploymentPlace } from './place';

const MOST_REMEMBERED = 50;

/**
 * What this window packed for hosts that are other machines. They don't keep it, so that only from here it can be deployed
 * again: packed anew, with the env files of then. No secret that was read for it is kept.
 */
export class HandedOver {
  private readonly choices = new Map<string, DeployChoice>();

  remember(place: DeploymentPlace, choice: DeployChoice): void {
    this.choices.set(keyOf(place), choice);
    const [oldest] = this.choices.keys();
    if (this.choices.size > MOST_REMEMBERED && oldest !== undefined) this.choices.delete(oldest);
  }

  choiceOf(place: DeploymentPlace): DeployChoice | undefined {
    return this.choices.get(keyOf(place));
  }
}

function keyOf({ hostId, id }: DeploymentPlace): string {
  return `${hostId}/${id}`;
}
