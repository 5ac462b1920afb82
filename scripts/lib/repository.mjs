/** This repository: where it is, its dependencies, and running its tools with the Node that runs us. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd, endOwned, runOrThrow, spawnOwned } from './processes.mjs';

export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Time for what a child process started itself to be ended. */
const END_GRACE_MS = 10_000;

/** Runs `npm ci` when the packages are missing or older than the lockfile, saying so first. */
export async function ensureDependencies() {
  const installed = join(REPOSITORY, 'node_modules', '.package-lock.json');
  const lockfile = join(REPOSITORY, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  console.log('Installing npm packages (npm ci).');
  const isWindows = process.platform === 'win32';
  await runOrThrow(isWindows ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: REPOSITORY,
    shell: isWindows,
  });
}

/**
 * Runs a Node program of the repository with its output on screen.
 * @param {readonly string[]} args
 * @param {{env?: NodeJS.ProcessEnv, timeoutMs?: number}} [options]
 * @returns {Promise<number>} its exit code; 1 when a signal or the timeout ended it
 */
export function runNode(args, { env = {}, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawnOwned(process.execPath, args, {
      cwd: REPOSITORY,
      env: { ...process.env, ...env, QUAYWATCH_RUNNER: '1' },
      // Nothing is ever written there: its end tells the child that we are gone, even by a kill -9.
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    // Before whatever was started earlier, which it may be using.
    const end = atEnd(() => endOwned(child, { graceMs: END_GRACE_MS }));
    const giveUp = () => {
      console.error(`It did not end within ${Number(timeoutMs) / 1000} s.`);
      void endOwned(child, { graceMs: END_GRACE_MS });
    };
    const deadline = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(deadline);
      void end();
      resolve(code ?? 1);
    });
  });
}
