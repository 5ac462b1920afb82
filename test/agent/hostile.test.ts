import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { eventually } from '../support/eventually';
import { seededRandom } from '../support/random';
import type { TestToken } from '../support/agent';
import { AgentFixture } from './agentFixture';
import type { RawClient, RawOptions } from './rawClient';
import { fields, hmac } from './rawWire';

describe('agent: hostile clients', () => {
  let fixture: AgentFixture;
  let honest: RawClient;
  let stream: number;
  let written = 0;

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    fixture.engine.run({ name: 'web' });
    honest = await fixture.open();
    stream = await honest.startLog(honest.idOf('web'));
    written = 0;
  });

  /** Whatever happened, who was there before sees the log and may act. */
  afterEach(async function () {
    try {
      if (this.currentTest?.state === 'passed') await honestIsUnharmed();
    } finally {
      await fixture.dispose();
    }
  });

  async function honestIsUnharmed(): Promise<void> {
    written += 1;
    fixture.engine.writeLog('web', 'stdout', `line ${written}\n`);
    await honest.until('the next line', () => honest.lines(stream).length === written);
    assert.equal((await honest.command('system', 'ping', {})).status, 'done');
  }

  describe('at the door', () => {
    async function refusal(options: RawOptions, target = fixture.target): Promise<string> {
      const { status, body, headers } = await fixture.connect(target, options).refused();
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      return `${status} ${body.error?.code ?? ''}`;
    }

    it('are refused without a token, with an unknown one, and with a secret in the header', async () => {
      assert.equal(await refusal({ authorization: '' }), '401 unauthorized');
      assert.equal(await refusal({ authorization: 'Basic eDp5' }), '401 unauthorized');
      assert.equal(await refusal({ authorization: 'Bearer qwt_AAAAAAAAAAAA' }), '401 unauthorized');
      assert.equal(await refusal({ authorization: 'Bearer ../../agent' }), '401 unauthorized');
      assert.equal(
        await refusal({ authorization: `Bearer ${fixture.agent.tokenSecret}` }),
        '401 unauthorized',
      );
    });

    it('are refused on other paths, with other versions, and from web pages', async () => {
      assert.equal(await refusal({ path: '/ws/agent/' }), '404 notFound');
      assert.equal(await refusal({ path: '/' }), '404 notFound');
      const other = await fixture.connect(fixture.target, { protocols: ['quaywatch.v9'] }).refused();
      assert.equal(other.status, 426);
      assert.deepEqual((other.body as { versions?: unknown }).versions, ['quaywatch.v1']);
      assert.equal(await refusal({ headers: { Origin: 'https://evil.example' } }), '403 forbidden');
      assert.equal(await refusal({ socket: { protocolVersion: 8 } }), '400 badRequest');
    });

    it('are closed with 4401 when they know a token by its id only', async () => {
      const secret = randomBytes(32).toString('base64url');
      const guess = { ...fixture.target, token: `${fixture.agent.token.id}.${secret}` };
      const client = fixture.connect(guess);
      const response = await client.authenticate();
      assert.equal(response.error?.code, 'unauthorized');
      assert.equal(await client.closed(), 4401);
    });

    it('are closed with 4401 when they replay a handshake, or relay one with another certificate', async () => {
      let recorded: object = {};
      const first = fixture.connect();
      await first.authenticate((data) => (recorded = data));
      const replay = fixture.connect();
      await replay.authenticate(() => recorded);
      assert.equal(await replay.closed(), 4401);
      const relayed = fixture.connect({ ...fixture.target, key: randomBytes(32).toString('base64url') }, {});
      relayed.ignoresCertificate = true;
      await relayed.authenticate();
      assert.equal(await relayed.closed(), 4401);
    });

    it('are closed with 4402 when their token has expired', async () => {
      const expired = await fixture.agent.addToken({ expiresAt: new Date(Date.now() - 1_000) });
      const client = fixture.connect(fixture.targetOf(expired));
      const response = await client.authenticate();
      assert.equal(response.error?.code, 'tokenExpired');
      assert.equal(await client.closed(), 4402);
    });

    it('are blocked for a while after a few wrong proofs, while those who were there before may come again', async () => {
      const stranger = await fixture.agent.addToken();
      const guess = { ...fixture.targetOf(stranger), token: `${stranger.token.id}.${'A'.repeat(43)}` };
      for (let attempt = 0; attempt < 5; attempt++) {
        const client = fixture.connect(guess);
        await client.authenticate();
        await client.closed();
      }
      const { status, headers } = await fixture.connect(guess).refused();
      assert.equal(status, 429);
      assert.ok(Number(headers['retry-after']) > 0);
      const again = await fixture.open();
      assert.equal(again.established.data['role'], 'admin');
    });

    it('are closed with 4408 when they do not authenticate in time', async () => {
      const client = fixture.connect();
      await client.event('challenge');
      assert.equal(await client.closed(), 4408);
    });

    it('do not keep others out by connections that are half open', async () => {
      const clients = Array.from({ length: 200 }, () => fixture.connect());
      const isSettled = (client: RawClient): boolean => client.isClosed || client.messages.length > 0;
      await eventually('all are let in or refused', () => clients.every(isSettled));
      const open = clients.filter((client) => !client.isClosed);
      assert.ok(open.length <= 32, `${open.length} are open`);
      const refused = clients.filter(({ refusal: its }) => its !== undefined);
      assert.ok(refused.every(({ refusal: its }) => its?.status === 429 || its?.status === 503));
      const closed = clients.filter(({ refusal: its, closeCode }) => !its && closeCode !== undefined);
      for (const { closeCode } of closed) assert.equal(closeCode, 4408);
      await honestIsUnharmed();
      await eventually('all are closed', () => clients.every(({ isClosed }) => isClosed));
    });

    it('do not keep connections open that never say a word of HTTP', async () => {
      const sockets = await Promise.all(Array.from({ length: 200 }, () => silentTls(fixture.agent.port)));
      await honestIsUnharmed();
      await eventually('all are closed', () => sockets.every(({ destroyed }) => destroyed));
    });
  });

  describe('with a token', () => {
    async function guest(request: Parameters<typeof fixture.agent.addToken>[0]): Promise<RawClient> {
      const token: TestToken = await fixture.agent.addToken(request);
      return fixture.open(fixture.targetOf(token));
    }

    it('of a viewer may not change anything', async () => {
      const client = await guest({ role: 'viewer' });
      assert.deepEqual(client.established.data['capabilities'], {
        lifecycle: false,
        manage: false,
        exec: false,
        metrics: true,
        deployments: false,
        deploy: false,
      });
      const id = client.idOf('web');
      const commands = [
        { kind: 'stop', id },
        { kind: 'kill', id, signal: 'SIGTERM' },
        { kind: 'rename', id, name: 'x' },
        { kind: 'remove', id, force: true, volumes: true },
        { kind: 'stop', id: 'f'.repeat(64) },
      ];
      for (const command of commands)
        assert.equal((await client.perform(command)).error?.code, 'forbidden', command.kind);
      const operator = await guest({ role: 'operator' });
      const removal = await operator.perform({ kind: 'remove', id, force: true, volumes: false });
      assert.equal(removal.error?.code, 'forbidden');
      assert.equal(fixture.engine.container('web').isRunning, true);
    });

    it('of a viewer see no values of environment variables', async () => {
      fixture.engine.run({ name: 'database', env: ['PASSWORD=hunter2'] });
      const client = await guest({ role: 'viewer' });
      await client.until('it is listed', () => client.containers.size === 2);
      const inspected = await client.command('container', 'inspect', {
        container_id: client.idOf('database'),
      });
      assert.equal(inspected.status, 'done');
      assert.ok(!JSON.stringify(inspected).includes('hunter2'));
    });

    it('of a scope find nothing outside of it', async () => {
      const { id } = fixture.engine.run({ name: 'secret' });
      fixture.engine.run({ name: 'shown', labels: { team: 'web' } });
      fixture.engine.writeLog('secret', 'stdout', 'a secret\n');
      const scope = { projects: [], labels: [{ name: 'team', value: 'web' }] };
      const client = await guest({ scope });
      await client.until('one is listed', () => client.containers.size === 1);
      assert.deepEqual(
        [...client.containers.values()].map(({ name }) => name),
        ['shown'],
      );
      for (const wrong of [id, id.slice(0, 12), 'secret', 'f'.repeat(64)]) await findsNothing(client, wrong);
      await readsNothing(client, id);
      fixture.engine.rename('secret', 'renamed');
      assert.equal((await client.command('system', 'ping', {})).status, 'done');
      assert.ok(!JSON.stringify(client.messages).includes('renamed'));
    });

    async function findsNothing(client: RawClient, wrong: string): Promise<void> {
      const size = { columns: 80, rows: 24 };
      const exec = { stream: client.newStream(), container_id: wrong, command: ['sh'], size, credit: 1 };
      const answers = [
        await client.command('container', 'inspect', { container_id: wrong }),
        await client.perform({ kind: 'stop', id: wrong }),
        await client.perform({ kind: 'remove', id: wrong, force: true, volumes: true }),
        await client.signed('exec', 'start_exec', exec),
      ];
      for (const { error } of answers) assert.equal(error?.code, 'noSuchContainer');
    }

    /** Neither by its id nor as the place of an earlier reader. */
    async function readsNothing(client: RawClient, id: string): Promise<void> {
      const cursor = { containerId: id, timestamp: '', stream: 'stdout', ordinal: 1, hash: 0 };
      const resumeAt = { cursor, runStartedAt: '', identity: { name: 'secret' } };
      const direct = await client.startLog(id);
      await client.until('the end', () => client.framesOf(direct).some(({ type }) => type === 2));
      const byPlace = await client.startLog(id, { resumeAt, follow: false });
      await client.until('the end', () => client.framesOf(byPlace).some(({ type }) => type === 2));
      const bodies = Buffer.concat(
        [direct, byPlace].flatMap((its) => client.framesOf(its)).map(({ body }) => body),
      );
      assert.ok(!bodies.includes('a secret'));
      assert.ok(bodies.includes('noSuchContainer'));
    }

    it('are closed when they send more than the limits allow', async () => {
      const client = await guest({});
      for (let count = 0; count < 20_000; count++) client.webSocket.ping();
      assert.equal(await client.closed(), 4429);
    });

    it('are told to wait when they send too many commands', async () => {
      const client = await guest({});
      const ids = Array.from({ length: 600 }, (_value, index) => `many-${index}`);
      for (const id of ids)
        client.send({ type: 'command', id, timestamp: '', channel: 'system', action: 'ping', data: {} });
      await client.until('all are answered', () =>
        ids.every((id) => client.messages.some((m) => m.id === id)),
      );
      const limited = client.messages.filter(({ error }) => error?.code === 'rateLimited');
      assert.ok(limited.length > 0 && limited.every(({ error }) => (error?.retryAfterMs ?? 0) > 0));
    });

    it('may have as many streams as the limit says', async () => {
      const client = await guest({});
      const id = client.idOf('web');
      const wish = { container_id: id, tail: 0, follow: true, credit: 1 };
      const started: string[] = [];
      for (let number = 1; number <= 513; number++) {
        const stream = client.newStream();
        const { status, error } = await client.patientCommand('log', 'start_log_stream', { stream, ...wish });
        started.push(error?.code ?? status ?? '');
      }
      assert.deepEqual([...new Set(started.slice(0, 512))], ['done']);
      assert.equal(started[512], 'tooManyStreams');
    });
  });

  describe('that send what is no message', () => {
    const envelope = { type: 'command', id: 'x', timestamp: '', channel: 'system', action: 'ping', data: {} };
    const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
    const violations: readonly (readonly [string, string])[] = [
      ['no JSON', '{'],
      ['no object', '[]'],
      ['no envelope', '{}'],
      ['deep JSON', `{"type":"command","id":"x","data":{"a":${deep}}}`],
      ['an unknown type', JSON.stringify({ ...envelope, type: 'wish' })],
      ['a response', JSON.stringify({ ...envelope, type: 'response', status: 'done' })],
      ['an event', JSON.stringify({ ...envelope, type: 'event' })],
      ['an id of no shape', JSON.stringify({ ...envelope, id: 'x y' })],
      ['authenticate again', JSON.stringify({ ...envelope, action: 'authenticate', data: {} })],
    ];
    for (const [what, text] of violations) {
      it(`are closed with 4400: ${what}`, async () => {
        const client = await fixture.open();
        client.webSocket.send(text);
        assert.equal(await client.closed(), 4400);
        const early = fixture.connect();
        await early.event('challenge');
        early.webSocket.send(text);
        assert.equal(await early.closed(), 4400);
      });
    }

    it('are closed with 4400 when a message comes before its time', async () => {
      const client = fixture.connect();
      await client.event('challenge');
      client.send(envelope);
      assert.equal(await client.closed(), 4400);
      const eager = fixture.connect();
      await eager.authenticate();
      eager.send(envelope);
      assert.equal(await eager.closed(), 4400);
    });

    /** Names one container, and a place in the log of another one. */
    function readOfAnother(client: RawClient): object {
      const container_id = client.idOf('web');
      const cursor = { containerId: 'f'.repeat(64), timestamp: '', stream: 'stdout', ordinal: 1, hash: 0 };
      const resumeAt = { cursor, runStartedAt: '', identity: { name: 'web' } };
      return { stream: client.newStream(), container_id, tail: 0, follow: true, credit: 1, resumeAt };
    }

    it('are answered where only the data or the action is wrong, and go on', async () => {
      const client = await fixture.open();
      const ask = async (channel: string, action: string, data: object): Promise<string | undefined> =>
        (await client.command(channel, action, data)).error?.code;
      assert.equal(await ask('system', 'dance', {}), 'unknownAction');
      assert.equal(await ask('log', 'ping', {}), 'unknownAction');
      assert.equal(await ask('system', 'constructor', {}), 'unknownAction');
      assert.equal(await ask('container', 'inspect', { container_id: 7 }), 'badRequest');
      assert.equal(await ask('log', 'start_log_stream', { stream: -1 }), 'badRequest');
      assert.equal(await ask('log', 'start_log_stream', readOfAnother(client)), 'badRequest');
      assert.equal((await client.command('system', 'ping', {})).status, 'done');
    });

    it('change no prototype', async () => {
      const client = await fixture.open();
      const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
      client.webSocket.send(
        `{"type":"command","id":"p","timestamp":"","channel":"system","action":"ping","data":${evil},"__proto__":{"polluted":1}}`,
      );
      assert.equal((await client.response('p')).status, 'done');
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    });

    it('are closed with 1009 for messages over the limit, before and after they authenticate', async () => {
      const early = fixture.connect();
      await early.event('challenge');
      early.webSocket.send('x'.repeat(5_000));
      assert.equal(await early.closed(), 1009);
      const large = fixture.connect();
      await large.event('challenge');
      large.webSocket.send('x'.repeat(500_000));
      assert.equal(await large.closed(), 1009);
      const client = await fixture.open();
      client.webSocket.send('x'.repeat(1_048_577));
      assert.equal(await client.closed(), 1009);
    });

    it('are closed for a message in many fragments that is over the limit', async () => {
      const client = await fixture.open();
      for (let part = 0; part < 20; part++) client.webSocket.send('x'.repeat(65_536), { fin: false });
      assert.equal(await client.closed(), 1009);
      const crumbs = await fixture.open();
      for (let part = 0; part < 1_000; part++) crumbs.webSocket.send('x', { fin: false });
      assert.equal(await crumbs.closed(), 1008);
    });

    it('are closed with 1007 for text that is no UTF-8', async () => {
      const client = await fixture.open();
      client.webSocket.send(Buffer.from([0xc3, 0x28]), { binary: false });
      assert.equal(await client.closed(), 1007);
    });

    it('are closed for binary frames that are none', async () => {
      const frames = [Buffer.alloc(0), Buffer.alloc(20), Buffer.alloc(19, 5)];
      for (const frame of frames) {
        const client = await fixture.open();
        client.webSocket.send(frame);
        assert.equal(await client.closed(), 4400);
      }
      const typing = await fixture.open();
      const log = await typing.startLog(typing.idOf('web'));
      typing.sendInput(log, 1, Buffer.from('x'));
      assert.equal(await typing.closed(), 4400);
    });

    it('survive, all of them, some seconds of random frames', async function () {
      this.timeout(60_000);
      const random = seededRandom(4);
      const until = Date.now() + 4_000;
      while (Date.now() < until) {
        const client = await fixture.open();
        for (let count = 0; count < 20 && !client.isClosed; count++) sendRandom(client, random);
        client.close(1000);
        await client.closed();
      }
    });

    it('can not sign with a key they do not have', () => {
      const secret = Buffer.alloc(32, 1);
      assert.notDeepEqual(hmac(secret, fields('a', 'bc')), hmac(secret, fields('ab', 'c')));
    });
  });
});

function silentTls(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.resume();
  });
}

/** A frame of random bytes, or a message of the right shape with random values. */
function sendRandom(client: RawClient, random: () => number): void {
  const pick = <T>(values: readonly [T, ...T[]]): T =>
    values[Math.floor(random() * values.length)] ?? values[0];
  const bytes = Buffer.from(
    Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)),
  );
  const value = (): unknown =>
    pick<unknown>([null, -1, 1.5, 2 ** 53, '', 'x'.repeat(300), [], {}, true, '\u0000', client.idOf('web')]);
  switch (Math.floor(random() * 4)) {
    case 0:
      client.webSocket.send(bytes);
      return;
    case 1:
      client.sendInput(Math.floor(random() * 5), Math.floor(random() * 5), bytes);
      return;
    case 2:
      client.webSocket.send(bytes.toString('latin1'));
      return;
    default:
      client.send({
        type: pick(['command', 'ack']),
        id: 'random',
        timestamp: '',
        channel: pick(['system', 'log', 'exec', 'container']),
        action: pick(['start_log_stream', 'ack', 'start_exec', 'inspect', 'perform', 'stop_exec', 'ping']),
        data: { stream: value(), container_id: value(), streams: value(), credit: value(), command: value() },
        auth: value(),
      });
  }
}
