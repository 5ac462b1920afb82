import type { DeploymentSource } from '../../model/deployment';
import type { LayerProgress } from '../../engine/deployEngine';
import { StepFailedError } from '../failure';
import type { Step } from '../step';
import { PullProgress } from './pullProgress';
import { explainPull } from './pullFailure';
import { registryOf, RegistrySignIns } from './registrySignIns';

type ImageSource = Extract<DeploymentSource, { readonly kind: 'image' }>;

/** What happens once for each layer; the rest is progress. */
const TOLD: ReadonlySet<string> = new Set(['Pull complete', 'Already exists', 'Download complete']);

/** Pulls the image as its source says; resolves with its id. */
export async function obtainImage(step: Step, { image, pull }: ImageSource): Promise<string> {
  await step.enter('pulling_image', `Looking for ${image}.`);
  const known = pull === 'always' ? undefined : await step.engine.inspectImage(image, step.signal);
  if (known) {
    step.log('system', `The image ${image} is there: ${known.id}`);
    return known.id;
  }
  if (pull === 'never')
    throw new StepFailedError(`The image ${image} is not on this host, and it is not to be pulled.`);
  await pullImage(step, image);
  const pulled = await step.engine.inspectImage(image, step.signal);
  if (!pulled) throw new StepFailedError(`The image ${image} was pulled, but the engine does not have it.`);
  return pulled.id;
}

async function pullImage(step: Step, image: string): Promise<void> {
  step.progress(0, `Pulling ${image}.`);
  const registry = registryOf(image);
  const signIn = await new RegistrySignIns(step).of(registry);
  const sum = new PullProgress();
  try {
    await step.engine.pull(image, signIn, (progress) => tell(step, sum, progress), step.signal);
  } catch (error) {
    step.signal.throwIfAborted();
    throw explainPull(error, { image, registry, hasSignIn: signIn !== undefined });
  }
}

function tell(step: Step, sum: PullProgress, progress: LayerProgress): void {
  const { layer, status, totalBytes } = progress;
  const fraction = sum.take(progress);
  step.progress(fraction, sum.text === '' ? undefined : `Pulled: ${sum.text}.`);
  if (layer !== '' && !TOLD.has(status)) return;
  if (totalBytes === undefined || TOLD.has(status))
    step.log('stdout', layer === '' ? status : `${layer}: ${status}`);
}
