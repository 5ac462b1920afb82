/**
 * `npm run test:desktop`: the extension tier in desktop VS Code, oldest supported and newest, for machines that have a
 * display and can download VS Code. Everywhere else the tier runs in VS Code's server build, as part of `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { MINIMUM_VSCODE } from './lib/vscodeInstall.mjs';
import { REPOSITORY } from './lib/repository.mjs';

for (const flag of ['--production', '--tests']) {
  const { status } = spawnSync(process.execPath, ['esbuild.js', flag], { cwd: REPOSITORY, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
for (const version of [`${MINIMUM_VSCODE.name}.0`, 'stable']) {
  await runTests({
    version,
    extensionDevelopmentPath: REPOSITORY,
    extensionTestsPath: join(REPOSITORY, 'out', 'test', 'extension', 'index'),
    launchArgs: ['--disable-extensions', '--disable-workspace-trust'],
  });
}
