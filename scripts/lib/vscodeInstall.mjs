/**
 * A real VS Code without a display: the npm package code-server carries VS Code's server and its workbench for
 * the browser. Installed once per version into `.vscode-test/`, together with the Node it wants.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, whyNoApt } from './apt.mjs';
import { atEnd, run, runOrThrow } from './processes.mjs';

/** @typedef {{name: string, codeServer: string, node: string}} VSCodeVersion */
/** @typedef {{version: VSCodeVersion, nodePath: string, serverMain: string}} VSCodeInstallation */

/** The newest VS Code that can be had this way. @type {VSCodeVersion} */
export const NEWEST_VSCODE = { name: '1.139', codeServer: '4.139.1', node: '24.21.0' };
/** The one that `engines.vscode` in package.json promises. @type {VSCodeVersion} */
export const MINIMUM_VSCODE = { name: '1.96', codeServer: '4.96.4', node: '20.20.2' };

const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CACHE = join(REPOSITORY, '.vscode-test');
const SERVER = join('node_modules', 'code-server', 'lib', 'vscode');
const NPM_FLAGS = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel', 'error'];
/** Modules compiled at installation: what the server can't run without. Names differ between versions. */
const NATIVE_MODULES = [
  'node-pty',
  '@vscode/spdlog',
  '@parcel/watcher',
  '@vscode/native-watchdog',
  'native-watchdog',
];

/** Why VS Code's server can't be installed here, or undefined when it is there or can be. */
export async function whyNoVSCode() {
  if (process.platform === 'win32') return "VS Code's server is not installed this way on Windows";
  if (existsSync(join(CACHE, directoryName(NEWEST_VSCODE))) || !(await missingCompilers())) return undefined;
  const noApt = whyNoApt();
  return noApt && `a C++ compiler, make and python3 are needed to install VS Code's server, and ${noApt}`;
}

/**
 * Installs the version unless it is there. An interrupted installation is never taken for a good one: it
 * happens in a folder of another name, which is renamed at the end.
 * @param {VSCodeVersion} version
 * @returns {Promise<VSCodeInstallation>}
 */
export async function installVSCode(version) {
  const folder = join(CACHE, directoryName(version));
  if (!existsSync(folder)) {
    console.log(
      `Installing VS Code ${version.name} (code-server ${version.codeServer}); once, about a minute.`,
    );
    await atomically(folder, (temporary) => installInto(temporary, version));
  }
  const serverMain = join(folder, SERVER, 'out', 'server-main.js');
  return { version, nodePath: join(nodeFolder(folder), 'bin', 'node'), serverMain };
}

/** @param {VSCodeVersion} version */
function directoryName(version) {
  return `code-server-${version.codeServer}-node-${version.node}-${process.platform}-${process.arch}`;
}

/** @param {string} root */
function nodeFolder(root) {
  return join(root, 'node_modules', nodePackage());
}

/** The registry has Node's own builds, one package a platform, with the headers. */
function nodePackage() {
  return `node-${process.platform}-${process.arch}`;
}

/**
 * Makes a folder of the cache that is whole as soon as it is there.
 * @param {string} folder
 * @param {(temporary: string) => Promise<void>} fill
 */
export async function atomically(folder, fill) {
  await mkdir(CACHE, { recursive: true });
  await removeAbandoned();
  const temporary = await mkdtemp(join(CACHE, `installing-${process.pid}-`));
  const discard = atEnd(() => rm(temporary, { recursive: true, force: true }));
  try {
    await fill(temporary);
    await rename(temporary, folder).catch((error) => {
      // Another run has installed the same in the meantime.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await discard();
  }
}

/** Removes folders of installations whose process is gone. */
async function removeAbandoned() {
  for (const name of await readdir(CACHE)) {
    const pid = /^installing-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} folder @param {VSCodeVersion} version */
async function installInto(folder, version) {
  if (await missingCompilers())
    await aptInstall(['g++', 'make', 'python3'], "to build VS Code's native modules");
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const packages = [`${nodePackage()}@${version.node}`, `code-server@${version.codeServer}`];
  await runNpm(folder, folder, ['install', '--ignore-scripts', '--save-exact', ...packages]);
  const server = join(folder, SERVER);
  await dropGitAddresses(join(server, 'npm-shrinkwrap.json'));
  await runNpm(folder, server, ['install', '--omit=dev', '--ignore-scripts']);
  const native = NATIVE_MODULES.filter((name) => existsSync(join(server, 'node_modules', name)));
  await runNpm(folder, server, ['rebuild', ...native]);
  const program = native.map((name) => `require(${JSON.stringify(name)});`).join('');
  await runOrThrow(join(nodeFolder(folder), 'bin', 'node'), ['-e', program], { cwd: server });
}

/**
 * Runs npm with the version's own Node first in PATH and its headers for native modules.
 * @param {string} root
 * @param {string} cwd
 * @param {readonly string[]} args
 */
async function runNpm(root, cwd, args) {
  const node = nodeFolder(root);
  const env = {
    ...process.env,
    PATH: `${join(node, 'bin')}:${process.env['PATH']}`,
    npm_config_nodedir: node,
  };
  await runOrThrow('npm', [...args, ...NPM_FLAGS], { cwd, env });
}

/**
 * Older versions name a git repository as the source of a package that the registry has too, in the same
 * version. Without that address npm takes it from the registry.
 * @param {string} shrinkwrap
 */
async function dropGitAddresses(shrinkwrap) {
  const lock = JSON.parse(await readFile(shrinkwrap, 'utf8'));
  for (const entry of Object.values(lock.packages)) {
    if (!String(entry.resolved).startsWith('git+')) continue;
    delete entry.resolved;
    delete entry.integrity;
  }
  await writeFile(shrinkwrap, JSON.stringify(lock));
}

async function missingCompilers() {
  for (const program of ['c++', 'make', 'python3']) {
    if (!(await run('sh', ['-c', `command -v ${program}`])).stdout) return true;
  }
  return false;
}
