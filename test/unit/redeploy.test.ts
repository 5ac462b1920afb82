import assert from 'node:assert/strict';
import { readApp } from '../../src/model/deployFile';
import { describeContainer } from '../../src/model/redeploy';

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
