import { access, mkdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { DeploymentSource } from '../../model/deployment';
import { splitRepository } from '../../model/repositoryAddress';
import { StepFailedError } from '../failure';
import { runProgram } from '../runProgram';
import type { Step } from '../step';
import { gitFraction } from './gitProgress';

const DEADLINE_MS = 30 * 60 * 1000;
const FETCHED = 0.9;
const LOCAL_SCHEME = /^file:\/\//i;
const FULL_COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/i;

type GitSource = Extract<DeploymentSource, { readonly kind: 'git' }>;

/** Fetches the source; resolves with the folder to build. */
export async function fetchGit(step: Step, source: GitSource): Promise<string> {
  await step.enter('cloning_repo', 'Fetching the repository.');
  const folder = join(await step.workFolder(), 'source');
  await mkdir(folder, { recursive: true });
  const git = new Git(step, source, folder);
  await git.run(['init', '--quiet', '--template=']);
  await git.run(['remote', 'add', 'origin', splitRepository(source.repository).plain]);
  await git.fetch();
  await git.run(['checkout', '--quiet', '--detach', 'FETCH_HEAD']);
  const commit = (await git.run(['rev-parse', 'HEAD'])).trim();
  step.log('system', `Commit ${commit}`);
  await step.know({ commit });
  step.progress(FETCHED);
  if (await exists(join(folder, '.gitmodules')))
    await git.run(['submodule', 'update', '--init', '--recursive', '--depth', '1', '--progress']);
  step.progress(1);
  return insideOf(folder, source.folder ?? '.');
}

class Git {
  constructor(
    private readonly step: Step,
    private readonly source: GitSource,
    private readonly folder: string,
  ) {}

  /** As little as possible: one commit. Some servers give a commit only with the history that leads to it. */
  async fetch(): Promise<void> {
    const { ref = 'HEAD' } = this.source;
    const fetch = ['fetch', '--no-tags', '--no-recurse-submodules', '--progress'];
    try {
      await this.run([...fetch, '--depth', '1', '--', 'origin', ref]);
    } catch (error) {
      this.step.signal.throwIfAborted();
      if (!(error instanceof StepFailedError) || !FULL_COMMIT.test(ref)) throw error;
      this.step.log('system', 'The server does not give this commit alone: fetching the history.');
      await this.run([...fetch, '--', 'origin', '+refs/heads/*:refs/remotes/origin/*']);
      await this.run(['update-ref', 'FETCH_HEAD', ref]);
    }
  }

  /** @throws StepFailedError with Git's own words */
  async run(args: readonly string[]): Promise<string> {
    const { step } = this;
    const complaints: string[] = [];
    const { exitCode, output } = await runProgram({
      command: step.tools.git,
      args: ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', ...args],
      folder: this.folder,
      environment: this.environment(),
      deadlineMs: DEADLINE_MS,
      signal: step.signal,
      onLine: (stream, text, isLasting) => {
        const fraction = gitFraction(text);
        if (fraction !== undefined) step.progress(fraction * FETCHED);
        if (stream !== 'stderr' || !isLasting || text.trim() === '') return;
        if (fraction === undefined) complaints.push(text.trim());
        step.log('stderr', text);
      },
    });
    if (exitCode === 0) return output;
    throw new StepFailedError(explain(args[0] ?? '', complaints, this.source), { exitCode });
  }

  /**
   * Asks nobody. The password of the address is handed over in the environment: on the command line everybody could read
   * it, and in `.git/config` the build could. Repositories may name submodules, but not on this machine's disk unless they
   * are there themselves, and no program to run.
   */
  private environment(): NodeJS.ProcessEnv {
    const { repository } = this.source;
    const isLocal =
      LOCAL_SCHEME.test(repository) || repository.startsWith('/') || /^[A-Za-z]:[\\/]/.test(repository);
    return {
      ...this.step.tools.environment,
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: isLocal ? 'file:git:http:https:ssh' : 'git:http:https:ssh',
      GIT_HTTP_LOW_SPEED_LIMIT: '1',
      GIT_HTTP_LOW_SPEED_TIME: '60',
      GIT_SSH_VARIANT: 'ssh',
      SSH_ASKPASS_REQUIRE: 'never',
      LC_ALL: 'C',
      ...signInEnvironment(repository),
    };
  }
}

/** Has Git use the address's sign-in for this very server, also for submodules that are there. */
export function signInEnvironment(repository: string): NodeJS.ProcessEnv {
  const { secretBase, plainBase } = splitRepository(repository);
  if (secretBase === undefined || plainBase === undefined) return {};
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.${secretBase}.insteadOf`,
    GIT_CONFIG_VALUE_0: plainBase,
  };
}

function explain(command: string, complaints: readonly string[], { ref }: GitSource): string {
  const text = complaints.join('\n');
  if (ref !== undefined && /couldn't find remote ref|not our ref|unadvertised object/i.test(text))
    return `The repository has no branch, tag or commit "${ref}".`;
  if (
    /terminal prompts disabled|Authentication failed|Permission denied|could not read (?:Username|Password)/i.test(
      text,
    )
  )
    return `The repository wants a sign-in that Git does not have: ${text} Sign in with Git on the machine that deploys.`;
  const said = text === '' ? '' : `: ${text}`;
  return command === 'fetch' ? `The repository can't be fetched${said}` : `git ${command} failed${said}`;
}

/** A folder of the repository; a link that leads out of it is none. */
async function insideOf(root: string, folder: string): Promise<string> {
  const realRoot = await realpath(root);
  const real = await realpath(join(root, folder)).catch(() => undefined);
  if (real === undefined) throw new StepFailedError(`The repository has no folder "${folder}".`);
  if (real === realRoot || real.startsWith(realRoot + sep)) return real;
  throw new StepFailedError(`The folder "${folder}" leads out of the repository.`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
