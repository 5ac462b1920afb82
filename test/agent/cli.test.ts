import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tokenSchema } from '../../src/agent/security/token';
import { loadTlsMaterial } from '../../src/agent/tls/certificate';
import { StateFolder } from '../../src/agent/state/stateFolder';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { safeParse } from 'valibot';
import { AgentBundle, type AgentProcess, type CliResult } from '../support/agentProcess';
import { modeOf } from '../support/stateChecks';
import { temporaryFolder } from '../support/temporaryFolder';

const COMMANDS = [
  [],
  ['init'],
  ['serve'],
  ['token'],
  ['token', 'add'],
  ['token', 'list'],
  ['pair'],
  ['status'],
];
const SECRET = /\.[A-Za-z0-9_-]{43}/;
const LOOPBACK = ['--host', '127.0.0.1', '--port', '0'];

describe('agent: the command quaywatch-agent', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let bundle: AgentBundle;
  let state: StateFolder;
  let agent: AgentProcess | undefined;

  before(async () => (bundle = await AgentBundle.make()));
  after(() => bundle.remove());
  beforeEach(() => (state = new StateFolder(folder.file('state'))));
  afterEach(async () => {
    await agent?.kill();
    agent = undefined;
  });

  function run(...args: string[]): Promise<CliResult> {
    return bundle.run(args, { QUAYWATCH_AGENT_STATE: state.path });
  }

  async function serve(...args: string[]): Promise<AgentProcess> {
    agent = await bundle.serve([...LOOPBACK, ...args], { QUAYWATCH_AGENT_STATE: state.path });
    return agent;
  }

  function filesOf(path: string): readonly string[] {
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
  }

  it('is one file, beside what installs it', () => {
    const installing = ['Dockerfile', 'compose.yaml', 'quaywatch-agent.service'];
    assert.deepEqual(
      readdirSync(join(bundle.file, '..')).sort(),
      [...installing, 'quaywatch-agent.js'].sort(),
    );
    assert.equal(modeOf(bundle.file), '755');
    assert.match(readFileSync(bundle.file, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  it('explains itself', async () => {
    for (const command of COMMANDS) {
      const { code, stdout, stderr } = await run(...command, '--help');
      assert.deepEqual([code, stderr], [0, ''], command.join(' '));
      assert.match(stdout, /^Usage: quaywatch-agent/);
    }
    const { stdout } = await run('serve', '--help');
    assert.match(stdout, /Each setting is taken from the first that has it/);
    assert.match(stdout, /--max-connections <number>/);
    assert.match((await run('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('names what it does not know and ends with 2', async () => {
    const cases: readonly [string[], RegExp][] = [
      [['serve', '--prot', '1'], /unknown option '--prot'[^]*--port/],
      [['serve', '--port', 'many'], /--port[^]*must be a whole number from 0 to 65535, not "many"/],
      [['serve', '--log-level', 'loud'], /--log-level[^]*must be one of trace/],
      [['serve', 'extra'], /too many arguments/],
      [['sreve'], /unknown command 'sreve'[^]*serve/],
      [['token', 'add', '--role', 'root'], /--role[^]*one of viewer, operator, admin/],
      [['token', 'add', '--expires', 'soon'], /--expires[^]*such as 12h/],
      [['token', 'add', '--only-label', '=x'], /--only-label[^]*NAME=VALUE/],
      [['token', 'revoke'], /missing required argument 'id'/],
      [['init', '--address', 'https://box'], /--address[^]*host name or address/],
      [[], /Usage: quaywatch-agent/],
    ];
    for (const [args, pattern] of cases) {
      const { code, stderr, stdout } = await run(...args);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, pattern);
    }
    assert.equal(existsSync(state.path), false, 'nothing is made by mistakes');
  });

  it('init makes key, certificate and token, and prints only the link', async () => {
    const { code, stdout } = await run(
      'init',
      '--address',
      'box.example',
      '--host-name',
      'The Box',
      '--name',
      'ann',
    );
    assert.equal(code, 0);
    const { fingerprint } = await loadTlsMaterial(state, new Date());
    const { token, ...pairing } = parsePairingLink(stdout);
    const security = { kind: 'pinned', key: fingerprint };
    assert.deepEqual(pairing, { host: 'box.example', port: 7443, security, name: 'The Box' });
    const stored: unknown = JSON.parse(readFileSync(join(state.tokensFolder, `${token.id}.json`), 'utf8'));
    const result = safeParse(tokenSchema, stored);
    assert.deepEqual([result.success, (stored as { role: string }).role], [true, 'admin']);
  });

  it('init makes files for their owner alone, whatever the umask', async () => {
    await run('init');
    assert.equal(modeOf(state.path), '700');
    for (const path of filesOf(state.path)) {
      assert.equal(modeOf(path), statSync(path).isDirectory() ? '700' : '600', path);
    }
  });

  it('init leaves an agent that is there alone', async () => {
    await run('init');
    const before = filesOf(state.path).map((path) => [path, statSync(path).mtimeMs]);
    const { code, stderr, stdout } = await run('init');
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /quaywatch-agent pair/);
    assert.deepEqual(
      filesOf(state.path).map((path) => [path, statSync(path).mtimeMs]),
      before,
    );
  });

  it('init completes what was interrupted, with the same key', async () => {
    await run('init');
    const { fingerprint } = await loadTlsMaterial(state, new Date());
    rmSync(state.identityFile);
    const { code, stdout } = await run('init');
    assert.equal(code, 0);
    assert.deepEqual(parsePairingLink(stdout).security, { kind: 'pinned', key: fingerprint });
  });

  it('needs init first, and says so', async () => {
    for (const args of [['serve'], ['pair'], ['token', 'add'], ['token', 'list'], ['status']]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 3, args.join(' '));
      assert.match(stderr, /quaywatch-agent init/);
    }
  });

  it('refuses a corrupt state, says what to do, and leaves it alone', async () => {
    await run('init');
    writeFileSync(state.identityFile, '{"version":1', { mode: 0o600 });
    for (const args of [['serve', ...LOOPBACK], ['pair'], ['init']]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 3, args.join(' '));
      assert.match(stderr, /agent\.json: it is not valid JSON\. Restore it from a backup/);
    }
    assert.equal(readFileSync(state.identityFile, 'utf8'), '{"version":1');
  });

  it('refuses to serve with a journal that makes no sense', async () => {
    await run('init');
    writeFileSync(state.journalFile, 'nonsense\n', { mode: 0o600 });
    const { code, stderr } = await run('serve', ...LOOPBACK);
    assert.equal(code, 3);
    assert.match(stderr, /commands\.jsonl: line 1 makes no sense\. Move the file aside/);
    assert.equal(existsSync(state.runningFile), false);
  });

  it('adds, lists and revokes tokens', async () => {
    await run('init', '--name', 'first');
    const added = await run(
      ...['token', 'add', '--role', 'operator', '--name', 'ci', '--expires', '30d'],
      ...['--only-project', 'shop', '--only-label', 'team=web', '--only-label', 'public'],
    );
    const [token = '', watch = ''] = added.stdout.split('\n');
    const [id = ''] = token.split('.');
    assert.equal(watch.split('.')[0], id);
    const listed = await run('token', 'list');
    assert.match(
      listed.stdout,
      new RegExp(`${id} +ci +operator +project shop, label team=web, label public +20`),
    );
    assert.doesNotMatch(listed.stdout + listed.stderr, SECRET);
    const rows = JSON.parse((await run('token', 'list', '--json')).stdout) as {
      name: string;
      lastUsed: string;
    }[];
    assert.deepEqual(
      rows.map(({ name, lastUsed }) => [name, lastUsed]),
      [
        ['first', 'never'],
        ['ci', 'never'],
      ],
    );
    assert.equal((await run('token', 'revoke', id)).code, 0);
    assert.equal((JSON.parse((await run('token', 'list', '--json')).stdout) as unknown[]).length, 1);
    const again = await run('token', 'revoke', token);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /no token with the id/);
    assert.doesNotMatch(again.stderr, SECRET);
  });

  it('writes down who adds and revokes tokens on the machine itself', async () => {
    await run('init', '--name', 'first');
    const { stdout } = await run('token', 'add', '--name', 'ci');
    const [id = ''] = stdout.split('.');
    await run('token', 'revoke', id, 'qwt_unknown');
    const text = readFileSync(state.localAuditFile, 'utf8');
    assert.equal(modeOf(state.localAuditFile), '600');
    assert.doesNotMatch(text, SECRET);
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; result: string; details: { user: string } });
    assert.deepEqual(
      records.map(({ action, result }) => `${action} ${result}`),
      [
        ...['tokenAdded begun', 'tokenAdded done', 'tokenAdded begun', 'tokenAdded done'],
        ...['tokenRevoked begun', 'tokenRevoked done', 'tokenRevoked begun', 'tokenRevoked failed'],
      ],
    );
    assert.ok(records.every(({ details }) => details.user !== ''));
    assert.match(text, new RegExp(`"tokenId":"${id}","tokenName":"ci"|"tokenName":"ci".*"tokenId":"${id}"`));
  });

  it('adds no token that can not be written down', async () => {
    await run('init', '--name', 'first');
    rmSync(state.localAuditFile);
    mkdirSync(state.localAuditFile);
    const { code, stderr } = await run('token', 'add', '--name', 'ci');
    assert.equal(code, 3, stderr);
    assert.equal((JSON.parse((await run('token', 'list', '--json')).stdout) as unknown[]).length, 1);
  });

  it('lists the other tokens beside one that is corrupt', async () => {
    await run('init', '--name', 'first');
    const id = 'qwt_aaaaaaaaaaaa';
    writeFileSync(join(state.tokensFolder, `${id}.json`), '{', { mode: 0o600 });
    const { code, stdout, stderr } = await run('token', 'list');
    assert.equal(code, 3);
    assert.match(stdout, /first/);
    assert.match(stderr, new RegExp(`${id}.*Remove the file`));
  });

  it('pair prints a link with a new token and the running agent’s port', async () => {
    await run('init', '--address', 'box.example');
    const { port } = await serve();
    const { stdout } = await run('pair', '--role', 'viewer', '--host-name', 'Box');
    const { token, ...pairing } = parsePairingLink(stdout);
    assert.deepEqual([pairing.host, pairing.port, pairing.name], ['box.example', port, 'Box']);
    assert.ok(existsSync(join(state.tokensFolder, `${token.id}.json`)));
  });

  it('pair says plain where the agent serves without TLS, and pins no certificate that was given', async () => {
    await run('init', '--address', '127.0.0.1');
    const linkWith = async (yaml: string): Promise<string> => {
      const file = folder.file('agent.yaml');
      writeFileSync(file, yaml);
      return (await run('pair', '--config', file)).stdout;
    };
    assert.deepEqual(parsePairingLink(await linkWith('plain: true\nhost: 127.0.0.1\nport: 80\n')).security, {
      kind: 'plain',
    });
    assert.deepEqual(parsePairingLink(await linkWith('cert: /a.pem\nkey: /b.pem\n')).security, {
      kind: 'checked',
    });
  });

  it('serves, tells how it is, and ends in order', async () => {
    await run('init');
    assert.deepEqual((await run('status')).code, 5);
    const serving = await serve();
    const { code, stdout } = await run('status', '--json');
    const status = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([code, status['status'], status['engine'], status['connections']], [0, 'ok', 'idle', 0]);
    assert.match((await run('status')).stdout, /The agent is running/);
    assert.equal(await serving.end('SIGTERM'), 0);
    assert.match(serving.output, /The agent has ended\./);
    assert.equal((await run('status')).code, 5);
    assert.equal(existsSync(state.runningFile), false);
  });

  it('ends in order by SIGINT, too', async () => {
    await run('init');
    assert.equal(await (await serve()).end('SIGINT'), 0);
  });

  it('takes over from an agent that was killed, and from none that lives', async () => {
    await run('init');
    const first = await serve();
    const second = await run('serve', ...LOOPBACK);
    assert.equal(second.code, 3);
    assert.match(second.stderr, /an agent serves with this state folder already/);
    await first.end('SIGKILL');
    assert.ok(existsSync(state.runningFile));
    assert.equal((await run('status')).code, 5);
    assert.equal(await (await serve()).end(), 0);
  });

  it('reads a new certificate on SIGHUP, and keeps the old one if that is no good', async () => {
    await run('init');
    const serving = await serve();
    const certificate = readFileSync(state.certificateFile);
    writeFileSync(state.certificateFile, 'nonsense');
    serving.signal('SIGHUP');
    await serving.logged('The certificate could not be read again; the one in use stays.');
    assert.equal((await run('status')).code, 0);
    writeFileSync(state.certificateFile, certificate);
    serving.signal('SIGHUP');
    await serving.logged('The certificate was read again.');
  });

  it('says so when something listens at its address already', async () => {
    await run('init');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run('serve', '--host', '127.0.0.1', '--port', String(port));
    other.close();
    assert.equal(code, 4);
    assert.match(stderr, /something listens there already/);
    assert.equal(existsSync(state.runningFile), false);
  });

  it('serves without TLS elsewhere than on loopback only when forced, and warns loudly', async () => {
    await run('init');
    const refused = await run('serve', '--plain', '--port', '0');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--plain needs a loopback address/);
    agent = await bundle.serve(['--insecure-plain', '--port', '0'], { QUAYWATCH_AGENT_STATE: state.path });
    const warning = agent.records.find(({ level }) => level === 'warn');
    assert.match(String(warning?.['msg']), /SERVING WITHOUT TLS/);
    assert.equal((await run('status')).code, 0);
  });

  it('serve --init makes key and certificate where there are none, and no token', async () => {
    const serving = await serve('--init');
    assert.deepEqual(readdirSync(state.tokensFolder), []);
    assert.equal(await serving.end(), 0);
    assert.equal(await (await serve('--init')).end(), 0);
  });

  it('writes no secret into its output', async () => {
    const { stdout } = await run('init');
    const { token } = parsePairingLink(stdout);
    const serving = await serve('--log-level', 'trace');
    await serving.end();
    assert.equal(serving.output.includes(token.secret), false);
  });
});
