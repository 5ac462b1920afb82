import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-fs';
import { folderContext } from '../../src/deploy/sources/folderContext';
import { temporaryFolder } from '../support/temporaryFolder';

describe("a build's context", () => {
  const folder = temporaryFolder();

  /** What is in the context of a folder with these files, of which `.dockerignore` says what to leave out. */
  async function contentsOf(
    ignored: readonly string[],
    files: readonly string[],
  ): Promise<readonly string[]> {
    for (const name of files) {
      mkdirSync(dirname(folder.file(`from/${name}`)), { recursive: true });
      writeFileSync(folder.file(`from/${name}`), name === '.dockerignore' ? ignored.join('\n') : 'x');
    }
    const archive = Readable.from(folderContext(folder.file('from'))(), { objectMode: false });
    await pipeline(archive, extract(folder.file('to')));
    return readdirSync(folder.file('to'), { recursive: true, encoding: 'utf8' }).sort();
  }

  it('has what an exception takes back, and no other folder that is left out', async () => {
    const files = ['.dockerignore', 'a.log', 'b.log', 'x/1', 'y/keep/1', 'y/no', 'z/w/b.md', 'z/w/n'];
    const ignored = ['*', '!b.log', '!y/keep', '! z/*/*.md'];
    assert.deepEqual(await contentsOf(ignored, files), [
      '.dockerignore',
      'b.log',
      'y',
      'y/keep',
      'y/keep/1',
      'z',
      'z/w',
      'z/w/b.md',
    ]);
  });
});
