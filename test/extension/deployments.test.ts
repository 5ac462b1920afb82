import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { DeploymentsDelta } from '../../src/protocol/webview/deployments';
import type { Dialogs } from '../../src/vscode/pairing/dialogs';
import type { TestApi } from '../../src/vscode/testApi';
import { makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { allRows, extensionApi, labelOf, rowNamed } from './extensionApi';
import { FakeDialogs } from './fakeDialogs';

const spec = { app: 'web', source: { kind: 'image', image: 'web:1', pull: 'missing' } } as const;

describe('deployments in the editor', () => {
  let api: TestApi;
  let engine: MemoryEngine;
  let deployments: MemoryDeployments;
  let dialogs: FakeDialogs;
  let before: Dialogs;
  let folder: string;

  beforeEach(async () => {
    api = await extensionApi();
    deployments = new MemoryDeployments();
    engine = Object.assign(new MemoryEngine(), { deployments });
    api.useEngine(engine);
    engine.connect();
    engine.becomeReady([makeContainer('web')]);
    before = api.seams.dialogs;
    dialogs = new FakeDialogs();
    api.seams.dialogs = dialogs;
    folder = mkdtempSync(join(tmpdir(), 'quaywatch-deploy-'));
  });

  afterEach(async () => {
    api.seams.dialogs = before;
    rmSync(folder, { recursive: true, force: true });
    deployments.dispose();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  const write = (name: string, content: unknown): vscode.Uri => {
    const file = join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return vscode.Uri.file(file);
  };
  const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
    vscode.commands.executeCommand(`quaywatch.${command}`, ...args);
  const started = async (): Promise<{ hostId: string; id: string }> => ({
    hostId: 'local',
    id: (await deployments.start({ spec })).id,
  });

  describe('the page', () => {
    const open = () => {
      const deltas: DeploymentsDelta[] = [];
      const send = (delta: DeploymentsDelta): Promise<void> => {
        deltas.push(delta);
        return Promise.resolve();
      };
      const session = api.deployments.open({ place: 'view', send });
      return { session, deltas };
    };

    it('watches while it is looked at, and not longer', async () => {
      const watchers = deployments.watchers;
      const { session } = open();
      assert.equal(deployments.watchers, watchers + 1);
      assert.equal(api.deployments.isVisible, true);
      session.act({ kind: 'follow', place: await started() });
      assert.equal(deployments.followed.length, 1);
      session.dispose();
      assert.deepEqual([deployments.watchers, deployments.followed.length], [watchers, 0]);
    });

    it('is told what runs, of each change, of the log and of the past', async () => {
      const place = await started();
      const { session, deltas } = open();
      const { running, hosts } = session.snapshot();
      assert.deepEqual(
        running.map(({ hostId, deployment }) => [hostId, deployment.app]),
        [['local', 'web']],
      );
      assert.deepEqual(hosts, [{ id: 'local', name: 'Local', canDeploy: true, isAway: false }]);
      session.act({ kind: 'follow', place });
      deployments.enter(place.id, 'building_image');
      deployments.log(place.id, '\u001b[31mStep 1\u001b[0m\n');
      await eventually('the log is sent', () =>
        deltas.some((delta) => delta.kind === 'log' && delta.lines.length > 0),
      );
      const lines = deltas.flatMap((delta) => (delta.kind === 'log' ? delta.lines : []));
      assert.deepEqual(lines, [{ stream: 'stdout', text: 'Step 1' }]);
      deployments.fail(place.id, { message: 'no', exitCode: 3 });
      await eventually('the end is sent', () =>
        deltas.some(
          (delta) =>
            delta.kind === 'changed' &&
            delta.rows.some(({ deployment }) => deployment.failure?.exitCode === 3),
        ),
      );
      session.act({ kind: 'filter', app: 'web' });
      await eventually('the past is sent', () =>
        deltas.some((delta) => delta.kind === 'past' && delta.rows.length === 1),
      );
      session.dispose();
    });

    it('hears of a host that can not be read, and reads on when it is back', async () => {
      const { session, deltas } = open();
      const { EngineError } = await import('../../src/engine/engine');
      deployments.nextError = new EngineError('unreachable', 'away');
      session.act({ kind: 'filter' });
      await eventually('the trouble is sent', () =>
        deltas.some(
          (delta) => delta.kind === 'hosts' && delta.hosts.some(({ trouble }) => trouble !== undefined),
        ),
      );
      await started();
      engine.becomeReady([makeContainer('web')]);
      await eventually('the past is sent', () =>
        deltas.some((delta) => delta.kind === 'past' && delta.rows.length === 1),
      );
      session.dispose();
    });
  });

  it('are described in a file whose mistakes are underlined, with the unknown field named', async () => {
    const described = { apps: { web: { source: { folder: '.' }, run: { prots: ['80:80'] } } } };
    const uri = write('quaywatch.json', described);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    const messages = (): readonly string[] =>
      vscode.languages.getDiagnostics(uri).map(({ message }) => message);
    await eventually(
      () => `"prots" is underlined, but only ${messages().join()}`,
      () => messages().some((message) => message.includes('prots')),
    );
    assert.equal(messages().length, 1);
  });

  it('begin with a folder, after a few questions, and never without a yes that names app and host', async () => {
    write('Dockerfile', 'FROM scratch');
    dialogs.inputs.push('web', '8080:80 9090:90');
    await run('deploy', vscode.Uri.file(folder));
    const [request] = deployments.starts;
    assert.deepEqual(request?.spec, {
      app: 'web',
      source: { kind: 'folder', folder },
      run: {
        ports: [
          { containerPort: 80, hostPort: 8080 },
          { containerPort: 90, hostPort: 9090 },
        ],
        restart: 'unless-stopped',
      },
    });
    const questions = dialogs.confirmed.map(({ question }) => question);
    assert.deepEqual(questions, ['web uses paths outside the workspace. Go on?', 'Deploy web to Local?']);
    assert.match(dialogs.confirmed[1]?.detail ?? '', /It replaces the container web on Local/);
    dialogs.inputs.push('web', '');
    dialogs.choices.push(undefined);
    await run('deploy', vscode.Uri.file(folder));
    dialogs.isConfirmed = false;
    dialogs.inputs.push('web', '');
    await run('deploy', vscode.Uri.file(folder));
    assert.equal(deployments.starts.length, 1);
  });

  it('take env files and the environment when they begin', async () => {
    write('.env', 'FROM_FILE=1\nSECRET');
    process.env['SECRET'] = 'hidden';
    const run_ = { environment: { OWN: 'x${env:SECRET}' }, envFiles: ['.env'] };
    const file = write('quaywatch.json', { apps: { web: { source: { image: 'a' }, run: run_ } } });
    await run('deploy', file);
    assert.deepEqual(deployments.starts[0]?.spec.run?.environment, {
      FROM_FILE: '1',
      SECRET: 'hidden',
      OWN: 'xhidden',
    });
    delete process.env['SECRET'];
    await run('deploy', file);
    assert.match(
      dialogs.offered[0]?.text ?? '',
      /web asks for what is not set in the environment of VS Code: SECRET/,
    );
    assert.equal(deployments.starts.length, 1);
  });

  it('show no password of an address', async () => {
    const source = { git: 'https://t0ken@host.example/team/web.git' };
    await run('deploy', write('quaywatch.json', { apps: { other: { source } } }));
    assert.equal(
      dialogs.confirmed.at(-1)?.detail.split('\n')[0],
      'Repository: https://host.example/team/web.git',
    );
    assert.equal(deployments.starts.length, 1);
  });

  it('are refused with the field that is wrong', async () => {
    const apps = (app: unknown) => ({ apps: { web: app } });
    await run('deploy', write('quaywatch.json', apps({ source: { git: 'ext::sh -c id' } })));
    await run('deploy', write('quaywatch.json', apps({ source: { folder: 'nowhere' } })));
    await run('deploy', write('quaywatch.json', apps({ source: { image: 'a' }, hosts: ['Elsewhere'] })));
    mkdirSync(join(folder, 'empty'));
    await run('deploy', vscode.Uri.file(join(folder, 'empty')));
    const texts = dialogs.offered.map(({ text }) => text);
    assert.equal(texts.length, 4, texts.join('\n'));
    assert.match(texts[0] ?? '', /“apps\.web\.source\.git” must be a repository/);
    assert.match(texts[1] ?? '', /“apps\.web\.source\.folder” names .*nowhere, which does not exist/);
    assert.match(texts[2] ?? '', /web is for the host Elsewhere, which is not among your hosts/);
    assert.match(texts[3] ?? '', /neither a Dockerfile nor a Compose file/);
    assert.deepEqual(deployments.starts, []);
  });

  it('are shown in the status bar while they run', async () => {
    write('Dockerfile', 'FROM scratch');
    dialogs.inputs.push('web', '');
    await run('deploy', vscode.Uri.file(folder));
    const [id = ''] = deployments.current?.keys() ?? [];
    deployments.enter(id, 'building_image');
    assert.match(api.status.text, /web: Building image 25%/);
    assert.match(api.status.tooltip, /web.*Local/);
    deployments.succeed(id);
    assert.equal(api.tracker.running.length, 0);
    assert.doesNotMatch(api.status.text, /web/);
  });

  it('are cancelled, retried and rolled back', async () => {
    const place = await started();
    await run('cancelDeployment', place);
    assert.deepEqual(deployments.cancelled, [place.id]);
    await run('retryDeployment', place);
    assert.equal(deployments.starts.length, 2);
    assert.equal(dialogs.confirmed.at(-1)?.question, 'Deploy web to Local again?');
    const [, second = ''] = deployments.current?.keys() ?? [];
    deployments.succeed(second);
    await run('rollBackDeployment', { hostId: 'local', id: second });
    assert.match(dialogs.confirmed.at(-1)?.question ?? '', /^Roll web on Local back to the version of /);
    assert.equal([...(deployments.current?.values() ?? [])].at(-1)?.rollBackTo, second);
    dialogs.isConfirmed = false;
    await run('retryDeployment', place);
    assert.equal(deployments.starts.length, 3);
  });

  it('have a log that opens as a document and grows', async () => {
    const place = await started();
    deployments.enter(place.id, 'building_image');
    deployments.log(place.id, 'first line');
    await run('openDeploymentLog', place);
    const document = vscode.window.activeTextEditor?.document;
    assert.match(document?.getText() ?? '', /Building image[^]*first line\n/);
    deployments.log(place.id, 'second line');
    await eventually('the document grows', () => document?.getText().includes('second line') === true);
    assert.equal(document?.getText().split('first line').length, 2);
  });

  it('have inputs that are compared', async () => {
    const first = await started();
    await deployments.start({ spec: { ...spec, source: { ...spec.source, image: 'web:2' } } });
    dialogs.picks.push('web');
    await run('compareDeployments', first);
    await eventually('both are open', () =>
      ['web:1', 'web:2'].every((image) =>
        vscode.workspace.textDocuments.some(
          (document) => document.uri.scheme === 'quaywatch-deployment' && document.getText().includes(image),
        ),
      ),
    );
  });

  it('deploy a container of the tree again', async () => {
    engine.onInspect = () => ({
      Name: '/web',
      Config: { Image: 'web:1', Env: ['A=b'] },
      HostConfig: { Privileged: true },
    });
    dialogs.picks.push('Pull a newer image');
    await eventually('the row is there', () => allRows(api).some((row) => labelOf(row) === 'web'));
    await run('redeploy', rowNamed(api, 'web').node);
    assert.deepEqual(deployments.starts[0]?.spec, {
      app: 'web',
      source: { kind: 'image', image: 'web:1', pull: 'always' },
      run: { name: 'web', environment: { A: 'b' } },
    });
    assert.match(dialogs.confirmed.at(-1)?.detail ?? '', /would lose them: Privileged/);
  });

  it('are saved to quaywatch.json, beside what is in it', async () => {
    const [root] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(root);
    const file = join(root.uri.fsPath, 'quaywatch.json');
    const inWorkspace = join(root.uri.fsPath, 'service');
    mkdirSync(inWorkspace);
    writeFileSync(join(inWorkspace, 'Dockerfile'), 'FROM scratch');
    writeFileSync(file, JSON.stringify({ apps: { other: { source: { image: 'a' } } } }));
    dialogs.inputs.push('web', '80');
    dialogs.choices.push('Deploy and Save to quaywatch.json');
    try {
      await run('deploy', vscode.Uri.file(inWorkspace));
      const saved = JSON.parse(readFileSync(file, 'utf8')) as unknown;
      const web = { source: { folder: 'service' }, run: { ports: ['80'], restart: 'unless-stopped' } };
      assert.deepEqual(saved, { apps: { other: { source: { image: 'a' } }, web } });
      // It is in the workspace: nothing else was asked.
      assert.equal(dialogs.confirmed.length, 1);
      assert.equal(deployments.starts.length, 1);
    } finally {
      rmSync(file, { force: true });
      rmSync(inWorkspace, { recursive: true, force: true });
    }
  });
});
