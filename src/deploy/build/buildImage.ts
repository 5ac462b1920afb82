import { folderContext, requireFolder } from '../sources/folderContext';
import { RegistrySignIns } from '../sources/registrySignIns';
import type { Step } from '../step';
import { buildWithBuildkit, hasBuildkit } from './buildkit';
import { ClassicLines } from './classicLines';
import { classicStep, stepContainer } from './classicProgress';
import type { BuildInput } from './buildInput';
import { GuardedContext } from './guardedContext';

/** Builds the image under this name; resolves with its id. */
export async function buildImage(step: Step, input: BuildInput, tag: string): Promise<string> {
  await step.enter('building_image', 'Building the image.');
  if ('folder' in input) await requireFolder(input.folder);
  if (await hasBuildkit(step)) return buildWithBuildkit(step, input, tag);
  return buildClassically(step, input, tag);
}

async function buildClassically(step: Step, input: BuildInput, tag: string): Promise<string> {
  const { build = {} } = step.spec;
  const { dockerfile = 'Dockerfile', target, args = {} } = build;
  const archive = 'archive' in input ? input.archive : folderContext(input.folder, dockerfile);
  const registries = await new RegistrySignIns(step).all();
  const context = new GuardedContext(archive);
  const request = {
    context: context.read(),
    dockerfile,
    tag,
    args,
    registries,
    ...(target !== undefined && { target }),
  };
  const lines = new ClassicLines((stream, line) => takeLine(step, stream, line));
  try {
    return await step.engine.build(request, (text) => lines.push(text), step.signal);
  } catch (error) {
    step.signal.throwIfAborted();
    // A context that can't be read breaks the request; why it could not is the news.
    context.throwIfUnreadable();
    throw error;
  } finally {
    lines.finish();
  }
}

function takeLine(step: Step, stream: 'stdout' | 'stderr', line: string): void {
  const at = classicStep(line);
  if (at) step.progress(at.fraction, at.message);
  const container = stepContainer(line);
  if (container !== undefined) step.buildsIn(container);
  step.log(stream, line);
}
