/**
 * Mocha's spec reporter on screen, plus the results as JSON in the file that QUAYWATCH_TEST_RESULTS names, for
 * the runner to add up. A skipped test carries the reason that test/support/skip.ts noted on it or on a suite
 * around it.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import Mocha from 'mocha';

export default class ResultsReporter extends Mocha.reporters.Spec {
  /** @param {Mocha.Runner} runner @param {Mocha.MochaOptions} options */
  constructor(runner, options) {
    super(runner, options);
    endWithRunner();
    exitWhenIdle();
    /** @type {import('./results.mjs').Results} */
    const results = { passed: [], failed: [], skipped: [], repeated: [] };
    runner.on('pass', (test) => results.passed.push({ title: test.fullTitle() }));
    runner.on('fail', (test, error) =>
      results.failed.push({ title: test.fullTitle(), message: error.message }),
    );
    runner.on('retry', (test, error) =>
      results.repeated.push({ title: test.fullTitle(), message: error.message }),
    );
    runner.on('pending', (test) =>
      results.skipped.push({ title: test.fullTitle(), reason: skipReason(test) }),
    );
    runner.once('end', () => {
      const file = process.env['QUAYWATCH_TEST_RESULTS'];
      if (file) writeFileSync(file, JSON.stringify(results));
    });
  }
}

/** @param {Mocha.Test} test */
function skipReason(test) {
  /** @type {Mocha.Test | Mocha.Suite | undefined} */
  let holder = test;
  while (holder) {
    if ('skipReason' in holder) return String(holder.skipReason);
    holder = holder.parent;
  }
  return 'no reason given';
}

/** The runner holds the other end of our stdin: when it is killed, we end too, cleaning up as for a signal. */
function endWithRunner() {
  if (!process.env['QUAYWATCH_RUNNER'] || !(process.stdin instanceof Socket)) return;
  process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
  process.stdin.resume();
  process.stdin.unref();
}

/**
 * Node 20 now and then does not get through closing what was left open, and uses a whole core for it for ever. By then
 * nothing keeps the loop alive, so whatever a test forgot has been waited for.
 */
function exitWhenIdle() {
  process.once('beforeExit', () => process.exit());
}
