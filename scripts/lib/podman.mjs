/**
 * A Podman of our own: its service listens on a socket in its folder, and storage, locks, events and control
 * files are all below that folder, so that it shares nothing with a Podman the machine may have. Linux, root.
 */
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  realpath,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, whyNoApt } from './apt.mjs';
import { answersPing } from './engineApi.mjs';
import { CGROUP_ROOT, ownerIsAlive, readState, startTicks, unmountBelow } from './engineRemains.mjs';
import { atEnd, endOwned, hasExited, run, spawnOwned, waitFor } from './processes.mjs';

const DIR_PREFIX = 'quaywatch-podman-';
const PROGRAM = 'podman';
const PACKAGE = 'podman';
const START_TIMEOUT_MS = 30_000;
/** Where Podman puts the control groups of its containers; of use to nobody once it is empty. */
const CGROUP_PARENT = 'libpod_parent';
/** In it, the group of the processes that watch over containers. */
const MONITORS = 'conmon';

/** Why no private Podman can run here, or undefined when one can. */
export function whyNoPodman() {
  if (process.platform !== 'linux') return 'a private Podman needs Linux';
  if (process.getuid?.() !== 0) return 'a private Podman needs root';
  if (existsSync(`/usr/bin/${PROGRAM}`)) return undefined;
  const noApt = whyNoApt();
  return noApt && `Podman is not installed and can't be: ${noApt}`;
}

export async function ensurePodmanInstalled() {
  if (existsSync(`/usr/bin/${PROGRAM}`)) return;
  await aptInstall([PACKAGE, 'runc'], 'to test with a second engine (its system service is not started)');
}

/** A new folder for a Podman; also clears what killed runs left. */
export async function podmanDir() {
  const parent = await realpath(tmpdir());
  for (const name of await readdir(parent)) {
    if (!name.startsWith(DIR_PREFIX)) continue;
    const dir = join(parent, name);
    const state = await readState(dir);
    if (!state || (await ownerIsAlive(state))) continue;
    console.log(`Clearing what a former run left in ${dir}.`);
    await clearRemains(dir);
  }
  return mkdtemp(join(parent, DIR_PREFIX));
}

/**
 * Starts Podman's service in a folder, first clearing what a killed run may have left in it. It is disposed of
 * at the end of the command at the latest. Its containers outlive `stop` and `kill9`, as Podman's do.
 * @param {{dir: string}} options
 * @returns {Promise<import('./engineControl.mjs').ControlledEngine & {dispose: () => Promise<void>}>}
 */
export async function startPodman({ dir }) {
  await takeFolder(dir);
  const dispose = atEnd(() => clearRemains(dir));
  const socketPath = join(dir, 'podman.sock');
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let service;
  const start = async () => {
    if (service && !hasExited(service)) return;
    service = await startService(dir, socketPath);
  };
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    if (service) await endOwned(service, { signal });
  };
  await start();
  return {
    dir,
    socketPath,
    get pid() {
      return service && !hasExited(service) ? (service.pid ?? 0) : 0;
    },
    containerdPid: 0,
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
  const owner = { ownerPid: process.pid, ownerStartTicks: await startTicks(process.pid) };
  await writeFile(join(dir, 'state.json'), JSON.stringify(owner));
  await writeFile(join(dir, 'containers.conf'), containersConf(dir));
  await writeFile(
    join(dir, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${dir}/root"\nrunroot = "${dir}/run"\n`,
  );
}

/**
 * No network, so that neither plugins nor a firewall are needed. Limits are low: Podman's own defaults are more
 * than a confined root may set.
 * @param {string} dir
 */
function containersConf(dir) {
  return `[containers]
log_driver = "k8s-file"
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
static_dir = "${dir}/root/libpod"
tmp_dir = "${dir}/tmp"
volume_path = "${dir}/volumes"
image_copy_tmp_dir = "${dir}"
[network]
network_config_dir = "${dir}/network"
`;
}

/** @param {string} dir */
function environment(dir) {
  return {
    ...process.env,
    CONTAINERS_CONF: join(dir, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(dir, 'storage.conf'),
  };
}

/** @param {string} dir @param {string} socketPath */
async function startService(dir, socketPath) {
  await rm(socketPath, { force: true });
  const logFile = join(dir, 'service.log');
  const log = await open(logFile, 'a');
  try {
    const args = ['system', 'service', '--time', '0', `unix://${socketPath}`];
    const child = spawnOwned(PROGRAM, args, {
      stdio: ['ignore', log.fd, log.fd],
      cwd: dir,
      env: environment(dir),
    });
    const isSettled = async () => hasExited(child) || (await answersPing({ socketPath }));
    await waitFor(isSettled, { what: "Podman's start", timeoutMs: START_TIMEOUT_MS });
    if (!hasExited(child)) return child;
  } finally {
    await log.close();
  }
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n');
  throw new Error(`Podman ended at its start:\n${lines.slice(-12).join('\n')}`);
}

/** Leaves nothing of the Podman in this folder, nor the folder. @param {string} dir */
async function clearRemains(dir) {
  if (existsSync(join(dir, 'storage.conf')) && existsSync(`/usr/bin/${PROGRAM}`)) {
    await run(PROGRAM, ['rm', '--all', '--force', '--time', '0'], { env: environment(dir) });
  }
  await endService(dir);
  await unmountBelow(dir);
  await removeEmptyCgroups();
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** The service and the monitors, known by this folder in their command lines. @param {string} dir */
async function endService(dir) {
  await waitFor(
    async () => {
      const pids = await pidsOf(dir);
      for (const pid of pids) if (await startTicks(pid)) process.kill(pid, 'SIGKILL');
      return pids.length === 0;
    },
    { what: `the end of the Podman of ${dir}` },
  );
}

/** @param {string} dir */
async function pidsOf(dir) {
  const pids = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const args = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const isOurs = args.some((arg) => arg.replace(/^unix:\/\//, '').startsWith(`${dir}/`));
    if (/\/?(podman|conmon)$/.test(args[0] ?? '') && isOurs && (await startTicks(Number(entry))))
      pids.push(Number(entry));
  }
  return pids;
}

/** A folder that still holds a group of somebody's stays: the system refuses to remove it. */
async function removeEmptyCgroups() {
  const hierarchies = ['.', ...(await readdir(CGROUP_ROOT).catch(() => []))];
  for (const path of hierarchies.map((name) => join(CGROUP_ROOT, name, CGROUP_PARENT))) {
    for (const folder of [join(path, MONITORS), path]) await rmdir(folder).catch(() => undefined);
  }
}
