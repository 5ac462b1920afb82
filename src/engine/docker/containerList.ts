import type { ComposeService, Container, ContainerPort, Health } from '../../model/container';
import { asArray, asFields, asNumber, asText, asTextRecord, type Fields } from './fields';

/**
 * Reads one entry of `GET /containers/json`. Only an id is indispensable; an entry without one is `undefined`.
 *
 * @param nowMs when the list came, in milliseconds since the Unix epoch: the entry tells ages, not times
 */
export function readContainer(entry: unknown, nowMs: number): Container | undefined {
  const fields = asFields(entry);
  const id = asText(fields?.['Id']);
  if (!fields || id === undefined || id === '') return undefined;
  const statusText = asText(fields['Status']) ?? '';
  const state = asText(fields['State']) ?? stateFromStatus(statusText);
  const labels = asTextRecord(fields['Labels']);
  return {
    id,
    name: readName(fields) ?? id.slice(0, 12),
    image: asText(fields['Image']) ?? '',
    imageId: asText(fields['ImageID']) ?? '',
    command:
      asText(fields['Command']) ??
      asArray(fields['Command'])
        .filter((part) => typeof part === 'string')
        .join(' '),
    createdAtMs: readTimeMs(fields['Created']),
    state: readState(state),
    statusText,
    ...definedOnly({
      health: readHealth(fields, statusText),
      exitCode: readExitCode(statusText),
      stateSinceMs: readStateSince(statusText, nowMs),
      compose: readCompose(labels),
    }),
    ports: readPorts(fields['Ports']),
    labels,
  };
}

type Optional<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Leaves out the keys without a value, as `exactOptionalPropertyTypes` asks. */
function definedOnly<T extends Record<string, unknown>>(values: T): Optional<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Optional<T>;
}

/** Links of other containers are listed as `/other/alias`: the container's own name has no second slash. */
function readName(fields: Fields): string | undefined {
  const names = asArray(fields['Names'])
    .map(asText)
    .filter((name) => name !== undefined)
    .map((name) => name.replace(/^\//, ''));
  return names.find((name) => name !== '' && !name.includes('/')) ?? names[0];
}

/** Docker sends Unix seconds, Podman RFC 3339 in some versions. */
function readTimeMs(value: unknown): number {
  const seconds = asNumber(value);
  if (seconds !== undefined) return seconds * 1000;
  const parsedMs = Date.parse(asText(value) ?? '');
  return Number.isNaN(parsedMs) ? 0 : parsedMs;
}

/** Podman says `stopped` of a container that exited and is not cleaned up yet. */
function readState(state: string): string {
  const lowerCase = state.toLowerCase();
  return lowerCase === 'stopped' ? 'exited' : lowerCase;
}

function stateFromStatus(status: string): string {
  if (/\(Paused\)/.test(status)) return 'paused';
  if (status.startsWith('Up')) return 'running';
  if (status.startsWith('Exited')) return 'exited';
  return status.split(' ')[0] ?? '';
}

function readHealth(fields: Fields, status: string): Health | undefined {
  // API 1.52 says it in a field of its own; before, the status text is all there is.
  const said =
    asText(asFields(fields['Health'])?.['Status']) ??
    /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1];
  return said === 'starting' || said === 'healthy' || said === 'unhealthy' ? said : undefined;
}

function readExitCode(status: string): number | undefined {
  const code = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status)?.[1];
  return code === undefined ? undefined : Number(code);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** The engine words ages as `Up 5 minutes`, `Exited (0) About an hour ago`, `Up Less than a second`. */
function readStateSince(status: string, nowMs: number): number | undefined {
  const match = /(less than a|about an|about a|an?|\d+) (second|minute|hour|day|week|month|year)s?/i.exec(
    status,
  );
  if (!match) return undefined;
  const [, amount = '', unit = ''] = match;
  const count = /^\d+$/.test(amount) ? Number(amount) : amount.toLowerCase().startsWith('less') ? 0 : 1;
  return nowMs - count * (UNIT_SECONDS[unit.toLowerCase()] ?? 0) * 1000;
}

function readPorts(value: unknown): readonly ContainerPort[] {
  return asArray(value).flatMap((entry) => {
    const fields = asFields(entry);
    const containerPort = asNumber(fields?.['PrivatePort']);
    if (!fields || containerPort === undefined) return [];
    const port: ContainerPort = {
      containerPort,
      protocol: asText(fields['Type']) ?? 'tcp',
      ...definedOnly({ hostPort: asNumber(fields['PublicPort']), hostAddress: asText(fields['IP']) }),
    };
    return [port];
  });
}

/** The labels that Compose gives to what it creates. */
export function readCompose(labels: Readonly<Record<string, string>>): ComposeService | undefined {
  const project = labels['com.docker.compose.project'] ?? labels['io.podman.compose.project'];
  if (project === undefined || project === '') return undefined;
  const replica = Number(labels['com.docker.compose.container-number']);
  return {
    project,
    service: labels['com.docker.compose.service'] ?? '',
    replica: Number.isInteger(replica) && replica > 0 ? replica : 1,
  };
}
