/**
 * Child processes that are ended by the pid they were started with, and cleanup that runs however the
 * command ends: normally, by an error, or by SIGINT/SIGTERM/SIGHUP.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {() => unknown} Cleanup */

const GRACE_MS = 5_000;
const POLL_MS = 25;

/** Process groups started here and not yet gone. @type {Map<number, ChildProcess>} */
const running = new Map();
/** @type {Cleanup[]} */
const cleanups = [];

/**
 * Starts a long-lived child in its own process group, so that a Ctrl-C at the terminal reaches only us and
 * children end in the order we choose.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {ChildProcess & {pid: number}}
 */
export function spawnOwned(command, args, options = {}) {
  const child = spawn(command, [...args], { stdio: 'ignore', ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', () => undefined);
    throw new Error(`${command} could not be started (is it installed?)`);
  }
  running.set(pid, child);
  child.once('exit', () => running.delete(pid));
  return Object.assign(child, { pid });
}

/**
 * Ends a child of {@link spawnOwned} and its process group: SIGTERM, then SIGKILL after the grace period.
 * Resolves when the child is gone; at once when it already is.
 * @param {ChildProcess} child
 * @param {{graceMs?: number, signal?: NodeJS.Signals}} [options]
 */
export async function endOwned(child, { graceMs = GRACE_MS, signal = 'SIGTERM' } = {}) {
  if (hasExited(child) || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child.pid, signal);
  const kill = setTimeout(() => signalGroup(child.pid ?? 0, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(kill);
}

/** @param {ChildProcess} child */
export function hasExited(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * Signals a whole process group; a group that is gone is no error.
 * @param {number} groupId
 * @param {NodeJS.Signals} signal
 */
function signalGroup(groupId, signal) {
  if (groupId <= 1) return;
  try {
    process.kill(process.platform === 'win32' ? groupId : -groupId, signal);
  } catch (error) {
    if (!isErrorCode(error, 'ESRCH')) throw error;
  }
}

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & {input?: string | Buffer}} [options]
 * @returns {Promise<{code: number, stdout: string, output: string}>} output is stdout and stderr together
 */
export function run(command, args, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawnOwned(command, args, {
      ...options,
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    child.stdout?.on('data', (chunk) => ((stdout += chunk), (output += chunk)));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), stdout, output }),
    );
    if (input) child.stdin?.end(input);
  });
}

/**
 * Like {@link run}, but a failure throws with the end of what the command printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & {input?: string | Buffer}} [options]
 */
export async function runOrThrow(command, args, options) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const tail = result.output.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${command} ${args.join(' ')} failed with code ${result.code}\n${tail}`);
  }
  return result;
}

/**
 * Polls a condition until it gives something truthy, and returns that.
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {{what: string, timeoutMs?: number, pollMs?: number}} options
 */
export async function waitFor(condition, { what, timeoutMs = 30_000, pollMs = POLL_MS }) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/**
 * Registers cleanup for the end of the command; the last registered runs first. Returns a function that runs
 * it now instead.
 * @param {Cleanup} cleanup
 * @returns {() => Promise<void>}
 */
export function atEnd(cleanup) {
  cleanups.push(cleanup);
  return async () => {
    const index = cleanups.indexOf(cleanup);
    if (index < 0) return;
    cleanups.splice(index, 1);
    await cleanup();
  };
}

/** @type {Promise<void>} */
let cleaning = Promise.resolve();

/**
 * Runs every registered cleanup, then ends what still runs. Failures are printed, never thrown. Called twice, by
 * a signal and by the main function that the signal ended, the second waits for the first.
 */
export function cleanUp() {
  cleaning = cleaning.then(cleanUpNow);
  return cleaning;
}

async function cleanUpNow() {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
    try {
      await cleanup();
    } catch (error) {
      console.error(`cleanup: ${errorText(error)}`);
    }
  }
  await Promise.all([...running.values()].map((child) => endOwned(child)));
}

let isEnding = false;
let handlesSignals = false;

/** @param {number} code */
async function finish(code) {
  if (isEnding) return;
  isEnding = true;
  await cleanUp();
  process.exit(code);
}

/**
 * Makes SIGINT, SIGTERM and SIGHUP clean up before this process ends; for a process whose main function is not
 * ours, such as mocha's.
 * @param {() => void} [onSignal] called before the cleanup
 */
export function cleanUpOnSignals(onSignal) {
  if (handlesSignals) return;
  handlesSignals = true;
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => {
      onSignal?.();
      void finish(128 + constants.signals[name]);
    });
  }
  // The last resort, for a process.exit() nobody cleaned up for.
  process.on('exit', () => running.forEach((_child, pid) => signalGroup(pid, 'SIGKILL')));
}

/**
 * Runs a command's main function, then its cleanups, then exits with the code main returned.
 * @param {(stop: AbortSignal) => Promise<number>} main the signal fires on SIGINT, SIGTERM or SIGHUP
 */
export async function runMain(main) {
  const stop = new AbortController();
  cleanUpOnSignals(() => stop.abort());
  try {
    await finish(await main(stop.signal));
  } catch (error) {
    if (!isEnding) console.error(errorText(error));
    await finish(1);
  }
}

/** @param {unknown} error @param {string} code */
export function isErrorCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** @param {unknown} error */
export function errorText(error) {
  return error instanceof Error ? error.message : String(error);
}
