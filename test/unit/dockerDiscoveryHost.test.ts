import assert from 'node:assert/strict';
import { parseDockerHost, shownDockerHost } from '../../src/engine/docker/dockerHost';
import { addressOf } from '../../src/engine/docker/endpoint';
import { EngineError } from '../../src/engine/engine';

const linux = { platform: 'linux', secure: false } as const;
const windows = { platform: 'win32', secure: false } as const;

describe('parseDockerHost', () => {
  const understood: readonly (readonly [string, object])[] = [
    ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
    ['  unix:///a b/docker.sock\n', { kind: 'unix', path: '/a b/docker.sock' }],
    ['UNIX:///x', { kind: 'unix', path: '/x' }],
    ['unix://', { kind: 'unix', path: '/var/run/docker.sock' }],
    ['tcp://box:1234', { kind: 'tcp', host: 'box', port: 1234, secure: false }],
    ['tcp://box', { kind: 'tcp', host: 'box', port: 2375, secure: false }],
    ['tcp://box/', { kind: 'tcp', host: 'box', port: 2375, secure: false }],
    ['tcp://', { kind: 'tcp', host: 'localhost', port: 2375, secure: false }],
    ['http://box:80', { kind: 'tcp', host: 'box', port: 80, secure: false }],
    ['https://box', { kind: 'tcp', host: 'box', port: 2376, secure: true }],
    ['https://box:443', { kind: 'tcp', host: 'box', port: 443, secure: true }],
    ['box:1234', { kind: 'tcp', host: 'box', port: 1234, secure: false }],
    ['10.0.0.9', { kind: 'tcp', host: '10.0.0.9', port: 2375, secure: false }],
    [':2375', { kind: 'tcp', host: 'localhost', port: 2375, secure: false }],
    ['tcp://[::1]:99', { kind: 'tcp', host: '::1', port: 99, secure: false }],
    ['[fe80::1]:99', { kind: 'tcp', host: 'fe80::1', port: 99, secure: false }],
    ['::1', { kind: 'tcp', host: '::1', port: 2375, secure: false }],
    ['ssh://box', { kind: 'ssh', host: 'box' }],
    ['ssh://ada@box:2222', { kind: 'ssh', host: 'box', user: 'ada', port: 2222 }],
    ['ssh://box/run/d.sock', { kind: 'ssh', host: 'box', socketPath: '/run/d.sock' }],
    ['ssh://ada@[::1]', { kind: 'ssh', host: '::1', user: 'ada' }],
  ];
  for (const [text, expected] of understood) {
    it(`understands "${text.trim()}"`, () => assert.deepEqual(parseDockerHost(text, linux), expected));
  }

  it('takes port 2376 when the environment wants TLS', () => {
    const host = parseDockerHost('tcp://box', { platform: 'linux', secure: true });
    assert.deepEqual(host, { kind: 'tcp', host: 'box', port: 2376, secure: true });
  });

  it('understands every way to write a pipe, on Windows', () => {
    const texts = ['npipe:////./pipe/x', 'npipe://./pipe/x', 'npipe://\\\\.\\pipe\\x'];
    for (const text of texts) {
      assert.deepEqual(parseDockerHost(text, windows), { kind: 'npipe', path: '//./pipe/x' });
    }
    assert.deepEqual(parseDockerHost('npipe://', windows), { kind: 'npipe', path: '//./pipe/docker_engine' });
  });

  const refused: readonly (readonly [string, RegExp, { platform: NodeJS.Platform; secure: boolean }?])[] = [
    ['fd://', /systemd.*unix:\/\/\/var\/run\/docker\.sock/],
    ['ftp://box', /"ftp:\/\/" is unknown.*tcp:\/\/host:2375/],
    ['/var/run/docker.sock', /Write unix:\/\/\/var\/run\/docker\.sock/],
    ['\\\\.\\pipe\\docker_engine', /Write npipe:\/\/\/\/\.\/pipe\/docker_engine/, windows],
    ['unix://run/docker.sock', /three slashes/],
    ['unix://~/docker.sock', /~ and \$HOME/],
    [`unix:///${'x'.repeat(107)}`, /longer than the 107 bytes/],
    [`unix:///${'x'.repeat(103)}`, /longer than the 103 bytes/, { platform: 'darwin', secure: false }],
    ['unix:///var/run/docker.sock', /no unix sockets on Windows/, windows],
    ['npipe:////./pipe/docker_engine', /Windows only/],
    ['npipe:////server/pipe/docker_engine', /no pipe of this machine/, windows],
    ['tcp://box:0', /no port 0/],
    ['tcp://box:65536', /no port 65536/],
    ['tcp://box:port', /host and port/],
    ['tcp://box:1/prefix', /path after the port/],
    ['tcp://b ox:1', /host and port/],
    ['tcp://[zz]:1', /host and port/],
    ['tcp://[fe80::1%eth0]:1', /host and port/],
    ['tcp://box:1?x=1', /\? and #/],
    ['tcp://box\u0000:1', /control characters/],
    ['ssh://', /host is missing/],
    ['ssh://-oProxyCommand=x', /host and port|must not start with "-"/],
    ['ssh://-box', /must not start with "-"/],
    ['ssh://-lroot@box', /must not start with "-"/],
    ['ssh://$(id)@box', /characters that no user has/],
    ['ssh://`id`', /host and port/],
    ['ssh://box?x=1', /\? and #/],
  ];
  for (const [text, pattern, options = linux] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))} (${options.platform}) and says what to do`, () => {
      const error = refusal(text, options);
      assert.equal(error.code, 'badEndpoint');
      assert.match(error.message, pattern);
    });
  }

  for (const text of [
    'ssh://ada:hunter2@box',
    'tcp://ada:hunter2@box:1',
    'tcp://hunter2@box:1',
    'ada:hunter2@box:1',
    'tcp://ada:hun/hunter2@box:1',
    'tcp://ada:hun @hunter2 @box:1',
    'tcp://box:1?password=hunter2',
    'ssh://ada@box#hunter2',
    'tcp:/ada:hunter2@box',
  ]) {
    it(`does not repeat the password of ${text}`, () => {
      assert.doesNotMatch(refusal(text, linux).message, /hunter2/);
      assert.doesNotMatch(shownDockerHost(text), /hunter2/);
    });
  }

  it('reads back the addresses it shows', () => {
    for (const text of [
      'unix:///x',
      'tcp://box:1',
      'tcp://[::1]:1',
      'ssh://ada@[::1]:22/run/d.sock',
      'ssh://box',
    ]) {
      const host = parseDockerHost(text, linux);
      assert.equal(addressOf(host), text);
    }
    assert.equal(
      addressOf({ kind: 'tls', host: '::1', port: 2376, tls: { skipVerify: false } }),
      'https://[::1]:2376',
    );
    assert.equal(addressOf(parseDockerHost('npipe://', windows)), 'npipe:////./pipe/docker_engine');
  });
});

function refusal(text: string, options: Parameters<typeof parseDockerHost>[1]): EngineError {
  try {
    parseDockerHost(text, options);
  } catch (error) {
    assert.ok(error instanceof EngineError);
    return error;
  }
  return assert.fail(`${text} was accepted`);
}
