import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { generateCertificate } from '../../src/agent/tls/certificate';
import { CertificateChangedError } from '../../src/engine/engine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { RemoteFixture } from '../support/remoteFixture';
import { ENGINE_READY, type ScriptedConnection, type ScriptedOptions } from '../support/scriptedAgent';
import type { RemoteEngineOptions } from '../../src/engine/remote/remoteEngine';

const HOUR_MS = 3_600_000;
const CONNECT_DEADLINE_MS = 15_000;

describe('the client of an agent', function () {
  this.timeout(20_000);
  checkForLeaks();
  describe('connecting', () => connecting());
});

function connecting(): void {
  let fixture: RemoteFixture;
  afterEach(() => fixture.dispose());

  async function start(scripted?: ScriptedOptions, options?: Partial<RemoteEngineOptions>): Promise<void> {
    fixture = await RemoteFixture.start(scripted, options);
  }

  /** Nothing more is tried, however long one waits. */
  function assertStuck(): void {
    const attempts = fixture.agent.connections.length;
    assert.equal(fixture.clock.pendingTimers, 0);
    fixture.clock.advance(HOUR_MS);
    assert.equal(fixture.engine.connection.kind, 'waiting');
    assert.equal(fixture.agent.connections.length, attempts);
  }

  it('does nothing before it is asked to, and sends nothing before the challenge', async () => {
    await start();
    assert.equal(fixture.engine.connection.kind, 'idle');
    assert.equal(fixture.agent.httpRequests, 0);
    fixture.engine.connect();
    const connection = await fixture.agent.connection(1);
    connection.event('system', 'error', { code: 'x', message: 'y' });
    connection.challenge();
    await connection.command('authenticate');
    assert.equal(connection.received.length, 1);
    assert.equal(connection.authorization, 'Bearer laptop');
  });

  it('is ready with the first list, and says who is behind the agent', async () => {
    await start();
    fixture.engine.connect();
    const connection = await fixture.agent.connection(1);
    connection.challenge();
    await connection.prove();
    assert.equal(await connection.establish(), undefined);
    await eventually('capabilities', () => fixture.engine.capabilities.exec);
    assert.equal(fixture.engine.containers, undefined);
    await fixture.becomes('connecting');
    connection.containers(0, []);
    await fixture.becomes('ready');
    const state = fixture.engine.connection;
    assert.ok(state.kind === 'ready');
    assert.equal(state.info.product, 'Docker');
    assert.match(state.info.address, /^127\.0\.0\.1:\d+ \(unix:/);
  });

  const CUTS: readonly (readonly [string, (connection: ScriptedConnection) => Promise<void>])[] = [
    ['before the challenge', () => Promise.resolve()],
    [
      'after its proof',
      async (connection) => {
        connection.challenge();
        await connection.command('authenticate');
      },
    ],
    [
      "after the agent's proof",
      async (connection) => {
        connection.challenge();
        await connection.prove();
        await connection.command('open_session');
      },
    ],
    ['when all is well', (connection) => connection.open().then(() => undefined)],
  ];
  for (const [when, until] of CUTS) {
    it(`comes back by itself when it is cut ${when}`, async () => {
      await start();
      fixture.engine.connect();
      const connection = await fixture.agent.connection(1);
      await until(connection);
      connection.cut();
      await fixture.fails('connectionLost');
      fixture.clock.advance(1_000);
      await (await fixture.agent.connection(2)).open();
      await fixture.becomes('ready');
    });
  }

  it('gives up on an agent that does not say anything', async () => {
    await start();
    fixture.engine.connect();
    await fixture.agent.connection(1);
    fixture.clock.advance(CONNECT_DEADLINE_MS);
    await fixture.fails('timeout');
  });

  it('refuses an agent that does not know the secret', async () => {
    await start();
    fixture.engine.connect();
    const connection = await fixture.agent.connection(1);
    connection.challenge();
    await connection.prove(Buffer.alloc(32, 9).toString('base64url'));
    await fixture.fails('agentNotTrusted');
    await eventually('it says so', () => connection.closeCode === 4450);
    assert.equal(connection.count('open_session'), 0);
  });

  for (const [code, failure] of [
    [4401, 'tokenRefused'],
    [4402, 'tokenRefused'],
    [4403, 'tokenRefused'],
    [4406, 'versionMismatch'],
  ] as const) {
    it(`waits for a person after the close code ${code}`, async () => {
      await start();
      fixture.engine.connect();
      const connection = await fixture.agent.connection(1);
      connection.challenge();
      connection.answer(await connection.command('authenticate'), 'failed', {}, { code: 'x', message: 'y' });
      connection.close(code);
      await fixture.fails(failure);
      assertStuck();
      const again = await fixture.reconnecting();
      await again.open();
      await fixture.becomes('ready');
    });
  }

  for (const [status, failure] of [
    [401, 'tokenRefused'],
    [426, 'versionMismatch'],
    [404, 'badResponse'],
  ] as const) {
    it(`waits for a person after the HTTP status ${status}`, async () => {
      await start({ refusal: { status } });
      fixture.engine.connect();
      await fixture.fails(failure);
      assertStuck();
    });
  }

  it('comes back no earlier than it was asked to', async () => {
    await start({ refusal: { status: 429, headers: { 'Retry-After': '90' } } });
    fixture.engine.connect();
    await fixture.fails('agentBusy');
    fixture.clock.advance(89_999);
    assert.equal(fixture.engine.connection.kind, 'waiting');
    fixture.clock.advance(1);
    assert.equal(fixture.engine.connection.kind, 'connecting');
  });

  it('refuses a version that it does not speak', async () => {
    await start({ subprotocol: 'quaywatch.v99' });
    fixture.engine.connect();
    await fixture.fails('versionMismatch');
    assertStuck();
  });

  it('needs a token', async () => {
    await start({}, { access: () => Promise.resolve({ ...fixture.agent.pairing, token: undefined }) });
    fixture.engine.connect();
    await fixture.fails('tokenRefused');
    assert.equal(fixture.agent.httpRequests, 0);
    assertStuck();
  });

  it('goes without TLS only to this machine', async () => {
    const elsewhere = { host: '192.0.2.1', port: 7443, security: { kind: 'plain' } } as const;
    await start({}, { access: () => Promise.resolve({ ...fixture.agent.pairing, ...elsewhere }) });
    fixture.engine.connect();
    await fixture.fails('badEndpoint');
    assertStuck();
  });

  it('closes with a word when it is not wanted any more', async () => {
    await start();
    const connection = await fixture.connected();
    const asked = fixture.engine.inspect('x');
    fixture.engine.dispose();
    await assert.rejects(asked, { code: 'connectionLost' });
    await eventually('it is closed', () => connection.closeCode === 1000);
  });

  it('pings when nothing comes, and gives up when nothing comes of that', async () => {
    await start();
    const connection = await fixture.connected();
    fixture.clock.advance(15_000);
    await eventually('a ping', () => connection.pings === 1);
    // The answer is a sign of life, which some time later makes it ask again.
    await eventually('a pong', () => {
      fixture.clock.advance(15_000);
      return connection.pings > 1 || fixture.engine.connection.kind !== 'ready';
    });
    assert.equal(fixture.engine.connection.kind, 'ready');
  });

  it('says that only the engine behind the agent is away, and since when it is back', async () => {
    await start();
    const connection = await fixture.connected();
    const error = { code: 'permissionDenied', message: 'The agent may not use its engine.' };
    connection.event('system', 'engine_state', { engine: { kind: 'away', error, retryInMs: 4_000 } });
    const failure = await fixture.fails('agentEngineAway');
    assert.match(failure.message, /may not use/);
    assert.equal((failure.cause as { code: string }).code, 'permissionDenied');
    const state = fixture.engine.connection;
    assert.ok(state.kind === 'waiting' && state.retryAtMs === fixture.clock.nowMs() + 4_000);
    connection.event('system', 'engine_state', { engine: ENGINE_READY });
    await fixture.becomes('ready');
  });

  for (const [what, text] of [
    ['no JSON', '{'],
    [
      'a second challenge',
      JSON.stringify({
        type: 'event',
        id: 'e',
        timestamp: '',
        channel: 'system',
        action: 'challenge',
        data: { nonce: 'A'.repeat(43) },
      }),
    ],
    [
      'a command',
      JSON.stringify({
        type: 'command',
        id: 'e',
        timestamp: '',
        channel: 'system',
        action: 'ping',
        data: {},
      }),
    ],
  ] as const) {
    it(`closes on ${what}`, async () => {
      await start();
      const connection = await fixture.connected();
      connection.sendText(text);
      await eventually('it is closed', () => connection.closeCode === 4400);
      await fixture.fails('agentFailure');
      assertStuck();
    });
  }

  it('ignores what a newer agent says', async () => {
    await start();
    const connection = await fixture.connected();
    connection.event('system', 'news', { x: 1 });
    connection.frame('log_update', 77, 1, Buffer.alloc(16));
    const asked = fixture.engine.inspect('x');
    connection.answer(await connection.command('inspect'), 'done', { container: { Id: 'x' }, more: true });
    assert.deepEqual(await asked, { Id: 'x' });
  });

  describe('over TLS', () => {
    let tls: { readonly cert: string; readonly key: string };
    before(async () => {
      const { certificate, key } = await generateCertificate(['127.0.0.1'], new Date());
      tls = { cert: certificate, key };
    });

    function fingerprintOf(certificate: string): string {
      const der = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
      return createHash('sha256').update(der).digest('base64url');
    }

    function pinned(key: string): Partial<RemoteEngineOptions> {
      const security = { kind: 'pinned', key } as const;
      return { access: () => Promise.resolve({ ...fixture.agent.pairing, security }) };
    }

    it('knows the agent by its pinned key, and tells it which one', async () => {
      const key = fingerprintOf(tls.cert);
      await start({ tls }, pinned(key));
      fixture.engine.connect();
      const connection = await fixture.agent.connection(1);
      connection.challenge();
      assert.equal((await connection.command('authenticate')).data['serverKey'], key);
    });

    it('sends no byte of HTTP to another certificate', async () => {
      const seen = fingerprintOf(tls.cert);
      await start({ tls }, pinned('A'.repeat(43)));
      fixture.engine.connect();
      const failure = await fixture.fails('certificateChanged');
      assert.ok(failure instanceof CertificateChangedError);
      assert.deepEqual([failure.pinnedKey, failure.seenKey], ['A'.repeat(43), seen]);
      assert.equal(fixture.agent.httpRequests, 0);
      assertStuck();
    });

    it('without a pinned key refuses a certificate that nobody vouches for', async () => {
      const security = { kind: 'checked' } as const;
      await start({ tls }, { access: () => Promise.resolve({ ...fixture.agent.pairing, security }) });
      fixture.engine.connect();
      await fixture.fails('tlsFailed');
      assert.equal(fixture.agent.httpRequests, 0);
    });

    it('without a pinned key takes one that is vouched for', async () => {
      const security = { kind: 'checked' } as const;
      const access = () => Promise.resolve({ ...fixture.agent.pairing, security });
      await start({ tls }, { access, issuers: tls.cert });
      fixture.engine.connect();
      const connection = await fixture.agent.connection(1);
      connection.challenge();
      assert.equal((await connection.command('authenticate')).data['serverKey'], '');
    });
  });
}
