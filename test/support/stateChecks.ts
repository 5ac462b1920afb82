import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { StateError } from '../../src/agent/state/stateError';

/** A file's permissions in octal digits, like `600`. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** For `assert.rejects`: a StateError with such a message. */
export function stateErrorSaying(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StateError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}
