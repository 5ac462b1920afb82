import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { AppendFile } from '../../src/agent/state/appendFile';
import { createFile, replaceFile } from '../../src/agent/state/atomicFile';
import { StateError } from '../../src/agent/state/stateError';
import { StateFolder } from '../../src/agent/state/stateFolder';
import { skipWithReason } from '../support/skip';
import { modeOf, stateErrorSaying } from '../support/stateChecks';
import { temporaryFolder } from '../support/temporaryFolder';

describe('agent: files of the state', () => {
  const folder = temporaryFolder();

  it('are replaced as a whole and belong to their owner alone', async () => {
    const path = folder.file('a.json');
    await replaceFile(path, 'one');
    await replaceFile(path, 'two');
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.equal(modeOf(path), '600');
    assert.deepEqual(readdirSync(folder.path), ['a.json']);
  });

  it('are never replaced by what is to be new', async () => {
    const path = folder.file('a.json');
    await createFile(path, 'one');
    await assert.rejects(createFile(path, 'two'), { code: 'EEXIST' });
    assert.equal(readFileSync(path, 'utf8'), 'one');
    assert.deepEqual(readdirSync(folder.path), ['a.json']);
  });

  it('leave nothing behind when they can not be put in place', async () => {
    mkdirSync(folder.file('a.json'));
    await assert.rejects(replaceFile(folder.file('a.json'), 'one'));
    assert.deepEqual(readdirSync(folder.path), ['a.json']);
  });
});

describe('agent: state folder', () => {
  const folder = temporaryFolder();
  let state: StateFolder;
  beforeEach(() => (state = new StateFolder(folder.file('state'))));

  it('is made for its owner alone', async () => {
    await state.create();
    await state.create();
    assert.deepEqual([modeOf(state.path), modeOf(state.tokensFolder)], ['700', '700']);
    assert.equal(await state.readIdentity(), undefined);
  });

  it('keeps its identity', async () => {
    await state.create();
    const identity = await state.writeIdentity('box:1', new Date());
    assert.deepEqual(await state.requireIdentity(), identity);
    assert.equal(modeOf(state.identityFile), '600');
    await assert.rejects(state.writeIdentity('other', new Date()), StateError);
    assert.deepEqual(await state.requireIdentity(), identity);
  });

  it('says what to do where there is none', async () => {
    assert.equal(await state.readIdentity(), undefined);
    await assert.rejects(state.requireIdentity(), stateErrorSaying(/quaywatch-agent init.*--state/));
  });

  for (const [what, text] of [
    ['half a file', '{"version":1,"agen'],
    ['an empty file', ''],
    ['another version', '{"version":2,"agentId":"a","createdAt":"","address":"a"}'],
    ['a missing member', '{"version":1,"createdAt":"","address":"a"}'],
  ] as const) {
    it(`refuses ${what} and leaves it alone`, async () => {
      await state.create();
      writeFileSync(state.identityFile, text, { mode: 0o600 });
      await assert.rejects(
        state.requireIdentity(),
        stateErrorSaying(/agent\.json: .*Restore it from a backup/),
      );
      assert.equal(readFileSync(state.identityFile, 'utf8'), text);
    });
  }

  it('refuses what others can read, and names the remedy', async () => {
    await state.create();
    await state.writeIdentity('box', new Date());
    chmodSync(state.identityFile, 0o640);
    await assert.rejects(state.requireIdentity(), stateErrorSaying(/mode 0640.*chmod 600/));
    chmodSync(state.path, 0o755);
    await assert.rejects(state.requireIdentity(), stateErrorSaying(/chmod 700/));
  });

  it('refuses a file in its place', async () => {
    writeFileSync(state.path, '');
    await assert.rejects(state.create(), StateError);
  });
});

describe('agent: files that grow', () => {
  const folder = temporaryFolder();
  let path: string;
  beforeEach(() => (path = folder.file('lines')));

  it('keep the order of what comes at once', async () => {
    const file = await AppendFile.open(path, 'cut');
    const numbers = Array.from({ length: 500 }, (_value, index) => String(index));
    await Promise.all(
      numbers.map((line, index) => file.append(line, index % 7 === 0 ? 'synced' : 'written')),
    );
    assert.equal(readFileSync(path, 'utf8'), numbers.map((line) => `${line}\n`).join(''));
    assert.equal(modeOf(path), '600');
    await file.close();
  });

  it('lose half a last line when told to, and end it otherwise', async () => {
    writeFileSync(path, 'one\ntw', { mode: 0o600 });
    const cut = await AppendFile.open(path, 'cut');
    await cut.append('three', 'written');
    await cut.close();
    assert.equal(readFileSync(path, 'utf8'), 'one\nthree\n');
    writeFileSync(path, 'one\ntw');
    const kept = await AppendFile.open(path, 'keep');
    await kept.append('three', 'written');
    await kept.close();
    assert.equal(readFileSync(path, 'utf8'), 'one\ntw\nthree\n');
  });

  it('go on after they were replaced', async () => {
    const file = await AppendFile.open(path, 'cut');
    const before = file.append('one', 'written');
    const replaced = file.replace(() => 'two\n');
    const after = file.append('three', 'written');
    await Promise.all([before, replaced, after]);
    await file.close();
    assert.equal(readFileSync(path, 'utf8'), 'two\nthree\n');
    assert.equal(modeOf(path), '600');
  });

  it('say that the disk is full, each time', async function () {
    if (!existsSync('/dev/full')) skipWithReason(this, 'this system has no /dev/full');
    const file = await AppendFile.open('/dev/full', 'keep');
    await assert.rejects(
      file.append('one', 'written'),
      stateErrorSaying(/the disk is full\. Free some space/),
    );
    await assert.rejects(file.append('two', 'synced'), StateError);
    await file.close();
  });
});
