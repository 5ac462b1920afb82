import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { discoverEndpoints } from '../../src/engine/docker/discovery';
import type { Candidate } from '../../src/engine/docker/endpoint';
import type { EngineErrorCode } from '../../src/engine/engine';
import { fakeMachine, systemError } from '../support/dockerEndpointRig';

const DOCKER = '/home/ada/.docker';
/** As `docker context create remote` of Docker 28 named its directory. */
const REMOTE_HASH = 'b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a';

type Files = Readonly<Record<string, string | Error>>;

function context(name: string, docker: object, directory = DOCKER): Files {
  const hash = createHash('sha256').update(name).digest('hex');
  const meta = { Name: name, Metadata: { Description: 'x' }, Endpoints: { docker, kubernetes: {} } };
  return { [`${directory}/contexts/meta/${hash}/meta.json`]: JSON.stringify(meta) };
}

function current(name: unknown): Files {
  return { [`${DOCKER}/config.json`]: JSON.stringify({ auths: {}, currentContext: name }) };
}

async function discover(
  files: Files,
  environment: Record<string, string> = {},
): Promise<readonly Candidate[]> {
  return discoverEndpoints({ dockerHost: undefined, machine: fakeMachine({ files, environment }) });
}

async function refused(files: Files, code: EngineErrorCode, pattern: RegExp): Promise<readonly Candidate[]> {
  const candidates = await discover(files);
  const [first] = candidates;
  assert.ok(first && 'error' in first);
  assert.equal(first.error.code, code);
  assert.match(first.error.message, pattern);
  return candidates;
}

describe("the docker CLI's context", () => {
  it('is read where the CLI wrote it, with its TLS material, and nothing else is tried', async () => {
    const tls = `${DOCKER}/contexts/tls/${REMOTE_HASH}/docker`;
    const candidates = await discover({
      ...current('remote'),
      [`${DOCKER}/contexts/meta/${REMOTE_HASH}/meta.json`]:
        '{"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.0.0.9:2376","SkipTLSVerify":true}}}',
      [`${tls}/ca.pem`]: 'CA',
      [`${tls}/cert.pem`]: 'CERT',
      [`${tls}/key.pem`]: 'KEY',
    });
    assert.deepEqual(candidates, [
      {
        source: 'context remote',
        address: 'https://10.0.0.9:2376',
        endpoint: {
          kind: 'tls',
          host: '10.0.0.9',
          port: 2376,
          tls: { ca: 'CA', cert: 'CERT', key: 'KEY', skipVerify: true },
        },
      },
    ]);
  });

  it('is plain TCP without TLS material', async () => {
    const [candidate] = await discover({
      ...current('plain'),
      ...context('plain', { Host: 'tcp://box:2375' }),
    });
    assert.equal(candidate?.address, 'tcp://box:2375');
  });

  it('may be reached by ssh, and then nothing else is tried', async () => {
    const candidates = await discover({
      ...current('far'),
      ...context('far', { Host: 'ssh://root@box:2222' }),
    });
    assert.deepEqual(
      candidates.map(({ address }) => address),
      ['ssh://root@box:2222'],
    );
  });

  it('comes first when it is local, followed by the usual sockets without repeating it', async () => {
    const socket = `unix://${DOCKER}/desktop/docker.sock`;
    const candidates = await discover({
      ...current('desktop-linux'),
      ...context('desktop-linux', { Host: socket }),
    });
    assert.equal(candidates[0]?.source, 'context desktop-linux');
    assert.equal(candidates[1]?.source, 'Docker');
    assert.equal(candidates.filter(({ address }) => address === socket).length, 1);
  });

  it('is the one DOCKER_CONTEXT names rather than that of config.json', async () => {
    const files = { ...current('far'), ...context('other', { Host: 'ssh://other' }) };
    const [candidate] = await discover(files, { DOCKER_CONTEXT: 'other' });
    assert.equal(candidate?.source, 'context other');
  });

  it('is looked for below DOCKER_CONFIG', async () => {
    const files = context('far', { Host: 'ssh://far' }, '/elsewhere');
    const [candidate] = await discover(files, { DOCKER_CONTEXT: 'far', DOCKER_CONFIG: '/elsewhere' });
    assert.equal(candidate?.address, 'ssh://far');
  });

  for (const [what, files, environment] of [
    ['no config.json', {}, {}],
    ['no currentContext', { [`${DOCKER}/config.json`]: '{"auths":{}}' }, {}],
    ['a currentContext of null', current(null), {}],
    ['an empty currentContext', current(''), {}],
    ['the context default', current('default'), {}],
    ['DOCKER_CONTEXT=default', current('far'), { DOCKER_CONTEXT: 'default' }],
  ] as const) {
    it(`means the usual sockets: ${what}`, async () => {
      const [candidate] = await discover(files, environment);
      assert.equal(candidate?.source, 'Docker');
    });
  }

  it('that does not exist is an error that names who asked for it, and nothing replaces it', async () => {
    const pattern =
      /no Docker context "gone", which \/home\/ada\/\.docker\/config\.json names.*docker context use/;
    assert.equal((await refused(current('gone'), 'badEndpoint', pattern)).length, 1);
  });

  it('does not quote a broken config.json, which may hold passwords, and goes on', async () => {
    const files = { [`${DOCKER}/config.json`]: '{"auths":{"registry":{"auth":"aHVudGVyMg=="}}, oops' };
    const candidates = await refused(files, 'badEndpoint', /config\.json is not valid JSON/);
    const [first] = candidates;
    assert.ok(first && 'error' in first);
    assert.doesNotMatch(`${first.error.message}${String(first.error.cause)}`, /aHVu|oops/);
    assert.equal(candidates[1]?.source, 'Docker');
  });

  it('says which field of a file is wrong', async () => {
    await refused(current(7), 'badEndpoint', /config\.json is not as .* at currentContext/);
    await refused(
      { [`${DOCKER}/config.json`]: '7' },
      'badEndpoint',
      /config\.json is not as .* at its top level/,
    );
    await refused(
      { ...current('x'), ...context('x', { Host: 7 }) },
      'badEndpoint',
      /at Endpoints\.docker\.Host/,
    );
    await refused({ ...current('x'), ...context('x', {}) }, 'badEndpoint', /at Endpoints\.docker\.Host/);
  });

  it('says what is wrong with its host', async () => {
    const files = { ...current('x'), ...context('x', { Host: 'gopher://x' }) };
    await refused(files, 'badEndpoint', /"gopher:\/\/" is unknown/);
  });

  it('says which file may not be read', async () => {
    const files = { [`${DOCKER}/config.json`]: systemError('EACCES') };
    await refused(files, 'badEndpoint', /config\.json can't be read \(EACCES\)/);
  });
});
