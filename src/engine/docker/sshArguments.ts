import { EngineError } from '../engine';
import type { SshEndpoint } from './endpoint';

const CONNECT_TIMEOUT_SECONDS = 10;
/** With these two a dead network ends the connection after half a minute instead of never. */
const ALIVE_INTERVAL_SECONDS = 10;
const ALIVE_COUNT = 3;

/**
 * The argument vector of `ssh` that reaches the far engine through `docker system dial-stdio`, as the docker CLI does.
 * It asks nothing: what would need a password or a yes fails instead.
 *
 * @throws EngineError `badEndpoint` when host or user could be taken for an option or for shell code
 */
export function sshArguments({ host, user, port, socketPath }: SshEndpoint): readonly string[] {
  requireSshName('host', host);
  if (user !== undefined) requireSshName('user', user);
  return [
    '-T',
    ...option('BatchMode', 'yes'),
    ...option('ConnectTimeout', CONNECT_TIMEOUT_SECONDS),
    ...option('ServerAliveInterval', ALIVE_INTERVAL_SECONDS),
    ...option('ServerAliveCountMax', ALIVE_COUNT),
    // Forwarded ports of the user's configuration are for terminals; here they would be in use already.
    ...option('ClearAllForwardings', 'yes'),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    host,
    remoteCommand(socketPath),
  ];
}

/**
 * Refuses what ssh could take for an option, and what a ProxyCommand of the user's could hand to a shell (the
 * characters OpenSSH itself refuses in names since 9.6).
 */
export function requireSshName(what: 'host' | 'user', name: string): void {
  if (name === '') throw new EngineError('badEndpoint', `the ${what} is missing. Write ssh://user@host.`);
  if (name.startsWith('-')) throw new EngineError('badEndpoint', `a ${what} must not start with "-".`);
  if (/[\s\p{Cc}'"`$;&<>|(){}\\]/u.test(name)) {
    throw new EngineError(
      'badEndpoint',
      `the ${what} holds characters that no ${what} has. Write ssh://user@host.`,
    );
  }
}

function option(name: string, value: string | number): readonly string[] {
  return ['-o', `${name}=${value}`];
}

/** The login shell over there reads this, so the path is quoted for it. */
function remoteCommand(socketPath: string | undefined): string {
  if (socketPath === undefined) return 'docker system dial-stdio';
  const quoted = `'${`unix://${socketPath}`.replaceAll("'", "'\\''")}'`;
  return `docker --host ${quoted} system dial-stdio`;
}
