import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { KeptFolder } from '../../src/deploy/sources/keptFolder';
import { temporaryFolder } from '../support/temporaryFolder';

describe('the folder that is kept of a Compose project', function () {
  const folder = temporaryFolder();
  let deliveries = 0;

  const here = (name: string): string => join(folder.path, 'kept', name);
  const text = (name: string): string => readFileSync(here(name), 'utf8');

  function write(path: string, content: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  /** Files by name, each as old as its delivery; a content that begins with `->` is a link. */
  async function deliver(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
    deliveries += 1;
    const from = folder.file(`delivery${deliveries}`);
    mkdirSync(from);
    for (const [name, content] of Object.entries(files)) {
      const path = join(from, name);
      mkdirSync(dirname(path), { recursive: true });
      if (content.startsWith('->')) {
        symlinkSync(content.slice(2), path);
        continue;
      }
      writeFileSync(path, content);
      utimesSync(path, deliveries, deliveries);
    }
    return new KeptFolder(folder.file('kept')).take(from);
  }

  it('has what was delivered last, each file in place: it may be mounted', async () => {
    await deliver({ 'nginx.conf': 'one', 'conf/a': 'a', 'conf/b': 'b', 'gone/c': 'c' });
    const { ino } = statSync(here('nginx.conf'));
    assert.deepEqual(await deliver({ 'nginx.conf': 'two, longer', 'conf/a': 'a' }), []);
    assert.equal(text('nginx.conf'), 'two, longer');
    assert.equal(statSync(here('nginx.conf')).ino, ino);
    assert.deepEqual(
      ['conf/a', 'conf/b', 'gone'].map((name) => existsSync(here(name))),
      [true, false, false],
    );
  });

  it('leaves what containers wrote, beside what was delivered and over it', async () => {
    await deliver({ 'data/seed.db': 'seed', 'data/old.db': 'old', 'app.conf': 'one' });
    write(here('data/new.db'), 'theirs');
    write(here('data/seed.db'), 'theirs, too');
    write(here('data/old.db'), 'theirs as well');
    const kept = await deliver({ 'data/seed.db': 'seed 2', 'data/new.db': 'ours', 'app.conf': 'two' });
    assert.deepEqual([...kept].sort(), ['data/new.db', 'data/seed.db']);
    assert.deepEqual(['data/new.db', 'data/seed.db', 'data/old.db', 'app.conf'].map(text), [
      'theirs',
      'theirs, too',
      'theirs as well',
      'two',
    ]);
    // It stays theirs, however often.
    assert.deepEqual((await deliver({ 'data/seed.db': 'seed 3' })).length, 1);
    assert.equal(text('data/seed.db'), 'theirs, too');
  });

  it('never empties a folder to make room', async () => {
    await deliver({ 'data/seed.db': 'seed' });
    write(here('data/theirs'), 'theirs');
    assert.deepEqual(await deliver({ data: 'a file now' }), ['data']);
    assert.equal(text('data/theirs'), 'theirs');
    rmSync(here('data/theirs'));
    assert.deepEqual(await deliver({ data: 'a file now' }), []);
    assert.equal(text('data'), 'a file now');
  });

  it('writes and removes nothing through links that containers made', async () => {
    await deliver({ 'data/a': 'a', 'data/b': 'b', link: '->data/a' });
    const outside = folder.file('outside');
    write(join(outside, 'a'), 'a');
    rmSync(here('data'), { recursive: true });
    symlinkSync(outside, here('data'));
    assert.deepEqual(await deliver({ 'data/a': 'changed', link: '->data/c' }), ['data']);
    assert.equal(readFileSync(join(outside, 'a'), 'utf8'), 'a');
    assert.ok(lstatSync(here('link')).isSymbolicLink());
    assert.deepEqual(await deliver({}), []);
    assert.equal(existsSync(join(outside, 'a')), true);
  });

  it('takes up a delivery that was cut off in the middle', async () => {
    await deliver({ 'app.conf': 'one' });
    const list = JSON.parse(readFileSync(folder.file('kept.json'), 'utf8')) as Record<string, unknown>;
    // As a process leaves it that is ended while it writes.
    writeFileSync(folder.file('kept.json'), JSON.stringify({ ...list, writing: ['app.conf'] }));
    writeFileSync(here('app.conf'), 'tw');
    assert.deepEqual(await deliver({ 'app.conf': 'two' }), []);
    assert.equal(text('app.conf'), 'two');
  });
});
