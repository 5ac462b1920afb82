/** Runs mocha inside the extension host; test/extension/index.ts says which suites. */
import { appendFileSync } from 'node:fs';
import { format } from 'node:util';
import Mocha from 'mocha';
import ResultsReporter from '../../scripts/lib/mochaReporter.mjs';

const timeoutMs = 30_000;

/**
 * Runs the suites that `load` defines. Rejects when a test failed, or when there was none: the code that VS Code
 * ends with follows from that.
 */
export async function runSuites(load: () => void | Promise<void>): Promise<void> {
  const grep = process.env['QUAYWATCH_TEST_GREP'];
  reportTo(process.env['QUAYWATCH_TEST_OUTPUT']);
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: timeoutMs,
    color: false,
    forbidOnly: true,
    reporter: ResultsReporter,
    ...(grep ? { grep } : {}),
  });
  mocha.suite.emit('pre-require', globalThis, 'suites', mocha);
  await load();
  const failures = await new Promise<number>((resolve) => void mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}

/** What the extension host prints is seen nowhere: the report goes to a file that the runner shows. */
function reportTo(file: string | undefined): void {
  if (!file) return;
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => appendFileSync(file, `${format(...args)}\n`);
}
