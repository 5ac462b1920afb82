import { messageOf } from '../../base/errors';
import { EngineError } from '../../engine/engine';
import { StepFailedError } from '../failure';
import { DOCKER_HUB } from './registrySignIns';

export interface PullAttempt {
  readonly image: string;
  /** As Docker's configuration calls it. */
  readonly registry: string;
  /** A sign-in was sent along. */
  readonly hasSignIn: boolean;
}

/** What engines and registries say, in this order: a registry that hides what it has says both of the first two. */
const UNKNOWN = /manifest unknown|name unknown|not found|no such (?:image|manifest)/i;
const REFUSED =
  /no basic auth credentials|unauthorized|authentication required|access denied|denied: |forbidden|incorrect username or password/i;
const AWAY =
  /connection refused|no such host|i\/o timeout|network is unreachable|Client\.Timeout|no route to host/i;

/** Why an image could not be pulled and what to do, where the engine's words tell; else what was thrown. */
export function explainPull(error: unknown, attempt: PullAttempt): unknown {
  if (!(error instanceof EngineError)) return error;
  const said = messageOf(error).replace(/^Could not pull the image: /, '');
  const sentence = sentenceFor(said, attempt);
  return sentence === undefined ? error : new StepFailedError(`${sentence} The engine says: ${said}`);
}

function sentenceFor(said: string, { image, registry, hasSignIn }: PullAttempt): string | undefined {
  const isHub = registry === DOCKER_HUB;
  const name = isHub ? 'Docker Hub' : `The registry ${registry}`;
  const signIn = `Run "docker login${isHub ? '' : ` ${registry}`}" on the machine that deploys, and deploy again.`;
  // Docker Hub says the same of what is not there and of what is private.
  if (/may require 'docker login'/.test(said))
    return `${name} has no image ${image}, or gives it only to those it knows. Check the name, or: ${signIn}`;
  if (REFUSED.test(said))
    return hasSignIn
      ? `${name} refused the sign-in that Docker keeps for it. ${signIn}`
      : `${name} wants a sign-in, and Docker keeps none for it. ${signIn}`;
  if (UNKNOWN.test(said)) return `${name} has no image ${image}. Check name and tag, and deploy again.`;
  return AWAY.test(said)
    ? `${name} can't be reached. Check the name and the network of the host.`
    : undefined;
}
