import assert from 'node:assert/strict';

const POLL_INTERVAL_MS = 10;

/** Waits until a condition holds, and fails with what it was about when it does not in time. */
export async function eventually(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs)
      assert.fail(`After ${timeoutMs} ms still not: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
