import { DEFAULT_PORT, LIMITS } from '../../protocol/limits';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What `serve` can be told. */
export interface AgentSettings {
  /** The state folder; the usual one if empty. */
  readonly state: string;
  /** The address to listen on. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Empty: found as the Docker CLI would. */
  readonly dockerHost: string;
  /** Files in PEM form; both or none. Empty: the agent's own from its state folder. */
  readonly cert: string;
  readonly key: string;
  /** No TLS, on loopback addresses. */
  readonly plain: boolean;
  /** No TLS, on any address. */
  readonly insecurePlain: boolean;
  readonly allowOrigins: readonly string[];
  readonly maxConnections: number;
  readonly logLevel: LogLevel;
  readonly auditMaxMegabytes: number;
  readonly auditOldFiles: number;
  /** What may be uploaded at a time, all build contexts together; in units of 1,048,576 bytes. */
  readonly uploadMaxMegabytes: number;
  /** How long a shutdown waits for what is under way. */
  readonly shutdownSeconds: number;
  /** Make key and certificate first if the state folder has none. */
  readonly init: boolean;
}

export type SettingKey = keyof AgentSettings;
export type SettingValue = AgentSettings[SettingKey];

interface Described<Kind extends string, Value> {
  readonly kind: Kind;
  readonly default: Value;
  readonly description: string;
}
export type SettingRule =
  | (Described<'text', string> & { readonly placeholder: string })
  | (Described<'integer', number> & {
      readonly min: number;
      readonly max: number;
      readonly placeholder: string;
    })
  | Described<'switch', boolean>
  | (Described<'list', readonly string[]> & { readonly placeholder: string })
  | (Described<'choice', string> & { readonly choices: readonly string[] });

/** Every setting, with the name it has in the file; flags and variables are made from it. */
export const SETTING_RULES: Readonly<Record<SettingKey, SettingRule>> = {
  state: {
    kind: 'text',
    default: '',
    placeholder: 'folder',
    description: 'where key, certificate and tokens are',
  },
  host: { kind: 'text', default: '0.0.0.0', placeholder: 'address', description: 'the address to listen on' },
  port: {
    kind: 'integer',
    default: DEFAULT_PORT,
    min: 0,
    max: 65_535,
    placeholder: 'number',
    description: 'the port to listen on; 0 takes a free one',
  },
  dockerHost: {
    kind: 'text',
    default: '',
    placeholder: 'address',
    description:
      'the Docker engine, such as unix:///var/run/docker.sock; found as the Docker CLI does if left out',
  },
  cert: {
    kind: 'text',
    default: '',
    placeholder: 'file',
    description: "a certificate in PEM form instead of the agent's own; needs --key",
  },
  key: { kind: 'text', default: '', placeholder: 'file', description: "the file with the certificate's key" },
  plain: {
    kind: 'switch',
    default: false,
    description: 'no TLS; only on a loopback address, as behind a reverse proxy on this machine',
  },
  insecurePlain: {
    kind: 'switch',
    default: false,
    description: 'no TLS on any address: everybody on the way can read and change what is sent',
  },
  allowOrigins: {
    kind: 'list',
    default: [],
    placeholder: 'origin',
    description: 'web pages of this origin, such as https://board.example, may connect; repeatable',
  },
  maxConnections: {
    kind: 'integer',
    default: LIMITS.maxConnections,
    min: 1,
    max: 10_000,
    placeholder: 'number',
    description: 'how many connections may be open',
  },
  logLevel: { kind: 'choice', default: 'info', choices: LOG_LEVELS, description: 'what is logged at least' },
  auditMaxMegabytes: {
    kind: 'integer',
    default: 10,
    min: 1,
    max: 10_000,
    placeholder: 'number',
    description: 'at which size the audit log begins a new file',
  },
  auditOldFiles: {
    kind: 'integer',
    default: 9,
    min: 0,
    max: 1_000,
    placeholder: 'number',
    description: 'how many earlier files of the audit log are kept',
  },
  uploadMaxMegabytes: {
    kind: 'integer',
    default: LIMITS.maxUploadBytes / 1_048_576,
    min: 1,
    max: 1_000_000,
    placeholder: 'number',
    description: 'how much disk uploaded build contexts may take together',
  },
  shutdownSeconds: {
    kind: 'integer',
    default: 10,
    min: 0,
    max: 600,
    placeholder: 'number',
    description: 'how long a shutdown waits for what is under way',
  },
  init: {
    kind: 'switch',
    default: false,
    description: 'make key and certificate first if there are none; "quaywatch-agent pair" then makes a link',
  },
};

export const SETTING_KEYS = Object.keys(SETTING_RULES) as readonly SettingKey[];

const SINGULAR: Partial<Record<SettingKey, string>> = { allowOrigins: 'allowOrigin' };

/** `maxConnections` is `--max-connections`. */
export function flagOf(key: SettingKey): string {
  return `--${(SINGULAR[key] ?? key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export const ENVIRONMENT_PREFIX = 'QUAYWATCH_AGENT_';

/** `maxConnections` is `QUAYWATCH_AGENT_MAX_CONNECTIONS`. */
export function variableOf(key: SettingKey): string {
  return ENVIRONMENT_PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
