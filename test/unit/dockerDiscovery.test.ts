import assert from 'node:assert/strict';
import { discoverEndpoints } from '../../src/engine/docker/discovery';
import type { Candidate } from '../../src/engine/docker/endpoint';
import type { Machine } from '../../src/engine/docker/machine';
import { fakeMachine, systemError } from '../support/dockerEndpointRig';

const discover = (machine: Machine, dockerHost?: string): Promise<readonly Candidate[]> =>
  discoverEndpoints({ dockerHost, machine });

async function rows(machine: Machine, dockerHost?: string): Promise<readonly string[]> {
  return (await discover(machine, dockerHost)).map(({ source, address }) => `${source}: ${address}`);
}

async function only(machine: Machine, dockerHost?: string): Promise<Candidate> {
  const [candidate, ...others] = await discover(machine, dockerHost);
  assert.deepEqual(others, []);
  return candidate ?? assert.fail('no candidate');
}

describe('discoverEndpoints: setting and environment', () => {
  const everything = fakeMachine({ environment: { DOCKER_HOST: 'tcp://other:1', DOCKER_CONTEXT: 'third' } });

  it('tries nothing but the setting when there is one', async () => {
    assert.deepEqual(await rows(everything, ' tcp://box:1 '), ['setting: tcp://box:1']);
  });

  it('takes an empty setting for none', async () => {
    assert.deepEqual(await rows(everything, '  '), ['DOCKER_HOST: tcp://other:1']);
  });

  it('tries nothing but DOCKER_HOST when that is set, whatever the context', async () => {
    assert.deepEqual(await rows(everything), ['DOCKER_HOST: tcp://other:1']);
  });

  it('hands back a wrong setting with its error and without its password', async () => {
    const candidate = await only(everything, 'tcp://ada:hunter2@box');
    assert.ok('error' in candidate);
    assert.equal(candidate.error.code, 'badEndpoint');
    assert.doesNotMatch(JSON.stringify([candidate.address, candidate.error.message]), /hunter2/);
  });

  it('never rejects, even when nothing can be read', async () => {
    const machine = { ...fakeMachine(), readFile: () => Promise.reject(systemError('EIO')) };
    const [first] = await discover(machine);
    assert.ok(first && 'error' in first);
    assert.match(first.error.message, /config\.json can't be read \(EIO\)/);
  });
});

describe('discoverEndpoints: TLS of the environment', () => {
  const files = { '/certs/ca.pem': 'CA', '/certs/cert.pem': 'CERT', '/certs/key.pem': 'KEY' };
  const withEnvironment = (
    environment: Record<string, string>,
    more: Record<string, string | Error> = files,
  ): Machine => fakeMachine({ environment: { DOCKER_HOST: 'tcp://box', ...environment }, files: more });

  it('uses the material of DOCKER_CERT_PATH when DOCKER_TLS_VERIFY is set', async () => {
    const candidate = await only(withEnvironment({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }));
    assert.deepEqual(candidate, {
      source: 'DOCKER_HOST',
      address: 'https://box:2376',
      endpoint: {
        kind: 'tls',
        host: 'box',
        port: 2376,
        tls: { ca: 'CA', cert: 'CERT', key: 'KEY', skipVerify: false },
      },
    });
  });

  it('speaks plain TCP with DOCKER_CERT_PATH alone, as the CLI does', async () => {
    const candidate = await only(withEnvironment({ DOCKER_CERT_PATH: '/certs' }));
    assert.equal(candidate.address, 'tcp://box:2375');
  });

  it('accepts any server with DOCKER_TLS alone', async () => {
    const candidate = await only(withEnvironment({ DOCKER_TLS: '1' }, {}));
    assert.ok('endpoint' in candidate && candidate.endpoint.kind === 'tls');
    assert.deepEqual(candidate.endpoint.tls, { skipVerify: true });
  });

  it("falls back to the files in the CLI's directory", async () => {
    const candidate = await only(
      withEnvironment({ DOCKER_TLS_VERIFY: '1' }, { '/home/ada/.docker/ca.pem': 'OWN' }),
    );
    assert.ok('endpoint' in candidate && candidate.endpoint.kind === 'tls');
    assert.deepEqual(candidate.endpoint.tls, { ca: 'OWN', skipVerify: false });
  });

  it('does not look for certificates when the host is a socket', async () => {
    const machine = withEnvironment({
      DOCKER_HOST: 'unix:///x',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/nowhere',
    });
    assert.deepEqual(await rows(machine), ['DOCKER_HOST: unix:///x']);
  });

  const wrong: readonly (readonly [string, Record<string, string | Error>, RegExp])[] = [
    [
      'an authority that is missing',
      { '/certs/cert.pem': 'C', '/certs/key.pem': 'K' },
      /no ca\.pem in \/certs/,
    ],
    [
      'a certificate without key',
      { '/certs/ca.pem': 'A', '/certs/cert.pem': 'C' },
      /cert\.pem but no key\.pem/,
    ],
    [
      'a key without certificate',
      { '/certs/ca.pem': 'A', '/certs/key.pem': 'K' },
      /key\.pem but no cert\.pem/,
    ],
    [
      'a key that may not be read',
      { ...files, '/certs/key.pem': systemError('EACCES') },
      /key\.pem can't be read \(EACCES\)/,
    ],
  ];
  for (const [what, present, pattern] of wrong) {
    it(`reports ${what}`, async () => {
      const candidate = await only(
        withEnvironment({ DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }, present),
      );
      assert.ok('error' in candidate);
      assert.equal(candidate.error.code, 'tlsFailed');
      assert.match(candidate.error.message, pattern);
    });
  }
});

describe('discoverEndpoints: usual sockets', () => {
  it('lists those of Linux in order, each once', async () => {
    const environment = { XDG_RUNTIME_DIR: '/run/user/1000/', COLIMA_HOME: '/home/ada/.colima' };
    assert.deepEqual(await rows(fakeMachine({ environment })), [
      'Docker: unix:///var/run/docker.sock',
      'Docker (rootless): unix:///run/user/1000/docker.sock',
      'Docker Desktop: unix:///home/ada/.docker/run/docker.sock',
      'Docker Desktop: unix:///home/ada/.docker/desktop/docker.sock',
      'Colima: unix:///home/ada/.colima/default/docker.sock',
      'Colima: unix:///home/ada/.config/colima/default/docker.sock',
      'Rancher Desktop: unix:///home/ada/.rd/docker.sock',
      'Podman: unix:///run/user/1000/podman/podman.sock',
      'Podman: unix:///run/podman/podman.sock',
    ]);
  });

  it('lists those of macOS in order', async () => {
    const machine = fakeMachine({
      platform: 'darwin',
      homeDirectory: '/Users/ada',
      userId: 501,
      environment: { TMPDIR: '/var/folders/x/T/', COLIMA_HOME: '/colima' },
    });
    assert.deepEqual(await rows(machine), [
      'Docker: unix:///var/run/docker.sock',
      'Docker Desktop: unix:///Users/ada/.docker/run/docker.sock',
      'Docker Desktop: unix:///Users/ada/.docker/desktop/docker.sock',
      'Colima: unix:///colima/default/docker.sock',
      'Colima: unix:///Users/ada/.colima/default/docker.sock',
      'Colima: unix:///Users/ada/.config/colima/default/docker.sock',
      'OrbStack: unix:///Users/ada/.orbstack/run/docker.sock',
      'Rancher Desktop: unix:///Users/ada/.rd/docker.sock',
      'Podman: unix:///var/folders/x/T/podman/podman-machine-default-api.sock',
      'Podman: unix:///Users/ada/.local/share/containers/podman/machine/podman.sock',
      'Podman: unix:///Users/ada/.local/share/containers/podman/machine/podman-machine-default/podman.sock',
      'Podman: unix:///Users/ada/.local/share/containers/podman/machine/qemu/podman.sock',
    ]);
  });

  it('lists the pipes of Windows in order', async () => {
    const machine = fakeMachine({ platform: 'win32', homeDirectory: 'C:\\Users\\ada', userId: undefined });
    assert.deepEqual(await rows(machine), [
      'Docker: npipe:////./pipe/docker_engine',
      'Docker Desktop: npipe:////./pipe/dockerDesktopLinuxEngine',
      'Podman: npipe:////./pipe/podman-machine-default',
    ]);
  });
});
