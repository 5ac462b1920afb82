import { StepFailedError } from '../failure';
import { folderContext } from '../sources/folderContext';
import { RegistrySignIns } from '../sources/registrySignIns';
import type { Step } from '../step';
import { buildWithBuildkit, hasBuildkit } from './buildkit';
import { classicStep, stepContainer } from './classicProgress';
import type { BuildInput } from './buildInput';

/** Builds the image under this name; resolves with its id. */
export async function buildImage(step: Step, input: BuildInput, tag: string): Promise<string> {
  await step.enter('building_image', 'Building the image.');
  if (await hasBuildkit(step)) return buildWithBuildkit(step, input, tag);
  return buildClassically(step, input, tag);
}

async function buildClassically(step: Step, input: BuildInput, tag: string): Promise<string> {
  const { build = {} } = step.spec;
  const { dockerfile = 'Dockerfile', target, args = {} } = build;
  const archive = 'archive' in input ? input.archive : folderContext(input.folder, dockerfile);
  const registries = await new RegistrySignIns(step).all();
  let failure: unknown;
  const context = guard(archive(), (error) => (failure = error));
  const request = { context, dockerfile, tag, args, registries, ...(target !== undefined && { target }) };
  try {
    return await step.engine.build(request, lineTaker(step), step.signal);
  } catch (error) {
    step.signal.throwIfAborted();
    // A context that can't be read breaks the request; why it could not is the news.
    if (failure instanceof StepFailedError) throw failure;
    throw error;
  }
}

async function* guard(
  chunks: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of chunks) yield chunk;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** Joins what the builder says to lines: it hands over parts of them. */
function lineTaker(step: Step): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const at = classicStep(line);
      if (at) step.progress(at.fraction, at.message);
      const container = stepContainer(line);
      if (container !== undefined) step.buildsIn(container);
      step.log('stdout', line);
    }
  };
}
