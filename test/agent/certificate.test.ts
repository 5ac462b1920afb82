import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Health } from '../../src/agent/serve/health';
import {
  createHttpServer,
  listen,
  ListenError,
  replaceCertificate,
  trackSockets,
} from '../../src/agent/serve/httpServer';
import {
  createCertificateFiles,
  generateCertificate,
  loadTlsMaterial,
} from '../../src/agent/tls/certificate';
import { StateError } from '../../src/agent/state/stateError';
import { modeOf, stateErrorSaying } from '../support/stateChecks';
import { temporaryFolder } from '../support/temporaryFolder';

const NAMES = ['box.example', 'localhost', '127.0.0.1', '::1'];
const DAY_MS = 86_400_000;

describe('agent: certificate', () => {
  const folder = temporaryFolder();
  const now = new Date();
  const files = () => ({ certificateFile: folder.file('c.pem'), keyFile: folder.file('k.pem') });

  it('is made for ten years, all names and the curve P-256', async () => {
    await createCertificateFiles(files(), NAMES, now);
    const certificate = new X509Certificate(readFileSync(files().certificateFile));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    for (const host of ['box.example', 'localhost']) assert.equal(certificate.checkHost(host), host);
    for (const address of ['127.0.0.1', '::1']) assert.equal(certificate.checkIP(address), address);
    assert.equal(certificate.checkHost('other.example'), undefined);
    assert.equal(certificate.ca, false);
    const years = (new Date(certificate.validTo).getTime() - now.getTime()) / (365.25 * DAY_MS);
    assert.ok(years > 9.99 && years < 10.01, `${years} years`);
    assert.equal(certificate.verify(certificate.publicKey), true);
    assert.equal(modeOf(files().keyFile), '600');
  });

  it('is pinned by the SHA-256 of its public key', async () => {
    await createCertificateFiles(files(), NAMES, now);
    const { fingerprint, warnings } = await loadTlsMaterial(files(), now);
    const { publicKey } = new X509Certificate(readFileSync(files().certificateFile));
    const der = publicKey.export({ type: 'spki', format: 'der' });
    assert.equal(fingerprint, createHash('sha256').update(der).digest('base64url'));
    assert.match(fingerprint, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(warnings, []);
  });

  it('never replaces one that is there', async () => {
    writeFileSync(files().keyFile, 'mine', { mode: 0o600 });
    await assert.rejects(
      createCertificateFiles(files(), NAMES, now),
      stateErrorSaying(/it is there already/),
    );
    assert.equal(readFileSync(files().keyFile, 'utf8'), 'mine');
    assert.equal(existsSync(files().certificateFile), false);
  });

  it('must fit its key', async () => {
    await createCertificateFiles(files(), NAMES, now);
    const { key } = await generateCertificate(NAMES, now);
    writeFileSync(files().keyFile, key);
    await assert.rejects(
      loadTlsMaterial(files(), now),
      stateErrorSaying(/k\.pem: it is not the key of .*c\.pem/),
    );
  });

  it('must be valid now, and warns before its end', async () => {
    await createCertificateFiles(files(), NAMES, now);
    const { validTo } = await loadTlsMaterial(files(), now);
    const soon = await loadTlsMaterial(files(), new Date(validTo.getTime() - 3.5 * DAY_MS));
    assert.match(soon.warnings[0] ?? '', /expires in 3 days/);
    await assert.rejects(loadTlsMaterial(files(), validTo), stateErrorSaying(/expired on/));
    const before = new Date(now.getTime() - 3 * DAY_MS);
    await assert.rejects(loadTlsMaterial(files(), before), stateErrorSaying(/valid only from.*clock/));
  });

  it('and its key must be there and be what they should', async () => {
    await assert.rejects(loadTlsMaterial(files(), now), stateErrorSaying(/c\.pem: it does not exist/));
    await createCertificateFiles(files(), NAMES, now);
    writeFileSync(files().keyFile, '-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----\n');
    await assert.rejects(loadTlsMaterial(files(), now), (error) => {
      assert.ok(error instanceof StateError);
      assert.match(error.message, /no private key/);
      assert.equal(JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('secretsecret'), false);
      return true;
    });
    writeFileSync(files().certificateFile, 'nonsense');
    await assert.rejects(loadTlsMaterial(files(), now), stateErrorSaying(/no certificate in PEM form/));
  });

  it('can be replaced while serving, for connections from then on', async () => {
    await createCertificateFiles(files(), NAMES, now);
    const first = await loadTlsMaterial(files(), now);
    const other = { certificateFile: folder.file('c2.pem'), keyFile: folder.file('k2.pem') };
    await createCertificateFiles(other, NAMES, now);
    const second = await loadTlsMaterial(other, now);
    const health = new Health({ engine: () => 'idle', connections: () => 0, nowMs: () => 0 });
    const server = createHttpServer(first, health);
    try {
      const port = await listen(server, '127.0.0.1', 0);
      assert.deepEqual(await seen(port), [first.fingerprint, 200, { ...health.report() }]);
      replaceCertificate(server, second);
      health.stop();
      assert.deepEqual(await seen(port), [second.fingerprint, 503, { status: 'stopping' }]);
      await assert.rejects(listen(createHttpServer(first, health), '127.0.0.1', port), (error) => {
        assert.ok(error instanceof ListenError);
        assert.match(error.message, /something listens there already/);
        return true;
      });
    } finally {
      server.close();
    }
  });
});

/** What a client meets: the public key's fingerprint, and what `/health` answers. */
function seen(port: number): Promise<readonly [string, number | undefined, unknown]> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/health', rejectUnauthorized: false, agent: false };
    const request = get(options, (response) => {
      const { socket } = response;
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      const der = certificate?.publicKey.export({ type: 'spki', format: 'der' }) ?? '';
      const fingerprint = createHash('sha256').update(der).digest('base64url');
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve([fingerprint, response.statusCode, JSON.parse(text)]));
    });
    request.on('error', reject);
  });
}

describe('agent: sockets of the server', () => {
  it('can be destroyed, also one that was upgraded', async () => {
    const health = new Health({ engine: () => 'idle', connections: () => 0, nowMs: () => 0 });
    const server = createHttpServer(undefined, health);
    const destroySockets = trackSockets(server, 10);
    const upgraded = new Promise<void>((resolve) => server.once('upgrade', () => resolve()));
    const port = await listen(server, '127.0.0.1', 0);
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.write('GET /ws/agent HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await upgraded;
    const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
    destroySockets();
    await Promise.all([closed, serverClosed]);
    assert.equal(server.listening, false);
  });

  it('refuse what is no health request and no upgrade', async () => {
    const health = new Health({ engine: () => 'idle', connections: () => 0, nowMs: () => 0 });
    const server = createHttpServer(undefined, health);
    const port = await listen(server, '127.0.0.1', 0);
    try {
      const statuses = ['/', '/ws/agent', '/health?x=1'].map(async (path) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        await response.text();
        return response.status;
      });
      assert.deepEqual(await Promise.all(statuses), [404, 400, 200]);
      const post = await fetch(`http://127.0.0.1:${port}/health`, { method: 'POST', body: 'x' });
      assert.equal(post.status, 404);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
