/** The Docker Engine API with nothing but node:http, for scripts that run before `npm ci`. */
import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** @typedef {{socketPath: string} | {host: string, port: number}} EngineAddress */
/** @typedef {{status: number, body: Buffer}} EngineResponse */

const REQUEST_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 2_000;
const DOCKER_PORT = 2375;

/**
 * @param {string} dockerHost as in DOCKER_HOST: unix://…, npipe://…, tcp://host:port
 * @returns {EngineAddress | undefined} undefined for kinds that plain HTTP can't reach (ssh)
 */
export function parseDockerHost(dockerHost) {
  const local = /^(?:unix|npipe):\/\/(.+)$/.exec(dockerHost)?.[1];
  if (local) return { socketPath: local };
  if (!/^(tcp|http):/.test(dockerHost)) return undefined;
  const url = new URL(dockerHost.replace(/^tcp:/, 'http:'));
  return { host: url.hostname, port: Number(url.port || DOCKER_PORT) };
}

/** The DOCKER_HOST that names an address. @param {EngineAddress} address */
export function dockerHostOf(address) {
  if (!('socketPath' in address)) return `tcp://${address.host}:${address.port}`;
  return `${process.platform === 'win32' ? 'npipe' : 'unix'}://${address.socketPath}`;
}

/**
 * @param {EngineAddress} address
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, tar?: NodeJS.ReadableStream, timeoutMs?: number}} [options] body is sent as JSON,
 *   tar as a stream
 * @returns {Promise<EngineResponse>}
 */
export function engineRequest(address, method, path, { body, tar, timeoutMs = REQUEST_TIMEOUT_MS } = {}) {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const headers = tar
      ? { 'content-type': 'application/x-tar' }
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json ?? '') };
    const outgoing = request({ ...address, method, path, headers, agent: false }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.once('error', reject);
    if (tar) tar.pipe(outgoing);
    else outgoing.end(json);
  });
}

/**
 * Like {@link engineRequest}, for JSON: throws the engine's message for any status of 400 and above.
 * @param {EngineAddress} address
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<unknown>} undefined for an empty answer
 */
export async function engineJson(address, method, path, body) {
  const response = await engineRequest(address, method, path, body === undefined ? {} : { body });
  const text = response.body.toString();
  if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text.trim()}`);
  return text.trim() ? JSON.parse(text) : undefined;
}

/** Whether an engine answers there now. Never throws. @param {EngineAddress} address */
export async function answersPing(address) {
  try {
    return (await engineRequest(address, 'GET', '/_ping', { timeoutMs: PING_TIMEOUT_MS })).status === 200;
  } catch {
    return false;
  }
}

/**
 * The engine a person would mean: DOCKER_HOST when it is set (and then no other), else the first of the usual
 * sockets that answers.
 * @returns {Promise<EngineAddress | undefined>}
 */
export async function findEngine() {
  const dockerHost = process.env['DOCKER_HOST'];
  const candidates = dockerHost ? [parseDockerHost(dockerHost)] : usualSockets();
  for (const address of candidates) {
    if (address && (await answersPing(address))) return address;
  }
  return undefined;
}

/** @returns {EngineAddress[]} */
function usualSockets() {
  if (process.platform === 'win32') return [{ socketPath: '//./pipe/docker_engine' }];
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const inHome = ['.docker/run', '.docker/desktop', '.colima/default', '.orbstack/run', '.rd'];
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    ...inHome.map((folder) => join(homedir(), folder, 'docker.sock')),
    ...(runtime ? [join(runtime, 'podman', 'podman.sock')] : []),
  ].map((socketPath) => ({ socketPath }));
}
