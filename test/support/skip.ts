/** Skipping with a reason, which the runner prints beside the test's name. */

/** A mocha context: `this` in a hook or test. */
export interface Skippable {
  skip(): never;
  /** The hook or test that runs; in a hook its parent is the suite that gets skipped. */
  readonly test?: { readonly type?: string; readonly parent?: object | undefined } | undefined;
}

/** The property of a test or suite that scripts/lib/mochaReporter reads. */
const reasonKey = 'skipReason';

/** Skips the test, or from a `before` hook the whole suite, and says why in the summary. */
export function skipWithReason(context: Skippable, reason: string): never {
  const { test } = context;
  const skipped = test?.type === 'hook' ? test.parent : test;
  if (skipped) Object.assign(skipped, { [reasonKey]: reason });
  return context.skip();
}
