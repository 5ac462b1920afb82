import { mkdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type ExtractOptions } from 'tar-fs';
import { parse } from 'yaml';
import type { DeploymentSource } from '../model/deployment';
import { cliEnvironment } from './build/cliEnvironment';
import { ComposeContainers, PROJECT_LABEL } from './composeContainers';
import { ComposeOutput } from './composeOutput';
import { StepFailedError } from './failure';
import { KeptFolder } from './sources/keptFolder';
import { composeProject } from './naming';
import { runProgram, type Program } from './runProgram';
import type { Step } from './step';

const DEADLINE_MS = 4 * 60 * 60 * 1000;
const PROBE_DEADLINE_MS = 10_000;
/** What a builder says when a step begins: `#5 [web 2/2] RUN make`, `Step 2/2 : RUN make`. */
const BUILD_STEP = /^(?:#\d+ )?(\[[^\]]*\d+\/\d+\] .+|Step \d+\/\d+ : .+)$/;

type ComposeSource = Extract<DeploymentSource, { readonly kind: 'compose' }>;

/**
 * Has Compose build and pull everything, and only then change the project's containers. What it replaced it removed itself:
 * it can't be put back, which a failure from there on says. What was handed over is built where it was unpacked, and runs
 * where it stays: so a build that fails changes no file that a container has mounted.
 */
export async function deployCompose(step: Step, source: ComposeSource): Promise<void> {
  const compose = new Compose(step, source, await folderOf(step, source));
  await compose.find();
  const containers = new ComposeContainers(step, compose.project, compose.services);
  await step.intent({ step: 'begin', old: await containers.look() });
  await step.enter('building_image', 'Building and pulling the images.');
  await compose.pull(await compose.images());
  step.progress(0.3);
  await compose.run(['build', ...compose.services]);
  step.progress(1);
  step.signal.throwIfAborted();
  await step.intent({ step: 'compose' });
  await step.enter('starting_new', 'Compose changes the containers of the project.');
  if (step.context) await compose.keep();
  await compose.up();
  await step.enter('health_check', 'Watching the new version.');
  await containers.waitUntilWell();
}

/** A folder of this machine, or what was handed over, unpacked. */
async function folderOf(step: Step, { folder }: ComposeSource): Promise<string> {
  if (!step.context) {
    if (!isAbsolute(folder)) throw new StepFailedError(`The folder ${folder} is no absolute path.`);
    return folder;
  }
  const unpacked = join(await step.workFolder(), 'project');
  await mkdir(unpacked, { recursive: true });
  // Modes as they are, whatever this process takes from new files: containers of other users read them.
  // A link may lead anywhere on the machine that runs it; nothing is unpacked through one.
  const options: ExtractOptions & { readonly umask: number; readonly validateSymlinks: boolean } = {
    umask: 0,
    validateSymlinks: false,
  };
  const writing = extract(unpacked, options);
  await pipeline(Readable.from(step.context(), { objectMode: false }), writing, { signal: step.signal });
  return unpacked;
}

class Compose {
  private program: readonly string[] = [];

  constructor(
    private readonly step: Step,
    private readonly source: ComposeSource,
    private folder: string,
  ) {}

  get services(): readonly string[] {
    return this.source.services ?? [];
  }

  get project(): string {
    return composeProject(this.step.spec.app, this.source);
  }

  /** From here on the project's folder is the one that stays. */
  async keep(): Promise<void> {
    const { step } = this;
    const place = new KeptFolder(await step.projectPath(this.project));
    for (const path of await place.take(this.folder))
      step.log('system', `${path} was changed on this machine, and is left as it is.`);
    this.folder = place.path;
  }

  /** Version 2 is a part of the docker CLI, version 1.29 a program of its own. */
  async find(): Promise<void> {
    const { docker, dockerCompose, environment } = this.step.tools;
    for (const program of [[docker, 'compose'], [dockerCompose]]) {
      const [command = '', ...args] = program;
      const probe = { command, args: [...args, 'version'], environment, deadlineMs: PROBE_DEADLINE_MS };
      const end = await runProgram({ ...probe, signal: this.step.signal }).catch(() => undefined);
      this.step.signal.throwIfAborted();
      if (end?.exitCode !== 0) continue;
      this.program = program;
      return;
    }
    throw new StepFailedError(
      'Docker Compose is not installed on this machine. Install it and deploy again.',
    );
  }

  /**
   * The images of the services that are not built, from the file as Compose reads it. Version 1 tells them in its whole
   * configuration only, which is for nobody else: it has the values of the environment in it.
   *
   * @throws StepFailedError if the file is not as it has to be
   */
  async images(): Promise<readonly string[]> {
    const text = await this.read(['config']);
    const services = asRecord(asRecord(parse(text))['services']);
    const names = this.services.length > 0 ? this.services : Object.keys(services);
    return names.flatMap((name) => {
      const { image, build } = asRecord(services[name]);
      return typeof image === 'string' && build === undefined ? [image] : [];
    });
  }

  /**
   * Pulls what can be pulled. Images that are in no registry will do where the engine has them; version 2 says that all is
   * well in any case.
   *
   * @throws StepFailedError if it has not
   */
  async pull(images: readonly string[]): Promise<void> {
    const { step } = this;
    const { exitCode, output } = await this.runProgram(['pull', '--ignore-pull-failures', ...this.services]);
    for (const image of images)
      if (!(await step.engine.inspectImage(image, step.signal)))
        throw output.failure(`pull ${image}`, exitCode);
    if (exitCode !== 0)
      step.log('system', 'Not every image could be pulled. Those that are here already are used.');
  }

  private programFor(args: readonly string[]): Program {
    const { step, source, folder } = this;
    const [command = '', ...first] = this.program;
    const files = source.files.flatMap((file) => ['--file', file]);
    return {
      command,
      args: [...first, '--project-name', this.project, ...files, ...args],
      folder,
      environment: { ...this.environment(), COMPOSE_ANSI: 'never', COMPOSE_PROGRESS: 'plain' },
      deadlineMs: DEADLINE_MS,
      signal: step.signal,
    };
  }

  /** @throws StepFailedError with the last lines it wrote */
  async run(args: readonly string[]): Promise<void> {
    const { exitCode, output } = await this.runProgram(args);
    if (exitCode !== 0) throw output.failure(args[0] ?? 'run', exitCode);
  }

  /** @returns what it wrote to its standard output, which is not logged */
  private async read(args: readonly string[]): Promise<string> {
    const { exitCode, output, text } = await this.runProgram(args, ['stderr']);
    if (exitCode !== 0) throw output.failure(args[0] ?? 'run', exitCode);
    return text;
  }

  private async runProgram(
    args: readonly string[],
    logged: readonly ('stdout' | 'stderr')[] = ['stdout', 'stderr'],
  ): Promise<{ readonly exitCode: number; readonly output: ComposeOutput; readonly text: string }> {
    const { step } = this;
    const output = new ComposeOutput();
    const end = await runProgram({
      ...this.programFor(args),
      onLine: (stream, text) => {
        if (text.trim() === '' || !logged.includes(stream)) return;
        step.log(stream, text);
        const message = BUILD_STEP.exec(text)?.[1];
        if (message !== undefined) step.progress(0, message);
        output.take(stream, step.redactor.redact(text));
      },
    });
    return { exitCode: end.exitCode, output, text: end.output };
  }

  /** Progress comes from the engine's events: Compose's own output differs with every version. */
  async up(): Promise<void> {
    const { step } = this;
    const started = new Set<string>();
    const watch = step.engine.onEvent(({ containerId, action, labels }) => {
      if (action !== 'start' || labels[PROJECT_LABEL] !== this.project) return;
      started.add(containerId);
      step.progress(started.size / (started.size + 1), `Started ${labels['name'] ?? containerId}.`);
    });
    try {
      await this.run(['up', '--detach', '--no-build', ...this.services]);
    } finally {
      watch.dispose();
    }
  }

  private environment(): NodeJS.ProcessEnv {
    const { info } = this.step.engine;
    const { environment } = this.step.tools;
    return info ? cliEnvironment(environment, info) : environment;
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
