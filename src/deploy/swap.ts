import type { OldContainer } from './journal/journalRecord';
import { waitUntilWell } from './health';
import { LABELS, newName, oldName } from './naming';
import { findOld, hasNewInPlace, runName } from './oldContainers';
import { containerSecrets } from './containerSecrets';
import { StepFailedError } from './failure';
import type { Step } from './step';

export interface NewImage {
  readonly id: string;
  /** The name under which the container is made. */
  readonly name: string;
}

/**
 * Puts a container of the image in the place of the old ones, and waits until it is well. What it does is written down
 * before it does it, and each state in between shows in names and labels: the new container is made under a name of its
 * own, the old ones are stopped and renamed, and then the new one gets the name. The old ones are still there at the end.
 *
 * @param before those that were found when the deployment began
 */
export async function swapContainers(
  step: Step,
  image: NewImage,
  before: readonly OldContainer[],
): Promise<readonly OldContainer[]> {
  const { engine, spec, id } = step;
  const name = runName(spec);
  const old = withEarlierRuns(await findOld(engine, spec, id), before);
  step.signal.throwIfAborted();
  await step.intent({ step: 'swap', name, imageId: image.id, old });
  await step.enter('stopping_old', old.length === 0 ? 'Nothing to stop.' : 'Stopping the old version.');
  const container = await createNew(step, image, newName(name, id));
  step.signal.throwIfAborted();
  for (const one of old) await putAside(step, one);
  await step.enter('starting_new', 'Starting the new version.');
  await engine.renameContainer(container, name);
  step.signal.throwIfAborted();
  await startNew(step, container);
  await step.enter('health_check', 'Watching the new version.');
  await waitUntilWell(step, container);
  await step.intent({ step: 'healthy', imageId: image.id });
  return old;
}

/** One that ran when the deployment began was meant to run, though the engine may have been restarted since. */
function withEarlierRuns(
  now: readonly OldContainer[],
  before: readonly OldContainer[],
): readonly OldContainer[] {
  const ran = new Set(before.filter(({ wasRunning }) => wasRunning).map(({ id }) => id));
  return now.map((one) => ({ ...one, wasRunning: one.wasRunning || ran.has(one.id) }));
}

async function createNew(step: Step, image: NewImage, name: string): Promise<string> {
  const { engine, spec, id, journal } = step;
  const labels = { [LABELS.app]: spec.app, [LABELS.deployment]: id, [LABELS.journal]: journal };
  const make = (imageName: string): Promise<string> =>
    engine.createContainer({ name, image: imageName, run: spec.run ?? {}, health: spec.health, labels });
  const made = await make(image.name);
  const details = await engine.inspectContainer(made);
  if (!details) throw new StepFailedError('The new container was removed by somebody else.');
  step.redactor.add(await containerSecrets(engine, [details]));
  if (details.imageId === image.id) return made;
  // The name was given to another image just now.
  await engine.removeContainer(made);
  return make(image.id);
}

async function putAside(step: Step, { id, name }: OldContainer): Promise<void> {
  step.log('system', `Stopping ${name}.`);
  await step.engine.stopContainer(id);
  await step.engine.renameContainer(id, oldName(name, step.id));
  step.signal.throwIfAborted();
}

async function startNew(step: Step, container: string): Promise<void> {
  step.log('system', `Starting ${runName(step.spec)}.`);
  await step.engine.startContainer(container);
}

/**
 * Takes away what the new version replaced, if that is in its place. The anonymous volumes of a container that somebody
 * else made may hold what nobody has anywhere else: they stay.
 */
export async function removeOld(step: Step, old: readonly OldContainer[]): Promise<void> {
  if (old.length === 0) return;
  if (!(await hasNewInPlace(step))) {
    step.log('system', `No container of this deployment is called ${runName(step.spec)}: the old one stays.`);
    return;
  }
  for (const { id, name } of old) {
    const container = await step.engine.inspectContainer(id);
    if (!container) continue;
    const isOwn = container.labels[LABELS.app] !== undefined;
    await step.engine.removeContainer(id, isOwn ? undefined : 'kept');
    step.log('system', `Removed the old ${name}${isOwn ? '' : ', not its anonymous volumes'}.`);
  }
}
