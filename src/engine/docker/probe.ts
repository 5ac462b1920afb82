import { stat } from 'node:fs/promises';
import * as v from 'valibot';
import { EngineError, type EngineInfo } from '../engine';
import { negotiateApiVersion } from './apiVersion';
import { withinDeadline, type Limits } from './deadline';
import type { DockerEndpoint, FoundEndpoint } from './endpoint';
import { toEngineError } from './errors';
import { fieldOf } from './explanation';
import { explainStatus } from './httpErrors';
import { httpGet, type HttpAnswer } from './httpGet';
import { openTransport, type Transport } from './transport';

/** What an engine says of itself when first asked. */
export interface ProbedEngine extends EngineInfo {
  /** The newest API version the engine itself speaks; `apiVersion` is the one to use. */
  readonly engineApiVersion: string;
}

type Identity = Pick<EngineInfo, 'product' | 'version' | 'operatingSystem'>;

const DOING = 'reach the engine';

const versionSchema = v.looseObject({
  Version: v.string(),
  Os: v.optional(v.string()),
  Components: v.nullish(v.array(v.looseObject({ Name: v.string() }))),
});

/**
 * Asks whether an engine answers there, which one, and in which API version to talk to it. Leaves no connection and no
 * process behind.
 *
 * Rejects with an EngineError, or with the reason of `limits.signal` when that aborts.
 */
export async function probe(found: FoundEndpoint, limits: Limits): Promise<ProbedEngine> {
  const transport = openTransport(found.endpoint);
  try {
    return await withinDeadline(limits, DOING, (signal) => ask(found, transport, signal));
  } finally {
    transport.dispose();
  }
}

async function ask(found: FoundEndpoint, transport: Transport, signal: AbortSignal): Promise<ProbedEngine> {
  try {
    const answer = await httpGet(transport, '/_ping', signal);
    const engineApiVersion = apiVersionOf(answer);
    const apiVersion = negotiateApiVersion(engineApiVersion);
    const identity = identityInHeaders(answer) ?? (await askForIdentity(transport, apiVersion, signal));
    return { ...identity, apiVersion, engineApiVersion, address: found.address, source: found.source };
  } catch (error) {
    throw (await notASocket(error, found.endpoint)) ?? toEngineError(error, DOING);
  }
}

/** What answers `/_ping` with an API version is an engine; what does not gets an error that tells what it is instead. */
function apiVersionOf({ statusCode, headers, body }: HttpAnswer): string {
  const version = headers['api-version'];
  if (statusCode === 200 && typeof version === 'string') return version;
  if (statusCode === 400 && /HTTP request to an HTTPS server/i.test(body)) {
    throw new EngineError(
      'tlsFailed',
      'The server wants TLS on this port. Write https:// or set DOCKER_TLS_VERIFY=1.',
    );
  }
  const isPage = /html/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype|html)/i.test(body);
  if (statusCode < 400 || statusCode === 404 || isPage) {
    const what = isPage ? 'a web page' : `HTTP status ${statusCode} without an API version`;
    throw new EngineError(
      'badResponse',
      `What answers there is not a Docker engine: it sent ${what}. Check address and port.`,
    );
  }
  const { code, text } = explainStatus(statusCode, `it answered with HTTP status ${statusCode}.`, undefined);
  throw new EngineError(code, `The engine does not let itself be asked: ${text}`);
}

/** Reads `Docker/20.10.24 (linux)`. A proxy in front puts its own name there; that is not the engine's. */
function identityInHeaders({ headers }: HttpAnswer): Identity | undefined {
  const pattern = /^(?<product>Docker|Libpod)\/(?<version>\S+)(?: \((?<system>\w+)\))?/;
  const { product, version, system } = pattern.exec(textOf(headers['server']))?.groups ?? {};
  const operatingSystem = textOf(headers['ostype']) || system;
  if (product === undefined || version === undefined || operatingSystem === undefined) return undefined;
  return { product, version, operatingSystem };
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

async function askForIdentity(
  transport: Transport,
  apiVersion: string,
  signal: AbortSignal,
): Promise<Identity> {
  const { statusCode, headers, body } = await httpGet(transport, `/v${apiVersion}/version`, signal);
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), versionSchema), body);
  if (statusCode !== 200 || !result.success) {
    throw new EngineError(
      'badResponse',
      `The engine does not tell its version (HTTP status ${statusCode}). Check what stands in front of it.`,
    );
  }
  const { Version: version, Os: system, Components: components } = result.output;
  const isPodman = components?.some(({ Name }) => Name.startsWith('Podman')) ?? false;
  const operatingSystem = system ?? (textOf(headers['ostype']) || 'linux');
  return { product: isPodman ? 'Libpod' : 'Docker', version, operatingSystem };
}

/** Connecting to a file or a directory fails just as connecting to a socket nobody listens on, so look what it is. */
async function notASocket(error: unknown, endpoint: DockerEndpoint): Promise<EngineError | undefined> {
  const code = fieldOf(error, 'code');
  if (endpoint.kind !== 'unix' || (code !== 'ECONNREFUSED' && code !== 'ENOTSOCK')) return undefined;
  const status = await stat(endpoint.path).catch(() => undefined);
  if (status === undefined || status.isSocket()) return undefined;
  const what = status.isDirectory() ? 'a directory' : 'a file';
  const text = `${endpoint.path} is ${what}, not a socket. Name the socket the engine listens on.`;
  return new EngineError('badEndpoint', `Could not ${DOING}: ${text}`, { cause: error });
}
