import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeWholeFile } from '../../src/vscode/logs/replacedFile';

describe('a file that is there whole or not at all', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-file-'));
    file = path.join(folder, 'a.log');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('has all that was appended, in order, also what nobody awaited', async () => {
    const isWritten = await writeWholeFile(file, async (append) => {
      await append('one\n');
      const rest = Array.from({ length: 50 }, (_, index) => append(`${index}\n`));
      await Promise.all(rest);
      return true;
    });
    assert.equal(isWritten, true);
    const expected = ['one', ...Array.from({ length: 50 }, (_, index) => String(index)), ''].join('\n');
    assert.equal(await readFile(file, 'utf8'), expected);
    assert.deepEqual(await readdir(folder), ['a.log']);
  });

  it('is not there, and the one before it stays, when it is not wanted or fails', async () => {
    await writeFile(file, 'before');
    assert.equal(await writeWholeFile(file, (append) => append('x').then(() => false)), false);
    const failing = writeWholeFile(file, async (append) => {
      await append('x');
      throw new Error('broken');
    });
    await assert.rejects(failing, /broken/);
    assert.equal(await readFile(file, 'utf8'), 'before');
    assert.deepEqual(await readdir(folder), ['a.log']);
  });

  it('leaves nothing behind where it can not be put in its place', async () => {
    const folderInTheWay = path.join(folder, 'taken');
    await mkdir(folderInTheWay);
    await assert.rejects(
      writeWholeFile(folderInTheWay, () => Promise.resolve(true)),
      { code: 'EISDIR' },
    );
    assert.deepEqual(await readdir(folder), ['taken']);
    await assert.rejects(
      writeWholeFile(path.join(folder, 'none', 'a.log'), () => Promise.resolve(true)),
      { code: 'ENOENT' },
    );
  });

  it('says that the disk is full, and leaves nothing on it', async function () {
    if (process.platform !== 'linux') this.skip();
    const failing = writeWholeFile(file, async (append) => {
      // What a write to a full disk fails with, without a full disk.
      const full = await open('/dev/full', 'w');
      await append('x');
      return full
        .appendFile('x'.repeat(100_000))
        .then(() => true)
        .finally(() => full.close());
    });
    await assert.rejects(failing, { code: 'ENOSPC' });
    assert.deepEqual(await readdir(folder), []);
  });
});
