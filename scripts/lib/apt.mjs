/** Installing Debian/Ubuntu packages, as root only, without ever starting a service. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { atEnd, run, runOrThrow } from './processes.mjs';

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_MARK = '# written by quaywatch for one installation';
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const LOCK_WAIT = ['-o', 'DPkg::Lock::Timeout=300'];

/** Why packages can't be installed here, or undefined when they can. */
export function whyNoApt() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return 'no apt on this system';
  return process.getuid?.() === 0 ? undefined : 'not root';
}

/**
 * Installs the packages that are missing, after saying so in one line. Services that come with them are not
 * started. Throws when apt fails, and with {@link whyNoApt} where it can't be used at all.
 * @param {readonly string[]} packages
 * @param {string} purpose completes "Installing … "
 */
export async function aptInstall(packages, purpose) {
  const missing = [];
  for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  const obstacle = whyNoApt();
  if (obstacle) throw new Error(`${missing.join(' ')} can't be installed: ${obstacle}`);
  console.log(`Installing ${missing.join(' ')} with apt-get, ${purpose}.`);
  await runOrThrow('apt-get', ['update', '-qq', ...LOCK_WAIT], { env: ENVIRONMENT });
  const allowServices = await forbidServices();
  try {
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...LOCK_WAIT, ...missing];
    await runOrThrow('apt-get', install, { env: ENVIRONMENT });
  } finally {
    await allowServices();
  }
}

/** @param {string} name */
async function isInstalled(name) {
  if (!existsSync('/usr/bin/dpkg-query')) return false;
  const { code, stdout } = await run('dpkg-query', ['-W', '-f', '${Status}', name]);
  return code === 0 && stdout.endsWith('ok installed');
}

/**
 * Debian's policy-rc.d decides whether a package may start its service. A policy somebody else wrote stays as
 * it is; one left behind by a killed run is ours to remove.
 */
async function forbidServices() {
  if (existsSync(POLICY_FILE) && !(await readFile(POLICY_FILE, 'utf8')).includes(POLICY_MARK)) {
    return async () => undefined;
  }
  const allow = atEnd(() => rm(POLICY_FILE, { force: true }));
  await writeFile(POLICY_FILE, `#!/bin/sh\n${POLICY_MARK}\nexit 101\n`, { mode: 0o755 });
  return allow;
}
