import assert from 'node:assert/strict';
import { commandDigest } from '../../src/agent/journal/commandDigest';
import { CommandTable, type CommandIntent } from '../../src/agent/journal/commandTable';
import { reconcileCommand } from '../../src/agent/journal/reconcile';
import type { ContainerCommand } from '../../src/engine/engine';
import { makeContainer } from '../doubles/memoryEngine';

const LIMITS = { commandRetentionMs: 1_000, maxCommandsKept: 3, maxTotal: 5 };
const DONE = { status: 'done' } as const;
const UNKNOWN = { status: 'unknown', reconciled: 'undetermined', message: '' } as const;

function intent(commandId: string, fields: Partial<CommandIntent> = {}): CommandIntent {
  return { tokenId: 'token', commandId, digest: 'd', command: {}, atMs: 0, ...fields };
}

describe('agent: command table', () => {
  let table: CommandTable;
  beforeEach(() => (table = new CommandTable(LIMITS)));

  it('takes a command once', () => {
    assert.deepEqual(table.begin(intent('1')), { kind: 'new' });
    const again = table.begin(intent('1', { atMs: 5 }));
    assert.deepEqual(again, { kind: 'known', entry: intent('1') });
    table.settle(intent('1'), DONE);
    assert.deepEqual(table.begin(intent('1')), { kind: 'known', entry: { ...intent('1'), outcome: DONE } });
  });

  it('keeps the ids of different tokens apart', () => {
    table.begin(intent('1'));
    assert.deepEqual(table.begin(intent('1', { tokenId: 'other' })), { kind: 'new' });
  });

  it('refuses an id with other content', () => {
    table.begin(intent('1'));
    assert.deepEqual(table.begin(intent('1', { digest: 'e' })), { kind: 'commandIdReused' });
  });

  it('refuses more than it may keep, of one token and of all', () => {
    for (const id of ['1', '2', '3']) table.begin(intent(id));
    assert.deepEqual(table.begin(intent('4')), { kind: 'tooManyCommands' });
    for (const id of ['1', '2']) assert.deepEqual(table.begin(intent(id, { tokenId: 'b' })), { kind: 'new' });
    assert.deepEqual(table.begin(intent('1', { tokenId: 'c' })), { kind: 'tooManyCommands' });
  });

  it('forgets what is old and over, and never what runs', () => {
    table.begin(intent('old'));
    table.begin(intent('running'));
    table.settle(intent('old'), DONE);
    table.begin(intent('new', { atMs: 1_001 }));
    assert.equal(table.get(intent('old')), undefined);
    assert.ok(table.get(intent('running')));
    assert.deepEqual(table.begin(intent('4', { atMs: 1_001 })), { kind: 'new' });
  });

  it('lets a better word replace only an unknown outcome', () => {
    table.begin(intent('1'));
    assert.deepEqual(table.settle(intent('1'), UNKNOWN)?.outcome, UNKNOWN);
    assert.deepEqual(table.settle(intent('1'), DONE)?.outcome, DONE);
    assert.equal(table.settle(intent('1'), UNKNOWN), undefined);
    assert.equal(table.settle(intent('2'), DONE), undefined);
  });

  it('names what was interrupted', () => {
    for (const id of ['1', '2', '3']) table.begin(intent(id));
    table.settle(intent('1'), DONE);
    table.settle(intent('2'), UNKNOWN);
    assert.deepEqual(
      table.interrupted().map(({ commandId }) => commandId),
      ['2', '3'],
    );
  });

  it('makes room for a command that was taken back', () => {
    for (const id of ['1', '2', '3']) table.begin(intent(id));
    table.delete(intent('2'));
    table.delete(intent('2'));
    assert.deepEqual(table.begin(intent('4')), { kind: 'new' });
    assert.deepEqual(table.begin(intent('5')), { kind: 'tooManyCommands' });
  });
});

describe('agent: digest of a command', () => {
  it('is the same for the same content, and for no other', () => {
    const digest = commandDigest('perform', { a: 1, b: { c: 'x', d: true } });
    assert.equal(commandDigest('perform', { b: { d: true, c: 'x' }, a: 1 }), digest);
    assert.notEqual(commandDigest('start_exec', { a: 1, b: { c: 'x', d: true } }), digest);
    assert.notEqual(commandDigest('perform', { a: 1, b: { c: 'y', d: true } }), digest);
  });
});

describe('agent: reconciling an interrupted command', () => {
  const running = makeContainer('web', { state: 'running' });
  const exited = makeContainer('web', { state: 'exited' });
  const paused = makeContainer('web', { state: 'paused' });
  const { id } = running;
  const remove: ContainerCommand = { kind: 'remove', id, force: false, volumes: false };
  const cases: readonly [string, ContainerCommand, Parameters<typeof reconcileCommand>[1], string][] = [
    ['start, running', { kind: 'start', id }, running, 'done'],
    ['start, exited', { kind: 'start', id }, exited, 'notDone'],
    ['stop, exited', { kind: 'stop', id }, exited, 'done'],
    ['stop, running', { kind: 'stop', id }, running, 'notDone'],
    ['pause, paused', { kind: 'pause', id }, paused, 'done'],
    ['unpause, paused', { kind: 'unpause', id }, paused, 'notDone'],
    ['restart, running', { kind: 'restart', id }, running, 'undetermined'],
    ['kill, exited', { kind: 'kill', id, signal: 'SIGTERM' }, exited, 'done'],
    ['kill, running', { kind: 'kill', id, signal: 'SIGHUP' }, running, 'undetermined'],
    ['rename, new name', { kind: 'rename', id, name: 'web' }, running, 'done'],
    ['rename, old name', { kind: 'rename', id, name: 'shop' }, running, 'notDone'],
    ['remove, gone', remove, undefined, 'done'],
    ['remove, there', remove, exited, 'notDone'],
    ['remove, on its way', remove, makeContainer('web', { state: 'removing' }), 'undetermined'],
    ['stop, gone', { kind: 'stop', id }, undefined, 'undetermined'],
  ];
  for (const [name, command, container, expected] of cases) {
    it(`${name}: ${expected}`, () => assert.equal(reconcileCommand(command, container), expected));
  }
});
