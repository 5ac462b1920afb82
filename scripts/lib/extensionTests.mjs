/** Runs a test bundle inside the extension host of a real VS Code, whose workbench a browser opens. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { launchBrowser } from './browser.mjs';
import { startVSCode } from './vscodeServer.mjs';

/**
 * @typedef {object} ExtensionTestOptions
 * @property {import('./vscodeInstall.mjs').VSCodeVersion} version
 * @property {string} extensionPath folder of the extension under development
 * @property {string} testsPath module whose `run()` runs the tests and rejects when one failed
 * @property {string} folder the workspace to open
 * @property {NodeJS.ProcessEnv} [env] for the extension host
 * @property {Record<string, unknown>} [settings]
 * @property {string} [screenshot] where to keep a picture of the workbench when the tests failed
 * @property {number} [timeoutMs] for the whole run
 */

const TIMEOUT_MS = 300_000;

/**
 * @param {ExtensionTestOptions} options
 * @returns {Promise<number>} the exit code of the run: 0 when `run()` resolved
 */
export async function runExtensionTests(options) {
  const { version, extensionPath, testsPath, folder, env = {}, settings = {} } = options;
  const server = await startVSCode({ version, env, settings, isolated: true, testDriver: true });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const ended = exitCodeOf(page, options.timeoutMs ?? TIMEOUT_MS);
    const remote = (/** @type {string} */ path) => `vscode-remote://${server.authority}${path}`;
    await page.goto(
      server.urlOf(folder, [
        ['extensionDevelopmentPath', remote(extensionPath)],
        ['extensionTestsPath', remote(testsPath)],
      ]),
    );
    const code = await ended;
    if (code !== 0 && options.screenshot) {
      await mkdir(dirname(options.screenshot), { recursive: true });
      await page.screenshot({ path: options.screenshot });
    }
    return code;
  } finally {
    await browser.close();
    await server.dispose();
  }
}

/**
 * VS Code calls these two functions of the page when it was opened with tests to run.
 * @param {import('playwright-core').Page} page
 * @param {number} timeoutMs
 * @returns {Promise<number>}
 */
async function exitCodeOf(page, timeoutMs) {
  /** @type {string[]} */
  const log = [];
  await page.exposeFunction(
    'codeAutomationLog',
    (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
      log.push(
        `[${type}] ${args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' ')}`,
      );
    },
  );
  /** @type {Promise<number>} */
  const exited = new Promise((resolve, reject) => {
    page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => resolve(code)).catch(reject);
  });
  /** @type {Promise<number>} */
  const gaveUp = new Promise((resolve) => {
    const giveUp = (/** @type {string} */ why) => {
      console.error(`${why} VS Code's last messages:\n${log.slice(-20).join('\n')}`);
      resolve(1);
    };
    const deadline = setTimeout(
      () => giveUp(`The tests did not end within ${timeoutMs / 1000} s.`),
      timeoutMs,
    );
    page.once('crash', () => giveUp('The page crashed.'));
    page.once('close', () => clearTimeout(deadline));
  });
  return Promise.race([exited, gaveUp]);
}
