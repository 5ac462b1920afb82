import type { HealthOptions, PublishedPort, RunOptions } from '../../model/deployment';
import type { ContainerDetails, ImageDetails, NewContainer } from '../deployEngine';
import { EngineError } from '../engine';
import { asArray, asFields, asNumber, asText, asTextRecord, type Fields } from './fields';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
const NANO_CPUS = 1_000_000_000;
/** A check that is told none may take as long as its interval, but no longer than this. */
const LONGEST_CHECK_MS = 30_000;

/** @throws EngineError `badResponse` where it is no description of an image */
export function readImage(value: unknown): ImageDetails {
  const fields = asFields(value);
  const id = asText(fields?.['Id']);
  if (!fields || id === undefined)
    throw new EngineError('badResponse', 'The engine described the image unreadably.');
  const config = asFields(fields['Config']);
  return {
    id,
    tags: texts(fields['RepoTags']),
    environment: texts(config?.['Env']),
    hasHealthCheck: isCheck(config?.['Healthcheck']),
  };
}

/** @throws EngineError `badResponse` where it is no description of a container */
export function readContainerDetails(value: unknown): ContainerDetails {
  const fields = asFields(value);
  const id = asText(fields?.['Id']);
  const state = asFields(fields?.['State']);
  if (!fields || id === undefined || !state)
    throw new EngineError('badResponse', 'The engine described the container unreadably.');
  const config = asFields(fields['Config']);
  const health = readHealth(asFields(state['Health']));
  return {
    id,
    name: (asText(fields['Name']) ?? '').replace(/^\//, ''),
    imageId: asText(fields['Image']) ?? '',
    restartCount: asNumber(fields['RestartCount']) ?? 0,
    ...readState(state),
    environment: texts(config?.['Env']),
    labels: asTextRecord(config?.['Labels']),
    hasTerminal: config?.['Tty'] === true,
    ...readHostConfig(asFields(fields['HostConfig'])),
    ...(health && { health }),
  };
}

function readHostConfig(
  config: Fields | undefined,
): Pick<ContainerDetails, 'removesItself' | 'restartPolicy'> {
  const policy = asFields(config?.['RestartPolicy']);
  return { removesItself: config?.['AutoRemove'] === true, restartPolicy: asText(policy?.['Name']) ?? '' };
}

function readState(
  state: Fields,
): Pick<ContainerDetails, 'state' | 'isRunning' | 'startedAt' | 'exitCode' | 'outOfMemory' | 'error'> {
  return {
    state: asText(state['Status']) ?? '',
    isRunning: state['Running'] === true,
    startedAt: asText(state['StartedAt']) ?? '',
    exitCode: asNumber(state['ExitCode']) ?? 0,
    outOfMemory: state['OOMKilled'] === true,
    error: asText(state['Error']) ?? '',
  };
}

function readHealth(health: Fields | undefined): ContainerDetails['health'] {
  const status = asText(health?.['Status']) ?? 'none';
  if (status === '' || status === 'none') return undefined;
  const lastCheck = asFields(asArray(health?.['Log']).at(-1));
  return { status, lastOutput: asText(lastCheck?.['Output']) ?? '' };
}

/** `NONE` is how an image takes away the check of the image it is built on. */
function isCheck(value: unknown): boolean {
  const [kind] = texts(asFields(value)?.['Test']);
  return kind !== undefined && kind !== '' && kind !== 'NONE';
}

function texts(value: unknown): readonly string[] {
  return asArray(value).filter((item): item is string => typeof item === 'string');
}

/** The body of `POST /containers/create`. Networks after the first are connected afterwards. */
export function createBody({ image, run, health, labels }: NewContainer): object {
  const { command, environment = {}, networks = [], ports = [], volumes = [] } = run;
  const [network] = networks;
  const isBind = (volume: string): boolean => volume.includes(':');
  return {
    Image: image,
    ...(command && { Cmd: [...command] }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...run.labels, ...labels },
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    Volumes: Object.fromEntries(volumes.filter((volume) => !isBind(volume)).map((volume) => [volume, {}])),
    ...healthCheck(health),
    HostConfig: { ...hostConfig(run), Binds: volumes.filter(isBind) },
    ...(network !== undefined && { NetworkingConfig: { EndpointsConfig: { [network]: {} } } }),
  };
}

function hostConfig({ ports = [], restart, networks = [], memoryBytes, cpus }: RunOptions): object {
  const [network] = networks;
  return {
    PortBindings: portBindings(ports),
    ...(restart !== undefined && { RestartPolicy: { Name: restart } }),
    ...(network !== undefined && { NetworkMode: network }),
    ...(memoryBytes !== undefined && { Memory: memoryBytes }),
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * NANO_CPUS) }),
  };
}

function portBindings(ports: readonly PublishedPort[]): Record<string, object[]> {
  const bindings: Record<string, object[]> = {};
  for (const port of ports) {
    const { hostPort, hostAddress = '' } = port;
    (bindings[portKey(port)] ??= []).push({
      HostIp: hostAddress,
      HostPort: hostPort === undefined ? '' : String(hostPort),
    });
  }
  return bindings;
}

function portKey({ containerPort, protocol = 'tcp' }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

function healthCheck(health: HealthOptions | undefined): object {
  if (health?.command === undefined) return {};
  const { command, intervalMs } = health;
  const interval = intervalMs === undefined ? {} : { Interval: intervalMs * NANOSECONDS_PER_MILLISECOND };
  const timeoutMs = Math.min(LONGEST_CHECK_MS, Math.max(1_000, intervalMs ?? LONGEST_CHECK_MS));
  return {
    Healthcheck: {
      Test: ['CMD-SHELL', command],
      Timeout: timeoutMs * NANOSECONDS_PER_MILLISECOND,
      ...interval,
    },
  };
}
