import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runExtensionTests } from '../../scripts/lib/extensionTests.mjs';
import { NEWEST_VSCODE, type VSCodeVersion } from '../../scripts/lib/vscodeInstall.mjs';

const root = path.resolve(__dirname, '../..');

/** Builds the extension as people get it, and the parts of benchmarks that run inside VS Code. */
export function buildForVSCode(): void {
  for (const flag of ['--production', '--tests']) {
    const { status } = spawnSync(process.execPath, ['esbuild.js', flag], { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`The build (${flag}) failed.`);
  }
}

/** Runs `out/test/bench/NAME.js` in the extension host of a fresh VS Code and gives what it reported. */
export async function runInsideVSCode(
  name: string,
  environment: NodeJS.ProcessEnv = {},
  version: VSCodeVersion = NEWEST_VSCODE,
): Promise<Record<string, number>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-bench-'));
  const report = path.join(folder, 'report.json');
  const failure = path.join(folder, 'failure.txt');
  try {
    const code = await runExtensionTests({
      version,
      extensionPath: root,
      testsPath: path.join(root, 'out/test/bench', name),
      folder,
      env: { ...environment, QUAYWATCH_BENCH_REPORT: report, QUAYWATCH_BENCH_FAILURE: failure },
    });
    if (code !== 0) {
      const why = await readFile(failure, 'utf8').catch(() => 'it did not say why');
      throw new Error(`The benchmark ${name} failed inside VS Code: ${why}`);
    }
    return JSON.parse(await readFile(report, 'utf8')) as Record<string, number>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
