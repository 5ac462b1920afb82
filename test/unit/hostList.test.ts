import assert from 'node:assert/strict';
import { Emitter } from '../../src/base/emitter';
import { EngineError } from '../../src/engine/engine';
import type { Token } from '../../src/protocol/pairingLink';
import { isDisconnected } from '../../src/vscode/hosts/host';
import { HostList, type WantedHosts } from '../../src/vscode/hosts/hostList';
import { HostRegistry } from '../../src/vscode/hosts/hostRegistry';
import { HostTokens } from '../../src/vscode/hosts/hostTokens';
import type { RemoteAccess } from '../../src/vscode/hosts/remoteAccess';
import { readRemoteHosts, type HostEntry } from '../../src/vscode/hosts/remoteHostConfig';
import { makeContainer, MemoryEngine } from '../doubles/memoryEngine';

const KEY = 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM';
const OTHER_KEY = 'qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo';
const token: Token = { id: 'laptop', secret: OTHER_KEY };
const build: HostEntry = { id: 'b', name: 'Build', address: 'build:7443', key: KEY };
const prod: HostEntry = { id: 'p', name: 'Prod', address: 'prod:7443' };

/** Secrets as VS Code keeps them, in memory. */
class MemorySecrets {
  readonly kept = new Map<string, string>();
  private readonly changed = new Emitter<{ readonly key: string }>();
  readonly onDidChange = this.changed.event;

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.kept.get(key));
  }

  store(key: string, value: string): Promise<void> {
    this.kept.set(key, value);
    this.changed.fire({ key });
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.kept.delete(key);
    this.changed.fire({ key });
    return Promise.resolve();
  }
}

class World {
  readonly hosts = new HostRegistry();
  readonly secrets = new MemorySecrets();
  readonly tokens = new HostTokens(this.secrets);
  readonly opened: { readonly engine: MemoryEngine; readonly access: () => Promise<RemoteAccess> }[] = [];
  entries: readonly HostEntry[];
  hasLocal = true;
  disconnected: readonly string[] = [];
  readonly list: HostList;

  constructor(entries: readonly HostEntry[] = [build, prod], disconnected: readonly string[] = []) {
    this.entries = entries;
    this.disconnected = disconnected;
    this.list = new HostList({
      hosts: this.hosts,
      tokens: this.tokens,
      localName: 'Local',
      openLocal: () => new MemoryEngine(),
      openRemote: (access) => {
        const engine = new MemoryEngine();
        this.opened.push({ engine, access });
        return engine;
      },
      wanted: (): WantedHosts => ({
        remote: readRemoteHosts(this.entries).hosts,
        hasLocal: this.hasLocal,
      }),
      disconnected: { get: () => this.disconnected, set: (ids) => (this.disconnected = ids) },
    });
  }

  update(entries: readonly HostEntry[]): void {
    this.entries = entries;
    this.list.update();
  }

  get names(): string[] {
    return this.hosts.all.map(({ name }) => name);
  }

  host(id: string) {
    return this.hosts.get(id) ?? assert.fail(`no host ${id}`);
  }

  engine(id: string): MemoryEngine {
    const { engine } = this.host(id);
    assert.ok(engine instanceof MemoryEngine);
    return engine;
  }
}

describe('the list of hosts', () => {
  it('has this machine first, then the remote hosts in the order of the settings', () => {
    const world = new World();
    assert.deepEqual(world.names, ['Local', 'Build', 'Prod']);
    world.update([prod, build]);
    assert.deepEqual(world.names, ['Local', 'Prod', 'Build']);
  });

  it('hides this machine where that is wanted, and brings it back', () => {
    const world = new World();
    world.hasLocal = false;
    world.list.update();
    assert.deepEqual(world.names, ['Build', 'Prod']);
    world.hasLocal = true;
    world.list.update();
    assert.deepEqual(world.names, ['Local', 'Build', 'Prod']);
  });

  it('keeps the connections of hosts that did not change', () => {
    const world = new World();
    const before = world.hosts.all;
    world.update([build, prod, { ...prod, id: 'n', name: 'New' }]);
    assert.deepEqual(world.hosts.all.slice(0, 3), before);
    assert.equal(world.opened.length, 3);
  });

  it('renames a host and leaves everything else of it', () => {
    const world = new World();
    const before = world.host('b');
    world.update([{ ...build, name: 'Builder' }, prod]);
    assert.equal(world.host('b'), before);
    assert.equal(before.name, 'Builder');
    assert.ok(!world.engine('b').isDisposed);
  });

  it('closes what was removed before anybody hears of it', () => {
    const world = new World();
    const { engine } = world.host('b');
    let wasClosed = false;
    world.hosts.onDidChange(() => (wasClosed = engine.connection.kind === 'closed'));
    world.update([prod]);
    assert.ok(wasClosed);
    assert.equal(world.hosts.get('b'), undefined);
  });

  it('gives another engine to a host at another address', () => {
    const world = new World();
    const before = world.engine('b');
    world.update([{ ...build, address: 'other:7443' }, prod]);
    assert.ok(before.isDisposed);
    assert.notEqual(world.engine('b'), before);
  });

  it('tries at once with another certificate or token, by the same engine', async () => {
    const world = new World();
    const engine = world.engine('b');
    engine.fail(new EngineError('certificateChanged', ''));
    world.update([{ ...build, key: OTHER_KEY }, prod]);
    assert.equal(world.engine('b'), engine);
    assert.equal(engine.retryCalls, 1);
    engine.fail(new EngineError('tokenRefused', ''));
    await world.tokens.store('b', token);
    assert.equal(engine.retryCalls, 2);
    const access = await world.opened[0]?.access();
    assert.deepEqual(access, {
      host: 'build',
      port: 7443,
      security: { kind: 'pinned', key: OTHER_KEY },
      token,
    });
  });

  it('says so where no token is kept', async () => {
    const world = new World();
    const access = world.opened[1]?.access ?? assert.fail();
    await assert.rejects(access(), { name: 'TokenMissingError', code: 'tokenRefused' });
    world.secrets.kept.set('token:p', 'nonsense');
    await assert.rejects(access(), { name: 'TokenMissingError' });
  });
});

describe('disconnecting', () => {
  it('closes the connection, keeps what is known, and is remembered', () => {
    const world = new World();
    world.engine('b').becomeReady([makeContainer('web')]);
    world.list.disconnect(world.host('b'));
    assert.ok(isDisconnected(world.host('b')));
    assert.equal(world.host('b').engine.containers?.size, 1);
    assert.deepEqual(world.disconnected, ['b']);
    const next = new World([build, prod], ['b']);
    assert.deepEqual(next.hosts.all.map(isDisconnected), [false, true, false]);
  });

  it('is ended by connecting again, with a new engine', () => {
    const world = new World([build], ['b', 'local']);
    for (const id of ['b', 'local']) {
      world.list.reconnect(world.host(id));
      assert.equal(world.engine(id).connectCalls, 1);
      assert.ok(!isDisconnected(world.host(id)));
    }
    assert.deepEqual(world.disconnected, []);
  });

  it('is forgotten with the host', () => {
    const world = new World([build, prod], ['b']);
    world.update([prod]);
    assert.deepEqual(world.disconnected, []);
  });
});

describe('coming back after a sleep', () => {
  it('tries what is away, and not what only a person can help', () => {
    const world = new World();
    world.engine('local').fail(new EngineError('connectionLost', ''));
    world.engine('b').fail(new EngineError('unreachable', ''));
    world.engine('p').fail(new EngineError('tokenRefused', ''));
    world.list.retryAway();
    assert.deepEqual(
      ['local', 'b', 'p'].map((id) => world.engine(id).retryCalls),
      [1, 1, 0],
    );
    world.engine('b').becomeReady([]);
    world.list.retryAway();
    assert.equal(world.engine('b').retryCalls, 1);
  });
});
