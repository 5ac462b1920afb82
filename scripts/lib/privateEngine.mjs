/**
 * A Docker engine of our own beside any other on the machine: own containerd, sockets, data, bridge and
 * control group, so that tests may stop, kill and restart it and never touch anybody's containers. Linux, root.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersPing } from './engineApi.mjs';
import { aptInstall, whyNoApt } from './apt.mjs';
import {
  SWARM_BRIDGE,
  bridgeOf,
  cgroupOf,
  clearRemains,
  ownerIsAlive,
  readState,
  startTicks,
  sweepAbandonedEngines,
} from './engineRemains.mjs';
import { atEnd, endOwned, errorText, hasExited, runOrThrow, spawnOwned, waitFor } from './processes.mjs';

/**
 * @typedef {object} PrivateEngine
 * @property {string} dir
 * @property {string} socketPath
 * @property {number} pid of dockerd, as of now; 0 while it is stopped
 * @property {number} containerdPid
 * @property {readonly string[]} dockerdArgs
 * @property {() => Promise<void>} start no-op when it runs
 * @property {() => Promise<void>} stop SIGTERM: the engine stops its containers and leaves
 * @property {() => Promise<void>} kill9 SIGKILL to dockerd alone: its containers live on
 * @property {() => Promise<void>} restart
 * @property {() => Promise<void>} dispose leaves no process, mount, bridge or file
 */

const DIR_PREFIX = 'quaywatch-engine-';
/** sockaddr_un holds 108 bytes; the longest name put under an engine's folder is below this many. */
const LONGEST_DIR_BYTES = 60;
const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 30_000;
/** Addresses from the block set aside for benchmarks (RFC 2544), which no office or home network uses. */
const SUBNETS = 16;

/** Why no private engine can run here, or undefined when one can. */
export function whyNoPrivateEngine() {
  if (process.platform !== 'linux') return 'a private Docker engine needs Linux';
  if (process.getuid?.() !== 0) return 'a private Docker engine needs root';
  if (existsSync('/usr/bin/dockerd') || existsSync('/usr/sbin/dockerd')) return undefined;
  const noApt = whyNoApt();
  return noApt && `Docker is not installed and can't be: ${noApt}`;
}

/** Installs what a private engine needs, without starting any service. */
export async function ensureDockerInstalled() {
  for (const [program, name] of [
    ['dockerd', 'docker.io'],
    ['containerd', 'containerd'],
    ['ip', 'iproute2'],
  ]) {
    const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/sbin', '/bin'];
    if (folders.some((folder) => existsSync(join(folder, String(program))))) continue;
    await aptInstall([String(name)], 'to run a Docker engine (its system service is not started)');
  }
}

/** Installs Compose, which is tested beside the engine; Debian has its version 1 only. */
export async function ensureComposeInstalled() {
  if (!existsSync('/usr/bin/docker-compose')) await aptInstall(['docker-compose'], 'to deploy with Compose');
}

/**
 * Installs Debian's registry of images, to pull from. Resolves with why there is none, or `undefined`.
 * @returns {Promise<string | undefined>}
 */
export async function ensureRegistryInstalled() {
  if (existsSync('/usr/bin/docker-registry')) return undefined;
  return aptInstall(['docker-registry'], 'to pull images from (its system service is not started)').then(
    () => undefined,
    errorText,
  );
}

/** A new folder for an engine, short enough for the sockets in it; also clears what killed runs left. */
export async function engineDir() {
  const temporary = await realpath(tmpdir());
  const parent = temporary.length + DIR_PREFIX.length + 6 <= LONGEST_DIR_BYTES ? temporary : '/tmp';
  await sweepAbandonedEngines(parent, DIR_PREFIX);
  return mkdtemp(join(parent, DIR_PREFIX));
}

/**
 * Starts an engine in a folder, first clearing what a killed run may have left in it. It is disposed of at the
 * end of the command at the latest. Throws when another living command uses the folder.
 * @param {{dir: string, dockerdArgs?: readonly string[]}} options
 * @returns {Promise<PrivateEngine>}
 */
export async function startPrivateEngine({ dir, dockerdArgs: extraArgs = [] }) {
  if (Buffer.byteLength(dir) > LONGEST_DIR_BYTES) throw new Error(`${dir} is too long for the sockets in it`);
  await takeFolder(dir);
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let dockerd;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let containerd;
  let isDisposed = false;
  const dispose = atEnd(async () => {
    isDisposed = true;
    await clearRemains(dir);
  });
  const { bridge, pool } = await makeBridge(dir);
  const socketPath = join(dir, 'docker.sock');
  const dockerdArgs = [...ownArgs(dir, bridge, pool), ...extraArgs];

  const start = async () => {
    if (isDisposed) throw new Error('the engine was disposed of');
    if (!containerd || hasExited(containerd)) containerd = await startContainerd(dir);
    if (!dockerd || hasExited(dockerd)) dockerd = startProgram(dir, 'dockerd', dockerdArgs);
    await waitUntilReady(dockerd, dir, 'dockerd', () => answersPing({ socketPath }));
  };
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    if (dockerd) await endOwned(dockerd, { signal, graceMs: STOP_GRACE_MS });
  };
  await start();
  return {
    dir,
    socketPath,
    get pid() {
      return dockerd && !hasExited(dockerd) ? (dockerd.pid ?? 0) : 0;
    },
    get containerdPid() {
      return containerd && !hasExited(containerd) ? (containerd.pid ?? 0) : 0;
    },
    dockerdArgs,
    start,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    dispose,
  };
}

/** @param {string} dir */
async function takeFolder(dir) {
  const state = await readState(dir);
  if (state && (await ownerIsAlive(state))) throw new Error(`${dir} is in use by process ${state.ownerPid}`);
  await clearRemains(dir);
  await mkdir(dir, { mode: 0o700 });
  await chmod(dir, 0o700);
  await writeState(dir);
  await writeFile(join(dir, 'daemon.json'), '{}');
  await writeFile(
    join(dir, 'containerd.toml'),
    `version = 2
root = "${dir}/containerd-root"
state = "${dir}/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${dir}/containerd.sock"
`,
  );
}

/** Who uses the folder, written before anything else is made. @param {string} dir */
async function writeState(dir) {
  const ownerStartTicks = await startTicks(process.pid);
  const hadSwarmBridge = existsSync(`/sys/class/net/${SWARM_BRIDGE}`);
  const state = { ownerPid: process.pid, ownerStartTicks, hadSwarmBridge };
  await writeFile(join(dir, 'state.json.new'), JSON.stringify(state));
  await rename(join(dir, 'state.json.new'), join(dir, 'state.json'));
}

/**
 * Makes the engine's bridge, in a subnet that no other interface has.
 * @param {string} dir
 */
async function makeBridge(dir) {
  const bridge = bridgeOf(dir);
  await runOrThrow('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
  const firstSlot = process.pid % SUBNETS;
  for (let attempt = 0; attempt < SUBNETS; attempt++) {
    const slot = (firstSlot + attempt) % SUBNETS;
    const address = `198.19.${slot}.1/24`;
    if ((await countHolders(address)) > 0) continue;
    await runOrThrow('ip', ['address', 'add', address, 'dev', bridge]);
    if ((await countHolders(address)) === 1) {
      await runOrThrow('ip', ['link', 'set', bridge, 'up']);
      return { bridge, pool: `base=198.18.${slot * 16}.0/20,size=26` };
    }
    // Another engine took the same one between the look and the taking.
    await runOrThrow('ip', ['address', 'delete', address, 'dev', bridge]);
  }
  throw new Error(`${SUBNETS} private engines run already`);
}

/** How many interfaces have an address. @param {string} address */
async function countHolders(address) {
  const { stdout } = await runOrThrow('ip', ['-4', '-oneline', 'address']);
  return stdout.split(` ${address} `).length - 1;
}

/** @param {string} dir @param {string} bridge @param {string} pool */
function ownArgs(dir, bridge, pool) {
  return [
    ...['--config-file', `${dir}/daemon.json`],
    ...['--host', `unix://${dir}/docker.sock`],
    ...['--data-root', `${dir}/data`],
    ...['--exec-root', `${dir}/exec`],
    ...['--pidfile', `${dir}/docker.pid`],
    ...['--containerd', `${dir}/containerd.sock`],
    ...['--cgroup-parent', `/${cgroupOf(dir)}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ...['--bridge', bridge, '--default-address-pool', pool],
    ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
    ...['--shutdown-timeout', '2'],
  ];
}

/** @param {string} dir */
async function startContainerd(dir) {
  const child = startProgram(dir, 'containerd', ['--config', `${dir}/containerd.toml`]);
  await waitUntilReady(child, dir, 'containerd', () => existsSync(`${dir}/containerd.sock`));
  return child;
}

/** @param {string} dir @param {string} program @param {readonly string[]} args */
function startProgram(dir, program, args) {
  const log = openSync(join(dir, `${program}.log`), 'a');
  try {
    return spawnOwned(program, args, { stdio: ['ignore', log, log], cwd: dir });
  } finally {
    closeSync(log);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} dir
 * @param {string} program
 * @param {() => boolean | Promise<boolean>} isReady
 */
async function waitUntilReady(child, dir, program, isReady) {
  const isSettled = async () => hasExited(child) || (await isReady());
  await waitFor(isSettled, { what: `${program}'s start`, timeoutMs: START_TIMEOUT_MS });
  if (!hasExited(child)) return;
  const log = await readFile(join(dir, `${program}.log`), 'utf8');
  throw new Error(`${program} ended at its start:\n${log.split('\n').slice(-12).join('\n')}`);
}
