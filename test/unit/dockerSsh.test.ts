import assert from 'node:assert/strict';
import * as http from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { createDockerClient } from '../../src/engine/docker/dockerClient';
import { found, type SshEndpoint } from '../../src/engine/docker/endpoint';
import { probe, type ProbedEngine } from '../../src/engine/docker/probe';
import { SshAgent } from '../../src/engine/docker/sshAgent';
import { sshArguments } from '../../src/engine/docker/sshArguments';
import { EngineError, type EngineErrorCode } from '../../src/engine/engine';
import { Cleanup, engineDouble, FakeSsh, until } from '../support/dockerEndpointRig';

const box: SshEndpoint = { kind: 'ssh', host: 'box' };

describe('sshArguments', () => {
  it('asks nothing, and ends the options before the host', () => {
    const words = sshArguments({ kind: 'ssh', host: '::1', user: 'ada', port: 2222 });
    assert.deepEqual(words.slice(words.indexOf('-l')), [
      '-l',
      'ada',
      '-p',
      '2222',
      '--',
      '::1',
      'docker system dial-stdio',
    ]);
    assert.ok(words.includes('BatchMode=yes'));
    assert.ok(words.includes('ConnectTimeout=10'));
  });

  it('quotes the socket path for the shell over there', () => {
    const command = sshArguments({ ...box, socketPath: "/a b/$(id)'; rm -rf x" }).at(-1);
    assert.equal(command, `docker --host 'unix:///a b/$(id)'\\''; rm -rf x' system dial-stdio`);
  });

  it('refuses names that could be options or shell code', () => {
    for (const name of ['-oProxyCommand=id', '', '$(id)', 'a b', 'a;b', 'a\nb', '`id`', "a'b"]) {
      assert.throws(() => sshArguments({ ...box, host: name }), { code: 'badEndpoint' }, name);
      assert.throws(() => sshArguments({ ...box, user: name }), { code: 'badEndpoint' }, name);
    }
  });
});

describe('SshAgent', function () {
  // Longer than the longest wait for a condition, so that this one reports.
  this.timeout(15_000);
  const cleanup = new Cleanup();
  let ssh: FakeSsh;
  let agent: SshAgent;
  let engine: http.Server;

  beforeEach(async () => {
    const socketPath = path.join(await cleanup.directory(), 'd.sock');
    engine = engineDouble();
    await cleanup.listen(engine, socketPath);
    ssh = await FakeSsh.install(cleanup, socketPath);
    agent = new SshAgent(box);
    cleanup.add(() => agent.destroy());
  });
  afterEach(async () => {
    agent.destroy();
    try {
      await until(async () => (await ssh.running()) === 0);
    } finally {
      await cleanup.run();
    }
  });

  const get = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      http
        .get({ host: 'localhost', path: url, agent }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('end', () => resolve(body)).on('error', reject);
        })
        .on('error', reject);
    });

  async function fails(run: Promise<unknown>, code: EngineErrorCode, pattern: RegExp): Promise<void> {
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof EngineError, String(error));
      assert.match(error.message, pattern);
      assert.equal(error.code, code);
      return true;
    });
  }

  it('carries requests, and uses one process for requests that follow each other', async () => {
    assert.equal(await get('/a'), '{"path":"/a"}');
    assert.equal(await get('/b'), '{"path":"/b"}');
    const calls = await ssh.calls();
    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0]?.argv, sshArguments(box));
  });

  it('carries requests side by side, and keeps few processes afterwards', async () => {
    await Promise.all(['/1', '/2', '/3', '/4', '/5'].map(get));
    assert.equal((await ssh.calls()).length, 5);
    await until(async () => (await ssh.running()) === 2);
  });

  it('carries a large answer unharmed past a slow reader', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'quaywatch ');
    engine
      .removeAllListeners('request')
      .on('request', (_request, response: http.ServerResponse) => response.end(body));
    const received = await new Promise<Buffer>((resolve, reject) => {
      const request = http.get({ host: 'localhost', path: '/', agent }, (response) => {
        void (async () => {
          const chunks: Buffer[] = [];
          for await (const chunk of response as AsyncIterable<Buffer>) {
            chunks.push(chunk);
            await new Promise((next) => setImmediate(next));
          }
          resolve(Buffer.concat(chunks));
        })().catch(reject);
      });
      request.on('error', reject);
    });
    assert.ok(received.equals(body));
  });

  it('holds no more of an answer than a reader wants', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024);
    engine.removeAllListeners('request').on('request', ({ url }, response: http.ServerResponse) => {
      response.end(url === '/large' ? body : '');
    });
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const request = http.get({ host: 'localhost', path: '/large', agent }, ({ socket: connection }) =>
        resolve(connection),
      );
      request.on('error', reject);
    });
    await get('/a');
    await get('/b');
    assert.ok(socket.readableLength < 1024 * 1024, `${socket.readableLength} bytes are held`);
  });

  it('carries an upgraded connection in both directions, and ends its process with it', async () => {
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const headers = { Connection: 'Upgrade', Upgrade: 'tcp' };
      const request = http.request({ host: 'localhost', path: '/upgrade', method: 'POST', agent, headers });
      request.on('upgrade', (_response, upgraded) => resolve(upgraded)).on('error', reject);
      request.end();
    });
    socket.write('echo this');
    const [chunk] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (data: Buffer) => resolve([data])),
    );
    assert.equal(chunk?.toString(), 'echo this');
    socket.destroy();
    await until(async () => (await ssh.running()) === 0);
  });

  it('ends the process when the request is given up', async () => {
    const request = http.get({ host: 'localhost', path: '/hold', agent });
    request.on('error', () => undefined);
    await until(async () => (await ssh.running()) === 1);
    request.destroy();
    await until(async () => (await ssh.running()) === 0);
  });

  it('kills a process that does not end when told to', async () => {
    ssh.setMode('stubborn');
    const request = http.get({ host: 'localhost', path: '/', agent });
    request.on('error', () => undefined);
    await until(async () => (await ssh.running()) === 1);
    request.destroy();
    await until(async () => (await ssh.running()) === 0);
  });

  it('starts anew when a kept process has ended meanwhile', async () => {
    await get('/a');
    const [first] = await ssh.calls();
    process.kill(first?.pid ?? assert.fail(), 'SIGKILL');
    await until(async () => (await ssh.running()) === 0);
    await until(() => Object.keys(agent.freeSockets).length === 0);
    assert.equal(await get('/b'), '{"path":"/b"}');
    assert.equal((await ssh.calls()).length, 2);
  });

  it('reports a connection that breaks under an answer', async () => {
    ssh.setMode('break');
    engine.removeAllListeners('request').on('request', (_request, response: http.ServerResponse) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('half', () => response.destroy());
    });
    await assert.rejects(get('/x'), { code: 'connectionLost' });
  });

  for (const [what, mode, code, pattern] of [
    [
      'a refused login',
      'exit 255 ada@box: Permission denied (publickey).\r\n',
      'permissionDenied',
      /key into an ssh agent.*publickey/,
    ],
    [
      'an unknown host key',
      'exit 255 Host key verification failed.\n',
      'permissionDenied',
      /Connect once with `ssh`/,
    ],
    [
      'an unreachable host',
      'exit 255 ssh: connect to host box port 22: No route to host\n',
      'unreachable',
      /No route to host$/,
    ],
    [
      'a host without docker',
      'exit 127 sh: 1: docker: not found\n',
      'engineNotFound',
      /no `docker` command.*not found$/,
    ],
    [
      'a user who may not use the engine',
      'exit 1 permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n',
      'permissionDenied',
      /`docker` group on that host/,
    ],
    [
      'an engine that is down',
      'exit 1 Cannot connect to the Docker daemon.\n',
      'unreachable',
      /Cannot connect to the Docker daemon/,
    ],
    [
      'silence',
      'exit 1 ',
      'unreachable',
      /could not be reached through ssh\. Try the same with `ssh` in a terminal\.$/,
    ],
  ] as const) {
    it(`tells the reason ssh gives: ${what}`, async () => {
      ssh.setMode(mode);
      await fails(get('/'), code, pattern);
    });
  }

  it('keeps the end of a long complaint, on one line', async () => {
    const lines = Array.from({ length: 2_000 }, (_, index) => `\u001b[31mwarning ${index}\u001b[0m`);
    ssh.setMode(`exit 255 ${lines.join('\n')}`);
    await fails(get('/'), 'unreachable', /ssh said: warning 1995 \| warning 1996 \| .* \| warning 1999$/);
  });

  it('says so when there is no ssh', async () => {
    cleanup.setEnvironment('PATH', '/nowhere');
    await fails(get('/'), 'badEndpoint', /`ssh` can't be started \(spawn ssh ENOENT\)\. Install/);
  });

  it('does not start ssh for a host that could be an option', async () => {
    agent = new SshAgent({ kind: 'ssh', host: '-oProxyCommand=id' });
    assert.throws(() => http.get({ host: 'localhost', agent }), { code: 'badEndpoint' });
    assert.equal((await ssh.calls()).length, 0);
  });

  it('is shown in one line, since docker-modem inspects it with every request', async () => {
    await get('/a');
    assert.equal(inspect({ agent }, { showHidden: true, depth: null }), '{ agent: SshAgent(ssh://box) }');
  });

  const probeBox = (deadlineMs: number): Promise<ProbedEngine> => probe(found('test', box), { deadlineMs });

  it('serves the probe, which leaves no process behind', async () => {
    assert.equal((await probeBox(5_000)).address, 'ssh://box');
    await until(async () => (await ssh.running()) === 0);
  });

  it('is bound by the deadline of the probe, which leaves no process behind', async () => {
    ssh.setMode('silent');
    const run = probeBox(1_000);
    await Promise.all([
      fails(run, 'timeout', /within 1000 ms/),
      until(async () => (await ssh.running()) === 1),
    ]);
    await until(async () => (await ssh.running()) === 0);
  });

  it('serves dockerode, and ends with the client', async () => {
    const client = await createDockerClient(box, '1.41');
    assert.deepEqual(await client.docker.version(), { path: '/v1.41/version' });
    assert.equal(await ssh.running(), 1);
    client.dispose();
    await until(async () => (await ssh.running()) === 0);
  });
});
