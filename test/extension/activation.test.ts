import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMAND_IDS } from '../../src/vscode/commands/commandIds';
import { extensionApi } from './extensionApi';

describe('activation', () => {
  it('connects nothing', async () => {
    const api = await extensionApi();
    assert.deepEqual(
      api.hosts.all.map(({ id, engine }) => [id, engine.connection.kind]),
      [['local', api.view.view.visible ? 'connecting' : 'idle']],
    );
    assert.ok(api.activationMs > 0);
  });

  it('registers every command', async () => {
    await extensionApi();
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      COMMAND_IDS.filter((id) => !registered.has(id)),
      [],
    );
  });
});
