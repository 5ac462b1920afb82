/**
 * Removes everything a private engine has on the machine: its processes and containers, mounts, bridges,
 * control groups and its folder. It needs no engine that answers, so disposing of a healthy one and clearing
 * up after a run that was killed are the same code.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, readlink, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run, waitFor } from './processes.mjs';

/** @typedef {{ownerPid: number, ownerStartTicks: string, hadSwarmBridge: boolean}} EngineState */

const ENGINE_PROGRAMS = ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'docker-proxy', 'runc'];
export const CGROUP_ROOT = '/sys/fs/cgroup';
const SHIM_SOCKETS = '/run/containerd/s';
export const SWARM_BRIDGE = 'docker_gwbridge';

/** The control group that holds every container of the engine in this folder. @param {string} dir */
export function cgroupOf(dir) {
  return `quaywatch-${hashOf(dir)}`;
}

/** The engine's bridge, named so that it is known to be ours even when nothing was written down. @param {string} dir */
export function bridgeOf(dir) {
  return `qw-${hashOf(dir)}`;
}

/** Interface names hold 15 characters. @param {string} dir */
function hashOf(dir) {
  return createHash('sha256').update(dir).digest('hex').slice(0, 12);
}

/** @param {string} dir @returns {Promise<EngineState | undefined>} */
export async function readState(dir) {
  try {
    return JSON.parse(await readFile(join(dir, 'state.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** When a process began, in clock ticks since boot: with the pid it names one process for good. @param {number} pid */
export async function startTicks(pid) {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

/** Whether the process that started the engine in this folder still runs. @param {EngineState} state */
export async function ownerIsAlive(state) {
  return (await startTicks(state.ownerPid)) === state.ownerStartTicks;
}

/** Leaves nothing of the engine in this folder, nor the folder. @param {string} dir */
export async function clearRemains(dir) {
  const state = await readState(dir);
  await killProcesses(dir);
  await unmountBelow(dir);
  await removeBridges(dir, state);
  await removeShimSockets(dir);
  for (const path of (await cgroupFolders(dir)).reverse()) await rmdir(path).catch(() => undefined);
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/**
 * The engine first, so that it restarts nothing; then its containers, so that a shim's end orphans nobody.
 * @param {string} dir
 */
async function killProcesses(dir) {
  for (const kill of [
    async () => (await enginePids(dir)).filter(({ program }) => program === 'dockerd').map(({ pid }) => pid),
    () => containerPids(dir),
    async () => (await enginePids(dir)).map(({ pid }) => pid),
    () => containerPids(dir),
  ]) {
    await waitFor(
      async () => {
        const pids = await kill();
        pids.forEach((pid) => killNow(pid));
        return pids.length === 0;
      },
      { what: `the end of the engine processes of ${dir}` },
    );
  }
}

/** @param {number} pid */
function killNow(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/**
 * Engine programs that were started with a path in this folder: the path decides, not the name alone.
 * @param {string} dir
 */
async function enginePids(dir) {
  const found = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    const args = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const program = basename(args[0] ?? '');
    const isOurs = args.some((arg) => arg.replace(/^unix:\/\//, '').startsWith(`${dir}/`));
    if (ENGINE_PROGRAMS.includes(program) && isOurs && (await startTicks(pid))) found.push({ pid, program });
  }
  return found;
}

/** Control group folders of this engine in every hierarchy, parents before children. @param {string} dir */
async function cgroupFolders(dir) {
  const name = cgroupOf(dir);
  const roots = new Set([CGROUP_ROOT]);
  for (const entry of await readdir(CGROUP_ROOT, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) roots.add(join(CGROUP_ROOT, entry.name));
    if (entry.isSymbolicLink())
      roots.add(await realpath(join(CGROUP_ROOT, entry.name)).catch(() => CGROUP_ROOT));
  }
  const folders = [...roots].map((root) => join(root, name)).filter((path) => existsSync(path));
  for (const folder of folders) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}

/** @param {string} dir */
async function containerPids(dir) {
  /** @type {Set<number>} */
  const pids = new Set();
  for (const folder of await cgroupFolders(dir)) {
    const listed = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const pid of listed.split('\n').filter(Boolean).map(Number)) {
      if (await startTicks(pid)) pids.add(pid);
    }
  }
  return [...pids];
}

/** Deepest first. @param {string} dir */
export async function unmountBelow(dir) {
  const mountInfo = await readFile('/proc/self/mountinfo', 'utf8');
  const points = mountInfo
    .split('\n')
    .map((line) =>
      line.split(' ')[4]?.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter((point) => point?.startsWith(`${dir}/`));
  for (const point of points.reverse()) await run('umount', ['--lazy', String(point)]);
}

/**
 * The engine's own bridge and those of the networks its users made, whose names its network database tells.
 * @param {string} dir
 * @param {EngineState | undefined} state
 */
async function removeBridges(dir, state) {
  const database = await readFile(join(dir, 'data', 'network', 'files', 'local-kv.db'), 'latin1').catch(
    () => '',
  );
  const names = new Set(database.match(/br-[0-9a-f]{12}/g) ?? []);
  names.add(bridgeOf(dir));
  if (state && !state.hadSwarmBridge && database.includes(SWARM_BRIDGE)) names.add(SWARM_BRIDGE);
  for (const name of names) {
    // Containers' cables go with their containers, but not when the engine was killed while it laid one.
    for (const cable of await readdir(`/sys/class/net/${name}/brif`).catch(() => [])) {
      await run('ip', ['link', 'delete', cable]);
    }
    if (existsSync(`/sys/class/net/${name}/bridge`)) await run('ip', ['link', 'delete', name]);
  }
}

/** containerd's shims listen at a fixed place, named by a hash of what they serve. @param {string} dir */
async function removeShimSockets(dir) {
  for (const id of await readdir(join(dir, 'data', 'containers')).catch(() => [])) {
    const hash = createHash('sha256').update(`${dir}/containerd.sock/moby/${id}`).digest('hex');
    await rm(join(SHIM_SOCKETS, hash), { force: true });
  }
}

/**
 * Clears private engines in a folder whose owner is gone without having disposed of them.
 * @param {string} parent
 * @param {string} prefix of the engines' own folders
 */
export async function sweepAbandonedEngines(parent, prefix) {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const dir = join(parent, name);
    const state = await readState(dir);
    if (!state || (await ownerIsAlive(state)) || (await readlink(dir).catch(() => undefined))) continue;
    console.log(`Clearing what a former run left in ${dir}.`);
    await clearRemains(dir);
  }
}
