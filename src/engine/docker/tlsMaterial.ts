import { EngineError } from '../engine';
import type { DockerEndpoint, TlsMaterial } from './endpoint';
import type { DockerHost } from './dockerHost';
import { fieldOf } from './explanation';
import { dockerConfigDirectory, environmentVariable, joinPath, type Machine } from './machine';

/** The three files of a directory with TLS material; those that are absent are left out. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Whether the environment turns `tcp://` into TLS, as for the docker CLI. */
export function environmentWantsTls(machine: Machine): boolean {
  return ['DOCKER_TLS_VERIFY', 'DOCKER_TLS'].some((name) => environmentVariable(machine, name) !== undefined);
}

/**
 * Completes a host from the setting or DOCKER_HOST with the TLS material of DOCKER_CERT_PATH, or else of the docker
 * CLI's own directory. DOCKER_TLS without DOCKER_TLS_VERIFY accepts any server, as the CLI does.
 */
export async function withEnvironmentTls(host: DockerHost, machine: Machine): Promise<DockerEndpoint> {
  if (host.kind !== 'tcp' || !host.secure) return withTls(host, undefined);
  const certPath = environmentVariable(machine, 'DOCKER_CERT_PATH');
  const verify = environmentVariable(machine, 'DOCKER_TLS_VERIFY') !== undefined;
  const skipVerify = !verify && environmentVariable(machine, 'DOCKER_TLS') !== undefined;
  const directory = certPath ?? dockerConfigDirectory(machine);
  const files = await readTlsFiles(machine, directory);
  if (certPath !== undefined && files.ca === undefined && !skipVerify) {
    throw new EngineError(
      'tlsFailed',
      `DOCKER_CERT_PATH is set, but there is no ca.pem in ${directory}. Correct it.`,
    );
  }
  return withTls(host, { ...files, skipVerify });
}

/** Makes an endpoint of a host; a TCP address speaks TLS exactly when there is material. */
export function withTls(host: DockerHost, tls: TlsMaterial | undefined): DockerEndpoint {
  if (host.kind !== 'tcp') return host;
  const { host: name, port } = host;
  return tls === undefined ? { kind: 'tcp', host: name, port } : { kind: 'tls', host: name, port, tls };
}

/** @throws EngineError `tlsFailed` when a file can't be read, or one of cert.pem and key.pem is there without the other */
export async function readTlsFiles(machine: Machine, directory: string): Promise<TlsFiles> {
  const [ca, cert, key] = await Promise.all([
    readIfThere(machine, joinPath(machine, directory, 'ca.pem')),
    readIfThere(machine, joinPath(machine, directory, 'cert.pem')),
    readIfThere(machine, joinPath(machine, directory, 'key.pem')),
  ]);
  if ((cert === undefined) !== (key === undefined)) {
    const [present, absent] = cert === undefined ? ['key.pem', 'cert.pem'] : ['cert.pem', 'key.pem'];
    throw new EngineError(
      'tlsFailed',
      `${directory} has ${present} but no ${absent}. Put both there, or neither.`,
    );
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

async function readIfThere(machine: Machine, path: string): Promise<string | undefined> {
  try {
    return await machine.readFile(path);
  } catch (error) {
    const code = fieldOf(error, 'code');
    if (code === 'ENOENT') return undefined;
    throw new EngineError(
      'tlsFailed',
      `${path} can't be read (${String(code)}). Make it readable for this user.`,
    );
  }
}
