/**
 * The pipeline in a process of its own, to be killed: deploys one version after the other on the engine of DOCKER_HOST,
 * with its journal in the folder named, and takes over what an earlier one left. Prints `ready`, `id ID` and `stage STAGE`.
 */
import { LocalDeployments } from '../../../src/deploy/localDeployments';
import { machineTools } from '../../../src/deploy/machineTools';
import { DockerDeployEngine } from '../../../src/engine/docker/dockerDeployEngine';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import type { DeploymentSpec } from '../../../src/model/deployment';

const [folder = '', specText = ''] = process.argv.slice(2);
const log = (): void => undefined;
const openSession = dockerSessionOpener(() => process.env['DOCKER_HOST'], log);
const engine = new DockerEngine({ openSession, log });
const deployments = new LocalDeployments({
  engine: new DockerDeployEngine(engine),
  folder,
  startedBy: 'rig',
  log: (level, message) => process.stderr.write(`${level}: ${message}\n`),
  tools: machineTools(),
});

async function main(): Promise<void> {
  deployments.watch();
  deployments.onDidChange((changed) => {
    for (const { stage } of changed) process.stdout.write(`stage ${stage}\n`);
  });
  if (specText === '') return;
  const { id } = await deployments.start({ spec: JSON.parse(specText) as DeploymentSpec });
  process.stdout.write(`id ${id}\n`);
}

engine.connect();
const isReady = engine.onDidChangeConnection(({ kind }) => {
  if (kind !== 'ready') return;
  isReady.dispose();
  process.stdout.write('ready\n');
  main().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
});
setInterval(() => undefined, 60_000);
