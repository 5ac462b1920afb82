import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  formatAddress,
  parseAddress,
  parseExpiry,
  parseName,
  parseRole,
} from '../../src/agent/cli/arguments';
import { formatTable } from '../../src/agent/cli/table';
import { parseConfig } from '../../src/agent/config/configFile';
import { isLoopback, loadSettings, readEnvironment } from '../../src/agent/config/loadSettings';
import { ConfigError } from '../../src/agent/config/readSetting';
import { flagOf, SETTING_KEYS, SETTING_RULES, variableOf } from '../../src/agent/config/settings';
import { hideSecrets } from '../../src/agent/serve/logger';
import { defaultStateFolder } from '../../src/agent/state/stateFolder';
import { makeToken } from '../../src/agent/security/tokenSecret';
import { formatToken } from '../../src/protocol/pairingLink';
import { temporaryFolder } from '../support/temporaryFolder';

function saying(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

describe('agent: settings', () => {
  const folder = temporaryFolder();

  it('are the defaults where nothing says otherwise', async () => {
    const settings = await loadSettings({ flags: {}, env: {} });
    for (const key of SETTING_KEYS) assert.deepEqual(settings[key], SETTING_RULES[key].default, key);
    assert.equal(settings.port, 7443);
  });

  it('come from flags before environment before file before defaults', async () => {
    const configFile = folder.file('agent.yaml');
    writeFileSync(configFile, 'port: 1\nhost: 10.0.0.1\nlogLevel: debug\nmaxConnections: 7\n');
    const env = { QUAYWATCH_AGENT_PORT: '2', QUAYWATCH_AGENT_HOST: '10.0.0.2', PATH: '/bin' };
    const settings = await loadSettings({ flags: { port: 3 }, configFile, env });
    const { port, host, logLevel, maxConnections, auditOldFiles } = settings;
    assert.deepEqual([port, host, logLevel, maxConnections, auditOldFiles], [3, '10.0.0.2', 'debug', 7, 9]);
  });

  it('may come from the file that the environment names', async () => {
    writeFileSync(folder.file('a.yaml'), 'port: 1\n');
    const env = { QUAYWATCH_AGENT_CONFIG: folder.file('a.yaml') };
    assert.equal((await loadSettings({ flags: {}, env })).port, 1);
  });

  it('name a variable that is unknown or of the wrong type', () => {
    assert.throws(() => readEnvironment({ QUAYWATCH_AGENT_PROT: '1' }), saying(/QUAYWATCH_AGENT_PROT/));
    assert.throws(
      () => readEnvironment({ QUAYWATCH_AGENT_PORT: 'many' }),
      saying(/QUAYWATCH_AGENT_PORT: must be a whole number from 0 to 65535, not "many"/),
    );
    assert.throws(() => readEnvironment({ QUAYWATCH_AGENT_PLAIN: 'maybe' }), saying(/must be true or false/));
  });

  it('are read from variables of every kind', () => {
    const env = {
      QUAYWATCH_AGENT_PLAIN: 'Yes',
      QUAYWATCH_AGENT_ALLOW_ORIGINS: 'https://a.example, https://b.example',
      QUAYWATCH_AGENT_LOG_LEVEL: 'warn',
      QUAYWATCH_AGENT_DOCKER_HOST: '',
    };
    assert.deepEqual(readEnvironment(env), {
      plain: true,
      allowOrigins: ['https://a.example', 'https://b.example'],
      logLevel: 'warn',
    });
  });

  it('have a flag and a variable of their own each', () => {
    assert.equal(flagOf('maxConnections'), '--max-connections');
    assert.equal(variableOf('maxConnections'), 'QUAYWATCH_AGENT_MAX_CONNECTIONS');
    assert.equal(new Set(SETTING_KEYS.map(flagOf)).size, SETTING_KEYS.length);
  });

  it('are documented with their flags and defaults', () => {
    const rows = readFileSync('docs/agent.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    for (const key of SETTING_KEYS) {
      const row = rows.find((line) => line.includes(`\`${key}\``) && line.includes(`\`${flagOf(key)}\``));
      assert.ok(row, `${key} is not in docs/agent.md`);
      const { kind, default: usual } = SETTING_RULES[key];
      if (kind === 'integer' || kind === 'switch')
        assert.ok(row.includes(`\`${usual}\``), `default of ${key}`);
    }
  });

  const wrongFiles: readonly [string, string, RegExp][] = [
    ['an unknown name', '# comment\n\nprot: 1\n', /^a\.yaml:3: there is no setting "prot"/],
    ['a name written otherwise', 'max-connections: 1\n', /a\.yaml:1: .*"maxConnections" is meant/],
    ['a wrong type', 'host: a\nport: "7443"\n', /^a\.yaml:2: port: must be a whole number .* not "7443"$/],
    ['a number out of range', 'port: 70000\n', /a\.yaml:1: port: .*65535, not 70000/],
    ['an unknown choice', 'logLevel: loud\n', /logLevel: must be one of trace, /],
    ['nothing as a value', 'host:\n', /host: must be a text, not null/],
    ['a list with a number in it', 'allowOrigins: [1]\n', /must be a list of texts/],
    ['a name twice', 'port: 1\nport: 2\n', /a\.yaml:2: .*unique/],
    ['no YAML', 'port: [1\n', /^a\.yaml:\d+: /],
    ['a list', '- port\n', /must hold "name: value" lines/],
    ['a prototype', '__proto__: 1\n', /there is no setting "__proto__"/],
  ];
  for (const [what, text, pattern] of wrongFiles) {
    it(`refuse a file with ${what}, by file and line`, async () => {
      await assert.rejects(parseConfig('a.yaml', text), saying(pattern));
    });
  }

  it('take an empty file', async () => {
    assert.deepEqual(await parseConfig('a.yaml', '# nothing\n'), {});
  });

  it('name a file that is not there', async () => {
    const configFile = folder.file('missing.yaml');
    await assert.rejects(loadSettings({ flags: {}, configFile, env: {} }), saying(/missing\.yaml.*ENOENT/));
  });

  it('must make sense together', async () => {
    const load = (flags: object) => loadSettings({ flags, env: {} });
    await assert.rejects(load({ cert: 'a.pem' }), saying(/--cert and --key go together/));
    await assert.rejects(load({ plain: true }), saying(/--plain needs a loopback address.*0\.0\.0\.0/));
    await assert.rejects(
      load({ cert: 'a', key: 'b', plain: true, host: '127.0.0.1' }),
      saying(/--cert makes no sense/),
    );
    assert.equal((await load({ plain: true, host: '127.0.0.1' })).plain, true);
    assert.equal((await load({ insecurePlain: true })).insecurePlain, true);
  });

  it('know loopback addresses from others', () => {
    for (const host of ['127.0.0.1', '127.8.9.10', '::1', 'localhost'])
      assert.equal(isLoopback(host), true, host);
    for (const host of ['0.0.0.0', '::', '127.example.org', '10.0.0.1', ''])
      assert.equal(isLoopback(host), false, host);
  });
});

describe('agent: arguments', () => {
  const now = new Date('2026-01-01T00:00:00Z');

  it('are addresses', () => {
    assert.deepEqual(parseAddress('box.example'), { host: 'box.example' });
    assert.deepEqual(parseAddress('10.0.0.1:80'), { host: '10.0.0.1', port: 80 });
    assert.deepEqual(parseAddress('fd00::1'), { host: 'fd00::1' });
    assert.deepEqual(parseAddress('[fd00::1]:80'), { host: 'fd00::1', port: 80 });
    assert.equal(formatAddress({ host: 'fd00::1', port: 80 }), '[fd00::1]:80');
    for (const text of ['', 'a b', 'a:0', 'a:70000', 'a/b', 'https://a', 'a:b']) {
      assert.throws(() => parseAddress(text), /host name or address/, text);
    }
  });

  it('are ends of validity in the future', () => {
    assert.equal(parseExpiry('36h', now).toISOString(), '2026-01-02T12:00:00.000Z');
    assert.equal(parseExpiry('2026-02-01', now).toISOString(), '2026-02-01T00:00:00.000Z');
    assert.equal(parseExpiry('2026-02-01T10:00:00+02:00', now).toISOString(), '2026-02-01T08:00:00.000Z');
    assert.throws(() => parseExpiry('2025-01-01', now), /future/);
    for (const text of ['soon', '5', '1y', '2026-13-01', '1/2/2027']) {
      assert.throws(() => parseExpiry(text, now), /span/, text);
    }
  });

  it('are roles and names of one line', () => {
    assert.equal(parseRole('viewer'), 'viewer');
    assert.throws(() => parseRole('root'), /viewer, operator, admin/);
    assert.equal(parseName('my laptop'), 'my laptop');
    for (const text of ['', 'a\nb', '\u001b[2J', '\u202egpj', 'x'.repeat(101)])
      assert.throws(() => parseName(text));
  });
});

describe('agent: small things', () => {
  it('puts its state where the system wants it', () => {
    const home = '/home/ann';
    assert.equal(
      defaultStateFolder({ isRoot: true, env: { XDG_STATE_HOME: '/x' }, home }),
      '/var/lib/quaywatch-agent',
    );
    assert.equal(
      defaultStateFolder({ isRoot: false, env: {}, home }),
      '/home/ann/.local/state/quaywatch-agent',
    );
    assert.equal(
      defaultStateFolder({ isRoot: false, env: { XDG_STATE_HOME: '/x' }, home }),
      '/x/quaywatch-agent',
    );
    const relative = { isRoot: false, env: { XDG_STATE_HOME: 'x' }, home };
    assert.equal(defaultStateFolder(relative), '/home/ann/.local/state/quaywatch-agent');
  });

  it('hides tokens wherever they stand in a text', () => {
    const token = makeToken();
    const hidden = hideSecrets(`link #token=${formatToken(token)}&key=x and ${formatToken(token)}`);
    assert.equal(hidden, `link #token=${token.id}.[secret]&key=x and ${token.id}.[secret]`);
  });

  it('sets tables', () => {
    assert.deepEqual(
      formatTable([
        { id: 'a', lastUsed: 'never' },
        { id: 'bcd', lastUsed: '' },
      ]),
      ['ID   LAST USED', 'a    never', 'bcd'],
    );
  });
});
