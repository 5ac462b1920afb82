import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import type { ContainerEngine } from '../../src/engine/engine';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { AgentBundle } from '../support/agentProcess';
import { eventually } from '../support/eventually';
import { LogCollector } from '../support/logCollector';
import { finished, makeNodeImage } from '../support/nodeImage';
import { openRemoteEngine } from '../support/pairedAgent';
import { tarOf } from '../support/tar';
import { busyboxImage, testEngineOrSkip, testLabel, type TestEngine } from '../support/testEngine';

const INSTALL = join(__dirname, '../../src/agent/install');
const PROGRAM = ['node', '/usr/local/bin/quaywatch-agent'];
const COUNT_FOR_EVER = 'i=0; while true; do i=$((i+1)); echo "line $i"; usleep 2000; done';

describe('agent: as a container built from its Dockerfile, before a real engine', function () {
  this.timeout(180_000);
  const suffix = randomUUID().slice(0, 8);
  const base = `quaywatch/test-node:${suffix}`;
  const image = `quaywatch/test-agent:${suffix}`;
  let engine: TestEngine;
  let docker: Docker;
  const containers: Docker.Container[] = [];
  let remote: ContainerEngine | undefined;

  before(async function () {
    engine = testEngineOrSkip(this);
    docker = new Docker({ socketPath: engine.socketPath });
    await makeNodeImage(docker, base);
    await buildAgent();
  });
  after(async () => {
    remote?.dispose();
    for (const container of containers) await container.remove({ force: true, v: true });
    for (const name of [image, base]) await docker.getImage(name).remove({ force: true });
  });

  async function buildAgent(): Promise<void> {
    const bundle = await AgentBundle.make();
    const files = {
      Dockerfile: readFileSync(join(INSTALL, 'Dockerfile')),
      'quaywatch-agent.js': readFileSync(bundle.file),
    };
    bundle.remove();
    const options = { t: image, buildargs: { BASE: base }, labels: { [testLabel]: '1' } };
    await finished(docker, await docker.buildImage(Readable.from([tarOf(files)]), options));
  }

  /** As the Compose file beside the Dockerfile runs it. */
  async function runAgent(port: number): Promise<Docker.Container> {
    const container = await docker.createContainer({
      Image: image,
      Labels: { [testLabel]: '1' },
      Env: ['QUAYWATCH_AGENT_DOCKER_HOST=unix:///var/run/docker.sock'],
      HostConfig: {
        Binds: [`${engine.socketPath}:/var/run/docker.sock`],
        PortBindings: { '7443/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
      },
    });
    containers.push(container);
    await container.start();
    return container;
  }

  async function runCounting(): Promise<string> {
    const container = await docker.createContainer({
      Image: busyboxImage,
      Cmd: ['sh', '-c', COUNT_FOR_EVER],
      Labels: { [testLabel]: '1' },
      StopTimeout: 0,
    });
    containers.push(container);
    await container.start();
    return container.id;
  }

  /** Runs a command of the agent inside its container. */
  async function inside(
    container: Docker.Container,
    ...args: string[]
  ): Promise<{ text: string; code: number | null }> {
    const exec = await container.exec({
      Cmd: [...PROGRAM, ...args],
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
    });
    const stream = await exec.start({ hijack: true, Tty: true });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return { text, code: (await exec.inspect()).ExitCode };
  }

  it('serves, and goes on across a restart of its container', async () => {
    const port = await freePort();
    const agent = await runAgent(port);
    const counting = await runCounting();
    await until('it serves', async () => (await inside(agent, 'status')).code === 0);
    const { text } = await inside(agent, 'pair', '--address', '127.0.0.1');
    const link = /quaywatch:\/\/\S+/.exec(text)?.[0] ?? '';
    remote = openRemoteEngine({ ...parsePairingLink(link), host: '127.0.0.1', port });
    remote.connect();
    const { connection } = remote;
    await eventually(
      () => `connected, but ${JSON.stringify(connection)}`,
      () => remote?.connection.kind === 'ready',
    );
    assert.equal(remote.containers?.get(counting)?.state, 'running');
    const log = new LogCollector();
    remote.followLog(counting, { tail: 'all', follow: true }, log);
    for (let restart = 1; restart <= 2; restart++) {
      const before = log.texts.length;
      await eventually('lines', () => log.texts.length > before + 100);
      const serial = serialOf(remote);
      await agent.restart({ t: 20 });
      await eventually(
        'connected anew',
        () => remote?.connection.kind === 'ready' && serialOf(remote) !== serial,
        60_000,
      );
      const then = log.texts.length;
      await eventually('more lines', () => log.texts.length > then + 100);
    }
    assert.ok(
      log.texts.every((line, index) => line === `line ${index + 1}`),
      'every line once and in order',
    );
    assert.equal(log.markerKinds.filter((kind) => kind === 'reconnected').length, 2);
    const { State: state } = await agent.inspect();
    assert.equal(state.Running, true);
  });
});

function serialOf({ connection }: ContainerEngine): number | undefined {
  return 'serial' in connection ? connection.serial : undefined;
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(`After 60 attempts still not: ${what}`);
}

/** For an engine, which publishes a port for as long as the container is there only if it is told which. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
