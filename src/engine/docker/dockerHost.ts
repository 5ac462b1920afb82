import { isIPv6 } from 'node:net';
import { EngineError } from '../engine';
import type { PipeEndpoint, SshEndpoint, UnixEndpoint } from './endpoint';
import { requireSshName } from './sshArguments';

/** A TCP address of which it is known whether TLS is wanted, but whose TLS material is not read yet. */
export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** What a Docker host string says. */
export type DockerHost = UnixEndpoint | PipeEndpoint | SshEndpoint | TcpAddress;

export interface DockerHostOptions {
  readonly platform: NodeJS.Platform;
  /** Whether `tcp://` means TLS here, as DOCKER_TLS_VERIFY says; `https://` always does. */
  readonly secure: boolean;
}

const DEFAULT_SOCKET_PATH = '/var/run/docker.sock';
const DEFAULT_PIPE_PATH = '//./pipe/docker_engine';
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;
const HIGHEST_PORT = 65_535;
/** What fits into `sockaddr_un`; Node would silently connect to a truncated path. */
const LONGEST_SOCKET_PATH_BYTES = { darwin: 103, other: 107 };
const EXAMPLES = 'Write for example unix:///var/run/docker.sock, tcp://host:2375 or ssh://user@host.';

/**
 * Reads a Docker host string as the docker CLI does: `unix://`, `npipe://`, `tcp://`, `ssh://` or a bare `host:port`;
 * besides those `http://` and `https://`. Without a port, Docker's own apply: 2375, and 2376 with TLS.
 *
 * @throws EngineError `badEndpoint`, whose message says what to write instead and repeats no password
 */
export function parseDockerHost(text: string, options: DockerHostOptions): DockerHost {
  try {
    return parse(text.trim(), options);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(
      error.code,
      `"${shownDockerHost(text)}" can't be used as Docker host: ${error.message}`,
    );
  }
}

/** A Docker host string as somebody wrote it, right or wrong, without what might be a credential. */
export function shownDockerHost(text: string): string {
  const trimmed = text.trim();
  if (/^ssh:\/\/[^\s:@/?#]+@[^@?#]*$/i.test(trimmed)) return trimmed;
  return trimmed.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@').replace(/[?#].*$/s, '?…');
}

function parse(text: string, options: DockerHostOptions): DockerHost {
  if (/\p{Cc}/u.test(text)) throw refuse(`it contains control characters. ${EXAMPLES}`);
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) return parseBare(text, options);
  switch (scheme.toLowerCase()) {
    case 'unix':
      return parseUnix(rest, options.platform);
    case 'npipe':
      return parsePipe(rest, options.platform);
    case 'tcp':
      return parseTcp(rest, options.secure);
    case 'http':
      return parseTcp(rest, false);
    case 'https':
      return parseTcp(rest, true);
    case 'ssh':
      return parseSsh(rest);
    case 'fd':
      throw refuse('fd:// is how systemd hands dockerd its sockets. Write unix:///var/run/docker.sock.');
    default:
      throw refuse(`"${scheme}://" is unknown. ${EXAMPLES}`);
  }
}

function parseBare(text: string, options: DockerHostOptions): DockerHost {
  if (text.startsWith('/')) throw refuse(`a path needs a scheme. Write unix://${text}.`);
  if (text.startsWith('\\\\'))
    throw refuse(`a pipe needs a scheme. Write npipe://${text.replaceAll('\\', '/')}.`);
  return parseTcp(isIPv6(text) ? `[${text}]` : text, options.secure);
}

function parseUnix(rest: string, platform: NodeJS.Platform): UnixEndpoint {
  if (platform === 'win32')
    throw refuse('there are no unix sockets on Windows. Use npipe:////./pipe/docker_engine.');
  const path = rest === '' ? DEFAULT_SOCKET_PATH : rest;
  if (!path.startsWith('/')) {
    throw refuse(
      'the path is not absolute. Write three slashes: unix:///var/run/docker.sock; ~ and $HOME stay as they are.',
    );
  }
  const longestBytes =
    platform === 'darwin' ? LONGEST_SOCKET_PATH_BYTES.darwin : LONGEST_SOCKET_PATH_BYTES.other;
  if (Buffer.byteLength(path) > longestBytes) {
    throw refuse(
      `the path is longer than the ${longestBytes} bytes a socket path may have. Make a shorter link to it.`,
    );
  }
  return { kind: 'unix', path };
}

function parsePipe(rest: string, platform: NodeJS.Platform): PipeEndpoint {
  if (platform !== 'win32')
    throw refuse('named pipes exist on Windows only. Write unix:///var/run/docker.sock.');
  if (rest === '') return { kind: 'npipe', path: DEFAULT_PIPE_PATH };
  const [, name] = /^(?:\/\/)?\.\/pipe\/(.+)$/i.exec(rest.replaceAll('\\', '/')) ?? [];
  // Pipes of other machines are refused: opening one hands that machine the user's Windows login.
  if (name === undefined)
    throw refuse('it is no pipe of this machine. Write npipe:////./pipe/docker_engine.');
  return { kind: 'npipe', path: `//./pipe/${name}` };
}

function parseTcp(rest: string, secure: boolean): TcpAddress {
  const { user, host, port, path } = parseAuthority(rest);
  if (user !== undefined)
    throw refuse('the Engine API knows no user names and passwords. Leave out all before the @.');
  if (path !== '') throw refuse('a path after the port is not supported. Write only host and port.');
  return { kind: 'tcp', host: host || 'localhost', port: port ?? (secure ? TLS_PORT : PLAIN_PORT), secure };
}

function parseSsh(rest: string): SshEndpoint {
  const { user, host, port, path } = parseAuthority(rest);
  if (user?.includes(':'))
    throw refuse('passwords are not supported. Use a key or an ssh agent: ssh://user@host.');
  requireSshName('host', host);
  if (user !== undefined) requireSshName('user', user);
  return {
    kind: 'ssh',
    host,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
    ...(path !== '' && { socketPath: path }),
  };
}

interface Authority {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  /** Empty, or starts with a slash. */
  readonly path: string;
}

function parseAuthority(rest: string): Authority {
  if (/[?#]/.test(rest)) throw refuse(`? and # have no meaning here. ${EXAMPLES}`);
  const pattern =
    /^(?:(?<user>.*)@)?(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^/:@[\]]*))(?::(?<port>\d+))?(?<path>\/.*)?$/;
  const groups: Partial<Record<string, string>> = pattern.exec(rest)?.groups ?? refuseHost();
  const { user, ipv6, name = '', port, path = '' } = groups;
  if (ipv6 !== undefined && (!isIPv6(ipv6) || ipv6.includes('%'))) refuseHost();
  if (ipv6 === undefined && !/^[\w.-]*$/.test(name)) refuseHost();
  return { user, host: ipv6 ?? name, port: parsePort(port), path: path === '/' ? '' : path };
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (port < 1 || port > HIGHEST_PORT)
    throw refuse(`there is no port ${text}; ports go from 1 to ${HIGHEST_PORT}.`);
  return port;
}

function refuseHost(): never {
  throw refuse(`host and port can't be told from it. ${EXAMPLES}`);
}

function refuse(problem: string): EngineError {
  return new EngineError('badEndpoint', problem);
}
