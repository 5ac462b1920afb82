import type { PublishedPort } from './deployment';

/** 1 to 65535. */
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const ADDRESS = '(?:\\[[0-9A-Fa-f:.]+\\]|[0-9]{1,3}(?:\\.[0-9]{1,3}){3})';

/**
 * What texts in `quaywatch.json` must look like, as sources of regular expressions. media/quaywatch.schema.json has the
 * same ones; a test compares them.
 */
export const FORMS = {
  appName: '^[A-Za-z0-9][A-Za-z0-9_.-]{1,62}$',
  containerName: '^[A-Za-z0-9][A-Za-z0-9_.-]{1,127}$',
  // A leading dash would be an option to Git, a blank would hide an address, and `ext::` would run a command.
  repository: '^(?![-\\s])(?![A-Za-z0-9+.-]+::)[^\\u0000-\\u001f]{1,2000}$',
  ref: '^(?!-)(?!.*\\.\\.)[^\\s~^:?*\\[\\\\\\u0000-\\u001f]{1,255}$',
  image: '^[A-Za-z0-9][^\\s\\u0000-\\u001f]{0,511}$',
  insidePath: '^(?![/\\\\])(?![A-Za-z]:)(?!(?:.*[/\\\\])?\\.\\.(?:[/\\\\]|$))[^\\u0000-\\u001f]{1,1000}$',
  path: '^[^\\u0000-\\u001f]{1,1000}$',
  project: '^[a-z0-9][a-z0-9_-]{0,99}$',
  service: '^[A-Za-z0-9._][A-Za-z0-9._-]{0,99}$',
  target: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$',
  network: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$',
  argumentName: '^[A-Za-z_][A-Za-z0-9_]{0,254}$',
  variableName: '^[^=\\s\\u0000]{1,255}$',
  labelName: '^[^=\\s\\u0000]{1,255}$',
  port: `^(?:(?:(${ADDRESS}):)?(${PORT})?:)?(${PORT})(?:/(tcp|udp|sctp))?$`,
  volume: '^(?:[A-Za-z]:[/\\\\][^:\\u0000]*|[^:\\u0000-\\u001f]+):/[^:\\u0000-\\u001f]*(?::[A-Za-z,]+)?$',
  duration: '^(?=.*[1-9])(?:[0-9]{1,9}(?:\\.[0-9]{1,3})?(?:ms|s|m|h))+$',
  memory: '^(?=.*[1-9])[0-9]{1,15}(?:\\.[0-9]{1,3})?[bkmgBKMG]$',
  hostName: '^[^\\u0000-\\u001f]{1,100}$',
  value: '^[^\\u0000]{0,32768}$',
} as const;

export type FormName = keyof typeof FORMS;

const patterns = new Map<FormName, RegExp>();

export function hasForm(text: string, form: FormName): boolean {
  return patternOf(form).test(text);
}

function patternOf(form: FormName): RegExp {
  const known = patterns.get(form);
  if (known) return known;
  const made = new RegExp(FORMS[form], 'u');
  patterns.set(form, made);
  return made;
}

/** `[ADDRESS:][HOST PORT]:CONTAINER PORT[/PROTOCOL]`; `undefined` if it is no such text. */
export function parsePort(text: string): PublishedPort | undefined {
  const match = patternOf('port').exec(text);
  if (!match) return undefined;
  const [, address, hostPort, containerPort, protocol] = match;
  return {
    containerPort: Number(containerPort),
    ...(hostPort !== undefined && { hostPort: Number(hostPort) }),
    ...(address !== undefined && { hostAddress: address.replace(/^\[|\]$/g, '') }),
    ...(protocol !== undefined && { protocol: protocol as NonNullable<PublishedPort['protocol']> }),
  };
}

/** The inverse of {@link parsePort}. */
export function formatPublishedPort(port: PublishedPort): string {
  const address = port.hostAddress?.includes(':') ? `[${port.hostAddress}]` : port.hostAddress;
  const isPublishedAtAny = port.hostPort === undefined && address === undefined;
  const before = isPublishedAtAny ? '' : `${address ? `${address}:` : ''}${port.hostPort ?? ''}:`;
  return `${before}${port.containerPort}${port.protocol && port.protocol !== 'tcp' ? `/${port.protocol}` : ''}`;
}

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a text like `1m30s`; `undefined` if it is no such text. */
export function parseDuration(text: string): number | undefined {
  if (!hasForm(text, 'duration')) return undefined;
  const parts = [...text.matchAll(/([0-9.]+)(ms|s|m|h)/g)];
  return Math.max(
    1,
    Math.round(
      parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitOf(unit, DURATION_UNITS_MS), 0),
    ),
  );
}

const MEMORY_UNITS: Readonly<Record<string, number>> = { b: 1, k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 };

/** Bytes of a text like `512m`, with Docker's units of 1,024; `undefined` if it is no such text. */
export function parseMemory(text: string): number | undefined {
  if (!hasForm(text, 'memory')) return undefined;
  return Math.round(Number(text.slice(0, -1)) * unitOf(text.slice(-1).toLowerCase(), MEMORY_UNITS));
}

function unitOf(unit: string | undefined, units: Readonly<Record<string, number>>): number {
  return units[unit ?? ''] ?? 1;
}
