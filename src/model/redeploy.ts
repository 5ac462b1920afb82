import { isRecord } from './deployFileFields';

/** A container as `quaywatch.json` would describe it. */
export interface ContainerDescription {
  /** As the members of an app. */
  readonly description: Readonly<Record<string, unknown>>;
  /** What it was made with and an app can't say: it would be lost. */
  readonly lost: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const object = (value: unknown): Json => (isRecord(value) ? value : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] => list(value).filter((one) => typeof one === 'string');

/** Variables that an image sets for itself, and a newer one sets otherwise. */
const OF_THE_IMAGE = ['PATH', 'HOME'];
const OWN_LABELS = /^(?:dev\.quaywatch\.|com\.docker\.compose\.|org\.opencontainers\.)/;
const BYTES_PER_MEGABYTE = 1_048_576;
const NANO = 1_000_000_000;

/**
 * Reads how a container was made out of what its engine says of it.
 *
 * @param inspected as `GET /containers/{id}/json` answers
 */
export function describeContainer(inspected: unknown, pull: 'always' | 'missing'): ContainerDescription {
  const root = object(inspected);
  const config = object(root['Config']);
  const host = object(root['HostConfig']);
  const run = {
    name: text(root['Name']).replace(/^\//, ''),
    command: texts(config['Cmd']),
    ports: portsOf(object(host['PortBindings'])),
    environment: environmentOf(texts(config['Env'])),
    volumes: volumesOf(list(root['Mounts'])),
    networks: networksOf(root, host),
    restart: restartOf(object(host['RestartPolicy'])),
    labels: Object.fromEntries(
      Object.entries(object(config['Labels'])).filter(([name]) => !OWN_LABELS.test(name)),
    ),
    limits: limitsOf(host),
  };
  const source = { image: text(config['Image']), pull };
  return { description: { source, run: withoutEmpty(run) }, lost: lostOf(config, host) };
}

function portsOf(bindings: Json): string[] {
  return Object.entries(bindings).flatMap(([inside, published]) => {
    const [port = '', protocol = 'tcp'] = inside.split('/');
    const suffix = protocol === 'tcp' ? '' : `/${protocol}`;
    return list(published).map((one) => {
      const { HostIp: address, HostPort: hostPort } = object(one);
      const place = text(address);
      const isAny = place === '' || place === '0.0.0.0' || place === '::';
      const before = isAny ? '' : `${place.includes(':') ? `[${place}]` : place}:`;
      const isFree = text(hostPort) === '' || text(hostPort) === '0';
      if (isFree && before === '') return `${port}${suffix}`;
      return `${before}${isFree ? '' : text(hostPort)}:${port}${suffix}`;
    });
  });
}

function environmentOf(variables: readonly string[]): Record<string, string> {
  const entries = variables.map((variable) => {
    const equals = variable.indexOf('=');
    return [variable.slice(0, equals), variable.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries.filter(([name]) => name !== '' && !OF_THE_IMAGE.includes(name)));
}

/** Also nameless volumes by their ids, so that what is in them stays. */
function volumesOf(mounts: readonly unknown[]): string[] {
  return mounts.flatMap((mount) => {
    const { Type: type, Name: name, Source: source, Destination: target, RW: isWritable } = object(mount);
    const from = type === 'volume' ? text(name) : type === 'bind' ? text(source) : '';
    return from === '' ? [] : [`${from}:${text(target)}${isWritable === false ? ':ro' : ''}`];
  });
}

function networksOf(root: Json, host: Json): string[] {
  const mode = text(host['NetworkMode']);
  if (mode === 'host' || mode === 'none') return [mode];
  return Object.keys(object(object(root['NetworkSettings'])['Networks'])).filter((name) => name !== 'bridge');
}

function restartOf({ Name: name }: Json): string | undefined {
  return text(name) === '' || name === 'no' ? undefined : text(name);
}

function limitsOf(host: Json): Record<string, unknown> {
  const { Memory: memory, NanoCpus: nanoCpus } = host;
  return withoutEmpty({
    memory:
      typeof memory === 'number' && memory > 0 ? `${Math.ceil(memory / BYTES_PER_MEGABYTE)}m` : undefined,
    cpus: typeof nanoCpus === 'number' && nanoCpus > 0 ? nanoCpus / NANO : undefined,
  });
}

/** Settings of `docker run` that an app can't have, with what they are when nobody sets them. */
const LOSABLE: Readonly<Record<string, (value: unknown) => boolean>> = {
  Privileged: (value) => value === true,
  CapAdd: (value) => list(value).length > 0,
  CapDrop: (value) => list(value).length > 0,
  Devices: (value) => list(value).length > 0,
  DeviceRequests: (value) => list(value).length > 0,
  ExtraHosts: (value) => list(value).length > 0,
  Dns: (value) => list(value).length > 0,
  Links: (value) => list(value).length > 0,
  SecurityOpt: (value) => list(value).length > 0,
  VolumesFrom: (value) => list(value).length > 0,
  Tmpfs: (value) => Object.keys(object(value)).length > 0,
  Sysctls: (value) => Object.keys(object(value)).length > 0,
  Ulimits: (value) => list(value).length > 0,
  PidMode: (value) => text(value) !== '',
  UsernsMode: (value) => text(value) !== '',
  ReadonlyRootfs: (value) => value === true,
  AutoRemove: (value) => value === true,
  Init: (value) => value === true,
};

function lostOf(config: Json, host: Json): string[] {
  const lost = Object.entries(LOSABLE).filter(([name, isSet]) => isSet(host[name]));
  const networkMode = text(host['NetworkMode']).startsWith('container:') ? ['NetworkMode'] : [];
  return [...lost.map(([name]) => name), ...networkMode, ...(config['Tty'] === true ? ['Tty'] : [])];
}

function withoutEmpty(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => {
      if (Array.isArray(value)) return value.length > 0;
      if (isRecord(value)) return Object.keys(value).length > 0;
      return value !== undefined && value !== '';
    }),
  );
}
