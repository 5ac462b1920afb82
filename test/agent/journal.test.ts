import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { CommandJournal } from '../../src/agent/journal/commandJournal';
import type { CommandIntent } from '../../src/agent/journal/commandTable';
import { AuditLog, type AuditRecord } from '../../src/agent/audit/auditLog';
import { StateError } from '../../src/agent/state/stateError';
import { skipWithReason } from '../support/skip';
import { temporaryFolder } from '../support/temporaryFolder';
import { modeOf, stateErrorSaying } from '../support/stateChecks';

const DONE = { status: 'done' } as const;

function intent(commandId: string, fields: Partial<CommandIntent> = {}): CommandIntent {
  const command = { kind: 'stop', id: 'a' };
  return { tokenId: 'qwt_token', commandId, digest: 'd', command, atMs: Date.now(), ...fields };
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('agent: command journal', () => {
  const folder = temporaryFolder();
  let path: string;
  beforeEach(() => (path = folder.file('commands.jsonl')));

  it('has the intent in its file before it says that a command is new', async () => {
    const journal = await CommandJournal.open(path);
    assert.deepEqual(await journal.begin(intent('1')), { kind: 'new' });
    assert.match(linesOf(path)[0] ?? '', /"intent".*"commandId":"1"/);
    assert.equal(modeOf(path), '600');
    await journal.close();
  });

  it('remembers outcomes across runs of the agent', async () => {
    const first = await CommandJournal.open(path);
    await first.begin(intent('1'));
    await first.settle(intent('1'), DONE);
    await first.begin(intent('2'));
    const failed = { status: 'failed', error: { code: 'conflict', message: 'no' } } as const;
    await first.settle(intent('2'), failed);
    await first.close();
    const second = await CommandJournal.open(path);
    assert.deepEqual(second.get(intent('1'))?.outcome, DONE);
    assert.deepEqual(second.get(intent('2'))?.outcome, failed);
    assert.equal((await second.begin(intent('1'))).kind, 'known');
    assert.deepEqual(second.interrupted(), []);
    await second.close();
  });

  it('calls unknown what ran when the agent was ended, until it is looked into', async () => {
    const first = await CommandJournal.open(path);
    await first.begin(intent('1'));
    await first.close();
    const second = await CommandJournal.open(path);
    const [entry] = second.interrupted();
    assert.deepEqual(entry?.command, { kind: 'stop', id: 'a' });
    assert.equal(entry.outcome?.status, 'unknown');
    const known = await second.begin(intent('1'));
    assert.equal(known.kind, 'known');
    const settled: unknown[] = [];
    const subscription = second.onDidSettle(({ outcome }) => settled.push(outcome));
    const reconciled = { status: 'unknown', reconciled: 'done', message: 'It has stopped.' } as const;
    await second.settle(intent('1'), reconciled);
    subscription.dispose();
    await second.close();
    assert.deepEqual(settled, [reconciled]);
    const third = await CommandJournal.open(path);
    assert.deepEqual(third.get(intent('1'))?.outcome, reconciled);
    assert.deepEqual(third.interrupted(), []);
    await third.close();
  });

  it('runs a command once that arrives twice at once', async () => {
    const journal = await CommandJournal.open(path);
    const answers = await Promise.all([journal.begin(intent('1')), journal.begin(intent('1'))]);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ['new', 'known'],
    );
    await journal.close();
  });

  it('bears half a last line, as a power cut leaves it', async () => {
    const first = await CommandJournal.open(path);
    await first.begin(intent('1'));
    await first.close();
    appendFileSync(path, '{"intent":{"tokenId":"qwt_t');
    const second = await CommandJournal.open(path);
    assert.equal(second.size, 1);
    await second.begin(intent('2'));
    await second.close();
    const third = await CommandJournal.open(path);
    assert.equal(third.size, 2);
    await third.close();
  });

  for (const [what, line] of [
    ['no JSON', 'nonsense'],
    ['an unknown outcome', '{"tokenId":"a","commandId":"1","outcome":{"status":"perhaps"}}'],
    ['zeros', '\0\0\0\0'],
  ] as const) {
    it(`refuses ${what} in the middle, and leaves the file alone`, async () => {
      const text = `${line}\n{"intent":{}}\n`;
      writeFileSync(path, text, { mode: 0o600 });
      await assert.rejects(
        CommandJournal.open(path),
        stateErrorSaying(/line 1 makes no sense.*Move the file aside/),
      );
      assert.equal(readFileSync(path, 'utf8'), text);
    });
  }

  it('stays as small as what it remembers', async () => {
    const limits = { commandRetentionMs: 10, maxCommandsKept: 100, maxTotal: 100 };
    const journal = await CommandJournal.open(path, limits);
    let most = 0;
    for (let number = 0; number < 700; number++) {
      const next = intent(`${number}`, { atMs: number });
      assert.deepEqual(await journal.begin(next), { kind: 'new' });
      await journal.settle(next, DONE);
      most = Math.max(most, linesOf(path).length);
    }
    assert.ok(journal.size <= 11, `${journal.size} commands`);
    assert.ok(most < 1_100, `${most} lines`);
    await journal.close();
    const again = await CommandJournal.open(path, limits);
    assert.deepEqual(again.get(intent('699'))?.outcome, DONE);
    await again.close();
  });

  it('forgets a command whose intent could not be written', async function () {
    if (!existsSync('/dev/full')) skipWithReason(this, 'this system has no /dev/full');
    const journal = await CommandJournal.open('/dev/full');
    const attempts = await Promise.allSettled([journal.begin(intent('1')), journal.begin(intent('1'))]);
    assert.deepEqual(
      attempts.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(journal.size, 0);
    await journal.close();
  });
});

describe('agent: audit log', () => {
  const folder = temporaryFolder();
  const record: AuditRecord = { action: 'stop', result: 'begun', tokenId: 'qwt_a', containerName: 'web' };
  const now = (): Date => new Date('2026-01-01T00:00:00Z');
  const options = { maxBytes: 1_000, maxOldFiles: 2 };
  let lost: unknown[];
  let path: string;

  beforeEach(() => {
    lost = [];
    path = folder.file('audit.jsonl');
  });

  function open(at = path): Promise<AuditLog> {
    return AuditLog.open(at, options, now, (error) => lost.push(error));
  }

  it('has one JSON object a line, for its owner alone', async () => {
    const audit = await open();
    await audit.require(record);
    audit.note({ ...record, result: 'done' });
    await audit.close();
    assert.deepEqual(
      linesOf(path).map((line): unknown => JSON.parse(line)),
      [
        { time: '2026-01-01T00:00:00.000Z', ...record },
        { time: '2026-01-01T00:00:00.000Z', ...record, result: 'done' },
      ],
    );
    assert.equal(modeOf(path), '600');
    assert.deepEqual(lost, []);
  });

  it('goes on where it was left, below what a power cut left', async () => {
    writeFileSync(path, '{"time":"20', { mode: 0o600 });
    const audit = await open();
    await audit.require(record);
    await audit.close();
    assert.equal(linesOf(path).length, 2);
  });

  it('begins new files and keeps a bounded number of old ones', async () => {
    const audit = await open();
    for (let number = 0; number < 60; number++) await audit.require({ ...record, commandId: `${number}` });
    await audit.close();
    assert.deepEqual(readdirSync(folder.path).sort(), ['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2']);
    const kept = ['audit.jsonl.2', 'audit.jsonl.1', 'audit.jsonl']
      .flatMap((name) => linesOf(folder.file(name)))
      .map((line) => Number((JSON.parse(line) as { commandId: string }).commandId));
    assert.deepEqual(
      kept,
      Array.from({ length: kept.length }, (_value, index) => 60 - kept.length + index),
    );
    for (const name of readdirSync(folder.path)) {
      assert.ok(readFileSync(folder.file(name)).length < options.maxBytes + 200, name);
      assert.equal(modeOf(folder.file(name)), '600');
    }
  });

  it('cuts long texts and keeps each record on one line', async () => {
    const audit = await open();
    await audit.require({ ...record, details: { name: `a\nb${'x'.repeat(10_000)}` } });
    await audit.close();
    assert.equal(linesOf(path).length, 1);
    assert.ok((linesOf(path)[0] ?? '').length < 500);
  });

  it('refuses when the disk is full, and tells what was lost of the rest', async function () {
    if (!existsSync('/dev/full')) skipWithReason(this, 'this system has no /dev/full');
    const audit = await open('/dev/full');
    await assert.rejects(audit.require(record), StateError);
    audit.note(record);
    await audit.close();
    assert.equal(lost.length, 1);
  });
});
