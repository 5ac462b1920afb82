import { decodeBase64url } from '../../protocol/base64url';
import { DEFAULT_PORT } from '../../protocol/limits';
import type { PairingSecurity } from '../../protocol/pairingLink';
import { KEY_BYTES } from '../../protocol/signing';

/** A machine with an agent, as the setting `quaywatch.hosts` names it. Holds no secret. */
export interface RemoteHostConfig {
  /** Stable; tokens, filters and rows of the tree are kept by it. */
  readonly id: string;
  readonly name: string;
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly security: PairingSecurity;
}

/** One entry of the setting, as it is written. */
export interface HostEntry {
  readonly id: string;
  readonly name: string;
  /** `HOST:PORT` */
  readonly address: string;
  /** The fingerprint of the certificate's public key; left out where the certificate is checked as browsers do. */
  readonly key?: string;
  /** No TLS. */
  readonly plain?: true;
}

export type EntryFault =
  'notAList' | 'notAnObject' | 'badId' | 'repeatedId' | 'badName' | 'badAddress' | 'badKey' | 'keyAndPlain';

/** An entry that can't be used; the others are. */
export interface BadEntry {
  /** Counted from 1, for people. */
  readonly position: number;
  /** As far as the entry tells. */
  readonly name: string | undefined;
  readonly fault: EntryFault;
}

export interface ReadHosts {
  readonly hosts: readonly RemoteHostConfig[];
  readonly bad: readonly BadEntry[];
}

/** The id of the host that is this machine's engine. */
export const LOCAL_HOST_ID = 'local';

const HOST_ID = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_NAME = 100;
const HIGHEST_PORT = 65_535;
const ADDRESS = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/;
const TYPED_ADDRESS = /^(?:(wss?|https?|quaywatch):\/\/)?([^/]*)\/?$/i;
const PLAIN_SCHEMES: readonly string[] = ['ws', 'http'];

/** Takes over what can be used, and names what can't. */
export function readRemoteHosts(value: unknown): ReadHosts {
  if (value === undefined || value === null) return { hosts: [], bad: [] };
  if (!Array.isArray(value)) return { hosts: [], bad: [{ position: 1, name: undefined, fault: 'notAList' }] };
  const hosts: RemoteHostConfig[] = [];
  const bad: BadEntry[] = [];
  for (const [index, entry] of value.entries()) {
    const read = readEntry(entry, hosts);
    if (typeof read === 'object') hosts.push(read);
    else bad.push({ position: index + 1, name: nameIn(entry), fault: read });
  }
  return { hosts, bad };
}

function readEntry(entry: unknown, before: readonly RemoteHostConfig[]): RemoteHostConfig | EntryFault {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'notAnObject';
  const { id, name, address, key, plain }: Partial<Record<keyof HostEntry, unknown>> = entry;
  if (typeof id !== 'string' || !HOST_ID.test(id) || id === LOCAL_HOST_ID) return 'badId';
  if (before.some((host) => host.id === id)) return 'repeatedId';
  if (typeof name !== 'string' || !isHostName(name)) return 'badName';
  const endpoint = typeof address === 'string' ? parseAddress(address.trim()) : undefined;
  if (endpoint === undefined) return 'badAddress';
  const security = readSecurity(key, plain);
  return typeof security === 'string' ? security : { id, name: name.trim(), ...endpoint, security };
}

function readSecurity(key: unknown, plain: unknown): PairingSecurity | EntryFault {
  const hasKey = key !== undefined && key !== '';
  if (plain === true) return hasKey ? 'keyAndPlain' : { kind: 'plain' };
  if (!hasKey) return { kind: 'checked' };
  return typeof key === 'string' && isKey(key) ? { kind: 'pinned', key } : 'badKey';
}

export function isKey(text: string): boolean {
  return decodeBase64url(text)?.length === KEY_BYTES;
}

export function isHostName(name: string): boolean {
  const { length } = name.trim();
  return length > 0 && length <= LONGEST_NAME;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `HOST`, `HOST:PORT`, `[IPv6]:PORT`; `undefined` for anything else. */
export function parseAddress(text: string): Endpoint | undefined {
  const match = ADDRESS.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return host === undefined || port < 1 || port > HIGHEST_PORT ? undefined : { host, port };
}

/** What people type: an address, also with a scheme before it. `ws://` says that there is no TLS. */
export function parseTypedAddress(text: string): (Endpoint & { readonly isPlain: boolean }) | undefined {
  const [, scheme = 'wss', address = ''] = TYPED_ADDRESS.exec(text.trim()) ?? [];
  const endpoint = parseAddress(address);
  return endpoint && { ...endpoint, isPlain: PLAIN_SCHEMES.includes(scheme.toLowerCase()) };
}

export function formatAddress({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function entryOf(config: RemoteHostConfig): HostEntry {
  const { id, name, security } = config;
  return {
    id,
    name,
    address: formatAddress(config),
    ...(security.kind === 'pinned' && { key: security.key }),
    ...(security.kind === 'plain' && { plain: true }),
  };
}

/** The setting with this host in it: in the place of its entry, or at the end. What else is there stays as it is. */
export function withHost(value: unknown, config: RemoteHostConfig): unknown[] {
  const entries: unknown[] = Array.isArray(value) ? [...(value as readonly unknown[])] : [];
  const at = entries.findIndex((entry) => idIn(entry) === config.id);
  const entry = entryOf(config);
  if (at < 0) return [...entries, entry];
  entries[at] = entry;
  return entries;
}

export function withoutHost(value: unknown, id: string): unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter((entry) => idIn(entry) !== id) : [];
}

/** Whether both lead to the same place. */
export function isSameMachine(one: Endpoint, other: Endpoint): boolean {
  return one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
}

/** Whether a connection to the one is as good as one to the other. */
export function isSameEndpoint(
  one: Pick<RemoteHostConfig, 'host' | 'port' | 'security'>,
  other: Pick<RemoteHostConfig, 'host' | 'port' | 'security'>,
): boolean {
  const keyOf = ({ kind, ...rest }: PairingSecurity): string =>
    'key' in rest ? `${kind} ${rest.key}` : kind;
  return isSameMachine(one, other) && keyOf(one.security) === keyOf(other.security);
}

function idIn(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
}

function nameIn(entry: unknown): string | undefined {
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined;
  return typeof name === 'string' && isHostName(name) ? name.trim() : undefined;
}
