import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { EngineError, EngineNotFoundError } from '../../src/engine/engine';
import { makeContainer } from '../doubles/memoryEngine';
import { eventually } from '../support/eventually';
import { extensionApi, rowNamed, useMemoryEngine } from './extensionApi';

function shownDocument(): vscode.TextDocument | undefined {
  return vscode.window.activeTextEditor?.document;
}

describe('documents', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('inspect shows read-only JSON, and reads anew when asked again', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [makeContainer('web')]);
    let answers = 0;
    engine.onInspect = (Id) => ({ Id, answer: (answers += 1) });
    const { node } = rowNamed(api, 'web');
    await vscode.commands.executeCommand('quaywatch.inspect', node);
    const document = shownDocument();
    assert.equal(document?.uri.path, '/Local/web.json');
    assert.equal(document.languageId, 'json');
    assert.match(document.getText(), /"answer": 1\n\}$/);
    await vscode.commands.executeCommand('quaywatch.inspect', node);
    await eventually(
      'the document is read anew',
      () => shownDocument()?.getText().includes('"answer": 2') === true,
    );
    assert.notEqual(vscode.workspace.fs.isWritableFileSystem(document.uri.scheme), true);
  });

  it('tell what was tried, in words', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, []);
    const refused = new EngineError('permissionDenied', 'connect EACCES /var/run/docker.sock');
    const absent = new EngineError('engineNotFound', 'connect ENOENT');
    engine.fail(
      new EngineNotFoundError([
        { source: 'DOCKER_HOST', address: 'unix:///nowhere.sock', error: absent },
        { source: 'Docker', address: 'unix:///var/run/docker.sock', error: refused },
      ]),
    );
    await vscode.commands.executeCommand('quaywatch.showTried');
    const text = shownDocument()?.getText() ?? '';
    assert.match(text, /could not connect: you may not use the Docker engine\./);
    assert.match(
      text,
      /1\. DOCKER_HOST\n {3}Address: unix:\/\/\/nowhere\.sock\n {3}Result: {2}no Docker engine/,
    );
    assert.match(text, /2\. Docker\n.*docker\.sock\n.*you may not use.*\n.*EACCES/);
    const languageId = shownDocument()?.languageId ?? '';
    assert.equal(vscode.workspace.getConfiguration('editor', { languageId }).get('wordWrap'), 'on');
  });
});
