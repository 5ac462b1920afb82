import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that each test of the suite gets for itself. To be called inside `describe`. */
export function temporaryFolder(): { readonly path: string; file(name: string): string } {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'quaywatch-test-'));
  });
  // What a test began may still be writing there.
  afterEach(() => rm(path, { recursive: true, force: true, maxRetries: 10 }));
  return {
    get path() {
      return path;
    },
    file: (name) => join(path, name),
  };
}
