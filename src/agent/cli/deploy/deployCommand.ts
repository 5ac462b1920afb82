import type { Command } from 'commander';
import { deferred } from '../../../base/async';
import { messageOf } from '../../../base/errors';
import { folderContext } from '../../../deploy/sources/folderContext';
import type { ContextArchive, Deployments } from '../../../engine/deployments';
import type { Deployment, DeploymentEntry, DeploymentSpec } from '../../../model/deployment';
import { EXIT_CODES } from '../exitCodes';
import type { CliIo } from '../io';
import { STATE_FLAG, STATE_HELP, stateFolder } from '../stateOption';
import { openDeployer } from './openDeployer';
import { readSpec } from './readSpec';

interface DeployOptions {
  readonly app?: string;
  readonly state?: string;
}

/** @param exit receives the exit code */
export function registerDeployCommand(program: Command, io: CliIo, exit: (code: number) => void): void {
  program
    .command('deploy')
    .description('deploy an app of a quaywatch.json on this machine, and show how it goes')
    .argument('<app|file>', 'an app of the quaywatch.json in this folder, or such a file')
    .option('--app <name>', 'the app, where the file has several')
    .option(STATE_FLAG, STATE_HELP)
    .action(async (appOrFile: string, options: DeployOptions) => {
      const spec = await readSpec(appOrFile, options.app, io.env);
      const deployer = await openDeployer(stateFolder(options.state, io), io);
      try {
        exit(await deploy(deployer.deployments, spec, deployer.isAgent, io));
      } finally {
        await deployer.close();
      }
    });
}

async function deploy(
  deployments: Deployments,
  spec: DeploymentSpec,
  isAgent: boolean,
  io: CliIo,
): Promise<number> {
  const context = contextOf(spec);
  // In this process a folder is read where it is.
  const { id } = await deployments.start({ spec, ...(isAgent && context && { context }) });
  const over = deferred<Deployment | undefined>();
  let newest: Deployment | undefined;
  const interrupted = interrupts(
    () => io.err('The deployment goes on. Press Ctrl-C once more to cancel it.'),
    () => deployments.cancel(id).catch((error: unknown) => io.err(messageOf(error))),
  );
  const following = deployments.follow(id, 0, {
    entries: (entries) => {
      for (const entry of entries) newest = show(entry, newest, io);
    },
    ended: (error) => (error ? over.reject(error) : over.resolve(newest)),
  });
  try {
    return exitCodeOf(await over.promise, io);
  } finally {
    following.dispose();
    interrupted();
  }
}

function contextOf({ source, build }: DeploymentSpec): ContextArchive | undefined {
  if (source.kind !== 'folder' && source.kind !== 'compose') return undefined;
  return folderContext(source.folder, build?.dockerfile);
}

/** The log goes to the standard output, what it is doing to the standard error. */
function show(entry: DeploymentEntry, before: Deployment | undefined, io: CliIo): Deployment | undefined {
  if (entry.kind === 'log') {
    io.out(entry.text);
    return before;
  }
  const { deployment } = entry;
  const isNews = before?.stage !== deployment.stage || before.message !== deployment.message;
  if (isNews)
    io.err(
      `[${String(Math.floor(deployment.progress)).padStart(3)}%] ${deployment.stage}: ${deployment.message}`,
    );
  return deployment;
}

function exitCodeOf(deployment: Deployment | undefined, io: CliIo): number {
  if (deployment?.status === 'success') return EXIT_CODES.ok;
  if (deployment?.status === 'cancelled') return EXIT_CODES.cancelled;
  io.err(`It failed: ${deployment?.failure?.message ?? deployment?.message ?? 'nothing is known of it'}`);
  return EXIT_CODES.deploymentFailed;
}

/** @returns a way to stop listening */
function interrupts(first: () => void, second: () => unknown): () => void {
  let count = 0;
  const take = (): void => {
    count += 1;
    if (count === 1) first();
    else void second();
  };
  process.on('SIGINT', take);
  return () => process.off('SIGINT', take);
}
