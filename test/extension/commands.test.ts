import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TestApi } from '../../src/vscode/testApi';
import { inProject, makeContainer, type MemoryEngine } from '../doubles/memoryEngine';
import { extensionApi, rowNamed, useMemoryEngine } from './extensionApi';

const a = makeContainer('a', inProject('p', 'a'));
const b = makeContainer('b', { ...inProject('p', 'b'), state: 'exited' });
const c = makeContainer('c', { state: 'paused', image: 'c:1' });

describe('commands on containers', () => {
  let api: TestApi;
  let engine: MemoryEngine;
  const run = async (command: string, ...names: string[]): Promise<void> => {
    const nodes = names.map((name) => rowNamed(api, name).node);
    await vscode.commands.executeCommand(
      `quaywatch.${command}`,
      nodes[0],
      nodes.length > 1 ? nodes : undefined,
    );
  };

  beforeEach(async () => {
    api = await extensionApi();
    engine = await useMemoryEngine(api, [a, b, c]);
  });

  it('act on the row they were called on', async () => {
    await run('stop', 'a');
    await run('start', 'b');
    await run('restart', 'a');
    await run('pause', 'a');
    await run('unpause', 'c');
    assert.deepEqual(engine.performed, [
      { kind: 'stop', id: a.id },
      { kind: 'start', id: b.id },
      { kind: 'restart', id: a.id },
      { kind: 'pause', id: a.id },
      { kind: 'unpause', id: c.id },
    ]);
  });

  it('act on every selected row they can be used on, each once', async () => {
    await run('pause', 'a', 'p', 'b', 'c');
    assert.deepEqual(engine.performed, [{ kind: 'pause', id: a.id }]);
    await run('copyName', 'c', 'p');
    assert.equal(await vscode.env.clipboard.readText(), 'c\na\nb');
  });

  it('copy id and image', async () => {
    await run('copyId', 'c');
    assert.equal(await vscode.env.clipboard.readText(), c.id);
    await run('copyImage', 'c');
    assert.equal(await vscode.env.clipboard.readText(), 'c:1');
  });

  it('report what fails without failing themselves', async () => {
    engine.onPerform = () => {
      throw new Error('no');
    };
    await run('stop', 'a');
    assert.equal(engine.performed.length, 1);
  });

  it('tail a log once, mark the row, and stop', async () => {
    await run('tailLogs', 'a');
    await run('tailLogs', 'a');
    assert.deepEqual(
      engine.follows.map(({ id, isStopped }) => [id, isStopped]),
      [[a.id, false]],
    );
    assert.match(String(rowNamed(api, 'a').item.contextValue), /;tailing;/);
    await run('stopTailing', 'a');
    assert.equal(engine.follows[0]?.isStopped, true);
    assert.match(String(rowNamed(api, 'a').item.contextValue), /;canTail;/);
  });
});
