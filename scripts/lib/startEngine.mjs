/** Which engine `npm start` shows: the one that answers, one of our own, or the demo engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersPing, dockerHostOf, findEngine } from './engineApi.mjs';
import {
  ensureDockerInstalled,
  engineDir,
  startPrivateEngine,
  whyNoPrivateEngine,
} from './privateEngine.mjs';
import { atEnd, endOwned, hasExited, spawnOwned, waitFor } from './processes.mjs';
import { REPOSITORY } from './repository.mjs';

/**
 * @typedef {object} ShownEngine
 * @property {import('./engineApi.mjs').EngineAddress} address
 * @property {'found' | 'private' | 'demo'} kind
 */

/** Whatever it starts ends with the command. @returns {Promise<ShownEngine>} */
export async function obtainEngine() {
  const found = await findEngine();
  if (found) {
    console.log(`Docker engine: ${dockerHostOf(found)}`);
    return { address: found, kind: 'found' };
  }
  const obstacle = whyNoPrivateEngine();
  if (obstacle) {
    console.log(`No Docker engine answers (${obstacle}). To have one: ${helpfulCommand()}`);
    console.log('Opening with the demo engine: its containers are not real.');
    return { address: { socketPath: await startDemoEngine() }, kind: 'demo' };
  }
  console.log('No Docker engine answers: starting one for this session. It ends with Ctrl-C.');
  await ensureDockerInstalled();
  const { socketPath } = await startPrivateEngine({ dir: await engineDir() });
  console.log(`Docker engine: unix://${socketPath}`);
  return { address: { socketPath }, kind: 'private' };
}

function helpfulCommand() {
  if (process.platform === 'darwin') return 'open -a Docker';
  if (process.platform === 'win32') return 'winget install Docker.DockerDesktop';
  return 'sudo apt-get install docker.io && sudo usermod -aG docker $USER';
}

/** @returns {Promise<string>} its socket */
async function startDemoEngine() {
  const dir = await mkdtemp(join(tmpdir(), 'quaywatch-demo-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  const socketPath =
    process.platform === 'win32' ? `//./pipe/quaywatch-demo-${process.pid}` : join(dir, 'docker.sock');
  const program = join('test', 'doubles', 'fakeEngine', 'main.ts');
  const args = ['--import', 'tsx', program, '--socket', socketPath, '--personality', '29', '--demo'];
  const child = spawnOwned(process.execPath, args, {
    cwd: REPOSITORY,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  atEnd(() => endOwned(child));
  await waitFor(async () => hasExited(child) || (await answersPing({ socketPath })), {
    what: "the demo engine's start",
  });
  if (hasExited(child)) throw new Error('the demo engine ended at its start');
  return socketPath;
}
