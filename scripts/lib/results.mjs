/** Test results of all tiers, added up. */

/**
 * @typedef {{title: string, reason?: string, message?: string}} Outcome
 * @typedef {{passed: Outcome[], failed: Outcome[], skipped: Outcome[], repeated: Outcome[]}} Results
 *   `repeated` are those that failed once and were tried again; how that went is among the others
 */

/** A difference needs more than its headline. */
const MESSAGE_LINES = 8;

/** @returns {Results} */
export function noResults() {
  return { passed: [], failed: [], skipped: [], repeated: [] };
}

/**
 * What a mocha run came to: its report, plus a failure of its own when there is none, or when the process failed
 * although no test did.
 * @param {string | undefined} report the JSON that lib/mochaReporter.mjs wrote
 * @param {number} exitCode
 * @param {string} what names the run
 * @returns {Results}
 */
export function resultsOf(report, exitCode, what) {
  if (!report) {
    return {
      ...noResults(),
      failed: [{ title: what, message: `ended with code ${exitCode} and no results` }],
    };
  }
  /** @type {Results} */
  const results = JSON.parse(report);
  if (exitCode !== 0 && results.failed.length === 0) {
    results.failed.push({ title: what, message: `no test failed, but it ended with code ${exitCode}` });
  }
  return results;
}

/**
 * Prints failures, second attempts and skips by name and, as the very last line, the counts.
 * @param {Map<string, Results>} tiers
 * @returns {number} the exit code: 0 when something passed and nothing failed
 */
export function printSummary(tiers) {
  const total = noResults();
  for (const [tier, results] of tiers) {
    for (const { title, reason } of results.skipped) console.log(`skipped  ${tier}: ${title} (${reason})`);
    for (const { title, message } of results.repeated)
      console.log(`tried again  ${tier}: ${title}: ${firstLines(message)}`);
    for (const { title, message } of results.failed)
      console.log(`FAILED   ${tier}: ${title}: ${firstLines(message)}`);
    total.passed.push(...results.passed);
    total.failed.push(...results.failed);
    total.skipped.push(...results.skipped);
  }
  // Once more by name alone: where only the end of an output is kept, every failure is still in it.
  for (const [tier, { failed }] of tiers)
    for (const { title } of failed) console.log(`FAILED   ${tier}: ${title}`);
  if (total.passed.length + total.failed.length === 0) console.log('No test ran.');
  console.log(
    `${total.passed.length} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`,
  );
  return total.failed.length === 0 && total.passed.length > 0 ? 0 : 1;
}

/** @param {string | undefined} message */
function firstLines(message = '') {
  return message
    .trim()
    .split(/\s*\n\s*/, MESSAGE_LINES)
    .join(' | ');
}
