import assert from 'node:assert/strict';
import DockerModem from 'docker-modem';
import type { Agent, ServerResponse } from 'node:http';
import * as net from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { createDockerClient, modemOptions, type DockerClient } from '../../src/engine/docker/dockerClient';
import { addressOf, type DockerEndpoint } from '../../src/engine/docker/endpoint';
import { openTransport } from '../../src/engine/docker/transport';
import { Cleanup, engineDouble } from '../support/dockerEndpointRig';

describe('createDockerClient', () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  async function clientOf(endpoint: DockerEndpoint, apiVersion?: string): Promise<DockerClient> {
    const client = await createDockerClient(endpoint, apiVersion);
    cleanup.add(() => client.dispose());
    return client;
  }

  async function serve(server = engineDouble()): Promise<DockerEndpoint> {
    const socketPath = path.join(await cleanup.directory(), 'd.sock');
    await cleanup.listen(server, socketPath);
    return { kind: 'unix', path: socketPath };
  }

  const asks = async (endpoint: DockerEndpoint, apiVersion?: string): Promise<unknown> =>
    (await clientOf(endpoint, apiVersion)).docker.version();

  it('names the API version it was told, or none', async () => {
    const endpoint = await serve();
    assert.deepEqual(await asks(endpoint, '1.41'), { path: '/v1.41/version' });
    assert.deepEqual(await asks(endpoint), { path: '/version' });
  });

  it('reaches TCP endpoints, and says the right host', async () => {
    const server = engineDouble();
    const hosts: (string | undefined)[] = [];
    server.on('request', ({ headers }) => hosts.push(headers.host));
    const port = await cleanup.listen(server, 0);
    assert.deepEqual(await asks({ kind: 'tcp', host: '127.0.0.1', port }, '1.41'), {
      path: '/v1.41/version',
    });
    assert.deepEqual(hosts, [`127.0.0.1:${port}`]);
  });

  it('reaches IPv6 addresses, also those whose beginning looks like a scheme', async () => {
    const port = await cleanup.listen(engineDouble(), 0);
    const { docker } = await clientOf({ kind: 'tcp', host: 'fd00::1', port }, '1.41');
    const asked: unknown[] = [];
    const agent = Reflect.get(docker.modem, 'agent') as Agent;
    agent.createConnection = (options) => {
      asked.push(options.host);
      return net.connect(port, '127.0.0.1');
    };
    assert.deepEqual(await docker.version(), { path: '/v1.41/version' });
    assert.deepEqual(asked, ['fd00::1']);
  });

  for (const [what, environment] of [
    [
      'names another engine',
      { DOCKER_HOST: 'tcp://192.0.2.1:1', DOCKER_CLIENT_TIMEOUT: '1', DOCKER_TLS_VERIFY: '1' },
    ],
    ['names another socket', { DOCKER_HOST: 'unix:///nowhere/x' }],
    ['wants ssh', { DOCKER_HOST: 'ssh://nowhere', SSH_AUTH_SOCK: '/nowhere/agent' }],
    ['has a prefix', { DOCKER_HOST: 'tcp://192.0.2.1:1', DOCKER_PATH_PREFIX: '/prefix' }],
    [
      'has certificates that are not there',
      { DOCKER_HOST: 'tcp://192.0.2.1:2376', DOCKER_CERT_PATH: '/nowhere' },
    ],
    ['makes no sense', { DOCKER_HOST: 'tcp://:::::' }],
  ] as const) {
    it(`is not led astray by an environment that ${what}`, async () => {
      for (const [name, value] of Object.entries(environment)) cleanup.setEnvironment(name, value);
      const port = await cleanup.listen(engineDouble(), 0);
      for (const endpoint of [await serve(), { kind: 'tcp', host: '127.0.0.1', port } as const]) {
        assert.deepEqual(await asks(endpoint, '1.41'), { path: '/v1.41/version' });
      }
    });
  }

  for (const endpoint of [
    { kind: 'unix', path: '/x' },
    { kind: 'npipe', path: '//./pipe/x' },
    { kind: 'tcp', host: '::1', port: 1 },
    { kind: 'tls', host: 'box', port: 1, tls: { skipVerify: false, key: 'hunter2' } },
    { kind: 'ssh', host: 'box' },
  ] as const satisfies readonly DockerEndpoint[]) {
    it(`has the fields that docker-modem's own constructor would make for ${addressOf(endpoint)}`, async () => {
      cleanup.setEnvironment('DOCKER_HOST', undefined);
      const { docker } = await clientOf(endpoint, '1.41');
      const ours: object = docker.modem;
      const theirs: object = new DockerModem(modemOptions(openTransport(endpoint), '1.41'));
      for (const [name, value] of Object.entries(theirs)) {
        if (value === undefined || name === 'agent') continue;
        const expected: unknown = name === 'sshOptions' ? {} : value;
        assert.deepEqual(Reflect.get(ours, name), expected, name);
      }
    });

    it(`shows no secret and little else of its agent when inspected: ${endpoint.kind}`, async () => {
      const { docker } = await clientOf(endpoint);
      const text = inspect(docker.modem, { showHidden: true, depth: null });
      assert.doesNotMatch(text, /hunter2/);
      assert.match(text, /agent: (Ssh)?Agent\(/);
      assert.ok(text.length < 1_000, text);
    });
  }

  it('lets streams starve no command of connections', async () => {
    const server = engineDouble();
    server.removeAllListeners('request').on('request', ({ url }, response: ServerResponse) => {
      if (url?.startsWith('/v1.41/events')) response.writeHead(200).write('{}\n');
      else response.end('{"answered":true}');
    });
    const { docker } = await clientOf(await serve(server), '1.41');
    const streams = await Promise.all(Array.from({ length: 100 }, () => docker.getEvents()));
    assert.deepEqual(await docker.version(), { answered: true });
    for (const stream of streams) if (stream instanceof Readable) stream.destroy();
  });

  it('uses one connection for requests that follow each other', async () => {
    const server = engineDouble();
    let connections = 0;
    server.on('connection', () => connections++);
    const { docker } = await clientOf(await serve(server));
    for (let count = 0; count < 5; count++) await docker.version();
    assert.equal(connections, 1);
  });

  it('closes streams and idle connections when disposed', async () => {
    const server = engineDouble();
    const client = await clientOf(await serve(server));
    await client.docker.version();
    const held = new Promise((resolve) =>
      client.docker.modem.dial({ path: '/hold', method: 'GET', statusCodes: {} }, resolve),
    );
    await new Promise((resolve) => server.once('request', resolve));
    client.dispose();
    assert.match(String(await held), /hang up|aborted|reset/i);
    await new Promise((resolve) => server.close(resolve));
  });
});
