import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Machine } from '../../src/engine/docker/machine';

/** A machine made of data: no file outside `files` exists, no environment but the given one. */
export function fakeMachine(
  parts: Partial<Omit<Machine, 'readFile'>> & {
    readonly files?: Readonly<Record<string, string | Error>>;
  } = {},
): Machine {
  const files = parts.files ?? {};
  return {
    environment: parts.environment ?? {},
    platform: parts.platform ?? 'linux',
    homeDirectory: parts.homeDirectory ?? '/home/ada',
    userId: 'userId' in parts ? parts.userId : 1000,
    readFile: (filePath) => {
      const content = files[filePath];
      if (typeof content === 'string') return Promise.resolve(content);
      return Promise.reject(content ?? systemError('ENOENT', { path: filePath }));
    },
  };
}

export function systemError(code: string, fields: object = {}): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code, ...fields });
}

/** Collects what a suite opens and closes it again, last opened first. */
export class Cleanup {
  private readonly tasks: (() => unknown)[] = [];

  add(task: () => unknown): void {
    this.tasks.push(task);
  }

  async run(): Promise<void> {
    for (const task of this.tasks.splice(0).reverse()) await task();
  }

  async directory(): Promise<string> {
    const directory = await mkdtemp(path.join(tmpdir(), 'qw-'));
    this.add(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** Listens on a path or, given 0, on a free port of the loopback interface, which it resolves with. */
  async listen(server: NetServer, where: string | 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (where === 0) server.listen(0, '127.0.0.1', resolve);
      else server.listen(where, resolve);
    });
    this.add(() => {
      if (server instanceof http.Server) server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Sets an environment variable of this process until the cleanup. */
  setEnvironment(name: string, value: string | undefined): void {
    const before = process.env[name];
    const assign = (next: string | undefined): void => {
      if (next === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = next;
    };
    assign(value);
    this.add(() => assign(before));
  }
}

export const DOCKER_PING_HEADERS = {
  'Api-Version': '1.41',
  Ostype: 'linux',
  Server: 'Docker/20.10.24 (linux)',
};

/** Answers `/_ping` as an engine does, `/hold` never, `/upgrade` by echoing the raw connection, else its own path. */
export function engineDouble(headers: Record<string, string> = DOCKER_PING_HEADERS): http.Server {
  const server = http.createServer((request, response) => {
    if (request.url === '/hold') return;
    if (request.url === '/_ping') response.writeHead(200, headers).end('OK');
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ path: request.url }));
  });
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.pipe(socket);
  });
  return server;
}

const FAKE_SSH = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const net = require('node:net');
const { FAKE_SSH_DIRECTORY: directory, FAKE_SSH_MODE: mode = 'connect', FAKE_SSH_SOCKET: socketPath } = process.env;
appendFileSync(directory + '/calls', JSON.stringify({ pid: process.pid, argv: process.argv.slice(2) }) + '\\n');
if (mode.startsWith('exit ')) {
  const [, status, complaint] = /^exit (\\d+) (.*)$/s.exec(mode);
  process.stderr.write(complaint, () => process.exit(Number(status)));
} else if (mode === 'silent') {
  process.stdin.resume();
} else if (mode === 'stubborn') {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1000);
} else {
  const socket = net.connect(socketPath);
  process.stdin.pipe(socket).pipe(process.stdout);
  socket.on('close', () => process.exit(mode === 'connect' ? 0 : 255));
}
`;

export interface FakeSshCall {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** An `ssh` first on PATH that connects to a local socket instead, and notes how it was called. */
export class FakeSsh {
  private constructor(
    private readonly directory: string,
    private readonly cleanup: Cleanup,
  ) {}

  static async install(cleanup: Cleanup, socketPath: string): Promise<FakeSsh> {
    const directory = await cleanup.directory();
    const script = path.join(directory, 'ssh');
    await writeFile(script, FAKE_SSH);
    await chmod(script, 0o755);
    cleanup.setEnvironment('PATH', `${directory}${path.delimiter}${process.env['PATH'] ?? ''}`);
    cleanup.setEnvironment('FAKE_SSH_DIRECTORY', directory);
    cleanup.setEnvironment('FAKE_SSH_SOCKET', socketPath);
    const fake = new FakeSsh(directory, cleanup);
    cleanup.add(() => fake.killAll());
    return fake;
  }

  /** `connect`; `exit STATUS COMPLAINT`; `silent`; or `stubborn`, which also ignores being told to end. */
  setMode(mode: string): void {
    this.cleanup.setEnvironment('FAKE_SSH_MODE', mode);
  }

  async calls(): Promise<readonly FakeSshCall[]> {
    const text = await readFile(path.join(this.directory, 'calls'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as FakeSshCall);
  }

  /** For tests that failed; after a good one none is left. */
  private async killAll(): Promise<void> {
    for (const { pid } of await this.calls()) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }

  async running(): Promise<number> {
    return (await this.calls()).filter(({ pid }) => isRunning(pid)).length;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const LONGEST_WAIT_MS = 8_000;

/** Waits for a condition, with a bound of its own so that what comes after it in a hook still runs. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + LONGEST_WAIT_MS;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAtMs) throw new Error(`Still not so: ${isTrue.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Certificates {
  readonly ca: string;
  readonly serverKey: string;
  readonly serverCert: string;
  readonly clientKey: string;
  readonly clientCert: string;
}

/** An authority and two certificates for 127.0.0.1 signed by it; `undefined` where there is no openssl. */
export async function makeCertificates(cleanup: Cleanup): Promise<Certificates | undefined> {
  const directory = await cleanup.directory();
  const openssl = (...words: readonly string[]): void => {
    execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    openssl('version');
  } catch {
    return undefined;
  }
  await writeFile(path.join(directory, 'names'), 'subjectAltName=IP:127.0.0.1');
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test authority',
    '-days',
    '2',
  );
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signing = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing);
  }
  const read = (name: string): Promise<string> => readFile(path.join(directory, name), 'utf8');
  const [ca, serverKey, serverCert, clientKey, clientCert] = await Promise.all([
    read('ca.pem'),
    read('server.key'),
    read('server.pem'),
    read('client.key'),
    read('client.pem'),
  ]);
  return { ca, serverKey, serverCert, clientKey, clientCert };
}
