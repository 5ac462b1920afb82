import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import path from 'node:path';
import { found, type Candidate, type DockerEndpoint } from '../../src/engine/docker/endpoint';
import { findEngine, firstToAnswer } from '../../src/engine/docker/findEngine';
import { probe, type ProbedEngine } from '../../src/engine/docker/probe';
import { EngineError, EngineNotFoundError, type EngineErrorCode } from '../../src/engine/engine';
import {
  Cleanup,
  DOCKER_PING_HEADERS,
  engineDouble,
  fakeMachine,
  makeCertificates,
  until,
  type Certificates,
} from '../support/dockerEndpointRig';
import { skipWithReason } from '../support/skip';

const cleanup = new Cleanup();
const DEADLINE_MS = 5_000;

const ask = (
  endpoint: DockerEndpoint,
  deadlineMs = DEADLINE_MS,
  signal?: AbortSignal,
): Promise<ProbedEngine> => probe(found('test', endpoint), { deadlineMs, signal });

async function serve(server: net.Server): Promise<DockerEndpoint> {
  return { kind: 'tcp', host: '127.0.0.1', port: await cleanup.listen(server, 0) };
}

async function fails(run: Promise<unknown>, code: EngineErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.match(error.message, pattern);
    assert.equal(error.code, code);
    return true;
  });
}

const answers = (status: number, headers: http.OutgoingHttpHeaders, body: string): http.Server =>
  http.createServer((_request, response) => response.writeHead(status, headers).end(body));

describe('probe', () => {
  afterEach(() => cleanup.run());

  it('tells product, version, system and the API version to use, over a unix socket', async () => {
    const socketPath = path.join(await cleanup.directory(), 'd.sock');
    await cleanup.listen(engineDouble(), socketPath);
    assert.deepEqual(await ask({ kind: 'unix', path: socketPath }), {
      product: 'Docker',
      version: '20.10.24',
      operatingSystem: 'linux',
      apiVersion: '1.41',
      engineApiVersion: '1.41',
      address: `unix://${socketPath}`,
      source: 'test',
    });
  });

  it('knows Podman, and the system from its Server header', async () => {
    const endpoint = await serve(engineDouble({ 'Api-Version': '1.41', Server: 'Libpod/4.3.1 (linux)' }));
    const { product, version, operatingSystem } = await ask(endpoint);
    assert.deepEqual(
      { product, version, operatingSystem },
      { product: 'Libpod', version: '4.3.1', operatingSystem: 'linux' },
    );
  });

  it('speaks its own newest version with an engine that is newer still', async () => {
    const info = await ask(await serve(engineDouble({ ...DOCKER_PING_HEADERS, 'Api-Version': '1.99' })));
    assert.equal(info.apiVersion, '1.52');
    assert.equal(info.engineApiVersion, '1.99');
  });

  it('compares versions as numbers', async () => {
    await fails(
      ask(await serve(engineDouble({ ...DOCKER_PING_HEADERS, 'Api-Version': '1.9' }))),
      'unsupportedVersion',
      /speaks API version 1\.9; 1\.41 or newer is needed/,
    );
  });

  it('asks /version when a proxy put its own name into the Server header', async () => {
    const paths: (string | undefined)[] = [];
    const server = http.createServer(({ url }, response) => {
      paths.push(url);
      if (url === '/_ping')
        response.writeHead(200, { ...DOCKER_PING_HEADERS, Server: 'nginx/1.2' }).end('OK');
      else
        response.end(
          JSON.stringify({ Version: '4.3.1', Os: 'linux', Components: [{ Name: 'Podman Engine' }] }),
        );
    });
    const { product, version } = await ask(await serve(server));
    assert.deepEqual([product, version], ['Libpod', '4.3.1']);
    assert.deepEqual(paths, ['/_ping', '/v1.41/version']);
  });

  for (const [what, status, headers, body, code, pattern] of [
    [
      'a web page',
      200,
      { 'Content-Type': 'text/html' },
      '<!doctype html>',
      'badResponse',
      /not a Docker engine: it sent a web page/,
    ],
    ['a page without type', 200, {}, '<html>', 'badResponse', /a web page/],
    ['a login page', 401, { 'Content-Type': 'text/html' }, 'login', 'badResponse', /a web page/],
    ['no API version', 200, {}, 'OK', 'badResponse', /HTTP status 200 without an API version/],
    ['a redirect', 301, { Location: 'http://127.0.0.1:1/' }, '', 'badResponse', /HTTP status 301/],
    ['not found', 404, {}, 'nope', 'badResponse', /HTTP status 404/],
    ['a broken API version', 200, { 'Api-Version': 'x.y' }, 'OK', 'badResponse', /"x\.y"/],
    ['forbidden', 403, {}, 'no', 'permissionDenied', /403/],
    ['starting', 503, {}, 'wait', 'engineFailure', /try again/],
    [
      'a TLS port',
      400,
      {},
      'Client sent an HTTP request to an HTTPS server.\n',
      'tlsFailed',
      /Write https:\/\//,
    ],
  ] as const) {
    it(`says so when the answer is ${what}`, async () => {
      await fails(ask(await serve(answers(status, headers, body))), code, pattern);
    });
  }

  it('says so when what answers does not speak HTTP', async () => {
    const endpoint = await serve(
      net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n')),
    );
    await fails(ask(endpoint), 'badResponse', /does not speak HTTP/);
  });

  it('does not read an endless answer', async () => {
    const server = http.createServer((_request, response) => {
      response.writeHead(200, DOCKER_PING_HEADERS);
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write).on('error', () => undefined);
      write();
    });
    await fails(ask(await serve(server)), 'badResponse', /longer than any/);
  });

  it('gives up after the deadline, and closes the connection', async () => {
    const sockets = new Set<net.Socket>();
    const endpoint = await serve(
      net.createServer((socket) => {
        sockets.add(socket);
        socket.resume().on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
      }),
    );
    await fails(ask(endpoint, 50), 'timeout', /no answer within 50 ms/);
    await until(() => sockets.size === 0);
  });

  it("rejects with the caller's own reason when the caller aborts", async () => {
    const server = http.createServer(() => undefined);
    const endpoint = await serve(server);
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    server.on('request', () => controller.abort(reason));
    await assert.rejects(ask(endpoint, DEADLINE_MS, controller.signal), reason);
    await assert.rejects(ask(endpoint, DEADLINE_MS, controller.signal), reason);
  });

  it('tells an absent socket, one nobody listens on, a file and a directory apart', async () => {
    const directory = await cleanup.directory();
    const at = (name: string): DockerEndpoint => ({ kind: 'unix', path: path.join(directory, name) });
    await fails(ask(at('absent')), 'engineNotFound', /nothing at .*absent/);
    await writeFile(path.join(directory, 'file'), '');
    await fails(ask(at('file')), 'badEndpoint', /file is a file, not a socket/);
    await fails(ask(at('file/below')), 'badEndpoint', /not a directory/);
    await mkdir(path.join(directory, 'directory'));
    await fails(ask(at('directory')), 'badEndpoint', /is a directory, not a socket/);
    abandonSocket(path.join(directory, 'abandoned'));
    await fails(ask(at('abandoned')), 'unreachable', /nothing listens there/);
  });

  it('reaches IPv6 addresses', async function () {
    const server = engineDouble();
    const port = await new Promise<number | undefined>((resolve) => {
      server.once('error', () => resolve(undefined));
      server.listen(0, '::1', () => resolve((server.address() as net.AddressInfo).port));
    });
    if (port === undefined) return skipWithReason(this, 'this machine has no IPv6 loopback');
    cleanup.add(() => server.close());
    assert.equal((await ask({ kind: 'tcp', host: '::1', port })).product, 'Docker');
  });

  it('says so when nothing listens on a port', async () => {
    const server = net.createServer();
    const endpoint = await serve(server);
    await new Promise((resolve) => server.close(resolve));
    await fails(ask(endpoint), 'unreachable', /nothing listens/);
  });
});

/** Leaves the file of a socket behind, as a killed engine does. */
function abandonSocket(socketPath: string): void {
  const script =
    "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  try {
    execFileSync(process.execPath, ['-e', script, socketPath], { stdio: 'ignore' });
  } catch {
    // It killed itself, as it was told to.
  }
}

describe('probe over TLS', () => {
  const authority = new Cleanup();
  let certificates: Certificates;
  before(async function () {
    const made = await makeCertificates(authority);
    if (made === undefined) return skipWithReason(this, 'there is no openssl command');
    certificates = made;
  });
  after(() => authority.run());
  afterEach(() => cleanup.run());

  async function serveTls(): Promise<number> {
    const { ca, serverKey: key, serverCert: cert } = certificates;
    const server = https.createServer(
      { ca, key, cert, requestCert: true, rejectUnauthorized: true },
      (_request, response) => {
        response.writeHead(200, DOCKER_PING_HEADERS).end('OK');
      },
    );
    server.on('tlsClientError', () => undefined);
    return cleanup.listen(server, 0);
  }

  const endpoint = (port: number, tls: object): DockerEndpoint => ({
    kind: 'tls',
    host: '127.0.0.1',
    port,
    tls: { skipVerify: false, ...tls },
  });

  it('shows its certificate and trusts the given authority', async () => {
    const { ca, clientCert: cert, clientKey: key } = certificates;
    assert.equal((await ask(endpoint(await serveTls(), { ca, cert, key }))).product, 'Docker');
  });

  it('refuses a server of an unknown authority, unless told to accept any', async () => {
    const { clientCert: cert, clientKey: key } = certificates;
    const port = await serveTls();
    await fails(ask(endpoint(port, { cert, key })), 'tlsFailed', /not signed by an authority trusted here/);
    assert.equal((await ask(endpoint(port, { cert, key, skipVerify: true }))).product, 'Docker');
  });

  it('says so when the server refuses the client', async () => {
    const { ca } = certificates;
    await fails(ask(endpoint(await serveTls(), { ca })), 'tlsFailed', /refused this client's certificate/);
  });

  it('says so when a key file is garbage, without quoting it', async () => {
    const { ca, clientCert: cert } = certificates;
    const run = ask(endpoint(await serveTls(), { ca, cert, key: 'hunter2' }));
    await fails(run, 'tlsFailed', /can't be read as PEM/);
    await run.catch((error: unknown) => assert.doesNotMatch(String(error), /hunter2/));
  });

  it('says so when the server speaks plain HTTP', async () => {
    const port = await cleanup.listen(engineDouble(), 0);
    await fails(ask(endpoint(port, { ca: certificates.ca })), 'tlsFailed', /does not speak TLS/);
  });
});

describe('findEngine', () => {
  afterEach(() => cleanup.run());

  const at = (socketPath: string): Candidate => found('test', { kind: 'unix', path: socketPath });

  it('takes the first that answers, and does not even connect to those after it', async () => {
    const directory = await cleanup.directory();
    const [first, second] = [path.join(directory, '1'), path.join(directory, '2')];
    await cleanup.listen(engineDouble(), first);
    let connections = 0;
    await cleanup.listen(
      net.createServer(() => connections++),
      second,
    );
    const { endpoint, info } = await firstToAnswer([at('/nowhere/x'), at(first), at(second)]);
    assert.deepEqual(endpoint, { kind: 'unix', path: first });
    assert.equal(info.address, `unix://${first}`);
    assert.equal(connections, 0);
  });

  it('tells all that was tried, in order', async () => {
    const file = path.join(await cleanup.directory(), 'file');
    await writeFile(file, '');
    const refused = {
      source: 'context x',
      address: 'x',
      error: new EngineError('badEndpoint', 'no such thing'),
    };
    await assert.rejects(firstToAnswer([at('/nowhere/x'), refused, at(file)]), (error) => {
      assert.ok(error instanceof EngineNotFoundError);
      assert.deepEqual(
        error.tried.map(({ address, error: { code } }) => `${address} ${code}`),
        ['unix:///nowhere/x engineNotFound', 'x badEndpoint', `unix://${file} badEndpoint`],
      );
      assert.equal(error.code, 'badEndpoint');
      return true;
    });
  });

  it('tries nothing but the setting', async () => {
    const socketPath = path.join(await cleanup.directory(), 'docker.sock');
    await cleanup.listen(engineDouble(), socketPath);
    const machine = fakeMachine();
    const { info } = await findEngine({ dockerHost: `unix://${socketPath}`, machine });
    assert.equal(info.source, 'setting');
    const other = findEngine({ dockerHost: 'unix:///nowhere/x', machine });
    await fails(other, 'engineNotFound', /Tried:\nsetting: unix:\/\/\/nowhere\/x: [^\n]*$/);
  });

  it("stops with the caller's reason", async () => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    await assert.rejects(findEngine({ dockerHost: undefined, machine: fakeMachine(), signal }), reason);
    const controller = new AbortController();
    const server = http.createServer(() => controller.abort(reason));
    const endpoint = await serve(server);
    await assert.rejects(
      firstToAnswer([found('test', endpoint), at('/nowhere/x')], controller.signal),
      reason,
    );
  });

  it('does not take an abort for an engine that fails, even when its reason is an EngineError', async () => {
    const controller = new AbortController();
    const reason = new EngineError('connectionLost', 'closed');
    const endpoint = await serve(http.createServer(() => controller.abort(reason)));
    await assert.rejects(
      firstToAnswer([found('test', endpoint)], controller.signal),
      (error) => error === reason,
    );
  });

  it('gives up on a configuration that is never read', async () => {
    const machine = { ...fakeMachine(), readFile: () => new Promise<string>(() => undefined) };
    const controller = new AbortController();
    const run = findEngine({ dockerHost: undefined, machine, signal: controller.signal });
    controller.abort(new Error('no longer wanted'));
    await assert.rejects(run, /no longer wanted/);
  });
});
