import type { Command } from 'commander';
import { deferred } from '../../../base/async';
import { messageOf } from '../../../base/errors';
import type { Disposable } from '../../../base/lifecycle';
import { contextOf } from '../../../deploy/sources/folderContext';
import type { Deployments } from '../../../engine/deployments';
import { EngineError } from '../../../engine/engine';
import { reasonOf, type Deployment, type DeploymentSpec } from '../../../model/deployment';
import { EXIT_CODES } from '../exitCodes';
import type { CliIo } from '../io';
import { STATE_FLAG, STATE_HELP, stateFolder } from '../stateOption';
import { openDeployer } from './openDeployer';
import { ProgressView } from './progressView';
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
  const over = deferred<Deployment | undefined>();
  const view = new ProgressView(io);
  let interrupts: Disposable | undefined;
  let following: Disposable | undefined;
  try {
    // In this process a folder is read where it is.
    const { id } = await deployments.start({ spec, ...(isAgent && context && { context }) });
    const cancel = (): unknown =>
      deployments.cancel(id).catch((error: unknown) => view.say(messageOf(error)));
    interrupts = onInterrupts(io, view, cancel);
    following = deployments.follow(id, 0, {
      entries: (entries) => {
        for (const entry of entries) view.show(entry);
      },
      ended: (error) => (error ? over.reject(error) : over.resolve(view.newest)),
    });
    const deployment = await over.promise;
    view.end();
    return exitCodeOf(deployment, io);
  } catch (error) {
    view.end();
    if (!(error instanceof EngineError)) throw error;
    io.err(`It failed: ${error.message}`);
    return EXIT_CODES.deploymentFailed;
  } finally {
    following?.dispose();
    interrupts?.dispose();
  }
}

function exitCodeOf(deployment: Deployment | undefined, io: CliIo): number {
  if (deployment?.status === 'success') return EXIT_CODES.ok;
  if (deployment?.status === 'cancelled') return EXIT_CODES.cancelled;
  const reason = deployment && (reasonOf(deployment) ?? deployment.message);
  io.err(`It failed: ${reason ?? 'nothing is known of it'}`);
  return EXIT_CODES.deploymentFailed;
}

/** The first tells what the second does. */
function onInterrupts(io: CliIo, view: ProgressView, cancel: () => unknown): Disposable {
  let count = 0;
  return io.onInterrupt(() => {
    count += 1;
    if (count > 1) void cancel();
    else view.say('The deployment goes on. Press Ctrl-C once more to cancel it.');
  });
}
