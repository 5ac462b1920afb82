/** Runs an installed VS Code server on a loopback port and installs extensions into it. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd, endOwned, runOrThrow, spawnOwned } from './processes.mjs';
import { installVSCode } from './vscodeInstall.mjs';

/**
 * @typedef {object} VSCodeOptions
 * @property {import('./vscodeInstall.mjs').VSCodeVersion} version
 * @property {string} [vsix] extension to install first
 * @property {number} [port] a free one by default
 * @property {Record<string, unknown>} [settings] user settings, beside the quiet defaults
 * @property {NodeJS.ProcessEnv} [env] for the extension host: DOCKER_HOST and the like; undefined removes one
 * @property {boolean} [workspaceTrust] false by default: every folder is trusted
 * @property {boolean} [isolated] no extension gallery: nothing of a test goes to the network
 * @property {boolean} [testDriver] accept the payload that runs extension tests
 *
 * @typedef {object} RunningVSCode
 * @property {(folder: string, payload?: readonly (readonly [string, string])[]) => string} urlOf the address
 *   that opens a folder; it carries the token that the server asks for
 * @property {string} authority host:port, as in vscode-remote://
 * @property {string} dataDir
 * @property {string} logFile
 * @property {() => Promise<void>} dispose ends the server and removes its data
 */

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const END_GRACE_MS = 3_000;

/** Nothing that talks to the network, asks, or covers what a test looks at. */
const QUIET_SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.enableExperiments': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
};

/**
 * Starts VS Code with data, settings and extensions of its own in a temporary folder.
 * @param {VSCodeOptions} options
 * @returns {Promise<RunningVSCode>}
 */
export async function startVSCode(options) {
  const installation = await installVSCode(options.version);
  const dataDir = await mkdtemp(join(tmpdir(), 'quaywatch-vscode-'));
  const removeData = atEnd(() =>
    rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }),
  );
  try {
    return await startWithData(installation, dataDir, options, removeData);
  } catch (error) {
    await removeData();
    throw error;
  }
}

/**
 * @param {import('./vscodeInstall.mjs').VSCodeInstallation} installation
 * @param {string} dataDir
 * @param {VSCodeOptions} options
 * @param {() => Promise<void>} removeData
 * @returns {Promise<RunningVSCode>}
 */
async function startWithData(installation, dataDir, options, removeData) {
  const extensionsDir = join(dataDir, 'extensions');
  await writeSettings(dataDir, { ...QUIET_SETTINGS, ...options.settings });
  if (options.vsix) await installExtension(installation, dataDir, extensionsDir, options.vsix);
  const token = randomBytes(16).toString('hex');
  await writeFile(join(dataDir, 'token'), token, { mode: 0o600 });
  const logFile = join(dataDir, 'server.log');
  const args = serverArgs(installation.serverMain, dataDir, extensionsDir, options);
  const child = spawnOwned(installation.nodePath, args, {
    env: serverEnvironment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = atEnd(() => endOwned(child, { graceMs: END_GRACE_MS }));
  const port = await listeningPort(child, logFile).catch(async (error) => {
    await end();
    throw error;
  });
  return {
    authority: `${HOST}:${port}`,
    dataDir,
    logFile,
    urlOf: (folder, payload) => {
      const query = new URLSearchParams({ tkn: token, folder });
      if (payload) query.set('payload', JSON.stringify(payload));
      return `http://${HOST}:${port}/?${query}`;
    },
    dispose: async () => {
      await end();
      await removeData();
    },
  };
}

/** @param {string} dataDir @param {Record<string, unknown>} settings */
async function writeSettings(dataDir, settings) {
  for (const kind of ['User', 'Machine']) {
    await mkdir(join(dataDir, 'data', kind), { recursive: true });
    await writeFile(join(dataDir, 'data', kind, 'settings.json'), JSON.stringify(settings, null, 2));
  }
}

/**
 * @param {import('./vscodeInstall.mjs').VSCodeInstallation} installation
 * @param {string} dataDir
 * @param {string} extensionsDir
 * @param {string} vsix
 */
async function installExtension({ nodePath, serverMain }, dataDir, extensionsDir, vsix) {
  const folders = ['--server-data-dir', dataDir, '--extensions-dir', extensionsDir];
  const { output } = await runOrThrow(nodePath, [serverMain, '--install-extension', vsix, ...folders]);
  if (!/successfully installed/.test(output)) throw new Error(`${vsix} was not installed:\n${output}`);
}

/**
 * @param {string} serverMain
 * @param {string} dataDir
 * @param {string} extensionsDir
 * @param {VSCodeOptions} options
 */
function serverArgs(serverMain, dataDir, extensionsDir, { port = 0, workspaceTrust, testDriver }) {
  return [
    ...[serverMain, '--host', HOST, '--port', String(port)],
    ...['--connection-token-file', join(dataDir, 'token'), '--accept-server-license-terms'],
    ...['--server-data-dir', dataDir, '--extensions-dir', extensionsDir, '--telemetry-level', 'off'],
    ...(workspaceTrust ? [] : ['--disable-workspace-trust']),
    ...(testDriver ? ['--enable-smoke-test-driver'] : []),
  ];
}

/**
 * The environment without what an enclosing VS Code or tsx would hand on.
 * @param {VSCodeOptions} options
 */
function serverEnvironment({ env, isolated }) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|NODE_OPTIONS$|ELECTRON_)/.test(name),
  );
  const gallery = isolated ? { EXTENSIONS_GALLERY: '{}' } : {};
  return { ...Object.fromEntries(kept), ...gallery, ...env };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} logFile
 * @returns {Promise<number>}
 */
function listeningPort(child, logFile) {
  return new Promise((resolve, reject) => {
    let output = '';
    const log = createWriteStream(logFile);
    const deadline = setTimeout(
      () => reject(new Error(`VS Code did not start:\n${output}`)),
      START_TIMEOUT_MS,
    );
    const read = (/** @type {Buffer} */ chunk) => {
      log.write(chunk);
      output = (output + chunk).slice(-4000);
      const port = /agent host listening on (\d+)|Extension host agent listening on (\d+)/i.exec(output);
      if (!port) return;
      clearTimeout(deadline);
      resolve(Number(port[1] ?? port[2]));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('close', () => {
      log.end();
      clearTimeout(deadline);
      reject(new Error(`VS Code ended at its start:\n${output}`));
    });
  });
}
