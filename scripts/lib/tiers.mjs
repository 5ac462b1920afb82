/** The tiers of the test suite: what each runs, needs and may take. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CHECKS, runCheck } from '../check.mjs';
import { whyNoBrowser } from './browser.mjs';
import { runExtensionTests } from './extensionTests.mjs';
import { atEnd, errorText } from './processes.mjs';
import { REPOSITORY, runNode } from './repository.mjs';
import { noResults, resultsOf } from './results.mjs';
import { MINIMUM_VSCODE, NEWEST_VSCODE, whyNoVSCode } from './vscodeInstall.mjs';

/** @typedef {import('./results.mjs').Results} Results */
/** @typedef {{grep: string | undefined, env: NodeJS.ProcessEnv}} TierContext env is what test processes get */
/**
 * @typedef {object} Tier
 * @property {string} name
 * @property {boolean} needsEngine
 * @property {boolean} needsPackage
 * @property {boolean} [needsPodman]
 * @property {() => boolean} isPresent
 * @property {(context: TierContext) => Promise<Results>} run
 */

const MOCHA = join('node_modules', 'mocha', 'bin', 'mocha.js');
const REPORTER = join('scripts', 'lib', 'mochaReporter.mjs');
const MINUTE_MS = 60_000;

/** @type {readonly Tier[]} */
export const TIERS = [
  { name: 'check', needsEngine: false, needsPackage: false, isPresent: () => true, run: runChecks },
  mochaTier('unit', { testTimeoutMs: 15_000, tierTimeoutMs: 6 * MINUTE_MS }),
  mochaTier('contract', {
    testTimeoutMs: 60_000,
    tierTimeoutMs: 25 * MINUTE_MS,
    needsEngine: true,
    needsPodman: true,
  }),
  mochaTier('agent', { testTimeoutMs: 60_000, tierTimeoutMs: 15 * MINUTE_MS, needsEngine: true }),
  {
    name: 'extension',
    needsEngine: true,
    needsPackage: true,
    isPresent: () => existsSync(join(REPOSITORY, 'test', 'extension', 'index.ts')),
    run: runInExtensionHosts,
  },
  mochaTier('e2e', {
    testTimeoutMs: 150_000,
    tierTimeoutMs: 35 * MINUTE_MS,
    // Sockets to a closed browser or a stopped engine may linger; suites end what they start by themselves. A screen
    // may be too slow for once on a busy machine; the second attempt is reported.
    mochaArgs: ['--exit', '--retries', '1'],
    needsEngine: true,
    needsPackage: true,
    obstacle: whyNoWorkbench,
  }),
  mochaTier('rig', { testTimeoutMs: 90_000, tierTimeoutMs: 15 * MINUTE_MS, needsEngine: true }),
  mochaTier('bench', { testTimeoutMs: 90_000, tierTimeoutMs: 15 * MINUTE_MS, needsEngine: true }),
];

/**
 * @param {string} name
 * @param {{testTimeoutMs: number, tierTimeoutMs: number, mochaArgs?: readonly string[], needsEngine?: boolean, needsPackage?: boolean, needsPodman?: boolean, obstacle?: () => Promise<string | undefined>}} options
 * @returns {Tier}
 */
function mochaTier(
  name,
  {
    testTimeoutMs,
    tierTimeoutMs,
    mochaArgs = [],
    needsEngine = false,
    needsPackage = false,
    needsPodman = false,
    obstacle,
  },
) {
  const files = () => testFiles(join(REPOSITORY, 'test', name));
  return {
    name,
    needsEngine,
    needsPackage,
    needsPodman,
    isPresent: () => files().length > 0,
    run: async ({ grep, env }) => {
      const reason = await obstacle?.();
      const args = [
        ...mochaArgs,
        '--timeout',
        String(testTimeoutMs),
        ...(grep ? ['--grep', grep] : []),
        ...files(),
      ];
      if (!reason) return runMocha(name, args, env, tierTimeoutMs);
      // A dry run finds the names of the tests without running one.
      const { passed, failed } = await runMocha(name, ['--dry-run', ...args], env, tierTimeoutMs);
      return { ...noResults(), failed, skipped: passed.map(({ title }) => ({ title, reason })) };
    },
  };
}

/** Test files below a folder, relative to the repository. @param {string} folder @returns {string[]} */
function testFiles(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(REPOSITORY, join(folder, name)))
    .sort();
}

/** @returns {Promise<Results>} */
async function runChecks() {
  const results = noResults();
  for (const check of CHECKS) {
    const passed = runCheck(check);
    console.log(`  ${passed ? '✔' : '✘'} ${check.name}`);
    (passed ? results.passed : results.failed).push({ title: check.name, message: 'see above' });
  }
  return results;
}

/**
 * @param {string} what
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {number} timeoutMs
 */
async function runMocha(what, args, env, timeoutMs) {
  return withReportFile(async (reportFile) => {
    const command = ['--import', 'tsx', MOCHA, '--forbid-only', '--reporter', REPORTER, ...args];
    const code = await runNode(command, { env: { ...env, QUAYWATCH_TEST_RESULTS: reportFile }, timeoutMs });
    return resultsOf(await readIfThere(reportFile), code, what);
  });
}

/** Why VS Code can't be driven here. @returns {Promise<string | undefined>} */
async function whyNoWorkbench() {
  return whyNoBrowser() ?? (await whyNoVSCode());
}

/** The same bundle in the newest VS Code and in the oldest that package.json allows. @param {TierContext} context */
async function runInExtensionHosts(context) {
  const total = noResults();
  const reason = await whyNoWorkbench();
  if (!reason && (await runNode(['esbuild.js', '--tests'])) !== 0) {
    return { ...total, failed: [{ title: 'bundling test/extension', message: 'see above' }] };
  }
  for (const version of [NEWEST_VSCODE, MINIMUM_VSCODE]) {
    const what = `in VS Code ${version.name}`;
    if (reason) {
      total.skipped.push({ title: `all extension tests ${what}`, reason });
      continue;
    }
    console.log(`\n  ${what}`);
    const results = await runInExtensionHost(version, what, context);
    for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped', 'repeated'])) {
      total[kind].push(
        ...results[kind].map((outcome) => ({ ...outcome, title: `${what}: ${outcome.title}` })),
      );
    }
  }
  return total;
}

/**
 * @param {import('./vscodeInstall.mjs').VSCodeVersion} version
 * @param {string} what
 * @param {TierContext} context
 */
function runInExtensionHost(version, what, { grep, env }) {
  return withReportFile(async (reportFile, folder) => {
    const outputFile = join(folder, 'output.txt');
    const code = await runExtensionTests({
      version,
      extensionPath: REPOSITORY,
      testsPath: join(REPOSITORY, 'out', 'test', 'extension', 'index'),
      folder,
      env: {
        ...env,
        QUAYWATCH_TEST_RESULTS: reportFile,
        QUAYWATCH_TEST_OUTPUT: outputFile,
        QUAYWATCH_TEST_GREP: grep,
      },
      screenshot: join(REPOSITORY, 'out', 'screenshots', `failed-${version.name}.png`),
    }).catch((error) => {
      console.error(errorText(error));
      return 1;
    });
    console.log((await readIfThere(outputFile)) ?? '');
    return resultsOf(await readIfThere(reportFile), code, what);
  });
}

/**
 * @template T
 * @param {(reportFile: string, folder: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withReportFile(use) {
  const folder = await mkdtemp(join(tmpdir(), 'quaywatch-results-'));
  const remove = atEnd(() => rm(folder, { recursive: true, force: true }));
  try {
    return await use(join(folder, 'results.json'), folder);
  } finally {
    await remove();
  }
}

/** @param {string} file */
function readIfThere(file) {
  return readFile(file, 'utf8').catch(() => undefined);
}
