import assert from 'node:assert/strict';
import { toEngineError, withoutCredentials } from '../../src/engine/docker/errors';
import { EngineError, type EngineErrorCode } from '../../src/engine/engine';
import { systemError } from '../support/dockerEndpointRig';

function modemError(statusCode: number, message: string, reason?: string): Error {
  const text = `(HTTP code ${statusCode}) ${reason ?? 'unexpected'} - ${message} `;
  return Object.assign(new Error(text), { statusCode, reason, json: { message } });
}

function podmanError(cause: string, message: string): Error {
  return Object.assign(modemError(500, message), { json: { cause, message, response: 500 } });
}

describe('toEngineError', () => {
  const socket = { address: '/var/run/docker.sock', syscall: 'connect' };
  const cases: readonly (readonly [string, Error, EngineErrorCode, RegExp])[] = [
    [
      'ENOENT',
      systemError('ENOENT', socket),
      'engineNotFound',
      /nothing at \/var\/run\/docker\.sock\. Start/,
    ],
    ['EACCES', systemError('EACCES', socket), 'permissionDenied', /\/var\/run\/docker\.sock.*`docker` group/],
    ['EPERM', systemError('EPERM', socket), 'permissionDenied', /`docker` group/],
    [
      'EACCES of a pipe',
      systemError('EACCES', { address: '//./pipe/docker_engine' }),
      'permissionDenied',
      /docker-users/,
    ],
    ['EACCES of an address', systemError('EACCES', { address: '10.0.0.1' }), 'permissionDenied', /firewall/],
    ['ECONNREFUSED', systemError('ECONNREFUSED', socket), 'unreachable', /nothing listens.*Start the engine/],
    ['ENOTSOCK', systemError('ENOTSOCK'), 'badEndpoint', /not a socket/],
    ['ECONNRESET', systemError('ECONNRESET'), 'connectionLost', /broke.*try again/],
    ['EPIPE', systemError('EPIPE'), 'connectionLost', /broke/],
    ['ETIMEDOUT', systemError('ETIMEDOUT'), 'timeout', /did not answer.*network/],
    ['EHOSTUNREACH', systemError('EHOSTUNREACH'), 'unreachable', /network/],
    ['ENOTFOUND', systemError('ENOTFOUND'), 'unreachable', /host name is unknown/],
    ['a code in the cause', new Error('x', { cause: systemError('ENOTFOUND') }), 'unreachable', /host name/],
    [
      'a self-signed certificate',
      systemError('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'tlsFailed',
      /authority.*ca\.pem/,
    ],
    ['an expired certificate', systemError('CERT_HAS_EXPIRED'), 'tlsFailed', /expired/],
    [
      'a certificate for another name',
      systemError('ERR_TLS_CERT_ALTNAME_INVALID'),
      'tlsFailed',
      /another host name/,
    ],
    [
      'a refused client',
      systemError('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      'tlsFailed',
      /cert\.pem and key\.pem/,
    ],
    ['a broken PEM', systemError('ERR_OSSL_PEM_NO_START_LINE'), 'tlsFailed', /can't be read as PEM/],
    ['another TLS code', systemError('ERR_TLS_SOMETHING_NEW'), 'tlsFailed', /ERR_TLS_SOMETHING_NEW/],
    ['what is not HTTP', systemError('HPE_INVALID_CONSTANT'), 'badResponse', /does not speak HTTP/],
    ['a timeout', new DOMException('x', 'TimeoutError'), 'timeout', /in time/],
    ['an unknown error', new Error('odd thing'), 'connectionLost', /odd thing\.$/],
    ['status 304', modemError(304, 'already started'), 'conflict', /already started/],
    ['status 400', modemError(400, 'bad parameter'), 'badRequest', /bad parameter/],
    ['status 403', modemError(403, 'plugin says no'), 'permissionDenied', /plugin says no\..*ask whoever/],
    [
      'status 404 of a container',
      modemError(404, 'No such container: web', 'no such container'),
      'noSuchContainer',
      /web/,
    ],
    [
      'status 404 of Podman',
      modemError(404, 'no container with name or ID "web" found: no such container'),
      'noSuchContainer',
      /web/,
    ],
    [
      'status 404 of an image',
      modemError(404, 'No such image: web', 'no such image'),
      'badRequest',
      /No such image/,
    ],
    // Engine 20.10, asked to create a container.
    [
      'status 404 of an image to run',
      modemError(404, 'No such image: x:latest', 'no such container'),
      'badRequest',
      /image/,
    ],
    [
      'status 503 without swarm',
      modemError(503, 'This node is not a swarm manager.'),
      'notSupported',
      /manager\.$/,
    ],
    ['status 404 of a route', modemError(404, 'page not found'), 'notSupported', /does not know the request/],
    ['status 409', modemError(409, 'name is in use'), 'conflict', /name is in use/],
    ['status 500', modemError(500, 'disk full'), 'engineFailure', /disk full\. .*log/],
    [
      'the cause that Podman names for a state',
      podmanError('container state improper', 'it is running'),
      'conflict',
      /it is running\.$/,
    ],
    [
      'the cause that Podman names for a log that is not kept',
      podmanError('this container is not logging output', "the 'none' log driver"),
      'notSupported',
      /driver\.$/,
    ],
    [
      'the cause that ends a message of Podman',
      Object.assign(
        new Error(
          "(HTTP code 500) unexpected - the 'none' log driver: this container is not logging output ",
        ),
        { statusCode: 500, json: null },
      ),
      'notSupported',
      /: the 'none' log driver: this/,
    ],
    ['any other cause of Podman', podmanError('odd', 'odd thing'), 'engineFailure', /odd thing\. .*log/],
    ['status 501', modemError(501, 'driver does not support reading'), 'notSupported', /driver/],
    ['status 503', modemError(503, 'starting'), 'engineFailure', /try again/],
    ['status 418', modemError(418, 'teapot'), 'badRequest', /teapot/],
  ];
  for (const [what, error, code, pattern] of cases) {
    it(`maps ${what} to ${code}`, () => {
      const result = toEngineError(error, 'list the containers');
      assert.equal(result.code, code);
      assert.match(result.message, pattern);
      assert.match(result.message, /^Could not list the containers: .*[.!?…]$/);
      assert.equal(result.cause, error);
    });
  }

  it('leaves an EngineError as it is', () => {
    const error = new EngineError('conflict', 'x');
    assert.equal(toEngineError(error, 'y'), error);
  });

  it('takes what is not even an error', () => {
    for (const thrown of [undefined, null, 7, 'text', {}]) {
      assert.equal(toEngineError(thrown, 'x').code, 'connectionLost');
    }
  });

  it('tells an abort by deadline from an abort that was wanted', () => {
    const abort = (cause: unknown): Error =>
      Object.assign(new Error('aborted', { cause }), { name: 'AbortError' });
    assert.equal(toEngineError(abort(new DOMException('x', 'TimeoutError')), 'x').code, 'timeout');
    assert.equal(toEngineError(abort(new EngineError('timeout', 'too late')), 'x').code, 'timeout');
    assert.match(toEngineError(abort(undefined), 'x').message, /cancelled/);
  });

  it('keeps credentials out of messages', () => {
    const error = modemError(500, 'pull from https://ada:hunter2@registry/x?token=hunter2 failed');
    const { message } = toEngineError(error, 'pull');
    assert.doesNotMatch(message, /hunter2/);
    assert.match(message, /pull from https:\/\/…@registry\/x\?… failed/);
  });
});

describe('withoutCredentials', () => {
  it('leaves addresses without secrets alone', () => {
    for (const text of ['tcp://box:1', 'ssh://ada@box:22', 'unix:///var/run/docker.sock', 'Is it on?']) {
      assert.equal(withoutCredentials(text), text);
    }
  });
  it('takes passwords out of several URLs', () => {
    assert.equal(withoutCredentials('ssh://ada:pw@box or tcp://pw@box'), 'ssh://ada:…@box or tcp://…@box');
  });
});
