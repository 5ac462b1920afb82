// Types, lint, formatting and import rules. `npm test` runs each as a step of its own; alone, `npm run check`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules', '.bin', name);
const cache = path.join('node_modules', '.cache', 'quaywatch');

/** The compiler checks what changed, and what depends on it. */
const types = (project, name) => [
  bin('tsc'),
  ...['-p', project, '--incremental', '--tsBuildInfoFile', path.join(cache, `${name}.tsbuildinfo`)],
];

const isAlone = import.meta.url === pathToFileURL(process.argv[1]).href;

/**
 * Rules that look at types can change their mind about a file that did not change. So `npm test` lints everything; only
 * `npm run check`, while developing, looks at what changed.
 */
const lintCache =
  isAlone && !process.env.CI
    ? ['--cache', '--cache-strategy', 'content', '--cache-location', `${cache}/`]
    : [];

/** The steps, each a command that fails by its exit code. */
export const CHECKS = [
  { name: 'types', command: types('.', 'all') },
  {
    name: 'types of the pure rooms, without Node and DOM',
    command: types('tsconfig.pure.json', 'pure'),
  },
  { name: 'types of the pages, with the DOM', command: types('webview', 'pages') },
  { name: 'lint', command: [bin('eslint'), '.', '--max-warnings', '0', ...lintCache] },
  { name: 'formatting', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  {
    name: 'import rules and cycles',
    command: [
      bin('depcruise'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      'src',
      'test',
      'webview',
    ],
  },
];

/** Runs one check with its output on screen and says whether it passed. */
export function runCheck(check) {
  const [command, ...args] = check.command;
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) console.error(error.message);
  return status === 0;
}

if (isAlone) {
  const failed = CHECKS.filter((check) => {
    console.log(`check: ${check.name}`);
    return !runCheck(check);
  });
  for (const { name } of failed) console.error(`check failed: ${name}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
