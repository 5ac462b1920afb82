import assert from 'node:assert/strict';
import { readApp } from '../../src/model/deployFile';
import { EngineError } from '../../src/engine/engine';
import type { DeploymentSource } from '../../src/model/deployment';
import { describeContainer } from '../../src/model/redeploy';
import { isMadeAgain } from '../../src/vscode/deployments/madeAgain';
import { MemoryDeployments } from '../doubles/memoryDeployments';

const INSPECTED = {
  Name: '/web',
  Config: {
    Image: 'nginx:1.27',
    Cmd: ['serve'],
    Env: ['PATH=/bin', 'MODE=a=b', 'EMPTY='],
    Labels: { team: 'web', 'dev.quaywatch.app': 'web' },
    Tty: false,
  },
  HostConfig: {
    PortBindings: {
      '80/tcp': [{ HostIp: '', HostPort: '8080' }],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
      '81/tcp': [{ HostIp: '::1', HostPort: '' }],
    },
    RestartPolicy: { Name: 'unless-stopped' },
    Memory: 536_870_912,
    NanoCpus: 1_500_000_000,
    NetworkMode: 'front',
    Privileged: true,
    CapAdd: null,
  },
  Mounts: [
    { Type: 'volume', Name: 'data', Source: '/x', Destination: '/data', RW: true },
    { Type: 'bind', Source: '/etc/conf', Destination: '/conf', RW: false },
    { Type: 'tmpfs', Destination: '/tmp' },
  ],
  NetworkSettings: { Networks: { bridge: {}, front: {} } },
};

describe('a container that is deployed again', () => {
  it('is described by what its engine says, in the form of quaywatch.json', () => {
    const { description, lost } = describeContainer(INSPECTED, 'always');
    assert.deepEqual(description, {
      source: { image: 'nginx:1.27', pull: 'always' },
      run: {
        name: 'web',
        command: ['serve'],
        ports: ['8080:80', '127.0.0.1:53:53/udp', '[::1]::81'],
        environment: { MODE: 'a=b', EMPTY: '' },
        volumes: ['data:/data', '/etc/conf:/conf:ro'],
        networks: ['front'],
        restart: 'unless-stopped',
        labels: { team: 'web' },
        limits: { memory: '512m', cpus: 1.5 },
      },
    });
    assert.deepEqual(lost, ['Privileged']);
    assert.deepEqual(readApp('web', description).problems, []);
  });

  it('may say next to nothing', () => {
    assert.deepEqual(describeContainer({}, 'missing'), {
      description: { source: { image: '', pull: 'missing' }, run: {} },
      lost: [],
    });
    assert.deepEqual(describeContainer(null, 'missing').lost, []);
  });
});

describe('a container that a deployment made', () => {
  const deployments = new MemoryDeployments();
  after(() => deployments.dispose());

  it('is made anew by a retry where it was built, and otherwise by what somebody chooses', async () => {
    const start = async (source: DeploymentSource): Promise<string> =>
      (await deployments.start({ spec: { app: 'web', source } })).id;
    const built = await start({ kind: 'folder', folder: '/x' });
    const pulled = await start({ kind: 'image', image: 'web:1', pull: 'missing' });
    assert.equal(await isMadeAgain(deployments, built), true);
    assert.equal(await isMadeAgain(deployments, pulled), false);
    // Another journal made it.
    assert.equal(await isMadeAgain(deployments, '0m1-1a2b3c4d'), false);
    deployments.nextError = new EngineError('connectionLost', 'It is away.');
    await assert.rejects(isMadeAgain(deployments, built), { code: 'connectionLost' });
  });
});
