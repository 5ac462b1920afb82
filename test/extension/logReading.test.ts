import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { toDisposable } from '../../src/base/lifecycle';
import { EngineError } from '../../src/engine/engine';
import type { LogBatch } from '../../src/model/log';
import type { OnHostReplaced } from '../../src/vscode/hosts/hostReplaced';
import { LogTerminal } from '../../src/vscode/logs/logTerminal';
import { LogTails, type TailChoice } from '../../src/vscode/logs/logTails';
import { saveLog } from '../../src/vscode/logs/saveLog';
import { defaultLogName } from '../../src/vscode/commands/saveLogCommand';
import { FakeClock } from '../doubles/fakeClock';
import { FakeTurns } from '../doubles/fakeTurns';
import { makeContainer, MemoryEngine, type FollowedLog } from '../doubles/memoryEngine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { extensionApi, rowNamed, useMemoryEngine } from './extensionApi';

const TIMESTAMP = '2026-11-21T09:32:16.123456789Z';
const LATER = '2026-11-21T09:32:17.000000000Z';
const web = makeContainer('web');

function batch(...texts: string[]): LogBatch {
  const lines = texts.map((text) => ({ timestamp: TIMESTAMP, stream: 'stdout' as const, text }));
  return { lines, textLength: texts.join('\n').length };
}

function onlyFollow(engine: MemoryEngine): FollowedLog {
  const follow = engine.follows.at(-1);
  assert.ok(follow);
  return follow;
}

describe('reading logs', () => {
  checkForLeaks();
  describe('in channels', tailCases);
  describe('into files', saveCases);
  describe('in a terminal', terminalCases);
});

function tailCases(): void {
  let engine: MemoryEngine;
  let tails: LogTails;
  let clock: FakeClock;
  let channels: Map<string, string>;
  const choice: TailChoice = { from: { tail: 'all', since: TIMESTAMP }, hasTimestamps: true };
  const host = (): { id: string; name: string; engine: MemoryEngine } => ({ id: 'h', name: 'H', engine });
  const shown = (name: string): string => {
    clock.advance(100);
    return channels.get(name) ?? '';
  };

  beforeEach(() => {
    engine = new MemoryEngine();
    clock = new FakeClock();
    channels = new Map();
    tails = new LogTails({
      openChannel: (name) => ({
        append: (text) => void channels.set(name, (channels.get(name) ?? '') + text),
        clear: () => void channels.set(name, ''),
        show: () => undefined,
        dispose: () => undefined,
      }),
      tailLines: () => 100,
      hasTimestamps: () => false,
      maxChannelLength: () => 1_000_000,
      onFailed: () => undefined,
      clock,
      turns: new FakeTurns(),
    });
  });
  afterEach(() => {
    tails.dispose();
    engine.dispose();
  });

  it('a tail as chosen begins anew in the same channel', () => {
    tails.tail(host(), web);
    void onlyFollow(engine).sink.lines(batch('plain'));
    assert.equal(shown('web · H'), 'plain\n');
    tails.tail(host(), web, choice);
    assert.equal(engine.follows[0]?.isStopped, true);
    assert.deepEqual(onlyFollow(engine).request, { tail: 'all', since: TIMESTAMP, follow: true });
    void onlyFollow(engine).sink.lines(batch('stamped'));
    assert.match(shown('web · H'), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.123 stamped\n$/);
    assert.deepEqual([...channels.keys()], ['web · H']);
  });

  it('a tail stays with its channel when the container is renamed', () => {
    tails.tail(host(), web);
    tails.tail(host(), { ...web, name: 'shop' });
    tails.tail(host(), { ...web, name: 'shop' }, choice);
    void onlyFollow(engine).sink.lines(batch('x'));
    assert.match(shown('web · H'), /x\n$/);
    assert.deepEqual([...channels.keys()], ['web · H']);
  });

  it('a tail whose container is gone is known, and can be stopped', () => {
    tails.tail(host(), web);
    onlyFollow(engine).sink.marker({ kind: 'removed' });
    assert.deepEqual(
      tails.tailed.map(({ name, isGone }) => [name, isGone]),
      [['web', true]],
    );
    onlyFollow(engine).sink.marker({ kind: 'recreated', containerId: 'new' });
    assert.equal(tails.tailed[0]?.isGone, false);
    tails.stop('h', 'new');
    assert.equal(onlyFollow(engine).isStopped, true);
    assert.match(shown('web · H'), /── no longer tailing ──\n$/);
  });

  it('tails of a host whose engine is replaced end with a line that says so', () => {
    tails.tail(host(), web);
    tails.stopHost('other');
    assert.equal(tails.tailed.length, 1);
    tails.stopHost('h');
    assert.deepEqual([tails.tailed.length, onlyFollow(engine).isStopped], [0, true]);
    assert.match(shown('web · H'), /── no longer tailing: the host is connected to another engine now ──\n$/);
  });
}

function saveCases(): void {
  let folder: string;
  let engine: MemoryEngine;
  let replaced: (() => void) | undefined;
  const abort = (): AbortController => new AbortController();
  const onHostReplaced: OnHostReplaced = (_host, listener) => {
    replaced = listener;
    return toDisposable(() => (replaced = undefined));
  };

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-save-'));
    engine = new MemoryEngine();
  });
  afterEach(async () => {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function saving(hasTimestamps: boolean, signal = abort().signal) {
    const before = engine.follows.length;
    const saved = saveLog(
      { host: { id: 'h', name: 'H', engine }, container: web },
      path.join(folder, 'web.log'),
      { hasTimestamps, onProgress: () => undefined, signal, onHostReplaced },
    );
    saved.catch(() => undefined);
    await eventually('the log is read', () => engine.follows.length > before);
    return { saved, follow: onlyFollow(engine) };
  }

  it('writes the lines as they are, one batch after the other', async () => {
    const { saved, follow } = await saving(false);
    assert.deepEqual(follow.request, { tail: 'all', follow: false });
    await follow.sink.lines(batch('\u001b[1mä\u001b[0m', 'b'));
    follow.sink.marker({ kind: 'gap', from: TIMESTAMP, to: LATER });
    follow.sink.marker({ kind: 'reconnected' });
    await follow.sink.lines(batch('c'));
    follow.sink.ended();
    assert.deepEqual(await saved, { lines: 3, bytes: (await readFile(path.join(folder, 'web.log'))).length });
    const text = await readFile(path.join(folder, 'web.log'), 'utf8');
    assert.ok(text.startsWith('\u001b[1mä\u001b[0m\nb\n── lines are missing between '));
    assert.match(text, / ──\nc\n$/);
    assert.deepEqual(await readdir(folder), ['web.log']);
  });

  it('writes exact timestamps when asked to', async () => {
    const { saved, follow } = await saving(true);
    await follow.sink.lines(batch('a'));
    follow.sink.ended();
    await saved;
    assert.equal(await readFile(path.join(folder, 'web.log'), 'utf8'), `${TIMESTAMP} a\n`);
  });

  it('leaves nothing behind when it is cancelled, fails, or loses its engine', async () => {
    const cancelling = abort();
    const cancelled = await saving(false, cancelling.signal);
    await cancelled.follow.sink.lines(batch('a'));
    cancelling.abort();
    assert.equal(await cancelled.saved, undefined);
    assert.equal(cancelled.follow.isStopped, true);
    const failed = await saving(false);
    failed.follow.sink.ended(new EngineError('noSuchContainer', 'gone'));
    await assert.rejects(failed.saved, /gone/);
    const orphaned = await saving(false);
    replaced?.();
    await assert.rejects(orphaned.saved, /another engine/);
    assert.equal(orphaned.follow.isStopped, true);
    assert.deepEqual(await readdir(folder), []);
  });

  it('suggests a name', () => {
    const nowMs = new Date(2026, 10, 21, 9, 5, 7).getTime();
    assert.equal(defaultLogName('shop-api-1', nowMs), 'shop-api-1-20261121-090507.log');
    assert.equal(defaultLogName('../a b', nowMs), '.._a_b-20261121-090507.log');
  });
}

function terminalCases(): void {
  let engine: MemoryEngine;
  let terminal: LogTerminal;
  let clock: FakeClock;
  let output: string;
  let replaced: (() => void) | undefined;

  beforeEach(() => {
    engine = new MemoryEngine();
    clock = new FakeClock();
    output = '';
    const target = { host: { id: 'h', name: 'H', engine }, container: web };
    const onHostReplaced: OnHostReplaced = (_host, listener) => {
      replaced = listener;
      return toDisposable(() => undefined);
    };
    terminal = new LogTerminal(target, { tailLines: 7, hasTimestamps: false, onHostReplaced, clock });
    terminal.onDidWrite((text) => (output += text));
    terminal.open();
  });
  afterEach(() => {
    terminal.close();
    engine.dispose();
  });

  it('shows colours, and nothing else that a sequence could do', () => {
    assert.deepEqual(onlyFollow(engine).request, { tail: 7, follow: true });
    void onlyFollow(engine).sink.lines(
      batch('\u001b[31mred\u001b[0m\u001b[2J\u001b]52;c;eA==\u0007', 'next'),
    );
    clock.advance(50);
    assert.equal(output, '\u001b[31mred\u001b[0m\r\nnext\r\n');
  });

  it('dims markers, and ends colours before them', () => {
    onlyFollow(engine).sink.marker({ kind: 'started' });
    clock.advance(50);
    assert.equal(output, '\u001b[0m\u001b[2m── started again ──\u001b[0m\r\n');
  });

  it('ends the follow when it is closed, and says when its engine is gone', () => {
    replaced?.();
    clock.advance(50);
    assert.match(output, /another engine/);
    assert.equal(onlyFollow(engine).isStopped, true);
    terminal.close();
  });
}

describe('a log in an editor', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('is read-only, in the language of logs, and read anew when opened again', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [web]);
    const open = async (text: string): Promise<vscode.TextDocument> => {
      const before = engine.follows.length;
      const opened = vscode.commands.executeCommand('quaywatch.openLogsInEditor', rowNamed(api, 'web').node);
      await eventually('the log is read', () => engine.follows.length > before);
      void onlyFollow(engine).sink.lines(batch(text));
      onlyFollow(engine).sink.ended();
      await opened;
      const document = vscode.window.activeTextEditor?.document;
      assert.ok(document);
      return document;
    };
    const document = await open('\u001b[31mone\u001b[0m');
    assert.equal(document.languageId, 'quaywatch-log');
    assert.equal(document.uri.path, '/Local/web.log');
    assert.equal(document.getText(), 'one\n');
    await open('two');
    await eventually('it is read anew', () => document.getText() === 'two\n');
  });
});

describe('tails of the extension', () => {
  it('end when the engine is replaced', async () => {
    const api = await extensionApi();
    const replaced = await useMemoryEngine(api, [web]);
    await vscode.commands.executeCommand('quaywatch.tailLogs', rowNamed(api, 'web').node);
    await useMemoryEngine(api, [web]);
    assert.equal(replaced.follows[0]?.isStopped, true);
    assert.match(String(rowNamed(api, 'web').item.contextValue), /;canTail;/);
  });
});
