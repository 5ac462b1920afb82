import { assertNever } from '../base/errors';
import { buildImage } from './build/buildImage';
import { StepFailedError } from './failure';
import { imageTag } from './naming';
import { fetchGit } from './sources/gitSource';
import { obtainImage } from './sources/imageSource';
import type { Step } from './step';
import type { NewImage } from './swap';

/** Builds or pulls what is to run. Nothing that runs is touched. */
export async function obtain(step: Step): Promise<NewImage> {
  const { source, app } = step.spec;
  const tag = imageTag(app, step.id);
  switch (source.kind) {
    case 'image':
      return { id: await obtainImage(step, source), name: source.image };
    case 'git':
      return { id: await buildImage(step, { folder: await fetchGit(step, source) }, tag), name: tag };
    case 'folder': {
      const input = step.context ? { archive: step.context } : { folder: source.folder };
      return { id: await buildImage(step, input, tag), name: tag };
    }
    case 'compose':
      throw new StepFailedError('A Compose project is not made of one image.');
    default:
      return assertNever(source);
  }
}
