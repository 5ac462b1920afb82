import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { CertificateChangedError, EngineError } from '../../src/engine/engine';
import { formatPairingLink, formatVSCodeLink, type Pairing } from '../../src/protocol/pairingLink';
import type { RemoteAccess } from '../../src/vscode/hosts/remoteAccess';
import type { TestApi } from '../../src/vscode/testApi';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { eventually } from '../support/eventually';
import {
  allRows,
  extensionApi,
  labelOf,
  outline,
  refreshedBy,
  rowNamed,
  useMemoryEngine,
} from './extensionApi';
import { FakeDialogs } from './fakeDialogs';

const KEY = 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM';
const NEW_KEY = 'qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo';
const SECRET = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const pairing: Pairing = {
  host: 'build.example.com',
  port: 7443,
  token: { id: 'laptop', secret: SECRET },
  security: { kind: 'pinned', key: KEY },
  name: 'Build',
};
const link = formatPairingLink(pairing);
const web = makeContainer('web');
const far = makeContainer('far', { image: 'nginx' });

/** An agent's engine that does what the test said beforehand as soon as somebody connects. */
class PromptEngine extends MemoryEngine {
  constructor(private readonly outcome: () => EngineError | undefined) {
    super();
  }

  override connect(): void {
    const isFirst = this.connection.kind === 'idle';
    super.connect();
    if (isFirst) this.settle();
  }

  override retryNow(): void {
    super.retryNow();
    this.settle();
  }

  private settle(): void {
    const failure = this.outcome();
    if (failure) this.fail(failure);
    else this.becomeReady([far]);
  }
}

describe('remote hosts', () => {
  let api: TestApi;
  let dialogs: FakeDialogs;
  let original: TestApi['seams'];
  let outcome: EngineError | undefined;
  let opened: { readonly engine: PromptEngine; readonly access: () => Promise<RemoteAccess> }[];

  const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('quaywatch');
  const entries = (): readonly Record<string, unknown>[] => settings().get('hosts') ?? [];
  const write = async (hosts: unknown): Promise<void> =>
    settings().update('hosts', hosts, vscode.ConfigurationTarget.Global);
  const remote = () => api.hosts.all.find((host) => host.remote) ?? assert.fail('no remote host');
  const engine = (): PromptEngine => {
    const { engine: current } = remote();
    assert.ok(current instanceof PromptEngine);
    return current;
  };
  const run = async (command: string, label?: string): Promise<void> => {
    const args = label === undefined ? [] : [rowNamed(api, label).node];
    await vscode.commands.executeCommand(`quaywatch.${command}`, ...args);
  };
  const addHost = async (): Promise<void> => {
    dialogs.picks.push('Paste');
    dialogs.inputs.push(link);
    await run('addHost');
    await eventually('the host is connected', () => allRows(api).map(labelOf).includes('far'));
  };

  before(async () => {
    api = await extensionApi();
    original = { ...api.seams };
  });

  beforeEach(async () => {
    await vscode.commands.executeCommand('quaywatch.containers.focus');
    dialogs = new FakeDialogs();
    outcome = undefined;
    opened = [];
    Object.assign(api.seams, {
      dialogs,
      openRemote: (access: () => Promise<RemoteAccess>) => {
        const made = new PromptEngine(() => outcome);
        opened.push({ engine: made, access });
        return made;
      },
      lookAtCertificate: () => Promise.resolve({ key: NEW_KEY, isTrusted: false }),
    });
    await useMemoryEngine(api, [web]);
  });

  afterEach(async () => {
    await write(undefined);
    await settings().update('showLocalHost', undefined, vscode.ConfigurationTarget.Global);
    await eventually('only this machine is left', () => api.hosts.all.every((host) => !host.remote));
  });

  after(() => Object.assign(api.seams, original));

  it('are handed a folder once more, packed anew: they do not keep it', async () => {
    const deployments = new MemoryDeployments();
    api.seams.openRemote = () => Object.assign(new PromptEngine(() => outcome), { deployments });
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-handed-over-'));
    try {
      await addHost();
      writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch');
      dialogs.inputs.push('web', '');
      await vscode.commands.executeCommand('quaywatch.deploy', vscode.Uri.file(folder));
      const [id = ''] = deployments.current?.keys() ?? [];
      deployments.fail(id);
      await vscode.commands.executeCommand('quaywatch.retryDeployment', { hostId: remote().id, id });
      assert.deepEqual(
        deployments.starts.map(({ context }) => context !== undefined),
        [true, true],
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('are added by a pairing link: confirmed, tried, then stored, the token apart', async () => {
    await addHost();
    assert.deepEqual(outline(api.rows()), [
      'Local  Memory 1.0',
      '  web  busybox:latest',
      'Build  Memory 1.0',
      '  far  nginx',
    ]);
    const [asked] = dialogs.confirmed;
    assert.equal(asked?.question, 'Add the host Build?');
    assert.match(asked.detail, /Address: build\.example\.com:7443\nCertificate: SHA256:LHDhK3oGRvki/);
    const [entry] = entries();
    assert.ok(entry);
    const { id, ...rest } = entry;
    assert.deepEqual(rest, { name: 'Build', address: 'build.example.com:7443', key: KEY });
    assert.ok(!JSON.stringify(entries()).includes(SECRET));
    assert.deepEqual(await api.tokens.get(String(id)), pairing.token);
    assert.equal(rowNamed(api, 'far').item.id, `${String(id)}/container/${far.id}`);
    assert.deepEqual(await opened.at(-1)?.access(), {
      host: pairing.host,
      port: 7443,
      security: pairing.security,
      token: pairing.token,
    });
    assert.ok(opened[0]?.engine.isDisposed, 'what it was tried with is gone');
  });

  it('are offered from the clipboard', async () => {
    dialogs.copied = `  ${formatVSCodeLink(pairing)}\n`;
    dialogs.picks.push('Use the Link');
    await run('addHost');
    await eventually('the host is there', () => api.hosts.all.length === 2);
  });

  it('are added by a link that opens VS Code, never without asking', async () => {
    const uri = vscode.Uri.parse(formatVSCodeLink(pairing), true);
    dialogs.isConfirmed = false;
    await api.pairingUris.handleUri(uri);
    assert.equal(dialogs.confirmed.length, 1);
    assert.match(dialogs.confirmed[0]?.detail ?? '', /build\.example\.com:7443\n.*SHA256:/);
    assert.deepEqual([opened.length, entries().length], [0, 0]);
    dialogs.isConfirmed = true;
    await api.pairingUris.handleUri(uri);
    await eventually('the host is there', () => api.hosts.all.length === 2);
  });

  it('are added step by step; a certificate of its own is pinned as it is seen and confirmed', async () => {
    dialogs.picks.push('Type');
    dialogs.inputs.push('wss://build.example.com', `laptop.${SECRET}`, 'My build');
    await run('addHost');
    await eventually('the host is there', () => api.hosts.all.length === 2);
    assert.match(dialogs.confirmed[0]?.detail ?? '', new RegExp(`SHA256:${NEW_KEY}`));
    assert.deepEqual(entries()[0]?.['key'], NEW_KEY);
    assert.equal(remote().name, 'My build');
  });

  it('are not stored when the connection fails, and the reason is told', async () => {
    outcome = new EngineError('tokenRefused', 'no');
    dialogs.picks.push('Paste');
    dialogs.inputs.push(link);
    await run('addHost');
    assert.deepEqual(entries(), []);
    assert.deepEqual(dialogs.offered[0]?.actions, ['Try Again']);
    assert.match(dialogs.offered[0].text, /Could not connect to build\.example\.com:7443: the agent refused/);
    assert.ok(!JSON.stringify(dialogs.offered).includes(SECRET));
  });

  it('may be stored all the same when only nothing answers yet', async () => {
    outcome = new EngineError('unreachable', 'ECONNREFUSED');
    dialogs.picks.push('Paste');
    dialogs.inputs.push(link);
    dialogs.offers.push('Try Again', 'Save Anyway');
    await run('addHost');
    await eventually('the host is there', () => api.hosts.all.length === 2);
    assert.equal(dialogs.offered.length, 2);
    await eventually('it says what is wrong', () =>
      allRows(api).map(labelOf).includes('The agent is not reachable'),
    );
    assert.deepEqual(outline(api.rows()).slice(2), [
      'Build  failed: the agent is not reachable',
      '  The agent is not reachable',
      '  It is tried again by itself: build.example.com:7443',
      '  Try Now',
    ]);
  });

  const states: readonly (readonly [string, EngineError, readonly string[], string])[] = [
    [
      'a refused token',
      new EngineError('tokenRefused', ''),
      ['The agent refused the token', 'Enter a New Token…'],
      'quaywatch.enterToken',
    ],
    [
      'a changed certificate',
      new CertificateChangedError(KEY, NEW_KEY),
      [
        'The certificate has changed',
        `Paired with SHA256:${KEY}`,
        `Now it is SHA256:${NEW_KEY}`,
        'Check the Certificate…',
      ],
      'quaywatch.trustCertificate',
    ],
    [
      'another version',
      new EngineError('versionMismatch', ''),
      [
        'The agent speaks another version',
        'Update quaywatch-agent on build.example.com:7443, or Quaywatch here',
        'Try Now',
      ],
      'quaywatch.reconnectHost',
    ],
    [
      'something else that answers',
      new EngineError('agentNotTrusted', ''),
      ['What answers is not the agent that was paired', 'Enter a New Token…'],
      'quaywatch.enterToken',
    ],
  ];

  for (const [name, error, rows, command] of states) {
    it(`say what is wrong and offer the one thing that helps: ${name}`, async () => {
      await addHost();
      engine().fail(error);
      const shown = rowNamed(api, 'Build');
      assert.deepEqual(shown.children.map(labelOf), [...rows, 'far'], 'what is known stays');
      const remedy = shown.children[rows.length - 1];
      assert.equal(remedy?.item.command?.command, command);
      assert.equal((shown.item.iconPath as vscode.ThemeIcon).id, 'warning');
      assert.match(api.status.text, /^\$\(warning\) 1\/2 hosts$/);
    });
  }

  it('say so when the agent answers but its engine does not', async () => {
    outcome = new EngineError('agentEngineAway', '', { cause: new EngineError('permissionDenied', '') });
    dialogs.picks.push('Paste');
    dialogs.inputs.push(link);
    await run('addHost');
    await eventually('the host has rows', () => rowNamed(api, 'Build').children.length > 0);
    assert.deepEqual(rowNamed(api, 'Build').children.map(labelOf), [
      'The agent answers, but not its engine',
      'You may not use the Docker engine',
      'Try Now',
    ]);
  });

  it('dim while they are away, without a row more, and brighten again', async () => {
    await addHost();
    await refreshedBy(api, () => engine().fail(new EngineError('connectionLost', '')));
    assert.deepEqual(outline(api.rows()).slice(2), [
      'Build  out of date: the agent is not reachable',
      '  far  nginx',
    ]);
    await refreshedBy(api, () => engine().becomeReady([far]));
    assert.equal(rowNamed(api, 'Build').item.description, 'Memory 1.0');
  });

  it('get a new certificate after both were shown and confirmed, by the same engine', async () => {
    await addHost();
    const before = engine();
    before.fail(new CertificateChangedError(KEY, NEW_KEY));
    await run('trustCertificate', 'Check the Certificate…');
    const { question, detail } = dialogs.confirmed.at(-1) ?? assert.fail();
    assert.equal(question, 'Trust the new certificate of Build?');
    assert.match(detail, new RegExp(`Before: SHA256:${KEY}\nNow: SHA256:${NEW_KEY}`));
    await eventually('it is connected again', () => engine().connection.kind === 'ready');
    assert.equal(engine(), before);
    assert.equal(entries()[0]?.['key'], NEW_KEY);
  });

  it('get a new token that was tried before', async () => {
    await addHost();
    engine().fail(new EngineError('tokenRefused', ''));
    const newSecret = NEW_KEY;
    const before = engine();
    dialogs.inputs.push(`desk.${newSecret}`);
    await run('enterToken', 'Enter a New Token…');
    await eventually('it is connected again', () => engine().connection.kind === 'ready');
    assert.equal(engine(), before, 'what is tailed goes on');
    assert.deepEqual(await api.tokens.get(remote().id), { id: 'desk', secret: newSecret });
    assert.ok(!JSON.stringify(entries()).includes(newSecret));
  });

  it('are connected anew when a connected one gets another token, so that its role counts', async () => {
    await addHost();
    const before = engine();
    dialogs.picks.push('New Token');
    dialogs.inputs.push(`desk.${NEW_KEY}`);
    await run('editHost', 'Build');
    assert.notEqual(engine(), before);
    assert.ok(before.isDisposed);
    assert.equal((await opened.at(-1)?.access())?.token.id, 'desk');
  });

  it('are renamed without a break in what is tailed', async () => {
    await addHost();
    await run('tailLogs', 'far');
    dialogs.inputs.push('Builder');
    await run('renameHost', 'Build');
    await eventually('it has its new name', () => allRows(api).map(labelOf).includes('Builder'));
    assert.match(String(rowNamed(api, 'far').item.contextValue), /;tailing;/);
    assert.equal(engine().follows[0]?.isStopped, false);
    await run('stopTailing', 'far');
  });

  it('are disconnected and connected again', async () => {
    await addHost();
    await run('disconnectHost', 'Build');
    assert.deepEqual(outline(api.rows()).slice(2), ['Build  disconnected', '  Connect', '  far  nginx']);
    assert.match(String(rowNamed(api, 'Build').item.contextValue), /^host;remote;disconnected;/);
    assert.doesNotMatch(String(rowNamed(api, 'far').item.contextValue), /canStop/);
    await run('reconnectHost', 'Connect');
    assert.equal(rowNamed(api, 'Build').item.description, 'Memory 1.0');
  });

  it('are removed with their token, if the person says so', async () => {
    await addHost();
    const { id } = remote();
    dialogs.isConfirmed = false;
    await run('removeHost', 'Build');
    assert.equal(api.hosts.all.length, 2);
    dialogs.isConfirmed = true;
    await run('removeHost', 'Build');
    await eventually('the host is gone', () => api.hosts.all.length === 1);
    assert.equal(dialogs.confirmed.at(-1)?.question, 'Remove the host Build?');
    assert.equal(await api.tokens.get(id), undefined);
  });

  it('hide what their token does not allow', async () => {
    await addHost();
    Object.assign(engine().capabilities, { lifecycle: false, manage: false, exec: false });
    engine().becomeReady([far]);
    assert.match(String(rowNamed(api, 'far').item.contextValue), /^container;running;canTail;$/);
  });

  it('are counted and listed in the status bar, which is not there without them', async () => {
    assert.equal(api.status.text, '');
    await addHost();
    assert.equal(api.status.text, '$(server) 2/2 hosts');
    engine().fail(new EngineError('unreachable', ''));
    assert.equal(api.status.text, '$(server) 1/2 hosts');
    assert.match(api.status.tooltip, /\*\*Local\*\*: Memory/);
    assert.match(api.status.tooltip, /\*\*Build\*\* \(build\\\.example\\\.com\\:7443\): out of date/);
  });

  it('stand alone when this machine is hidden', async () => {
    await addHost();
    await settings().update('showLocalHost', false, vscode.ConfigurationTarget.Global);
    await eventually('this machine is hidden', () => api.hosts.all.length === 1);
    assert.deepEqual(outline(api.rows()), ['Build  Memory 1.0', '  far  nginx']);
  });

  it('are kept although another entry of the setting is wrong', async () => {
    const good = { id: 'good', name: 'Good', address: 'good:1' };
    await write([{ id: 'bad', name: 'Bad', address: '::' }, good, 5]);
    await eventually('the good one is there', () => api.hosts.all.length === 2);
    assert.equal(remote().name, 'Good');
  });
});
