import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BuildFailedError } from '../../engine/deployEngine';
import { StepFailedError } from '../failure';
import { runProgram } from '../runProgram';
import type { Step } from '../step';
import type { BuildInput } from './buildInput';
import { BuildkitProgress } from './buildkitProgress';
import { cliEnvironment } from './cliEnvironment';
import { GuardedContext } from './guardedContext';

const BUILD_DEADLINE_MS = 4 * 60 * 60 * 1000;
const PROBE_DEADLINE_MS = 10_000;
/** Newer versions write all that happened in a moment as one line, with what the steps wrote. */
const LONGEST_MESSAGE = 8 * 1024 * 1024;
/** The first version of buildx that writes its progress as JSON. */
const FIRST_RAWJSON = { major: 0, minor: 13 };
/** Names that would change the program itself if they stood in its environment. */
const OWN_VARIABLES = /^(?:PATH|HOME|LD_.*|DYLD_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|SSH_.*|NODE_.*|TMPDIR)$/i;

/** Whether the docker CLI of this machine has BuildKit, in a version that tells its progress. */
export async function hasBuildkit({ tools, signal, engine }: Step): Promise<boolean> {
  if (!engine.info || engine.info.product === 'Libpod') return false;
  try {
    const { exitCode, output } = await runProgram({
      command: tools.docker,
      args: ['buildx', 'version'],
      environment: tools.environment,
      deadlineMs: PROBE_DEADLINE_MS,
      signal,
    });
    return exitCode === 0 && tellsJson(output);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Reads `github.com/docker/buildx v0.24.0 …`. */
export function tellsJson(versionText: string): boolean {
  const match = /\bv?(\d+)\.(\d+)\.\d+/.exec(versionText);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > FIRST_RAWJSON.major || minor >= FIRST_RAWJSON.minor;
}

export async function buildWithBuildkit(step: Step, input: BuildInput, tag: string): Promise<string> {
  const { build = {} } = step.spec;
  const { dockerfile = 'Dockerfile', target, args = {}, secretArgs = [] } = build;
  const secrets = secretEnvironment(args, secretArgs);
  const plainArgs = Object.entries(args).filter(([name]) => !secretArgs.includes(name));
  const context = 'folder' in input ? input.folder : '-';
  const handedOver = 'archive' in input ? new GuardedContext(input.archive) : undefined;
  const progress = new BuildkitProgress();
  const { exitCode } = await runProgram({
    command: step.tools.docker,
    args: [
      ...['buildx', 'build', '--progress=rawjson', '--load', '--tag', tag],
      ...['--file', 'folder' in input ? join(input.folder, dockerfile) : dockerfile],
      ...(target === undefined ? [] : ['--target', target]),
      ...plainArgs.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      // Without a value the program takes it from its environment, which nobody else can read.
      ...secretArgs.flatMap((name) => ['--build-arg', name, '--secret', `id=${name},env=${name}`]),
      context,
    ],
    environment: { ...environmentOf(step), ...secrets },
    ...(handedOver && { input: Readable.from(handedOver.read(), { objectMode: false }) }),
    deadlineMs: BUILD_DEADLINE_MS,
    signal: step.signal,
    longestLine: LONGEST_MESSAGE,
    onLine: (stream, text) => {
      if (stream === 'stdout') {
        step.log(stream, text);
        return;
      }
      const output = progress.take(text);
      for (const line of output.lines) step.log(line.stream, line.text);
      if (output.step) step.progress(output.step.fraction, output.step.message);
    },
  });
  if (exitCode !== 0) {
    handedOver?.throwIfUnreadable();
    throw buildFailure(progress.failure, exitCode);
  }
  // What the engine calls it: a builder in a container of its own has another name for it.
  const image = await step.engine.inspectImage(tag, step.signal);
  if (!image) throw new StepFailedError('The image was built, but the engine does not have it.');
  return image.id;
}

function environmentOf(step: Step): NodeJS.ProcessEnv {
  const { info } = step.engine;
  return info ? cliEnvironment(step.tools.environment, info) : step.tools.environment;
}

function secretEnvironment(
  args: Readonly<Record<string, string>>,
  secretArgs: readonly string[],
): Record<string, string> {
  const forbidden = secretArgs.find((name) => OWN_VARIABLES.test(name));
  if (forbidden !== undefined)
    throw new StepFailedError(`The secret build argument ${forbidden} can't be handed over under this name.`);
  return Object.fromEntries(secretArgs.map((name) => [name, args[name] ?? '']));
}

/** BuildKit tells the exit code of a command in its words only. */
function buildFailure(failure: string | undefined, exitCode: number): Error {
  const code = /exit code: (\d+)/.exec(failure ?? '')?.[1];
  if (failure !== undefined)
    return new BuildFailedError(failure, code === undefined ? undefined : Number(code));
  return new StepFailedError('The build failed. The log says why.', { exitCode });
}
