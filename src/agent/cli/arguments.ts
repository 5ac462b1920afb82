import { InvalidArgumentError } from 'commander';
import { ROLES, type Role } from '../../protocol/envelope';
import { parseLabelRule, type LabelRule, type Scope } from '../security/scope';

const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const HIGHEST_PORT = 65_535;
const MAX_NAME_LENGTH = 100;

/** Where clients reach the agent; without a port it is the agent's usual one. */
export interface PublicAddress {
  readonly host: string;
  readonly port?: number;
}

export function parseRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw new InvalidArgumentError(`It must be one of ${ROLES.join(', ')}.`);
}

/** A span from now on such as `12h` or `30d`, or a date; it must be in the future. */
export function parseExpiry(text: string, now: Date = new Date()): Date {
  const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  const date = unitMs === undefined ? dateFrom(text) : new Date(now.getTime() + Number(amount) * unitMs);
  if (date === undefined) {
    throw new InvalidArgumentError('Type a span such as 12h, 30d or 4w, or a date such as 2030-12-31.');
  }
  if (date <= now) throw new InvalidArgumentError('That is not in the future.');
  return date;
}

function dateFrom(text: string): Date | undefined {
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const date = new Date(text);
  return isDate && Number.isFinite(date.getTime()) ? date : undefined;
}

export function collectLabel(text: string, earlier: readonly LabelRule[] = []): readonly LabelRule[] {
  const rule = parseLabelRule(text);
  if (rule === undefined) throw new InvalidArgumentError('Type NAME=VALUE, or NAME for any value.');
  return [...earlier, rule];
}

export function collectProject(text: string, earlier: readonly string[] = []): readonly string[] {
  if (text === '') throw new InvalidArgumentError('Type the name of a Compose project.');
  return [...earlier, text];
}

export function scopeFrom(options: {
  onlyProject?: readonly string[];
  onlyLabel?: readonly LabelRule[];
}): Scope | undefined {
  const { onlyProject: projects = [], onlyLabel: labels = [] } = options;
  return projects.length + labels.length === 0 ? undefined : { projects, labels };
}

/** A name for people; it ends up in lists and logs, so that it is one line. */
export function parseName(text: string): string {
  const isPlain = /^[^\p{Cc}\p{Cf}]+$/u.test(text) && text.length <= MAX_NAME_LENGTH;
  if (!isPlain) throw new InvalidArgumentError(`Type 1 to ${MAX_NAME_LENGTH} characters on one line.`);
  return text;
}

/** `host`, `host:port`, `[address]:port`, or an IPv6 address alone. */
export function parseAddress(text: string): PublicAddress {
  const isBareIpv6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text);
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = isBareIpv6 ? text : (bracketed ?? plain);
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > HIGHEST_PORT) {
    throw new InvalidArgumentError('Type a host name or address, with :PORT if it is not the usual one.');
  }
  return port === undefined ? { host } : { host, port: Number(port) };
}

export function formatAddress({ host, port }: PublicAddress): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}
