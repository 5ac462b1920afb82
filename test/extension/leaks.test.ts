import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Disposable } from '../../src/base/lifecycle';
import { makeContainer } from '../doubles/memoryEngine';
import { extensionApi, refreshedBy, rowNamed, useMemoryEngine } from './extensionApi';

describe('disposables of the extension', () => {
  it('are all gone when what they served is gone', async () => {
    const api = await extensionApi();
    const web = makeContainer('web');
    const exercise = async (): Promise<void> => {
      const engine = await useMemoryEngine(api, [web]);
      await refreshedBy(api, () => engine.update({ ...web, health: 'starting' }));
      const { node } = rowNamed(api, 'web');
      await vscode.commands.executeCommand('quaywatch.tailLogs', node);
      await vscode.commands.executeCommand('quaywatch.stopTailing', node);
      await vscode.commands.executeCommand('quaywatch.stop', node);
      await refreshedBy(api, () => engine.fail());
    };
    // What is made once and kept, like the channel of a log, is made here.
    await exercise();
    const alive = new Map<Disposable, Error>();
    const tracking = api.trackDisposables({
      created: (disposable) => alive.set(disposable, new Error('made here')),
      disposed: (disposable) => alive.delete(disposable),
    });
    await exercise();
    const afterOne = alive.size;
    await exercise();
    await exercise();
    tracking.dispose();
    const places = [...alive.values()].map(({ stack }) => stack?.split('\n').slice(2, 6).join('\n'));
    assert.equal(alive.size, afterOne, places.join('\n\n'));
  });
});
