import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/base/clock';
import { newDeployment, ended } from '../../src/deploy/deploymentState';
import { DeploymentStore } from '../../src/deploy/deploymentStore';
import { DeploymentIds } from '../../src/deploy/ids';
import { JournalFolder } from '../../src/deploy/journal/journalFolder';
import { lockHolder, takeLock } from '../../src/deploy/journal/journalLock';
import { JournalFollow } from '../../src/deploy/journalFollow';
import type { Deployment, DeploymentEntry } from '../../src/model/deployment';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporaryFolder';

const SPEC = { app: 'web', source: { kind: 'image', image: 'web:1', pull: 'missing' } } as const;
const START = { sequence: 0, completeBytes: 0 };

function deploymentOf(id: string, nowMs = 0): Deployment {
  const { app, source } = SPEC;
  return newDeployment({ id, app, source, sourceText: 'web:1', startedBy: 'me', nowMs });
}

function overOf(id: string): Deployment {
  return ended(deploymentOf(id), { status: 'success', message: 'done', nowMs: 1 });
}

describe('the journal of deployments', function () {
  // One test makes ten thousand files.
  this.timeout(60_000);
  const folder = temporaryFolder();
  let journals: JournalFolder;
  beforeEach(async () => {
    journals = new JournalFolder(folder.file('state'), systemClock);
    await journals.create();
  });

  it('is for its owner only, and holds entries without a hole', async () => {
    const writer = await journals.openWriter(
      'a',
      START,
      (text) => text.replace('secret', '•••'),
      () => undefined,
    );
    await writer.open({ kind: 'open', version: 1, spec: SPEC, missing: [], isHandedOver: false });
    await writer.state(deploymentOf('a'), true);
    for (let line = 0; line < 1000; line++) writer.log('stdout', `secret ${line}`);
    await writer.state(overOf('a'), true);
    await writer.close();
    const text = readFileSync(journals.journalPath('a'), 'utf8');
    assert.doesNotMatch(text, /secret/);
    const summary = await journals.summarize('a');
    assert.deepEqual([summary.sequence, summary.deployment?.status], [1002, 'success']);
    if (process.platform !== 'win32') {
      assert.equal(statSync(journals.journalPath('a')).mode & 0o777, 0o600);
      assert.equal(statSync(journals.path).mode & 0o777, 0o700);
    }
  });

  it('goes on behind a torn last line', async () => {
    const writer = await journals.openWriter('a', START, String, () => undefined);
    await writer.state(deploymentOf('a'), true);
    await writer.close();
    appendFileSync(journals.journalPath('a'), '{"sequence":2,"kind":"log","te');
    const summary = await journals.summarize('a');
    assert.equal(summary.sequence, 1);
    const next = await journals.openWriter('a', summary, String, () => undefined);
    await next.state(overOf('a'), true);
    await next.close();
    assert.equal((await journals.summarize('a')).sequence, 2);
  });

  it('is followed while it is written, each entry once and in order, from any place', async () => {
    const readers: JournalFollow[] = [];
    const told: DeploymentEntry[][] = [[], []];
    const ends: number[] = [];
    const writer = await journals.openWriter('a', START, String, () =>
      readers.forEach((one) => void one.read()),
    );
    await writer.state(deploymentOf('a'), true);
    const done = new Promise<void>((resolve) => {
      for (const [index, after] of [0, 500].entries()) {
        const sink = {
          entries: (entries: readonly DeploymentEntry[]): unknown => told[index]?.push(...entries),
          ended: (): void => {
            ends.push(index);
            if (ends.length === 2) resolve();
          },
        };
        readers.push(
          new JournalFollow(
            journals.journalPath('a'),
            after,
            sink,
            (one) => one,
            () => undefined,
            () => undefined,
          ),
        );
      }
    });
    for (let line = 2; line <= 2000; line++) {
      writer.log('stdout', `line ${line}`);
      if (line % 100 === 0) await writer.flush();
    }
    await writer.state(overOf('a'), true);
    await writer.close();
    await done;
    const sequences = told.map((entries) => entries.map(({ sequence }) => sequence));
    assert.deepEqual(
      sequences[0],
      Array.from({ length: 2001 }, (_one, index) => index + 1),
    );
    assert.deepEqual(
      sequences[1],
      Array.from({ length: 1501 }, (_one, index) => index + 501),
    );
  });

  it('lists ten thousand without a look at their journals, and finds what the index lacks', async () => {
    const ids = new DeploymentIds();
    const all = Array.from({ length: 10_000 }, () => overOf(ids.next(1)));
    for (const { id } of all) writeFileSync(journals.journalPath(id), '');
    await journals.index.put(all);
    appendFileSync(`${journals.path}/index.jsonl`, '{"torn');
    const late = ids.next(1);
    const writer = await journals.openWriter(late, START, String, () => undefined);
    await writer.state(deploymentOf(late), true);
    await writer.close();
    const store = new DeploymentStore(new JournalFolder(journals.path, systemClock), systemClock);
    const told: (readonly Deployment[])[] = [];
    store.onDidChange((changed) => told.push(changed));
    await store.load();
    assert.deepEqual(
      told.map((changed) => changed.length),
      [51],
      'who watches is told of those that are shown at once',
    );
    const page = await store.list({ limit: 3 });
    assert.deepEqual(
      page.deployments.map(({ id }) => id),
      [late, all.at(-1)?.id, all.at(-2)?.id],
    );
    assert.equal(page.hasMore, true);
    assert.equal(store.current?.size, 51);
    const later = ids.next(1);
    const other = await journals.openWriter(later, START, String, () => undefined);
    await other.state(deploymentOf(later), true);
    await other.close();
    assert.equal((await store.find(later))?.id, later, 'one that came since is found when it is named');
    assert.equal(await store.find('none'), undefined);
    store.dispose();
  });

  it('is not read whole again for what this process writes, but for what others write', async () => {
    let reads = 0;
    class CountingFolder extends JournalFolder {
      override ids(): Promise<readonly string[]> {
        reads += 1;
        return super.ids();
      }
    }
    const store = new DeploymentStore(new CountingFolder(journals.path, systemClock), systemClock);
    await store.load();
    let looks = 0;
    store.onDidLook(() => (looks += 1));
    const watching = store.watch();
    store.set(deploymentOf('own'));
    const [readsBefore, looksBefore] = [reads, looks];
    writeFileSync(journals.journalPath('own'), '{"kind":"other"}\n');
    await eventually('it looks for more of its own', () => looks > looksBefore);
    assert.equal(reads, readsBefore);
    const other = await journals.openWriter('other', START, String, () => undefined);
    await other.state(deploymentOf('other'), true);
    await other.close();
    await eventually("another's is seen", () => store.get('other') !== undefined);
    watching.dispose();
    store.dispose();
  });

  it('tells what other processes change, from journals and index', async () => {
    const write = async (deployment: Deployment): Promise<void> => {
      const writer = await journals.openWriter(deployment.id, START, String, () => undefined);
      await writer.state(deployment, true);
      await writer.close();
    };
    await write(deploymentOf('x'));
    const store = new DeploymentStore(new JournalFolder(journals.path, systemClock), systemClock);
    await store.load();
    assert.deepEqual(
      store.unfinished.map(({ id }) => id),
      ['x'],
    );
    const told: Deployment[] = [];
    store.onDidChange((changed) => told.push(...changed));
    await journals.index.put([overOf('x')]);
    await store.load();
    await journals.index.put([{ ...overOf('x'), canRollBackTo: true }]);
    await store.load();
    await store.load();
    assert.deepEqual(
      told.map(({ id, status, canRollBackTo }) => [id, status, canRollBackTo]),
      [
        ['x', 'success', false],
        ['x', 'success', true],
      ],
    );
    assert.deepEqual([store.unfinished, store.over, store.withImages], [[], ['x'], [told[1]]]);
    // Of an earlier version, and torn where it looks whole.
    for (const id of ['y', 'z']) await write(overOf(id));
    const lines = [JSON.stringify({ ...overOf('y'), message: 'listed' }), '{"id":"z","stages":[{}'];
    appendFileSync(`${journals.path}/index.jsonl`, `${lines.join('\n')}\n`);
    await store.load();
    assert.deepEqual([store.get('y')?.message, store.get('z')?.message], ['listed', 'done']);
    store.dispose();
  });

  it('forgets the oldest that may go', async () => {
    const all = ['a', 'b', 'c', 'd'].map(overOf);
    for (const { id } of all) writeFileSync(journals.journalPath(id), 'x'.repeat(100));
    await journals.index.put(all);
    const mayGo = ['b', 'c', 'd'];
    assert.deepEqual(await journals.removeOld(mayGo, { mostDeployments: 3, mostBytes: 1e9 }), ['b']);
    assert.deepEqual(await journals.removeOld(mayGo, { mostDeployments: 9, mostBytes: 150 }), ['c', 'd']);
    assert.deepEqual([...journals.index.ids], ['a']);
  });

  it('is held by one process at a time; one that is gone holds nothing', async () => {
    const path = folder.file('locked');
    mkdirSync(path);
    const first = await takeLock(path);
    assert.ok('release' in first);
    assert.deepEqual(await takeLock(path), { heldBy: process.pid });
    await first.release();
    assert.equal(await lockHolder(path), undefined);
    writeFileSync(
      `${path}/lock.7`,
      JSON.stringify({ pid: process.pid, startedAt: 'another time', token: 'x' }),
    );
    const taken = await Promise.all([takeLock(path), takeLock(path), takeLock(path)]);
    assert.equal(taken.filter((one) => 'release' in one).length, 1);
    assert.deepEqual(readdirSync(path), ['lock.8']);
  });

  it('makes ids that sort by time', () => {
    const ids = new DeploymentIds();
    const made = Array.from({ length: 100 }, () => ids.next(Date.UTC(2026, 0, 1)));
    assert.deepEqual([...made].sort(), made);
    assert.ok(made.every((id) => journals.isId(id)));
  });
});
