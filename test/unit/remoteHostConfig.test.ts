import assert from 'node:assert/strict';
import {
  entryOf,
  formatAddress,
  parseAddress,
  parseTypedAddress,
  readRemoteHosts,
  withHost,
  withoutHost,
  type EntryFault,
} from '../../src/vscode/hosts/remoteHostConfig';

const KEY = 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM';
const build = { id: 'b1', name: 'Build', address: 'build.example.com:8443', key: KEY };

describe('the setting of remote hosts', () => {
  it('is read with addresses, ports and the three kinds of security', () => {
    const { hosts, bad } = readRemoteHosts([
      build,
      { id: 'c', name: ' checked ', address: 'host' },
      { id: 'p', name: 'plain', address: '[::1]:9', plain: true },
    ]);
    assert.deepEqual(bad, []);
    assert.deepEqual(hosts, [
      {
        id: 'b1',
        name: 'Build',
        host: 'build.example.com',
        port: 8443,
        security: { kind: 'pinned', key: KEY },
      },
      { id: 'c', name: 'checked', host: 'host', port: 7443, security: { kind: 'checked' } },
      { id: 'p', name: 'plain', host: '::1', port: 9, security: { kind: 'plain' } },
    ]);
  });

  it('names an entry that can not be used, and keeps the others', () => {
    const cases: [unknown, EntryFault][] = [
      ['text', 'notAnObject'],
      [null, 'notAnObject'],
      [[], 'notAnObject'],
      [{ ...build, id: undefined }, 'badId'],
      [{ ...build, id: 'a/b' }, 'badId'],
      [{ ...build, id: 'local' }, 'badId'],
      [{ ...build, id: 'first' }, 'repeatedId'],
      [{ ...build, name: ' ' }, 'badName'],
      [{ ...build, name: 'x'.repeat(101) }, 'badName'],
      [{ ...build, address: 'a b' }, 'badAddress'],
      [{ ...build, address: 'host:0' }, 'badAddress'],
      [{ ...build, address: 'host:65536' }, 'badAddress'],
      [{ ...build, address: 'user@host' }, 'badAddress'],
      [{ ...build, address: 7 }, 'badAddress'],
      [{ ...build, key: 'short' }, 'badKey'],
      [{ ...build, key: 5 }, 'badKey'],
      [{ ...build, plain: true }, 'keyAndPlain'],
    ];
    const first = { ...build, id: 'first' };
    for (const [entry, fault] of cases) {
      const read = readRemoteHosts([first, entry, { ...build, id: 'last' }]);
      assert.deepEqual(
        read.hosts.map(({ id }) => id),
        ['first', 'last'],
        JSON.stringify(entry),
      );
      assert.deepEqual(
        read.bad.map((one) => [one.position, one.fault]),
        [[2, fault]],
        JSON.stringify(entry),
      );
    }
  });

  it('tells the name of a bad entry as far as there is one', () => {
    const names = readRemoteHosts([{ ...build, address: '' }, { name: 3 }]).bad.map(({ name }) => name);
    assert.deepEqual(names, ['Build', undefined]);
  });

  it('is no list at all, or is not there', () => {
    assert.equal(readRemoteHosts({}).bad[0]?.fault, 'notAList');
    for (const nothing of [undefined, null, []])
      assert.deepEqual(readRemoteHosts(nothing), { hosts: [], bad: [] });
  });

  it('is written back as it was read', () => {
    const entries = [
      build,
      { id: 'c', name: 'c', address: 'host:7443' },
      { id: 'p', name: 'p', address: '[::1]:9', plain: true },
    ];
    assert.deepEqual(readRemoteHosts(entries).hosts.map(entryOf), entries);
  });

  it('is changed entry by entry; what can not be used stays', () => {
    const [config] = readRemoteHosts([build]).hosts;
    assert.ok(config);
    const others = [{ odd: 1 }, 'text'];
    const added = withHost(others, config);
    assert.deepEqual(added, [...others, build]);
    assert.deepEqual(withHost(added, { ...config, name: 'New' })[2], { ...build, name: 'New' });
    assert.deepEqual(withoutHost(added, 'b1'), others);
    assert.deepEqual(withHost(undefined, config), [build]);
    assert.deepEqual(withoutHost('no list', 'b1'), []);
  });

  it('never holds a token', () => {
    const [config] = readRemoteHosts([{ ...build, token: 'a.secret' }]).hosts;
    assert.ok(config);
    assert.ok(!JSON.stringify([config, entryOf(config)]).includes('secret'));
  });
});

describe('addresses', () => {
  it('are names and numbers with or without a port', () => {
    assert.deepEqual(parseAddress('10.0.0.1'), { host: '10.0.0.1', port: 7443 });
    assert.deepEqual(parseAddress('[2001:db8::1]:80'), { host: '2001:db8::1', port: 80 });
    assert.equal(formatAddress({ host: '2001:db8::1', port: 80 }), '[2001:db8::1]:80');
    for (const wrong of ['', ':1', '2001:db8::1', 'a:b', 'a/b', 'a:99999', 'a b'])
      assert.equal(parseAddress(wrong), undefined, wrong);
  });

  it('are typed with a scheme, too, which says whether there is TLS', () => {
    assert.deepEqual(parseTypedAddress(' wss://host:1/ '), { host: 'host', port: 1, isPlain: false });
    assert.deepEqual(parseTypedAddress('host'), { host: 'host', port: 7443, isPlain: false });
    assert.deepEqual(parseTypedAddress('WS://localhost'), { host: 'localhost', port: 7443, isPlain: true });
    for (const wrong of ['ftp://host', 'wss://host/path', 'ws://', 'https://user@host'])
      assert.equal(parseTypedAddress(wrong), undefined, wrong);
  });
});
