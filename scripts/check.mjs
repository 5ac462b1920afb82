// Types, lint, formatting and import rules. `npm test` runs each as a step of its own; alone, `npm run check`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

/** The steps, each a command that fails by its exit code. */
export const CHECKS = [
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  {
    name: 'types of the pure rooms, without Node and DOM',
    command: [bin('tsc'), '-p', 'tsconfig.pure.json'],
  },
  { name: 'types of the pages, with the DOM', command: [bin('tsc'), '-p', 'webview'] },
  { name: 'lint', command: [bin('eslint'), '.', '--max-warnings', '0'] },
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

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const failed = CHECKS.filter((check) => {
    console.log(`check: ${check.name}`);
    return !runCheck(check);
  });
  for (const { name } of failed) console.error(`check failed: ${name}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
