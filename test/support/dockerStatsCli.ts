import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** One line of `docker stats --format '{{json .}}'`. */
export interface CliStats {
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

const run = promisify(execFile);
const CLI_DEADLINE_MS = 30_000;
/** What an engine writes where processes have no limit; as a number of JavaScript it is more than 64 bits hold. */
const NO_LIMIT = '18446744073709551615';
const NO_LIMIT_ROUNDED = String(Number(NO_LIMIT));

/** The version of the docker CLI on this machine, or undefined if there is none. */
export async function dockerCliVersion(): Promise<string | undefined> {
  try {
    return (await run('docker', ['--version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

/** What `docker stats` prints of containers of an engine, in the order of the names. */
export async function cliStats(dockerHost: string, names: readonly string[]): Promise<readonly CliStats[]> {
  const options = ['stats', '--no-stream', '--format', '{{json .}}', ...names];
  const { stdout } = await run('docker', options, {
    timeout: CLI_DEADLINE_MS,
    env: { ...process.env, DOCKER_HOST: dockerHost, DOCKER_CONTEXT: '', DOCKER_TLS_VERIFY: '' },
  });
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  const byName = new Map(
    lines
      .map((line) => JSON.parse(line) as CliStats & { Container: string })
      .map((row) => [row.Container, row]),
  );
  return names.map((name) => {
    const row = byName.get(name);
    if (!row) throw new Error(`docker stats said nothing of ${name}: ${stdout}`);
    return row;
  });
}

/** Has the docker CLI read a payload as an engine's answer, and returns what it makes of it. */
export async function cliStatsOfPayload(payload: unknown, operatingSystem: string): Promise<CliStats> {
  const folder = await mkdtemp(join(tmpdir(), 'quaywatch-stats-'));
  const socketPath = join(folder, 'engine.sock');
  const server = createServer((request, response) => answer(request, response, payload, operatingSystem));
  try {
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const [row] = await cliStats(`unix://${socketPath}`, ['container']);
    if (!row) throw new Error('docker stats said nothing.');
    return row;
  } finally {
    await closed(server);
    await rm(folder, { recursive: true, force: true });
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  payload: unknown,
  operatingSystem: string,
): void {
  response.setHeader('Api-Version', '1.41');
  response.setHeader('Ostype', operatingSystem);
  // Where the CLI reads from which system's formula to take.
  response.setHeader('Server', `Docker/20.10.24 (${operatingSystem})`);
  response.setHeader('Content-Type', 'application/json');
  const body = JSON.stringify(bodyFor(request.url ?? '', payload, operatingSystem));
  response.end(body.replaceAll(NO_LIMIT_ROUNDED, NO_LIMIT));
}

function bodyFor(url: string, payload: unknown, operatingSystem: string): unknown {
  if (url.includes('/stats')) return payload;
  if (url.includes('/version')) return { Os: operatingSystem, ApiVersion: '1.41', Version: '20.10.24' };
  return { OSType: operatingSystem };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
