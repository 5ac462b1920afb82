import type Dockerode from 'dockerode';
import type DockerModem from 'docker-modem';
import type { Disposable } from '../../base/lifecycle';
import { bracketed, type DockerEndpoint } from './endpoint';
import { openTransport, type RequestTarget, type Transport } from './transport';

/** A client of one engine. Disposing closes all its connections, those of running streams too. */
export interface DockerClient extends Disposable {
  readonly docker: Dockerode;
  /** For logs, whose lines come one by one. */
  readonly logModem: DockerModem;
}

/**
 * Makes a client that reaches this endpoint and no other, whatever the environment says. Connects to nothing yet.
 *
 * @param apiVersion like `1.41`; without it requests name none and the engine uses its newest
 */
export async function createDockerClient(
  endpoint: DockerEndpoint,
  apiVersion?: string,
): Promise<DockerClient> {
  const [{ default: DockerodeClass }, { default: ModemClass }] = await Promise.all([
    import('dockerode'),
    import('docker-modem'),
  ]);
  const transport = openTransport(endpoint);
  const modem = modemWithoutEnvironment(ModemClass, modemOptions(transport, apiVersion));
  const options: Dockerode.DockerOptions & { readonly modem: DockerModem } = { modem };
  const logModem = modemWithoutEnvironment(ModemClass, {
    ...modemOptions(transport, apiVersion),
    agent: transport.logAgent,
  });
  return { docker: new DockerodeClass(options), logModem, dispose: () => transport.dispose() };
}

/** The options under which docker-modem uses our transport for everything. */
export function modemOptions(
  transport: Transport,
  apiVersion: string | undefined,
): DockerModem.ConstructorOptions {
  return {
    ...modemTarget(transport.target, transport.protocol),
    // Never `ssh`, which would bring docker-modem's own ssh client: ours is an agent below plain HTTP.
    protocol: transport.protocol,
    agent: transport.agent,
    headers: {},
    sshOptions: {},
    ...(apiVersion !== undefined && { version: `v${apiVersion}` }),
  };
}

/** docker-modem takes what is before the first colon of a bare IPv6 address for a scheme, but reads URLs right. */
function modemTarget(target: RequestTarget, protocol: string): DockerModem.ConstructorOptions {
  if ('socketPath' in target) return target;
  return { host: `${protocol}://${bracketed(target.host)}`, port: target.port };
}

/**
 * docker-modem's constructor reads DOCKER_HOST, DOCKER_CERT_PATH and more even when it is told everything: it would
 * connect to that host instead of our socket, read the certificates, and throw if any of it is wrong. So the constructor
 * is not run; it does no more than copy its options to fields of the same names, which a test compares.
 */
function modemWithoutEnvironment(
  ModemClass: typeof DockerModem,
  options: DockerModem.ConstructorOptions,
): DockerModem {
  return Object.assign(Object.create(ModemClass.prototype as object) as DockerModem, options);
}
