import assert from 'node:assert/strict';
import { statusText } from '../doubles/fakeEngine/listJson';
import { FakeEngine, type PersonalityName } from '../doubles/fakeEngine/fakeEngine';
import { RawClient } from '../doubles/fakeEngine/rawClient';
import { humanDuration } from '../doubles/fakeEngine/time';

interface ListEntry {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Status: string;
  readonly Health?: { readonly Status: string };
  readonly ImageManifestDescriptor?: object;
}

const MINUTE_NS = 60_000_000_000n;

describe('FakeEngine: API', () => {
  let engine: FakeEngine;
  let client: RawClient;

  async function open(personality: PersonalityName): Promise<void> {
    engine = await new FakeEngine({ personality }).listen();
    client = new RawClient(engine.socketPath);
  }

  async function list(query = 'all=1'): Promise<ListEntry[]> {
    return (await client.json(`/containers/json?${query}`)) as ListEntry[];
  }

  async function names(filters: object, query = 'all=1'): Promise<string[]> {
    const entries = await list(`${query}&filters=${encodeURIComponent(JSON.stringify(filters))}`);
    return entries.flatMap((entry) => entry.Names);
  }

  afterEach(() => engine.dispose());

  describe('who it is', () => {
    const servers: [PersonalityName, string, string][] = [
      ['20.10', 'Docker/20.10.24+dfsg1 (linux)', '1.41'],
      ['25', 'Docker/25.0.5 (linux)', '1.44'],
      ['29', 'Docker/29.0.0 (linux)', '1.52'],
      ['podman', 'Libpod/4.3.1 (linux)', '1.41'],
    ];
    for (const [personality, server, apiVersion] of servers) {
      it(`${personality} says so on ping, for GET and HEAD`, async () => {
        await open(personality);
        for (const method of ['GET', 'HEAD']) {
          const answer = await client.request(method, '/_ping');
          assert.equal(answer.status, 200);
          assert.equal(answer.text, method === 'GET' ? 'OK' : '');
          assert.equal(answer.headers['server'], server);
          assert.equal(answer.headers['api-version'], apiVersion);
          assert.equal(answer.headers['ostype'], 'linux');
          assert.equal(answer.headers['libpod-api-version'], personality === 'podman' ? '4.3.1' : undefined);
        }
        assert.equal(engine.count('ping'), 2);
      });
    }

    it('refuses versions above and below its range with the words of the engine', async () => {
      await open('29');
      const tooNew = await client.get('/v1.53/containers/json');
      assert.equal(tooNew.status, 400);
      assert.deepEqual(JSON.parse(tooNew.text), {
        message: 'client version 1.53 is too new. Maximum supported API version is 1.52',
      });
      const tooOld = await client.get('/v1.43/version');
      assert.equal(tooOld.status, 400);
      assert.match(
        tooOld.text,
        /client version 1\.43 is too old\. Minimum supported API version is 1\.44, please upgrade/,
      );
      assert.equal((await client.get('/v1.44/version')).status, 200);
      assert.equal((await client.get('/v1.52/version')).status, 200);
    });

    it('answers very old clients in plain text on 20.10, and takes any version as Podman', async () => {
      await open('20.10');
      const tooOld = await client.get('/v1.1/info');
      assert.match(tooOld.headers['content-type'] ?? '', /text\/plain/);
      assert.match(tooOld.text, /^client version 1\.1 is too old/);
      await engine.dispose();
      await open('podman');
      assert.equal((await client.get('/v1.99/containers/json')).status, 200);
    });

    it('answers 404 to what it does not know', async () => {
      await open('25');
      const answer = await client.get('/nothing/here');
      assert.deepEqual([answer.status, answer.text], [404, '{"message":"page not found"}\n']);
      assert.equal(engine.count('unknown'), 1);
    });
  });

  describe('lists', () => {
    beforeEach(async () => {
      await open('20.10');
      engine.run({ name: 'web', labels: { tier: 'front', app: 'shop' }, health: 'healthy' });
      engine.run({ name: 'web-cache', labels: { tier: 'back' } });
      engine.create({ name: 'fresh' });
      engine.run({ name: 'over' });
      engine.die('over', 3);
      engine.pause('web-cache');
    });

    it('shows running containers, or all, newest first, or so many', async () => {
      assert.deepEqual(await names({}, ''), ['/web-cache', '/web']);
      assert.deepEqual(await names({}), ['/over', '/fresh', '/web-cache', '/web']);
      assert.deepEqual(await names({}, 'limit=3'), ['/over', '/fresh', '/web-cache']);
    });

    it('filters by id, name, label and status in both forms of the parameter', async () => {
      const { id } = engine.container('fresh');
      assert.deepEqual(await names({ id: [id.slice(0, 12)] }), ['/fresh']);
      assert.deepEqual(await names({ name: ['web'] }), ['/web-cache', '/web']);
      assert.deepEqual(await names({ name: ['^/web$'] }), ['/web']);
      assert.deepEqual(await names({ label: ['tier'] }), ['/web-cache', '/web']);
      assert.deepEqual(await names({ label: ['tier=front', 'app=shop'] }), ['/web']);
      assert.deepEqual(await names({ label: { 'tier=back': true } }), ['/web-cache']);
      assert.deepEqual(await names({ status: ['exited', 'created'] }, ''), ['/over', '/fresh']);
      assert.deepEqual(await names({ health: ['healthy'] }), ['/web']);
    });

    it('refuses filters and states that do not exist', async () => {
      const filters = (value: object): string =>
        `/containers/json?filters=${encodeURIComponent(JSON.stringify(value))}`;
      assert.match((await client.get(filters({ nonsense: ['x'] }))).text, /Invalid filter 'nonsense'/);
      const state = await client.get(filters({ status: ['lost'] }));
      assert.deepEqual([state.status, state.text], [400, `{"message":"Invalid filter 'status=lost'"}\n`]);
    });

    it('tells state and status as people read them', async () => {
      const byName = new Map((await list()).map((entry) => [entry.Names[0], entry]));
      assert.deepEqual(
        ['/web', '/web-cache', '/fresh', '/over'].map((name) => byName.get(name)?.State),
        ['running', 'paused', 'created', 'exited'],
      );
      assert.match(byName.get('/web')?.Status ?? '', /^Up .* \(healthy\)$/);
      assert.match(byName.get('/web-cache')?.Status ?? '', /^Up .* \(Paused\)$/);
      assert.equal(byName.get('/fresh')?.Status, 'Created');
      assert.match(byName.get('/over')?.Status ?? '', /^Exited \(3\) .* ago$/);
    });

    it('shows changes at once', async () => {
      assert.deepEqual(await names({ name: ['site'] }), []);
      await list();
      engine.rename('web', 'site');
      engine.unknownState('fresh', 'hibernating');
      assert.deepEqual(await names({ name: ['site'] }), ['/site']);
      assert.deepEqual((await list()).find(({ Names }) => Names[0] === '/fresh')?.State, 'hibernating');
      engine.remove('over');
      assert.deepEqual(await names({}), ['/fresh', '/web-cache', '/site']);
    });
  });

  it('puts health into the status, a field of its own or nowhere, by engine and API version', async () => {
    const seen: Record<string, unknown> = {};
    for (const [personality, path] of [
      ['20.10', ''],
      ['29', '/v1.44'],
      ['29', '/v1.48'],
      ['29', ''],
      ['podman', ''],
    ] as const) {
      await open(personality);
      engine.run({ name: 'web', health: 'unhealthy' });
      const [entry] = (await client.json(`${path}/containers/json`)) as ListEntry[];
      seen[personality + path] = [
        entry?.Status.includes('(unhealthy)'),
        entry?.Health?.Status,
        entry?.ImageManifestDescriptor !== undefined,
      ];
      await engine.dispose();
    }
    assert.deepEqual(seen, {
      '20.10': [true, undefined, false],
      '29/v1.44': [true, undefined, false],
      '29/v1.48': [true, undefined, true],
      '29': [true, 'unhealthy', true],
      podman: [false, undefined, false],
    });
  });

  it('words durations as the engine does', () => {
    const words = [0.4, 1, 59, 60, 119, 120, 3599, 3600, 5400, 86_400, 3 * 86_400, 15 * 86_400].map(
      (seconds) => humanDuration(BigInt(Math.round(seconds * 1e9))),
    );
    assert.deepEqual(words, [
      'Less than a second',
      '1 second',
      '59 seconds',
      'About a minute',
      'About a minute',
      '2 minutes',
      '59 minutes',
      'About an hour',
      '2 hours',
      '24 hours',
      '3 days',
      '2 weeks',
    ]);
  });

  it('words the status of a container by its age', async () => {
    await open('25');
    const container = engine.run({ name: 'web', health: 'starting' });
    const text = (): string =>
      statusText(container, container.startedNs + 5n * MINUTE_NS, engine.personality);
    assert.equal(text(), 'Up 5 minutes (health: starting)');
    container.state = 'restarting';
    container.finishedNs = container.startedNs + 4n * MINUTE_NS;
    assert.equal(text(), 'Restarting (0) About a minute ago');
  });

  describe('one container', () => {
    beforeEach(() => open('20.10'));

    it('is found by id, name and unique prefix, and nothing else', async () => {
      const { id } = engine.run({ name: 'web' });
      for (const reference of [id, id.slice(0, 7), 'web']) {
        const found = (await client.json(`/containers/${reference}/json`)) as { Id: string; Name: string };
        assert.deepEqual([found.Id, found.Name], [id, '/web']);
      }
      const missing = await client.get('/containers/web2/json');
      assert.deepEqual([missing.status, missing.text], [404, '{"message":"No such container: web2"}\n']);
    });

    it('is not guessed from an ambiguous prefix', async () => {
      const first = new Set<string>();
      let shared: string | undefined;
      while (shared === undefined) {
        const letter = engine.create().id.charAt(0);
        if (first.has(letter)) shared = letter;
        first.add(letter);
      }
      const answer = await client.get(`/containers/${shared}/json`);
      assert.equal(answer.status, 500);
      assert.match(answer.text, /Multiple IDs found with provided prefix/);
    });

    it('is created, started, stopped and removed over the API, with the status of each case', async () => {
      const body = { Image: 'busybox:1', Cmd: ['sleep', '9'], Labels: { k: 'v' }, Tty: true };
      const created = await client.post('/containers/create?name=job', body);
      assert.equal(created.status, 201);
      const statuses: number[] = [];
      const steps = [
        'start',
        'start',
        'pause',
        'pause',
        'unpause',
        'unpause',
        'stop',
        'stop',
        'kill',
        'restart',
      ];
      for (const step of steps) statuses.push((await client.post(`/containers/job/${step}`)).status);
      statuses.push((await client.request('DELETE', '/containers/job')).status);
      statuses.push((await client.request('DELETE', '/containers/job?force=1')).status);
      statuses.push((await client.request('DELETE', '/containers/job?force=1')).status);
      assert.deepEqual(statuses, [204, 304, 204, 409, 204, 500, 204, 304, 409, 204, 409, 204, 404]);
    });

    it('keeps what it was created with', async () => {
      await client.post('/containers/create?name=job', {
        Image: 'busybox:1',
        Cmd: ['sleep', '9'],
        Labels: { k: 'v' },
        Tty: true,
        HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '10k', 'max-file': '3' } } },
      });
      const inspected = (await client.json('/containers/job/json')) as {
        Config: { Tty: boolean; Labels: object; Cmd: string[] };
        HostConfig: { LogConfig: object };
        State: { Status: string; StartedAt: string };
      };
      assert.deepEqual(inspected.Config.Labels, { k: 'v' });
      assert.deepEqual([inspected.Config.Tty, inspected.Config.Cmd], [true, ['sleep', '9']]);
      assert.deepEqual(inspected.HostConfig.LogConfig, {
        Type: 'json-file',
        Config: { 'max-size': '10240', 'max-file': '3' },
      });
      assert.deepEqual(
        [inspected.State.Status, inspected.State.StartedAt],
        ['created', '0001-01-01T00:00:00Z'],
      );
    });

    it('cannot take a name that is in use, nor be made of an image that is not there', async () => {
      const { id } = engine.run({ name: 'web' });
      engine.run({ name: 'other' });
      const conflict = `The container name \\"/web\\" is already in use by container \\"${id}\\"`;
      const created = await client.post('/containers/create?name=web', { Image: 'busybox' });
      const renamed = await client.post('/containers/other/rename?name=web');
      assert.deepEqual([created.status, renamed.status], [409, 409]);
      assert.ok(created.text.includes(conflict) && renamed.text.includes(conflict));
      engine.missingImage('nope:1');
      const missing = await client.post('/containers/create', { Image: 'nope:1' });
      assert.deepEqual([missing.status, missing.text], [404, '{"message":"No such image: nope:1"}\n']);
    });
  });

  describe('many containers', () => {
    it('holds 30,500 of them and lists them', async function () {
      this.timeout(20_000);
      await open('29');
      engine.bulkStopped(30_000);
      engine.bulkRunning(500);
      const { text } = await client.get('/containers/json?all=1');
      assert.equal((JSON.parse(text) as ListEntry[]).length, 30_500);
      assert.equal((await list('')).length, 500);
    });

    it('gives the same containers for the same seed', async () => {
      const ids = (seed: number): string[] => {
        const seeded = new FakeEngine({ personality: '29', seed });
        const made = seeded.bulkStopped(3).map(({ id }) => id);
        void seeded.dispose();
        return made;
      };
      await open('29');
      assert.deepEqual(ids(7), ids(7));
      assert.notDeepEqual(ids(7), ids(8));
    });
  });

  it('counts every request by its route', async () => {
    await open('25');
    engine.run({ name: 'web' });
    await client.get('/v1.44/containers/json?all=1');
    await client.get('/containers/web/json');
    await client.post('/containers/web/stop');
    assert.deepEqual(engine.requests, [
      { method: 'GET', path: '/containers/json?all=1', route: 'list' },
      { method: 'GET', path: '/containers/web/json', route: 'inspect' },
      { method: 'POST', path: '/containers/web/stop', route: 'stop' },
    ]);
    assert.deepEqual([engine.count('list'), engine.count('inspect'), engine.count('events')], [1, 1, 0]);
    engine.resetCounts();
    assert.deepEqual([engine.count('list'), engine.requests.length], [0, 0]);
  });

  it('listens on TCP when asked', async () => {
    engine = await new FakeEngine({ personality: '29', tcpPort: 0 }).listen();
    const answer = await fetch(`http://127.0.0.1:${engine.port}/_ping`);
    assert.equal(await answer.text(), 'OK');
    assert.equal(engine.dockerHost, `tcp://127.0.0.1:${engine.port}`);
  });
});
